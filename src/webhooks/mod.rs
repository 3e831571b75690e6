//! RevenueCat's webhooks: deliveries in (§5.1). The 200 leaves after the commit.

mod handlers;

use crate::web::Routes;

pub fn routes(routes: &mut Routes) {
    routes.public_post("/webhooks/revenuecat/{p}", handlers::receive);
}
