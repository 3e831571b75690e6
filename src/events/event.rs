//! One event of a webhook, every field of §5.3, read leniently: absent, null and of the wrong type are the same.

use serde::Deserialize;

use super::json::{self, Field};
use super::kinds::{EventType, PeriodType, Reason, Store};
use crate::clock::Moment;
use crate::money::{Micros, Money};

/// What one webhook said. Times and amounts are as sent; `event_at` falls back to the purchase time, then to the time
/// of arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: String,
    pub kind: EventType,
    pub event_at: Moment,
    pub received_at: Moment,
    pub app_id: Option<String>,
    pub app_user_id: Option<String>,
    pub original_app_user_id: Option<String>,
    pub aliases: Vec<String>,
    pub attributes: Vec<AttributeUpdate>,
    pub experiments: Vec<Enrolment>,
    pub product_id: Option<String>,
    pub product_display_name: Option<String>,
    pub new_product_id: Option<String>,
    pub entitlement_ids: Vec<String>,
    pub period_type: Option<PeriodType>,
    pub purchased_at: Option<Moment>,
    pub expires_at: Option<Moment>,
    pub grace_expires_at: Option<Moment>,
    pub auto_resume_at: Option<Moment>,
    pub store: Option<Store>,
    pub environment: Option<Environment>,
    pub is_trial_conversion: bool,
    pub cancel_reason: Option<Reason>,
    pub expiration_reason: Option<Reason>,
    pub presented_offering_id: Option<String>,
    /// In US dollars, before tax and commission; negative for refunds.
    pub price: Option<Micros>,
    /// What was paid, in the currency it was paid in.
    pub paid: Option<Money>,
    pub transaction_id: Option<String>,
    pub original_transaction_id: Option<String>,
    pub is_family_share: bool,
    pub country_code: Option<String>,
    pub offer_code: Option<String>,
    pub renewal_number: Option<i64>,
    pub items: Vec<Item>,
    pub transferred_from: Vec<String>,
    pub transferred_to: Vec<String>,
    pub adjustments: Vec<Adjustment>,
    pub source: Option<String>,
    pub ledger_id: Option<String>,
}

/// Which money a transaction was made with: a property of the transaction, never of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    Production,
    Sandbox,
}

/// A value a customer had at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeUpdate {
    pub key: String,
    /// `None`: the value was deleted.
    pub value: Option<String>,
    pub updated_at: Moment,
}

/// Taking part in an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    pub experiment_id: String,
    pub variant: String,
    pub enrolled_at: Option<Moment>,
}

/// One line of a Google add-on bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub product_id: String,
    pub is_addon: bool,
    pub paid: Option<Money>,
    pub expires_at: Option<Moment>,
}

/// A change of a virtual currency's balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    pub amount: i64,
    pub code: String,
    pub name: Option<String>,
}

impl Environment {
    pub const fn as_str(self) -> &'static str {
        match self {
            Environment::Production => "production",
            Environment::Sandbox => "sandbox",
        }
    }

    fn parse(word: &str) -> Option<Environment> {
        match word {
            "PRODUCTION" => Some(Environment::Production),
            "SANDBOX" => Some(Environment::Sandbox),
            _ => None,
        }
    }
}

/// How much of an event is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// Attributes are often the longest part, and most readers do not ask for them.
    WithoutAttributes,
}

#[derive(Deserialize)]
pub(super) struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Field<'a>,
    pub id: Field<'a>,
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
    price: Field<'a>,
    currency: Field<'a>,
    price_in_purchased_currency: Field<'a>,
    transaction_id: Field<'a>,
    original_transaction_id: Field<'a>,
    is_family_share: Field<'a>,
    country_code: Field<'a>,
    offer_code: Field<'a>,
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
    /// Reads the fields; `id` and `kind` were found before (nothing else is required).
    pub(super) fn of(id: String, kind: String, fields: &Fields<'_>, received_at: Moment, extent: Extent) -> Event {
        let purchased_at = json::moment(fields.purchased_at_ms);
        let environment = json::text(fields.environment).or_else(|| json::text(fields.purchase_environment));
        Event {
            id,
            kind: kind.into(),
            event_at: json::moment(fields.event_timestamp_ms).or(purchased_at).unwrap_or(received_at),
            received_at,
            app_id: json::word(fields.app_id),
            app_user_id: json::id(fields.app_user_id),
            original_app_user_id: json::id(fields.original_app_user_id),
            aliases: json::ids(fields.aliases),
            attributes: match extent {
                Extent::Whole => attributes(fields.subscriber_attributes),
                Extent::WithoutAttributes => Vec::new(),
            },
            experiments: enrolments(fields),
            product_id: json::word(fields.product_id),
            product_display_name: json::word(fields.product_display_name),
            new_product_id: json::word(fields.new_product_id),
            entitlement_ids: json::words(fields.entitlement_ids)
                .or_else(|| json::words(fields.entitlement_id))
                .unwrap_or_default(),
            period_type: json::word(fields.period_type).map(Into::into),
            purchased_at,
            expires_at: json::moment(fields.expiration_at_ms),
            grace_expires_at: json::moment(fields.grace_period_expiration_at_ms),
            auto_resume_at: json::moment(fields.auto_resume_at_ms),
            store: json::word(fields.store).map(Into::into),
            environment: environment.as_deref().and_then(Environment::parse),
            is_trial_conversion: json::boolean(fields.is_trial_conversion) == Some(true),
            cancel_reason: json::word(fields.cancel_reason).map(Into::into),
            expiration_reason: json::word(fields.expiration_reason).map(Into::into),
            presented_offering_id: json::word(fields.presented_offering_id),
            price: json::micros(fields.price),
            paid: money(fields.price_in_purchased_currency, fields.currency),
            transaction_id: json::word(fields.transaction_id),
            original_transaction_id: json::word(fields.original_transaction_id),
            is_family_share: json::boolean(fields.is_family_share) == Some(true),
            country_code: json::word(fields.country_code),
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

    /// The ids that this event says are one customer (§9.3): the union of three fields, in that order. A `TRANSFER`
    /// says so of two lists apart, which are not in here.
    pub fn customer_ids(&self) -> impl Iterator<Item = &str> {
        let single = self.app_user_id.iter().chain(&self.original_app_user_id);
        single.chain(&self.aliases).map(String::as_str)
    }

    /// When it was generated, for people to read: a time that was still more than a day ahead when the event came is
    /// no time, and the arrival stands for it (§5.3).
    pub fn generated_at(&self) -> Moment {
        if self.event_at > self.received_at.plus_days(1) { self.received_at } else { self.event_at }
    }

    /// The money a purchase is made with; production when nothing says otherwise.
    pub fn purchase_environment(&self) -> Environment {
        self.environment.unwrap_or(Environment::Production)
    }

    pub fn is_promotional(&self) -> bool {
        self.store == Some(Store::Promotional)
    }

    /// Whether money went back (§4.2): said so, or a cancellation with a negative price.
    pub fn is_refund(&self) -> bool {
        self.kind == EventType::Cancellation
            && !self.is_promotional()
            && (self.cancel_reason == Some(Reason::CustomerSupport) || self.price.is_some_and(Micros::is_negative))
    }
}

fn money(amount: Field<'_>, currency: Field<'_>) -> Option<Money> {
    Some(Money { amount: json::micros(amount)?, currency: json::word(currency)? })
}

#[derive(Deserialize)]
struct AttributeFields<'a> {
    #[serde(borrow)]
    value: Field<'a>,
    updated_at_ms: Field<'a>,
}

fn attributes(field: Field<'_>) -> Vec<AttributeUpdate> {
    let Some(map) = json::object::<std::collections::BTreeMap<String, &serde_json::value::RawValue>>(field) else {
        return Vec::new();
    };
    let updates = map.into_iter().filter_map(|(key, raw)| {
        let fields: AttributeFields<'_> = json::object(Some(raw))?;
        let value = json::word(fields.value);
        Some(AttributeUpdate {
            key: canonical(json::visible(key)),
            value,
            updated_at: seconds_or_millis(fields.updated_at_ms)?,
        })
    });
    updates.filter(|update| !update.key.is_empty() && update.key.len() <= 1_000).collect()
}

/// Some old exports wrote seconds: values below 10^11 are seconds (§16.1).
fn seconds_or_millis(field: Field<'_>) -> Option<Moment> {
    let value = json::integer(field).unwrap_or(0);
    Some(Moment(if (1..100_000_000_000).contains(&value) { value * 1000 } else { value }))
}

/// One key has two spellings in the wild (§17).
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
        is_addon: json::word(fields.kind).as_deref() == Some("addon"),
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
