//! Reads subscriptions, one-time purchases and their periods in answers of the second version of the API.

use serde::Deserialize;
use serde_json::{Number, Value};

use super::{Details, Period, Purchase, Renewal, SubscriptionStatus};
use crate::base::clock::Moment;
use crate::base::money::{Micros, Money};
use crate::events::{Environment, Store};

/// A subscription or one-time purchase. What is absent is not known.
#[derive(Debug, Deserialize)]
struct Body {
    product_id: Option<String>,
    starts_at: Option<Moment>,
    current_period_starts_at: Option<Moment>,
    current_period_ends_at: Option<Moment>,
    ends_at: Option<Moment>,
    gives_access: Option<bool>,
    purchased_at: Option<Moment>,
    auto_renewal_status: Option<String>,
    status: Option<String>,
    total_revenue_in_usd: Option<Revenue>,
    revenue_in_usd: Option<Revenue>,
    #[serde(default)]
    entitlements: Items,
    environment: String,
    store: String,
    store_subscription_identifier: Option<Text>,
    store_purchase_identifier: Option<Text>,
    ownership: Option<String>,
    country: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Revenue {
    gross: Option<Number>,
    currency: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Items {
    #[serde(default)]
    items: Vec<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    lookup_key: Option<String>,
}

/// An id that some stores write as a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Number(Number),
}

impl Text {
    fn into_text(self) -> String {
        match self {
            Text::Text(text) => text,
            Text::Number(number) => number.to_string(),
        }
    }
}

/// Reads a subscription or one-time purchase. Its product is still the internal id, and its periods are not read.
///
/// # Errors
/// What is wrong with it, in words.
pub fn purchase(item: &Value, is_subscription: bool) -> Result<Purchase, String> {
    let body = Body::deserialize(item).map_err(|error| error.to_string())?;
    let identifier = body.store_subscription_identifier.or(body.store_purchase_identifier).map(Text::into_text);
    let started_at = body.starts_at.or(body.purchased_at).ok_or("it has no time of its start")?;
    let revenue = body.total_revenue_in_usd.or(body.revenue_in_usd);
    let word = body.status.unwrap_or_default();
    let status = if is_subscription { status(&word) } else { SubscriptionStatus::Unknown };
    Ok(Purchase {
        is_subscription,
        environment: environment(&body.environment)?,
        store: Store::from(body.store.trim().to_ascii_uppercase()),
        product: body.product_id,
        entitlements: body.entitlements.items.into_iter().filter_map(|named| named.lookup_key).collect(),
        transaction: identifier.filter(|id| !id.is_empty()).ok_or("it has no id of the store")?,
        started_at,
        period_start: body.current_period_starts_at.unwrap_or(started_at),
        period_end: body.current_period_ends_at.or(body.ends_at),
        // Purchases of the sandbox may give no access and run all the same.
        is_running: matches!(
            status,
            SubscriptionStatus::Trial | SubscriptionStatus::Active | SubscriptionStatus::Grace
        ) && (body.gives_access != Some(false) || body.environment == "sandbox"),
        status,
        renewal: renewal(&body.auto_renewal_status.unwrap_or_default()),
        total: revenue.and_then(|revenue| micros(revenue.gross.as_ref())),
        is_refunded: word == "refunded",
        is_family_share: body.ownership.is_some_and(|ownership| ownership == "family_shared"),
        country: body.country,
        periods: None,
        details: Details::default(),
    })
}

fn environment(word: &str) -> Result<Environment, String> {
    let known = [Environment::Production, Environment::Sandbox];
    let found = known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(word));
    found.ok_or_else(|| format!("its environment “{word}” is not known"))
}

fn status(word: &str) -> SubscriptionStatus {
    match word {
        "trialing" => SubscriptionStatus::Trial,
        "active" => SubscriptionStatus::Active,
        "in_grace_period" => SubscriptionStatus::Grace,
        "in_billing_retry" => SubscriptionStatus::Retry,
        "paused" => SubscriptionStatus::Paused,
        "expired" => SubscriptionStatus::Over,
        _ => SubscriptionStatus::Unknown,
    }
}

fn renewal(word: &str) -> Renewal {
    match word {
        "will_renew" | "will_change_product" | "has_already_renewed" => Renewal::On,
        "will_not_renew" => Renewal::Off,
        "will_pause" => Renewal::WillPause,
        _ => Renewal::Unknown,
    }
}

#[derive(Debug, Deserialize)]
struct Transaction {
    id: Text,
    product_store_identifier: Option<String>,
    purchased_at: Moment,
    expiration_date: Option<Moment>,
    effective_expiration_date: Option<Moment>,
    revenue_in_usd: Option<Revenue>,
    revenue_in_local_currency: Option<Revenue>,
}

/// Reads the periods of a subscription, the oldest first. One that cannot be read is left out.
pub fn periods(items: &[Value]) -> Vec<Period> {
    let read = |item: &Value| {
        let body = Transaction::deserialize(item).ok()?;
        let local = body.revenue_in_local_currency;
        let paid = local.and_then(|local| {
            Some(Money {
                amount: micros(local.gross.as_ref())?,
                currency: local.currency.filter(|code| code.len() == 3)?,
            })
        });
        Some(Period {
            transaction: body.id.into_text(),
            product: body.product_store_identifier,
            purchased_at: body.purchased_at,
            expires_at: body.expiration_date,
            effective_end: body.effective_expiration_date,
            dollars: body.revenue_in_usd.and_then(|revenue| micros(revenue.gross.as_ref())),
            paid,
        })
    };
    let mut periods: Vec<Period> = items.iter().filter_map(read).collect();
    periods.sort_by(|one, other| (one.purchased_at, &one.transaction).cmp(&(other.purchased_at, &other.transaction)));
    periods
}

pub(super) fn micros(number: Option<&Number>) -> Option<Micros> {
    Micros::parse(&number?.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_subscription_is_read_as_documented() {
        let item = json!({
            "object": "subscription", "id": "sub1", "product_id": "prod1", "starts_at": 1_000, "current_period_starts_at": 2_000,
            "current_period_ends_at": 3_000, "ends_at": 3_000, "gives_access": true, "auto_renewal_status": "will_renew",
            "status": "active", "total_revenue_in_usd": { "currency": "USD", "gross": 5.41 }, "environment": "production",
            "entitlements": { "items": [{ "lookup_key": "plus" }] }, "store": "play_store", "ownership": "purchased",
            "store_subscription_identifier": "GPA.1", "country": "DE",
        });
        let read = purchase(&item, true).expect("it reads");
        assert_eq!(
            (read.store, read.total, read.period_end),
            (Store::PlayStore, Some(Micros(5_410_000)), Some(Moment(3_000)))
        );
        assert_eq!(
            (read.entitlements, read.status, read.is_running),
            (vec!["plus".into()], SubscriptionStatus::Active, true)
        );
        for (field, value) in [("environment", json!("x")), ("starts_at", json!(null)), ("starts_at", json!("x"))] {
            let mut broken = item.clone();
            broken[field] = value;
            assert!(purchase(&broken, true).is_err(), "{field}");
        }
    }
}
