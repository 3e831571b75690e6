//! The products of Sundial, the demo's meditation app. The stories and the catalog file use the same table.

use serde_json::{Value, json};

pub struct Product {
    pub id: &'static str,
    pub store: &'static str,
    pub name: &'static str,
    pub kind: &'static str,
    /// An ISO 8601 duration; empty if the purchase does not end.
    pub period: &'static str,
    /// In dollar cents.
    pub price: i64,
    pub unlocks: &'static [&'static str],
}

pub const PRO: &[&str] = &["pro"];
const COACH: &[&str] = &["coach"];

#[rustfmt::skip]
const PRODUCTS: &[Product] = &[
    sold("pro_weekly", "APP_STORE", "Pro weekly", "subscription", "P1W", 299, PRO),
    sold("pro_monthly", "APP_STORE", "Pro monthly", "subscription", "P1M", 999, PRO),
    sold("pro_annual", "APP_STORE", "Pro annual", "subscription", "P1Y", 5999, PRO),
    sold("coach_monthly", "APP_STORE", "Coach add-on", "subscription", "P1M", 1499, COACH),
    sold("pro_lifetime", "APP_STORE", "Pro for life", "non_consumable", "", 14999, PRO),
    sold("retreat_30_days", "APP_STORE", "30-day retreat", "non_renewing_subscription", "P30D", 1999, PRO),
    sold("breaths_100", "APP_STORE", "100 Breaths", "consumable", "", 199, &[]),
    sold("breaths_500", "APP_STORE", "500 Breaths", "consumable", "", 799, &[]),
    sold("mac_pro_annual", "MAC_APP_STORE", "Pro annual for Mac", "subscription", "P1Y", 4999, PRO),
    sold("sundial_pro:weekly", "PLAY_STORE", "Pro weekly", "subscription", "P1W", 299, PRO),
    sold("sundial_pro:monthly", "PLAY_STORE", "Pro monthly", "subscription", "P1M", 999, PRO),
    sold("sundial_pro:annual", "PLAY_STORE", "Pro annual", "subscription", "P1Y", 5999, PRO),
    sold("sundial_pro:prepaid-month", "PLAY_STORE", "Pro prepaid month", "subscription", "P1M", 899, PRO),
    sold("sundial_coach:monthly", "PLAY_STORE", "Coach add-on", "subscription", "P1M", 1499, COACH),
    sold("sundial_lifetime", "PLAY_STORE", "Pro for life", "non_consumable", "", 14999, PRO),
    sold("sundial_breaths_100", "PLAY_STORE", "100 Breaths", "consumable", "", 199, &[]),
    sold("com.sundial.amazon.pro.monthly", "AMAZON", "Pro monthly", "subscription", "P1M", 999, PRO),
    sold("prod_RvK2mSundialPro", "STRIPE", "Pro quarterly", "subscription", "P3M", 2499, PRO),
    sold("sundial_web_pro_monthly", "RC_BILLING", "Pro monthly (web)", "subscription", "P1M", 899, PRO),
    sold("roku_pro_monthly", "ROKU", "Pro monthly", "subscription", "P1M", 999, PRO),
    sold("pri_01jsundialproannual", "PADDLE", "Pro annual", "subscription", "P1Y", 4999, PRO),
    sold("test_pro_weekly", "TEST_STORE", "Pro weekly (test)", "subscription", "P1W", 299, PRO),
    sold("test_pro_monthly", "TEST_STORE", "Pro monthly (test)", "subscription", "P1M", 999, PRO),
    sold("test_pro_annual", "TEST_STORE", "Pro annual (test)", "subscription", "P1Y", 5999, PRO),
    sold("test_pro_lifetime", "TEST_STORE", "Pro for life (test)", "non_consumable", "", 14999, PRO),
];

#[rustfmt::skip]
const PACKAGES: &[(&str, &str, &[&str])] = &[
    ("$rc_weekly", "Weekly", &["pro_weekly", "sundial_pro:weekly", "test_pro_weekly"]),
    ("$rc_monthly", "Monthly", &[
        "pro_monthly", "sundial_pro:monthly", "com.sundial.amazon.pro.monthly", "roku_pro_monthly",
        "sundial_web_pro_monthly", "test_pro_monthly",
    ]),
    ("$rc_annual", "Annual", &[
        "pro_annual", "mac_pro_annual", "sundial_pro:annual", "pri_01jsundialproannual", "test_pro_annual",
    ]),
    ("$rc_lifetime", "Lifetime", &["pro_lifetime", "sundial_lifetime", "test_pro_lifetime"]),
    ("coach", "Coach", &["coach_monthly", "sundial_coach:monthly"]),
];

pub fn product(id: &str) -> &'static Product {
    let found = PRODUCTS.iter().find(|product| product.id == id);
    found.expect("the product is in the demo's catalog")
}

/// The catalog file of the project.
pub fn catalog() -> Value {
    json!({
        "products": PRODUCTS.iter().map(listed).collect::<Vec<_>>(),
        "entitlements": [entitlement("pro", "Pro access"), entitlement("coach", "Coach")],
        "offerings": [
            offering("standard", "Standard", json!({"headline": "Sleep better tonight"}), PACKAGES),
            offering("winback", "Win-back", json!({"headline": "Welcome back"}), &PACKAGES[1..3]),
            offering("summer_test", "Summer test", json!({"layout": "tiles"}), &PACKAGES[..3]),
        ],
    })
}

#[rustfmt::skip]
const fn sold(
    id: &'static str, store: &'static str, name: &'static str, kind: &'static str,
    period: &'static str, price: i64, unlocks: &'static [&'static str],
) -> Product {
    Product { id, store, name, kind, period, price, unlocks }
}

fn listed(product: &Product) -> Value {
    let duration = Some(product.period).filter(|period| !period.is_empty());
    let amount = format!("{}.{:02}", product.price / 100, product.price % 100);
    json!({
        "id": product.id, "store": product.store, "display_name": product.name, "type": product.kind,
        "duration": duration, "price": {"amount": amount, "currency": "USD"},
    })
}

fn entitlement(id: &str, name: &str) -> Value {
    let unlocks = |product: &&Product| product.unlocks.contains(&id);
    let products = PRODUCTS.iter().filter(unlocks).map(|product| product.id);
    let products: Vec<_> = products.collect();
    json!({"id": id, "display_name": name, "products": products})
}

fn offering(id: &str, name: &str, metadata: Value, packages: &[(&str, &str, &[&str])]) -> Value {
    let package =
        |(id, name, products): &(&str, &str, &[&str])| json!({"id": id, "display_name": name, "products": products});
    json!({
        "id": id, "display_name": name, "default": id == "standard", "metadata": metadata,
        "packages": packages.iter().map(package).collect::<Vec<_>>(),
    })
}
