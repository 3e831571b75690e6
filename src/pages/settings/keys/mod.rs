//! `/projects/{p}/settings/keys`: the keys with which apps and servers call the client API. A key is shown once, when
//! it is made. A revoked key is refused at once. Keys of apps are a developer's, secret keys of servers an admin's.

mod dialog;
mod handlers;
mod page;

use crate::actions::show;
use crate::base::Permission::{ManageKeys, ManageSecretKeys};
use crate::web::{Proof, Routes};

pub fn routes(routes: &mut Routes) {
    routes.within("/keys", |routes| {
        routes.get("", ManageKeys, show::<page::KeysPage>);
        routes.post("", ManageKeys, handlers::make).asks_for(Proof::Always);
        routes.post("/{key}/revoke", ManageKeys, handlers::revoke).asks_for(Proof::Always);
        routes.post("/{key}/role", ManageSecretKeys, handlers::change_role).asks_for(Proof::Always);
        routes.post("/{key}/keep", ManageSecretKeys, handlers::keep).asks_for(Proof::Always);
    });
}
