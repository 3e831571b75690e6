//! `/projects/{p}/settings/endpoints`: the webhook endpoints to which Dossier sends events (§5.1): adding, changing,
//! switching and testing them, and their deliveries.

mod add;
mod dialog;
mod handlers;
mod model;
mod one;
mod page;

use crate::actions::show;
use crate::base::Permission::ManageEndpoints;
use crate::web::{Proof, Routes};

pub use add::{Added, add};
pub use model::{Draft, LONGEST_NAME};

pub fn routes(routes: &mut Routes) {
    routes.within("/endpoints", |routes| {
        routes.get("", ManageEndpoints, show::<page::ListPage>);
        routes.post("", ManageEndpoints, handlers::create).asks_for(Proof::Always);
        routes.get("/{endpoint}", ManageEndpoints, show::<one::EndpointPage>);
        routes.post("/{endpoint}", ManageEndpoints, handlers::update).asks_for(Proof::Always);
        routes.post("/{endpoint}/delete", ManageEndpoints, handlers::delete).asks_for(Proof::Always);
        routes.post("/{endpoint}/resend", ManageEndpoints, handlers::resend_failed);
        routes.post("/{endpoint}/secret", ManageEndpoints, handlers::replace_secret).asks_for(Proof::Always);
        routes.post("/{endpoint}/switch", ManageEndpoints, handlers::switch);
        routes.post("/{endpoint}/test", ManageEndpoints, handlers::test);
    });
}
