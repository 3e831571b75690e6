//! Purchases in the Test Store that can be refunded, and what came of asking for it.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::ids::{CustomerId, RequestId};
use dossier::base::money::Micros;
use dossier::db::schema::{customers, request_steps, requests, test_store_actions};
use dossier::requests::State;
use dossier::wording::text::segment;
use serde_json::json;

use super::cast::Person;
use super::catalogs::{apply_catalog, desk_with_entitlements};
use super::customers::customer_id;
use super::events::{deliver, purchase};
use super::{Answer, Desk};

/// The key of the purchase that [`desk_with_a_test_sale`] makes, and its transaction.
pub const SALE: &str = "TEST_STORE:test_1";
pub const TRANSACTION: &str = "test_1";

/// A desk where Lena bought a month of Plus for EUR 8.99 (USD 9.99) in the Test Store, in production.
pub async fn desk_with_a_test_sale() -> Desk {
    let desk = desk_with_entitlements().await;
    let sold = json!({
        "products": [{ "id": "plus", "store": "TEST_STORE", "display_name": "Plus", "type": "subscription",
            "duration": "P1M", "price": { "amount": "9.99", "currency": "USD" } }],
        "entitlements": [{ "id": "coach", "display_name": "Coach", "products": ["plus"] }],
    });
    apply_catalog(&desk, &sold);
    sell(&desk, "lena", TRANSACTION, 1);
    desk
}

/// Somebody buys a month of Plus so many days ago. The price and the currency are those of [`desk_with_a_test_sale`].
pub fn sell(desk: &Desk, id: &str, transaction: &str, days_ago: i64) {
    let sale = json!({
        "id": format!("sale of {transaction}"), "type": "INITIAL_PURCHASE", "product_id": "plus", "store": "TEST_STORE",
        "transaction_id": transaction, "original_transaction_id": transaction, "price": 9.99, "currency": "EUR",
        "price_in_purchased_currency": 8.99, "entitlement_ids": ["coach"],
    });
    deliver(desk, desk.project, &[purchase(id, days_ago, sale)]);
}

/// The address to which the forms of a purchase are sent.
pub fn address(profile: &str, key: &str, what: &str) -> String {
    format!("{profile}/purchases/{}/{what}", segment(&format!("production.{key}")))
}

/// Sends a form about the sale.
pub async fn ask(desk: &Desk, person: &Person, what: &str, fields: &[(&str, &str)]) -> Answer {
    let profile = "/projects/sundial/customers/lena";
    desk.post_form(person, &address(profile, SALE, what), fields).await
}

/// Refunds all that is left of the sale, and wants it to be asked for.
pub async fn refund(desk: &Desk, person: &Person) {
    let answer = ask(desk, person, "refund", &[("reason", "asked")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
}

/// The states of all requests, oldest first.
pub fn states(desk: &Desk) -> Vec<State> {
    desk.read(|conn| requests::table.order(requests::id).select(requests::state).load(conn))
}

/// The newest request.
pub fn newest(desk: &Desk) -> RequestId {
    desk.read(|conn| requests::table.order(requests::id.desc()).select(requests::id).first(conn))
}

/// The state and the words of each step of the newest request.
pub fn steps(desk: &Desk) -> Vec<(State, String)> {
    let of = newest(desk);
    let own = request_steps::table.filter(request_steps::request_id.eq(of)).order(request_steps::number);
    desk.read(|conn| own.select((request_steps::state, request_steps::words)).load(conn))
}

/// How often the Test Store has done anything, by its own books.
pub fn done_by_store(desk: &Desk) -> i64 {
    desk.count(|conn| test_store_actions::table.count().get_result(conn))
}

/// What a customer has spent, in micro-units of US dollars.
pub fn spent(desk: &Desk, id: &str) -> i64 {
    let customer: CustomerId = customer_id(desk, id);
    desk.read(|conn| customers::table.find(customer).select(customers::spent_micros).first(conn))
}

/// The refund of the sale as the store itself would report it.
pub fn report(id: &str, amount: Micros, transaction: &str, at: i64) -> String {
    let dollars = (amount.0 as f64) / 8.99 * 9.99 / 1_000_000.0;
    let extra = json!({
        "id": id, "type": "CANCELLATION", "cancel_reason": "CUSTOMER_SUPPORT", "product_id": "plus", "store": "TEST_STORE",
        "transaction_id": transaction, "original_transaction_id": transaction, "currency": "EUR",
        "price": -(dollars * 100.0).round() / 100.0, "price_in_purchased_currency": -(amount.0 as f64) / 1_000_000.0,
        "event_timestamp_ms": at, "expiration_at_ms": at, "entitlement_ids": ["coach"],
    });
    purchase("lena", 1, extra)
}
