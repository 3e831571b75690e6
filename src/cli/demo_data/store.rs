//! For each store: the app's id, the commission, and the format of transaction ids.

use super::seed::Seed;

/// The id of Sundial's app in a store; `None` for grants, which belong to no app.
pub fn app_id(store: &str) -> Option<&'static str> {
    Some(match store {
        "APP_STORE" => "app5d1c0e9a72",
        "MAC_APP_STORE" => "appb83f01c6d4",
        "PLAY_STORE" => "app91ae47f250",
        "AMAZON" => "app0c7d6be831",
        "STRIPE" => "app4f8820da6e",
        "RC_BILLING" => "appe25b9173c0",
        "ROKU" => "app7a60f4c19d",
        "PADDLE" => "appd3096e5ab7",
        "TEST_STORE" => "app18c2b7f04e",
        _ => return None,
    })
}

/// The share of the price that the store keeps.
pub fn commission(store: &str) -> f64 {
    match store {
        "APP_STORE" | "MAC_APP_STORE" => 0.3,
        "PLAY_STORE" => 0.15,
        "AMAZON" | "ROKU" => 0.2,
        "STRIPE" | "RC_BILLING" => 0.029,
        "PADDLE" => 0.05,
        _ => 0.0,
    }
}

/// An id for the first transaction of a subscription or purchase.
pub fn first_transaction(store: &str, seed: &mut Seed) -> String {
    match store {
        "APP_STORE" | "MAC_APP_STORE" => format!("4{}", seed.digits(14)),
        "PLAY_STORE" => {
            let [a, b, c, d] = [4, 4, 4, 5].map(|length| seed.digits(length));
            format!("GPA.{a}-{b}-{c}-{d}")
        }
        "AMAZON" => format!("{}==:3:11", seed.letters(62)),
        "STRIPE" => format!("si_{}", seed.letters(14)),
        "RC_BILLING" => format!("rcbtx{}", seed.hex(16)),
        "PADDLE" => format!("txn_01j{}", seed.hex(23)),
        "TEST_STORE" => format!("test_{}", seed.uuid()),
        "ROKU" => seed.uuid(),
        _ => seed.hex(32),
    }
}

/// An id for a later transaction. Google counts up from `..0`, Stripe keeps the first id, other stores use a new one.
pub fn next_transaction(store: &str, original: &str, number: i64, seed: &mut Seed) -> String {
    match store {
        "PLAY_STORE" => format!("{original}..{}", number - 2),
        "STRIPE" => original.to_owned(),
        _ => first_transaction(store, seed),
    }
}
