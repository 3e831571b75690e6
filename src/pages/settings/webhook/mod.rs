//! The value of the `Authorization` header that RevenueCat sends (§5.1), and how it is replaced. The old value
//! counts for a while longer, so that no delivery is lost until RevenueCat sends the new one.

mod dialog;
mod handlers;
mod model;
mod queries;

use crate::base::Permission::ManageSecrets;
use crate::web::{Proof, Routes};

pub use dialog::dialog;
pub use model::{SHORT_WARNING, Secret};
pub use queries::{SecretStatus, load};

pub fn routes(routes: &mut Routes) {
    routes.within("/webhook/secret", |routes| {
        routes.post("", ManageSecrets, handlers::replace).asks_for(Proof::Fresh);
        routes.post("/end", ManageSecrets, handlers::end).asks_for(Proof::Fresh);
    });
}
