//! Invitations: a link, sent by an admin by whatever means they like, lets one person join a project once.

mod handlers;
mod page;

use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.public_get("/invitations/{token}", handlers::show);
    routes.public_post("/invitations/{token}", handlers::accept);
}
