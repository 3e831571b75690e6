//! `/projects/{p}/settings/keys`: the keys with which apps and servers call the client API. A key is shown once, when
//! it is made. A revoked key is refused at once.

mod dialog;
mod handlers;
mod page;

use crate::actions::show;
use crate::base::Permission::ManageKeys;
use crate::web::{Proof, Routes};

pub fn routes(routes: &mut Routes) {
    routes.within("/keys", |routes| {
        routes.get("", ManageKeys, show::<page::KeysPage>);
        routes.post("", ManageKeys, handlers::make).asks_for(Proof::Fresh);
        routes.post("/{key}/revoke", ManageKeys, handlers::revoke).asks_for(Proof::Fresh);
    });
}
