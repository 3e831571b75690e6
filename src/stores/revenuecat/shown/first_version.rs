//! What the first version of the API adds: times that the second one does not name, and prices in the customer's currency.

use serde_json::{Map, Value};

use super::purchases::micros;
use super::{Details, Purchase};
use crate::base::clock::Moment;
use crate::base::money::Money;
use crate::events::PeriodType;

/// Adds what the answer says of each purchase.
pub fn complete(purchases: &mut [Purchase], answer: &Value) {
    let Some(subscriber) = answer.get("subscriber") else { return };
    let of = |name: &str| subscriber.get(name).and_then(Value::as_object);
    let single = |product: &str| of("subscriptions").and_then(|all| all.get(product));
    let repeated = |product: &str| of("non_subscriptions").and_then(|all| all.get(product)).and_then(Value::as_array);
    for purchase in purchases {
        let Some(product) = purchase.product.as_deref() else { continue };
        // Products of Google are named without their base plan.
        let found = [product, product.split(':').next().unwrap_or_default()].into_iter().find_map(|product| {
            let once = repeated(product).into_iter().flatten();
            single(product).into_iter().chain(once).find(|item| is_same(purchase, item))
        });
        purchase.details = found.and_then(Value::as_object).map(details).unwrap_or_default();
    }
}

/// Whether an item is this purchase: by its store, and its transaction where it names one.
fn is_same(purchase: &Purchase, item: &Value) -> bool {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let is_of_store = text("store").is_some_and(|store| store.eq_ignore_ascii_case(purchase.store.as_str()));
    let base = |id: &str| id.split("..").next().unwrap_or_default().to_owned();
    is_of_store && text("store_transaction_id").is_none_or(|id| base(id) == base(&purchase.transaction))
}

fn details(item: &Map<String, Value>) -> Details {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let time = |name: &str| text(name).and_then(Moment::parse_rfc3339);
    let paid = item.get("price").and_then(|price| {
        let amount = price.get("amount").and_then(Value::as_number);
        Some(Money { amount: micros(amount)?, currency: price.get("currency")?.as_str()?.to_owned() })
    });
    Details {
        period_type: text("period_type").map(|word| PeriodType::from(word.to_ascii_uppercase())),
        paid,
        refunded_at: time("refunded_at"),
        unsubscribed_at: time("unsubscribe_detected_at"),
        billing_issue_at: time("billing_issues_detected_at"),
        grace_end: time("grace_period_expires_date"),
        resumes_at: time("auto_resume_date"),
    }
}
