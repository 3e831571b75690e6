//! The card of entitlements: the menu of a purchase says what its store cannot do, what to do instead and what to write.

use serde_json::json;

use crate::support::Desk;
use crate::support::cast::{LENA, SOL, VERA};
use crate::support::events::{deliver, purchase};
use crate::support::pages::{card_of, text_of};

/// Lena's card, when she has bought something in this store, as this person sees it.
async fn card(person: &crate::support::cast::Person, store: &str) -> String {
    let desk = Desk::open().await;
    let bought = json!({ "store": store, "price": 8.99, "currency": "EUR", "price_in_purchased_currency": 7.99 });
    deliver(&desk, desk.project, &[purchase("lena", 1, bought)]);
    text_of(card_of(&desk.page(person, LENA).await, "entitlements"))
}

#[actix_web::test]
async fn the_menu_of_a_purchase_says_what_its_store_cannot_do_and_what_to_write() {
    for (store, reason, told) in [
        ("APP_STORE", "Only Apple refunds.", "reportaproblem.apple.com"),
        ("PLAY_STORE", "not connected to Google Play, which could refund", "play.google.com"),
        ("STRIPE", "not connected to Stripe, which could refund the payment", "5 to 10 business days"),
        ("AMAZON", "Only Amazon refunds.", "Contact Us"),
        ("PADDLE", "no connection to Paddle", "paddle.net"),
        ("ROKU", "no connection to Roku", "my.roku.com"),
    ] {
        let shown = card(&SOL, store).await;
        assert!(shown.contains(reason) && shown.contains(told), "{store}: {shown}");
        assert!(shown.contains("What to write to the customer") && shown.contains("Order number"), "{store}: {shown}");
    }
}

#[actix_web::test]
async fn somebody_who_may_not_change_purchases_sees_the_order_number_alone() {
    let shown = card(&VERA, "APP_STORE").await;
    assert!(shown.contains("Order number") && !shown.contains("Only Apple refunds."), "{shown}");
}

#[actix_web::test]
async fn what_follows_from_the_purchase_comes_before_what_the_store_says() {
    let desk = Desk::open().await;
    let trial = json!({ "store": "APP_STORE", "period_type": "TRIAL", "price": 0, "price_in_purchased_currency": 0 });
    deliver(&desk, desk.project, &[purchase("lena", 1, trial)]);
    let shown = text_of(card_of(&desk.page(&SOL, LENA).await, "entitlements"));
    assert!(shown.contains("Nothing was paid for it.") && shown.contains("Apple extends no trial."), "{shown}");
}
