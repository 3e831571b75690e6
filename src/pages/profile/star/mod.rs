//! The star in the header of the page: each person's own mark for the customers they test with. Marked customers come
//! first in the person's search suggestions, and have a list.

mod handlers;

use crate::actions::fresh_key;
use crate::auth::Member;
use crate::base::Permission::ReadCustomers;
use crate::base::error::Error;
use crate::customers::stars;
use crate::db::Conn;
use crate::pages::profile::visit::Visit;
use crate::web::Routes;

/// The button that sets or removes the mark.
#[derive(Debug, Clone)]
pub struct Star {
    pub is_marked: bool,
    pub action: String,
    pub once: String,
}

/// The mark needs no more than the permission to see the customer.
pub fn routes(routes: &mut Routes) {
    routes.post("/projects/{p}/customers/{id}/star", ReadCustomers, handlers::mark);
    routes.post("/projects/{p}/customers/{id}/unstar", ReadCustomers, handlers::unmark);
}

impl Star {
    /// One query.
    pub fn load(conn: &mut Conn, member: &Member, visit: &Visit) -> Result<Star, Error> {
        Ok(Star::new(visit, stars::is_marked(conn, visit.customer.id, member.person.id)?, fresh_key()?))
    }

    pub fn new(visit: &Visit, is_marked: bool, once: String) -> Star {
        Star { is_marked, action: visit.action(if is_marked { "unstar" } else { "star" }), once }
    }
}
