//! The route that receives RevenueCat's webhooks (§5.1). The 200 is sent after the event is committed.

mod handlers;

use crate::web::{Face, Routes};

const PATH: &str = "/webhooks/revenuecat/{p}";

pub fn routes(routes: &mut Routes) {
    routes.face("/webhooks", Face::Program);
    routes.public_post(PATH, handlers::receive);
}
