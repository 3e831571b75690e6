//! `/projects/{p}/requests`: what was asked and is not finished, what needs a person, and what came of it. A colleague agrees or
//! refuses here; whoever asked takes it back; and what no reading settled is settled with what somebody found out.

mod dialog;
mod handlers;
mod page;
mod queries;

use crate::actions::show;
use crate::base::Permission::ChangePurchases;
use crate::web::{Proof, Routes};

pub fn routes(routes: &mut Routes) {
    routes.within("/projects/{p}/requests", |routes| {
        routes.get("", ChangePurchases, show::<page::RequestsPage>);
        routes.post("/{r}/approve", ChangePurchases, handlers::approve).asks_for(Proof::Always);
        routes.post("/{r}/refuse", ChangePurchases, handlers::refuse);
        routes.post("/{r}/withdraw", ChangePurchases, handlers::withdraw);
        routes.post("/{r}/settle", ChangePurchases, handlers::settle).asks_for(Proof::Always);
    });
}
