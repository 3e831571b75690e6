//! Who is logged in, and what they may do.

pub mod address;
pub mod browser;
pub mod door;
pub mod handlers;
pub mod invitations;
pub mod members;
pub mod names;
pub mod next;
pub mod own;
pub mod password;
pub mod queries;
pub mod refusals;
pub mod second_factor;
mod second_step;
pub mod segment;
pub mod sessions;
pub mod throttle;

use crate::page::Routes;

pub use door::{Door, Greeting, Member, Person, Project};

pub fn routes(routes: &mut Routes) {
    routes.public_get("/login", handlers::log_in_page);
    routes.public_post("/login", handlers::log_in);
    routes.public_get("/login/code", second_step::show);
    routes.public_post("/login/code", second_step::answer);
    routes.public_post("/logout", handlers::log_out);
    routes.person_get("/", handlers::start);
    invitations::routes(routes);
}
