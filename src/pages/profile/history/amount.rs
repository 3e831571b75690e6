//! The amount at the right of a row (§4.1): the price in the purchase currency, with dollars beneath if that is
//! another currency. There is no amount if the store sent no price, and none for what is free.

use super::category::Category;
use super::words;
use crate::base::money::{Micros, Money};
use crate::events::{Item, Summary};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    pub shown: String,
    pub dollars: Option<String>,
    /// Whether the customer got the money back.
    pub is_refund: bool,
}

pub fn in_event(event: &Summary, category: Category) -> Option<Amount> {
    if category == Category::Currency {
        return of_currency(event);
    }
    // A price of 0 is no payment (§6.6), whatever the period is called that it was sent for.
    let is_paid = |money: &Money| money.amount != Micros::ZERO;
    let dollars = event.price.map(|amount| Money { amount, currency: "USD".into() }).filter(is_paid);
    let paid = event.paid.clone().filter(is_paid).or_else(|| dollars.clone()).filter(|_| category.is_about_money())?;
    let is_refund = category == Category::Refunded;
    let dollars = dollars.filter(|dollars| dollars.currency != paid.currency);
    let dollars = dollars.map(|dollars| signed(dollars, is_refund));
    Some(Amount { shown: signed(paid, is_refund), dollars, is_refund })
}

/// A refund is negative, whatever sign the event has.
fn signed(money: Money, is_refund: bool) -> String {
    let amount = if is_refund { Micros::ZERO.minus(money.amount.abs()) } else { money.amount };
    Money { amount, ..money }.shown()
}

/// The amount of a single change of a virtual currency. Several changes show their amounts in their own lines.
fn of_currency(event: &Summary) -> Option<Amount> {
    let [change] = event.adjustments.as_slice() else { return None };
    let sign = if change.amount < 0 { '\u{2212}' } else { '+' };
    let shown = format!("{sign}{} {}", words::grouped(change.amount.unsigned_abs()), change.code);
    Some(Amount { shown, dollars: None, is_refund: false })
}

/// The price of a bundle's item in the purchase currency; empty if it is unknown or nothing.
pub fn of_item(item: &Item) -> String {
    item.paid.as_ref().filter(|paid| paid.amount != Micros::ZERO).map(Money::shown).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Moment;
    use crate::events::Delivery;

    fn amount(fields: &str) -> Option<Amount> {
        let body = format!("{{\"event\": {{\"id\": \"e\", {fields}}}}}");
        let event = Summary::new(&Delivery::read_stored(&body, Moment(0)).expect("an event"));
        in_event(&event, Category::from_event(&event))
    }

    fn shown(fields: &str) -> Option<(String, Option<String>)> {
        amount(fields).map(|amount| (amount.shown, amount.dollars))
    }

    #[test]
    fn the_purchase_currency_comes_first_and_dollars_only_beside_another_currency() {
        let renewal = r#""type": "RENEWAL", "price": 8.14, "currency": "EUR", "price_in_purchased_currency": 7.99"#;
        assert_eq!(shown(renewal), Some(("EUR 7.99".into(), Some("USD 8.14".into()))));
        let dollars = r#""type": "RENEWAL", "price": 20, "currency": "USD", "price_in_purchased_currency": 20"#;
        assert_eq!(shown(dollars), Some(("USD 20".into(), None)));
        assert_eq!(shown(r#""type": "RENEWAL", "price": 9.99"#), Some(("USD 9.99".into(), None)));
    }

    #[test]
    fn unknown_prices_and_trials_show_nothing() {
        assert_eq!(shown(r#""type": "RENEWAL", "price": null, "currency": "EUR""#), None);
        assert_eq!(shown(r#""type": "INITIAL_PURCHASE", "period_type": "TRIAL", "price": 0"#), None);
        assert_eq!(shown(r#""type": "EXPIRATION", "price": 0"#), None);
        let free = r#""type": "RENEWAL", "period_type": "TRIAL", "price": 0, "currency": "USD", "price_in_purchased_currency": 0"#;
        assert_eq!(shown(free), None);
        assert_eq!(shown(r#""type": "RENEWAL", "offer_code": "FREE", "price": 0"#), None);
        assert_eq!(shown(r#""type": "RENEWAL", "price": 0, "is_family_share": true"#), None);
    }

    #[test]
    fn refunds_carry_a_true_minus_sign_whatever_was_sent() {
        for price in ["-9.99", "9.99"] {
            let refund = format!(
                r#""type": "CANCELLATION", "cancel_reason": "CUSTOMER_SUPPORT", "price": {price}, "currency": "EUR",
                "price_in_purchased_currency": {price}"#
            );
            let refunded = amount(&refund).expect("an amount");
            assert_eq!((refunded.shown.as_str(), refunded.is_refund), ("\u{2212}EUR 9.99", true));
            assert_eq!(refunded.dollars.as_deref(), Some("\u{2212}USD 9.99"));
        }
    }

    #[test]
    fn an_amount_of_a_virtual_currency_has_a_sign() {
        let change = |amount: &str| {
            let adjustments = format!(r#"[{{"amount": {amount}, "currency": {{"code": "GEM"}}}}]"#);
            shown(&format!(r#""type": "VIRTUAL_CURRENCY_TRANSACTION", "adjustments": {adjustments}"#))
        };
        assert_eq!(change("1500"), Some(("+1,500 GEM".into(), None)));
        assert_eq!(change("-9223372036854775808"), Some(("\u{2212}9,223,372,036,854,775,808 GEM".into(), None)));
    }
}
