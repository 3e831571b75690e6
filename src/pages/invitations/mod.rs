//! Invitations. An admin sends a link, by whatever means they like; one person joins the project with it, once.

mod handlers;
mod page;

use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.public_get("/invitations/{token}", handlers::show);
    routes.public_post("/invitations/{token}", handlers::accept);
}
