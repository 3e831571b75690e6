//! Invitations: a link, sent by an admin by whatever means they like, lets one person join a project once.

mod handlers;
mod model;
mod page;
pub mod queries;

use crate::page::Routes;

pub use model::{DAYS, Invitation, Token};

pub fn routes(routes: &mut Routes) {
    routes.public_get("/invitations/{token}", handlers::show);
    routes.public_post("/invitations/{token}", handlers::accept);
}
