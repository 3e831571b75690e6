//! Applies catalogs, and opens desks that have one.

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::catalog;
use dossier::db::schema::offerings;
use dossier::operations::grants::Preset;
use serde_json::{Value, json};

use super::Desk;
use super::events::{deliver, deliver_together, purchase};
use super::operations::grant;

/// Applies a catalog file to the project Sundial.
pub fn apply_catalog(desk: &Desk, file: &Value) {
    let file = catalog::file::File::parse(&file.to_string()).expect("a catalog");
    let applied = desk.db.write_here(|conn| Ok::<_, Error>(catalog::queries::apply(conn, desk.project, &file)?));
    applied.expect("the catalog is applied");
}

/// A desk with the entitlements Pro access and Coach, where Lena subscribes to Pro access.
pub async fn desk_with_entitlements() -> Desk {
    let desk = Desk::open().await;
    let file = json!({ "products": [], "offerings": [], "entitlements": [
        { "id": "pro", "display_name": "Pro access", "products": [] },
        { "id": "coach", "display_name": "Coach", "products": [] },
    ]});
    apply_catalog(&desk, &file);
    deliver(&desk, desk.project, &[purchase("lena", 3, json!({ "entitlement_ids": ["pro"] }))]);
    desk
}

/// The same desk, where Lena has a subscription, a test subscription, a one-time purchase and a grant; Mara a
/// subscription.
pub async fn desk_with_two_buyers() -> Desk {
    let desk = desk_with_entitlements().await;
    let test = json!({ "environment": "SANDBOX", "transaction_id": "s", "original_transaction_id": "s" });
    let once = json!({
        "type": "NON_RENEWING_PURCHASE", "store": "PLAY_STORE", "transaction_id": "o", "original_transaction_id": "o",
        "expiration_at_ms": null, "product_id": "archive",
    });
    let all = [purchase("lena", 2, test), purchase("lena", 1, once), purchase("mara", 1, json!({}))];
    deliver_together(&desk, desk.project, &all);
    grant(&desk, "lena", "pro", Preset::Weekly);
    desk
}

/// A desk where Lena subscribes and Sandy tests; Standard is the default offering, Old is archived.
pub async fn desk_with_offerings() -> Desk {
    let desk = Desk::open().await;
    let offering = |id: &str, name: &str| {
        json!({ "id": id, "display_name": name, "default": id == "standard", "metadata": {},
        "packages": [{ "id": "$rc_annual", "display_name": format!("{name} annual"), "products": [] }] })
    };
    let sold = json!({ "products": [], "entitlements": [], "offerings": [
        offering("standard", "Standard"), offering("winback", "Win-back"), offering("old", "Old"), offering("zen", "Zen"),
    ]});
    apply_catalog(&desk, &sold);
    let archived = desk.db.write_here(|conn| {
        let old = offerings::table.filter(offerings::identifier.eq("old"));
        Ok::<_, Error>(diesel::update(old).set(offerings::is_archived.eq(true)).execute(conn)?)
    });
    archived.expect("an archived offering");
    let test = purchase("sandy", 4, json!({ "environment": "SANDBOX" }));
    deliver_together(&desk, desk.project, &[purchase("lena", 3, json!({})), test]);
    desk
}

/// A desk with products of several stores; the one of Google Play has a base plan.
pub async fn desk_with_products() -> Desk {
    let desk = Desk::open().await;
    let product = |id: &str, store: &str, kind: &str, duration: Value, price: Value| {
        json!({
            "id": id, "store": store, "display_name": format!("Name of {id}"), "type": kind, "duration": duration,
            "price": price,
        })
    };
    let euros = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let sold = json!({
        "products": [
            product("plus_1m", "RC_BILLING", "subscription", json!("P1M"), euros("4.99")),
            product("plus_18m", "RC_BILLING", "subscription", json!("P1Y6M"), euros("49")),
            product("coins", "RC_BILLING", "consumable", Value::Null, euros("0.99")),
            product("unpriced", "RC_BILLING", "subscription", json!("P1M"), Value::Null),
            product("premium:monthly", "PLAY_STORE", "subscription", json!("P1M"), euros("5.99")),
            product("plus_ios", "APP_STORE", "subscription", json!("P1M"), euros("6.99")),
        ],
        "entitlements": [
            { "id": "plus", "display_name": "Plus", "products": ["plus_1m", "premium:monthly", "plus_ios"] },
        ],
        "offerings": [
            { "id": "standard", "display_name": "Standard plans", "default": true, "metadata": {}, "packages": [
                { "id": "$rc_monthly", "display_name": "Monthly", "products": ["plus_1m", "premium:monthly", "plus_ios"] },
                { "id": "coins", "display_name": "Coins", "products": ["coins"] },
            ]},
            { "id": "winback", "display_name": "Win-back", "metadata": { "badge": "-50%" }, "packages": [] },
        ],
    });
    apply_catalog(&desk, &sold);
    desk
}
