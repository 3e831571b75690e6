//! Who asks: log-in, sessions, second factor, members of a project and keys of the API; and what they may do.

pub mod account;
pub mod address;
pub mod api_keys;
pub mod browser;
pub mod device;
pub mod fresh_authentication;
pub mod invitations;
pub mod log_in;
pub mod members;
pub mod names;
pub mod next;
pub mod password;
pub mod project_roles;
pub mod queries;
pub mod refusals;
pub mod request;
pub mod second_factor;
mod second_step;
pub mod sessions;
pub mod throttle;
pub mod untrusted_proxy;

use crate::web::Routes;

pub use fresh_authentication::Prover;
pub use project_roles::ProjectRoles;
pub use request::{LoggedIn, Member, PageRequest, Person, Project};

pub fn routes(routes: &mut Routes) {
    routes.public_get("/login", log_in::log_in_page);
    routes.public_post("/login", log_in::log_in);
    routes.public_get("/login/code", second_step::show);
    routes.public_post("/login/code", second_step::answer);
    routes.public_post("/logout", log_in::log_out);
    routes.person_get("/", log_in::start);
}
