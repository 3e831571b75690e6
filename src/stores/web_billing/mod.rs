//! Web Billing, which RevenueCat runs. RevenueCat could refund and cancel, once a project is connected to it (§7.4).

use super::{ActionKind, Capability, Obstacle, StoreRules, Target, common};
use crate::projection::Status;

pub struct WebBilling;

impl StoreRules for WebBilling {
    fn capability(&self, action: ActionKind, Target { purchase, now, .. }: Target<'_>) -> Capability {
        let not_connected = |what: &str| {
            Obstacle::because(format!("This project is not connected to RevenueCat, which could {what}."))
                .instead("Do it in RevenueCat’s dashboard, on the customer’s page.")
        };
        match action {
            ActionKind::Refund if matches!(purchase.status(now), Status::BillingRetry | Status::Grace) => {
                Capability::Impossible(
                    Obstacle::because("The latest invoice failed, so there is no payment to return.")
                        .instead("Switch renewal off instead."),
                )
            }
            ActionKind::Refund => Capability::NotConnected(
                not_connected("refund the latest payment and end access").tell(common::WE_LOOK),
            ),
            ActionKind::Cancel => {
                Capability::NotConnected(not_connected("switch renewal off").tell(common::WE_SWITCH_OFF))
            }
            ActionKind::Resume => Capability::Impossible(
                Obstacle::because("Web Billing switches no renewal back on.")
                    .instead("The customer buys it again when it has ended.")
                    .tell("Your renewal cannot be switched back on. You can subscribe again when the period that is paid ends."),
            ),
            ActionKind::Extend => Capability::NotConnected(not_connected("extend the period").instead(
                "Do it in RevenueCat’s dashboard; or grant the entitlement meanwhile, which postpones no charge.",
            )),
        }
    }
}
