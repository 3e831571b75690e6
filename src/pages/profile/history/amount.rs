//! The amount at the right of a row (§4.1): what was paid, in the currency it was paid in; the dollars beneath where that
//! is another. Nothing where the store told nothing, and nothing for a trial.

use super::category::Category;
use super::words;
use crate::base::money::{Micros, Money};
use crate::events::{Event, Item};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    pub shown: String,
    pub dollars: Option<String>,
    /// Money that went back.
    pub is_back: bool,
}

pub fn in_event(event: &Event, category: Category) -> Option<Amount> {
    if category == Category::Currency {
        return of_currency(event);
    }
    let dollars = event.price.map(|amount| Money { amount, currency: "USD".into() });
    let paid = event.paid.clone().or_else(|| dollars.clone()).filter(|_| category.is_about_money())?;
    let is_back = category == Category::Refunded;
    if paid.amount == Micros::ZERO && (is_back || event.is_family_share) {
        return None;
    }
    let dollars = dollars.filter(|dollars| dollars.currency != paid.currency);
    Some(Amount { shown: signed(paid, is_back), dollars: dollars.map(|dollars| signed(dollars, is_back)), is_back })
}

/// A refund is negative whatever sign it was sent with.
fn signed(money: Money, is_back: bool) -> String {
    let amount = if is_back { Micros::ZERO.minus(money.amount.abs()) } else { money.amount };
    Money { amount, ..money }.shown()
}

/// A single change of a virtual currency; several have it in their own lines.
fn of_currency(event: &Event) -> Option<Amount> {
    let [change] = event.adjustments.as_slice() else { return None };
    let sign = if change.amount < 0 { '\u{2212}' } else { '+' };
    let shown = format!("{sign}{} {}", words::grouped(change.amount.unsigned_abs()), change.code);
    Some(Amount { shown, dollars: None, is_back: false })
}

/// What an item of a bundle cost, in the currency it was paid in.
pub fn of_item(item: &Item) -> String {
    item.paid.as_ref().map(Money::shown).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Moment;
    use crate::events::Delivery;

    fn amount(fields: &str) -> Option<Amount> {
        let body = format!("{{\"event\": {{\"id\": \"e\", {fields}}}}}");
        let event = Delivery::read_stored(&body, Moment(0)).expect("an event");
        in_event(&event, Category::from_event(&event))
    }

    fn shown(fields: &str) -> Option<(String, Option<String>)> {
        amount(fields).map(|amount| (amount.shown, amount.dollars))
    }

    #[test]
    fn what_was_paid_comes_first_and_dollars_only_beside_another_currency() {
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
        assert_eq!(shown(r#""type": "RENEWAL", "price": 0, "is_family_share": true"#), None);
    }

    #[test]
    fn refunds_carry_a_true_minus_sign_whatever_was_sent() {
        for price in ["-9.99", "9.99"] {
            let refund = format!(
                r#""type": "CANCELLATION", "cancel_reason": "CUSTOMER_SUPPORT", "price": {price}, "currency": "EUR",
                "price_in_purchased_currency": {price}"#
            );
            let back = amount(&refund).expect("an amount");
            assert_eq!((back.shown.as_str(), back.is_back), ("\u{2212}EUR 9.99", true));
            assert_eq!(back.dollars.as_deref(), Some("\u{2212}USD 9.99"));
        }
    }

    #[test]
    fn an_amount_of_currency_says_whether_it_came_or_went() {
        let change = |amount: &str| {
            let adjustments = format!(r#"[{{"amount": {amount}, "currency": {{"code": "GEM"}}}}]"#);
            shown(&format!(r#""type": "VIRTUAL_CURRENCY_TRANSACTION", "adjustments": {adjustments}"#))
        };
        assert_eq!(change("1500"), Some(("+1,500 GEM".into(), None)));
        assert_eq!(change("-9223372036854775808"), Some(("\u{2212}9,223,372,036,854,775,808 GEM".into(), None)));
    }
}
