//! What the page of connections says about comparing customers with RevenueCat: the first fill, comparisons of all, the nightly
//! sample, and what was found lately.

mod card;
mod handlers;

use crate::base::Permission::ManageConnections;
use crate::web::Routes;

pub use card::Card;

pub fn routes(routes: &mut Routes) {
    routes.post("/sample", ManageConnections, handlers::set_sample);
}

/// How many customers a night can be chosen; 0 is off.
const SIZES: [i64; 5] = [0, 100, 500, 2_000, 10_000];
