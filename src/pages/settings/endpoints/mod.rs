//! `/projects/{p}/settings/destinations`: the webhook endpoints that events are sent to (§5.1): adding, changing, switching,
//! testing them, and what became of their deliveries.

mod dialog;
mod handlers;
mod model;
mod one;
mod page;

use crate::base::Permission::ManageDestinations;
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.within("/destinations", |routes| {
        routes.get("", ManageDestinations, page::show);
        routes.post("", ManageDestinations, handlers::create);
        routes.get("/{destination}", ManageDestinations, one::show);
        routes.post("/{destination}", ManageDestinations, handlers::update);
        routes.post("/{destination}/delete", ManageDestinations, handlers::delete);
        routes.post("/{destination}/resend", ManageDestinations, handlers::resend_failed);
        routes.post("/{destination}/secret", ManageDestinations, handlers::replace_secret);
        routes.post("/{destination}/switch", ManageDestinations, handlers::switch);
        routes.post("/{destination}/test", ManageDestinations, handlers::test);
    });
}
