//! `/projects/{p}/settings/people`: the members of the project with their roles, and the open invitations.

mod dialog;
mod handlers;
mod page;

use crate::base::Permission::{ManagePeople, ReadPeople};
use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.within("/people", |routes| {
        routes.get("", ReadPeople, page::show);
        routes.post("/second-factor", ManagePeople, handlers::require_second_factor);
        routes.post("/{person}/role", ManagePeople, handlers::change_role);
        routes.post("/{person}/delete", ManagePeople, handlers::remove);
    });
    routes.within("/invitations", |routes| {
        routes.post("", ManagePeople, handlers::invite);
        routes.post("/{i}/delete", ManagePeople, handlers::withdraw);
    });
}
