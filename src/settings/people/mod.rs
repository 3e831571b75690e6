//! `/projects/{p}/settings/people`: who belongs to the project, as what, and who is invited.

mod dialog;
mod handlers;
mod page;

use crate::page::Routes;
use crate::people::Permission::{ManagePeople, ReadPeople};

pub fn routes(routes: &mut Routes) {
    routes.within("/people", |routes| {
        routes.get("", ReadPeople, page::show);
        routes.post("/second-factor", ManagePeople, handlers::require_second_factor);
        routes.post("/invitations", ManagePeople, handlers::invite);
        routes.post("/invitations/{invitation}/withdraw", ManagePeople, handlers::withdraw);
        routes.post("/{person}/role", ManagePeople, handlers::change_role);
        routes.post("/{person}/remove", ManagePeople, handlers::remove);
    });
}
