//! Reads every field of §5.3 from a webhook event. A field that is null or has the wrong type counts as absent.

use serde::Deserialize;

use super::event::{Adjustment, AttributeUpdate, Enrolment, Environment, Event, Item, Origin, Snapshot};
use super::json::{self, Field};
use super::redaction::UNREADABLE;
use super::{EventType, Store};
use crate::base::clock::Moment;
use crate::base::money::Money;

#[derive(Deserialize)]
pub(super) struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Field<'a>,
    pub id: Field<'a>,
    /// What some events have in place of `id`.
    pub event_id: Field<'a>,
    event_timestamp_ms: Field<'a>,
    app_id: Field<'a>,
    app_user_id: Field<'a>,
    original_app_user_id: Field<'a>,
    aliases: Field<'a>,
    subscriber_attributes: Field<'a>,
    experiments: Field<'a>,
    product_id: Field<'a>,
    product_display_name: Field<'a>,
    new_product_id: Field<'a>,
    entitlement_ids: Field<'a>,
    entitlement_id: Field<'a>,
    period_type: Field<'a>,
    purchased_at_ms: Field<'a>,
    expiration_at_ms: Field<'a>,
    grace_period_expiration_at_ms: Field<'a>,
    auto_resume_at_ms: Field<'a>,
    store: Field<'a>,
    environment: Field<'a>,
    is_trial_conversion: Field<'a>,
    cancel_reason: Field<'a>,
    expiration_reason: Field<'a>,
    presented_offering_id: Field<'a>,
    offering_id: Field<'a>,
    price: Field<'a>,
    currency: Field<'a>,
    price_in_purchased_currency: Field<'a>,
    transaction_id: Field<'a>,
    original_transaction_id: Field<'a>,
    is_family_share: Field<'a>,
    country_code: Field<'a>,
    offer_code: Field<'a>,
    dossier_keeps_access: Field<'a>,
    dossier_origin: Field<'a>,
    dossier_as_of_ms: Field<'a>,
    dossier_whole: Field<'a>,
    dossier_total: Field<'a>,
    dossier_is_undated: Field<'a>,
    renewal_number: Field<'a>,
    items: Field<'a>,
    transferred_from: Field<'a>,
    transferred_to: Field<'a>,
    adjustments: Field<'a>,
    source: Field<'a>,
    purchase_environment: Field<'a>,
    virtual_currency_transaction_id: Field<'a>,
    experiment_id: Field<'a>,
    experiment_variant: Field<'a>,
    enrolled_at_ms: Field<'a>,
    experiment_enrolled_at_ms: Field<'a>,
}

impl Event {
    /// Reads the fields. The caller has already found `id` and `kind`; nothing else is required.
    pub(super) fn read(id: String, kind: String, fields: &Fields<'_>, received_at: Moment) -> Event {
        let purchased_at = json::moment(fields.purchased_at_ms);
        let event_at = json::moment(fields.event_timestamp_ms).or(purchased_at).unwrap_or(received_at);
        let (environment, unknown_environment) = environment(fields);
        let kind = EventType::from(kind);
        // Without an end access lasts for ever, and an end that cannot be read is not that.
        let is_end_lost = kind.begins_period() && json::is_no_time(fields.expiration_at_ms);
        let lost_end = is_end_lost.then_some(purchased_at.unwrap_or(event_at));
        Event {
            id,
            kind,
            event_at,
            received_at,
            app_id: json::word(fields.app_id),
            app_user_id: json::id(fields.app_user_id),
            original_app_user_id: json::id(fields.original_app_user_id),
            aliases: json::ids(fields.aliases),
            attributes: attributes(fields.subscriber_attributes, event_at, received_at),
            experiments: enrolments(fields),
            product_id: json::word(fields.product_id),
            product_display_name: json::word(fields.product_display_name),
            new_product_id: json::word(fields.new_product_id),
            entitlement_ids: json::words(fields.entitlement_ids)
                .or_else(|| json::words(fields.entitlement_id))
                .unwrap_or_default(),
            period_type: json::word(fields.period_type).map(Into::into),
            purchased_at,
            expires_at: json::moment(fields.expiration_at_ms).or(lost_end),
            grace_expires_at: json::moment(fields.grace_period_expiration_at_ms),
            auto_resume_at: json::moment(fields.auto_resume_at_ms),
            store: json::word(fields.store).map(Store::named),
            environment,
            unknown_environment,
            is_trial_conversion: json::boolean(fields.is_trial_conversion) == Some(true),
            cancel_reason: json::word(fields.cancel_reason).map(Into::into),
            expiration_reason: json::word(fields.expiration_reason).map(Into::into),
            presented_offering_id: json::word(fields.presented_offering_id),
            offering_id: json::word(fields.offering_id),
            price: json::micros(fields.price),
            paid: money(fields.price_in_purchased_currency, fields.currency),
            transaction_id: json::word(fields.transaction_id),
            original_transaction_id: json::word(fields.original_transaction_id),
            is_family_share: json::boolean(fields.is_family_share) == Some(true),
            keeps_access: json::boolean(fields.dossier_keeps_access) == Some(true),
            snapshot: snapshot(fields, event_at),
            country_code: json::word(fields.country_code).map(capitals),
            offer_code: json::word(fields.offer_code),
            renewal_number: json::integer(fields.renewal_number),
            items: json::items(fields.items).into_iter().filter_map(|raw| item(Some(raw))).collect(),
            transferred_from: json::ids(fields.transferred_from),
            transferred_to: json::ids(fields.transferred_to),
            adjustments: json::items(fields.adjustments).into_iter().filter_map(|raw| adjustment(Some(raw))).collect(),
            source: json::word(fields.source),
            ledger_id: json::word(fields.virtual_currency_transaction_id),
        }
    }
}

/// The first environment that is set, and the word itself if this version does not know it. Such a one counts as sandbox,
/// because nobody knows that the money is real (§5.3). A purchase of which no environment was sent at all is production.
fn environment(fields: &Fields<'_>) -> (Option<Environment>, Option<String>) {
    let sent: Vec<String> = [fields.environment, fields.purchase_environment].into_iter().filter_map(word_of).collect();
    let Some(word) = sent.iter().find(|word| !word.trim().is_empty()).or(sent.first()) else { return (None, None) };
    match Environment::parse(word) {
        Some(known) => (Some(known), None),
        None => (Some(Environment::Sandbox), Some(word.chars().take(LONGEST_WORD).collect())),
    }
}

/// Where the event was read, if it says so. One without a time is as old as what it reports.
fn snapshot(fields: &Fields<'_>, event_at: Moment) -> Option<Snapshot> {
    let origin = json::word(fields.dossier_origin).and_then(|word| Origin::parse(&word))?;
    let as_of = json::moment(fields.dossier_as_of_ms).unwrap_or(event_at);
    let total = json::micros(fields.dossier_total);
    let is_undated = json::boolean(fields.dossier_is_undated) == Some(true);
    Some(Snapshot { origin, as_of, whole: json::word(fields.dossier_whole), total, is_undated })
}

/// How many characters of an unknown word are kept.
const LONGEST_WORD: usize = 100;

/// A word as it was sent; what is there but is no word becomes [`UNREADABLE`].
fn word_of(field: Field<'_>) -> Option<String> {
    let text = |raw| json::text(Some(raw)).map_or_else(|| UNREADABLE.to_owned(), json::visible);
    field.map(text)
}

fn money(amount: Field<'_>, currency: Field<'_>) -> Option<Money> {
    Some(Money { amount: json::micros(amount)?, currency: capitals(json::word(currency)?) })
}

/// A code of a country or a currency: `us` is `US`.
fn capitals(code: String) -> String {
    code.trim().to_ascii_uppercase()
}

#[derive(Deserialize)]
struct AttributeFields<'a> {
    #[serde(borrow)]
    value: Field<'a>,
    updated_at_ms: Field<'a>,
}

/// A value without a time gets the time of the event, and one that was set after the event arrived the time of arrival
/// (§10.4). A value that is not text is left out and deletes nothing.
fn attributes(field: Field<'_>, event_at: Moment, received_at: Moment) -> Vec<AttributeUpdate> {
    let updates = json::entries(field).into_iter().filter_map(|(key, raw)| {
        let fields: AttributeFields<'_> = json::object(Some(&raw))?;
        let value = match fields.value {
            Some(raw) if json::text(Some(raw)).is_none() => return None,
            value => json::word(value),
        };
        let updated_at = json::integer(fields.updated_at_ms).map_or(event_at, seconds_or_millis);
        Some(AttributeUpdate { key: canonical(json::visible(key)), value, updated_at: updated_at.min(received_at) })
    });
    updates.filter(|update| !update.key.is_empty() && update.key.len() <= 1_000).collect()
}

/// Some old exports wrote seconds: values below 10^11 are seconds (§16.1).
fn seconds_or_millis(value: i64) -> Moment {
    Moment(if (1..100_000_000_000).contains(&value) { value * 1000 } else { value })
}

/// Apps send this key in two spellings (§17).
fn canonical(key: String) -> String {
    if key == "$cleverTapId" { "$clevertapId".into() } else { key }
}

#[derive(Deserialize)]
struct EnrolmentFields<'a> {
    #[serde(borrow)]
    experiment_id: Field<'a>,
    experiment_variant: Field<'a>,
    enrolled_at_ms: Field<'a>,
}

fn enrolments(fields: &Fields<'_>) -> Vec<Enrolment> {
    let own = EnrolmentFields {
        experiment_id: fields.experiment_id,
        experiment_variant: fields.experiment_variant,
        enrolled_at_ms: fields.enrolled_at_ms.or(fields.experiment_enrolled_at_ms),
    };
    let listed = json::items(fields.experiments).into_iter().filter_map(|raw| json::object(Some(raw)));
    std::iter::once(own)
        .chain(listed)
        .filter_map(|one: EnrolmentFields<'_>| {
            Some(Enrolment {
                experiment_id: json::word(one.experiment_id)?,
                variant: json::word(one.experiment_variant).unwrap_or_default(),
                enrolled_at: json::moment(one.enrolled_at_ms),
            })
        })
        .collect()
}

#[derive(Deserialize)]
struct ItemFields<'a> {
    #[serde(borrow)]
    product_id: Field<'a>,
    #[serde(rename = "type")]
    kind: Field<'a>,
    currency: Field<'a>,
    price_in_purchased_currency: Field<'a>,
    expiration_at_ms: Field<'a>,
}

fn item(field: Field<'_>) -> Option<Item> {
    let fields: ItemFields<'_> = json::object(field)?;
    Some(Item {
        product_id: json::word(fields.product_id)?,
        is_addon: json::word(fields.kind).is_some_and(|kind| kind.trim().eq_ignore_ascii_case("addon")),
        paid: money(fields.price_in_purchased_currency, fields.currency),
        expires_at: json::moment(fields.expiration_at_ms),
    })
}

#[derive(Deserialize)]
struct AdjustmentFields<'a> {
    #[serde(borrow)]
    amount: Field<'a>,
    currency: Field<'a>,
}

#[derive(Deserialize)]
struct CurrencyFields<'a> {
    #[serde(borrow)]
    code: Field<'a>,
    name: Field<'a>,
}

fn adjustment(field: Field<'_>) -> Option<Adjustment> {
    let fields: AdjustmentFields<'_> = json::object(field)?;
    let currency: CurrencyFields<'_> = json::object(fields.currency)?;
    Some(Adjustment {
        amount: json::integer(fields.amount)?,
        code: json::word(currency.code)?,
        name: json::word(currency.name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Delivery, PeriodType, Reason};

    const ARRIVAL: Moment = Moment(1_700_000_005_000);

    fn attributes_of(fields: &str) -> Vec<(String, Option<String>, i64)> {
        let body = format!(
            r#"{{"event":{{"id":"e","type":"RENEWAL","event_timestamp_ms":1700000000000,"subscriber_attributes":{fields}}}}}"#
        );
        let event = Delivery::read_stored(&body, ARRIVAL).expect("an event");
        event.attributes.into_iter().map(|one| (one.key, one.value, one.updated_at.millis())).collect()
    }

    #[test]
    fn an_attribute_without_a_time_has_the_time_of_its_event() {
        let read = attributes_of(r#"{"goal":{"value":"run"},"old":{"value":"x","updated_at_ms":1600000000}}"#);
        let wanted = [("goal", "run", 1_700_000_000_000), ("old", "x", 1_600_000_000_000)];
        assert_eq!(read, wanted.map(|(key, value, at)| (key.to_owned(), Some(value.to_owned()), at)));
    }

    #[test]
    fn an_attribute_set_after_the_arrival_has_the_time_of_arrival() {
        let read = attributes_of(r#"{"goal":{"value":"run","updated_at_ms":253402300799999}}"#);
        assert_eq!(read, [("goal".to_owned(), Some("run".to_owned()), ARRIVAL.millis())]);
    }

    fn environment_of(fields: &str) -> (Option<Environment>, Option<String>) {
        let body = format!(r#"{{"event":{{"id":"e","type":"RENEWAL"{fields}}}}}"#);
        let event = Delivery::read_stored(&body, ARRIVAL).expect("an event");
        (event.environment, event.unknown_environment)
    }

    #[test]
    fn an_environment_is_read_in_any_case_and_an_unknown_one_is_never_production() {
        let known = |fields: &str, environment| assert_eq!(environment_of(fields), (environment, None), "{fields}");
        known("", None);
        known(r#","environment":null"#, None);
        for word in ["SANDBOX", "sandbox", " Sandbox "] {
            known(&format!(r#","environment":"{word}""#), Some(Environment::Sandbox));
        }
        known(r#","environment":"production""#, Some(Environment::Production));
        known(r#","environment":null,"purchase_environment":"sandbox""#, Some(Environment::Sandbox));
        known(r#","environment":"","purchase_environment":"Production""#, Some(Environment::Production));
        let unknown = |value: &str, word: &str| {
            let read = environment_of(&format!(r#","environment":{value}"#));
            assert_eq!(read, (Some(Environment::Sandbox), Some(word.to_owned())), "{value}");
        };
        unknown(r#""STAGING""#, "STAGING");
        unknown("\"\"", "");
        unknown("true", "true");
        unknown(r#"{"name":"PRODUCTION"}"#, "unreadable");
    }

    #[test]
    fn an_end_that_cannot_be_read_is_not_access_for_ever() {
        let end = |kind: &str, value: &str| {
            let body = format!(
                r#"{{"event":{{"id":"e","type":"{kind}","purchased_at_ms":5000,"expiration_at_ms":{value}}}}}"#
            );
            Delivery::read_stored(&body, ARRIVAL).expect("an event").expires_at.map(Moment::millis)
        };
        for value in [r#""soon""#, "{}", "true", "1e300"] {
            assert_eq!(end("RENEWAL", value), Some(5_000), "{value}");
            assert_eq!(end("UNCANCELLATION", value), None, "{value}: an event that begins nothing changes no end");
        }
        assert_eq!((end("RENEWAL", "null"), end("RENEWAL", "\"\"")), (None, None));
        assert_eq!(end("RENEWAL", "\"1970-01-01T00:00:09Z\""), Some(9_000));
        assert_eq!(end("RENEWAL", "9000"), Some(9_000));
    }

    #[test]
    fn fields_that_decide_money_and_access_are_read_in_any_case() {
        let body = r#"{"event":{"id":"e","type":"initial_purchase","store":"app_store","period_type":"trial",
            "cancel_reason":"customer_support","is_family_share":"True","is_trial_conversion":1,"country_code":"de",
            "price_in_purchased_currency":"1","currency":"usd","product_id":"Pro_Monthly"}}"#;
        let event = Delivery::read_stored(body, ARRIVAL).expect("an event");
        assert_eq!((event.kind, event.store), (EventType::InitialPurchase, Some(Store::AppStore)));
        assert_eq!((event.period_type, event.cancel_reason), (Some(PeriodType::Trial), Some(Reason::CustomerSupport)));
        assert!(event.is_family_share && event.is_trial_conversion);
        assert_eq!((event.country_code.as_deref(), event.product_id.as_deref()), (Some("DE"), Some("Pro_Monthly")));
        assert_eq!(event.paid.map(|paid| paid.currency).as_deref(), Some("USD"));
    }

    #[test]
    fn only_an_empty_value_deletes() {
        let read = attributes_of(
            r#"{"a":{"value":""},"b":{"value":null},"c":{},"d":{"value":{"x":1}},"e":{"value":[]},"f":7,"g":{"value":7}}"#,
        );
        let read: Vec<_> = read.iter().map(|(key, value, _)| (key.as_str(), value.as_deref())).collect();
        assert_eq!(read, [("a", None), ("b", None), ("c", None), ("g", Some("7"))]);
    }

    #[test]
    fn a_key_that_is_not_text_does_not_affect_the_others() {
        let read = attributes_of(
            r#"{"$email":{"value":"a@b.example"},"\ud800":{"value":"x"},"\ud83d\ude00":{"value":"\\u"}}"#,
        );
        let read: Vec<_> = read.iter().map(|(key, value, _)| (key.as_str(), value.as_deref())).collect();
        assert_eq!(read, [("$email", Some("a@b.example")), ("\u{FFFD}", Some("x")), ("\u{1F600}", Some("\\u"))]);
    }
}
