//! The pages people see: lists and search, the profile of one customer, the settings of a project, the account of
//! the person who is logged in, and invitations.

pub mod account;
pub mod delivery;
pub mod directory;
pub mod invitations;
pub mod profile;
pub mod request_line;
pub mod requests;
pub mod settings;
pub mod store_badge;

use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    invitations::routes(routes);
    account::routes(routes);
    directory::routes(routes);
    profile::routes(routes);
    requests::routes(routes);
    settings::routes(routes);
}
