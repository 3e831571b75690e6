//! `/projects/{p}/settings/people`: the members of the project with their roles, and the open invitations.

mod dialog;
mod handlers;
mod page;

use crate::actions::show;
use crate::base::Permission::{ManagePeople, ReadPeople};
use crate::web::{Proof, Routes};

pub fn routes(routes: &mut Routes) {
    routes.within("/people", |routes| {
        routes.get("", ReadPeople, show::<page::PeoplePage>);
        routes.post("/second-factor", ManagePeople, handlers::require_second_factor).asks_for(Proof::Always);
        routes.post("/{person}/role", ManagePeople, handlers::change_role).asks_for(Proof::Always);
        routes.post("/{person}/delete", ManagePeople, handlers::remove).asks_for(Proof::Always);
    });
    routes.within("/invitations", |routes| {
        routes.post("", ManagePeople, handlers::invite).asks_for(Proof::Always);
        routes.post("/{i}/delete", ManagePeople, handlers::withdraw).asks_for(Proof::Always);
    });
}
