//! One webhook body of each published shape, as RevenueCat sends it, with the names of the tests in it.

/// The bodies, each with its own event id.
pub fn all() -> Vec<String> {
    [
        include_str!("../samples/cancellation-trial-unsubscribe-app-store.json"),
        include_str!("../samples/initial-purchase-app-store-reference-payload.json"),
        include_str!("../samples/invoice-issuance-web-billing.json"),
        include_str!("../samples/product-change-play-store.json"),
        include_str!("../samples/renewal-app-store.json"),
        include_str!("../samples/subscription-extended-app-store.json"),
        include_str!("../samples/subscription-paused-play-store.json"),
        include_str!("../samples/temporary-entitlement-grant-app-store.json"),
        include_str!("../samples/transfer-app-store.json"),
        include_str!("../samples/uncancellation-app-store.json"),
    ]
    .map(str::to_owned)
    .to_vec()
}
