//! `/account`: what people set for themselves, whatever projects they belong to.

mod changed;
mod handlers;
mod page;
mod proof;
mod second_factor;

use crate::actions::show;
use crate::web::{Proof, Routes};

pub fn routes(routes: &mut Routes) {
    routes.within("/account", |routes| {
        routes.person_get("", show::<page::AccountPage>);
        routes.person_post("/name", handlers::rename);
        routes.person_post("/preferences", handlers::choose_preferences);
        routes.person_post("/password", handlers::change_password).asks_for(Proof::Password);
        routes.person_get("/proof", show::<proof::ProofPage>);
        routes.person_post("/proof", proof::prove).asks_for(Proof::Always);
        routes.person_post("/sessions/end", handlers::end_session);
        routes.person_post("/sessions/end-others", handlers::end_others);
        routes.person_get("/second-factor", show::<second_factor::page::FactorPage>);
        routes.person_post("/second-factor", second_factor::handlers::begin).asks_for(Proof::Always);
        routes.person_post("/second-factor/confirm", second_factor::handlers::confirm);
        routes.person_post("/second-factor/codes", second_factor::handlers::replace_codes).asks_for(Proof::Always);
        routes.person_post("/second-factor/off", second_factor::handlers::switch_off).asks_for(Proof::Always);
    });
}
