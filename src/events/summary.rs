//! What a row of a customer's history shows of an event (§4.3). Pages of the history read these summaries instead of the
//! bodies, which may be a thousand times as long. Each is stored once, beside the body, as a [`Digest`](super::Digest).

use serde::{Deserialize, Serialize};

use super::event::is_paid_back;
use super::{Adjustment, Enrolment, Event, EventType, Item, Origin, PeriodType, Reason, Store};
use crate::base::app_user_id::is_anonymous;
use crate::base::clock::Moment;
use crate::base::money::{Micros, Money};

/// How many ids of a list a row may show or count.
const IDS: usize = 110;

/// The part of an event that a row of the history shows. It holds no attributes of the customer. As JSON it was stored before
/// November 2026.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub id: String,
    pub kind: EventType,
    /// When the event was generated: see [`Event::generated_at`].
    pub event_at: Moment,
    /// This id and the next ones only if the event is about ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_app_user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<Enrolment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_product_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entitlement_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_type: Option<PeriodType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchased_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_expires_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_resume_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<Store>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_trial_conversion: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presented_offering_id: Option<String>,
    /// The offering of an override that ended, or of an experiment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offering_id: Option<String>,
    /// In US dollars, before tax and commission; negative for refunds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Micros>,
    /// The amount paid, in the currency of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<Money>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_family_share: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_code: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transferred_from: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transferred_to: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// See [`Event::unknown_environment`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_environment: Option<String>,
    /// The store's id of the payment, if money was paid or given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// See [`Event::snapshot`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Whether its price is what several payments come to. See [`Snapshot::total`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_total: bool,
    /// See [`Snapshot::is_undated`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_undated: bool,
}

impl Summary {
    pub fn new(event: &Event) -> Summary {
        let names_ids = event.kind == EventType::SubscriberAlias;
        let of_aliases = |ids: &[String]| ids.iter().filter(|_| names_ids).take(IDS).cloned().collect();
        let name = |id: &Option<String>| id.clone().filter(|_| names_ids);
        let short = |ids: &[String]| identified_first(ids).take(IDS).cloned().collect();
        Summary {
            id: event.id.clone(),
            kind: event.kind.clone(),
            event_at: event.generated_at(),
            app_user_id: name(&event.app_user_id),
            original_app_user_id: name(&event.original_app_user_id),
            aliases: of_aliases(&event.aliases),
            experiments: event.experiments.clone(),
            product_id: event.product_id.clone(),
            product_display_name: event.product_display_name.clone(),
            new_product_id: event.new_product_id.clone(),
            entitlement_ids: event.entitlement_ids.clone(),
            period_type: event.period_type.clone(),
            purchased_at: event.purchased_at,
            expires_at: event.expires_at,
            grace_expires_at: event.grace_expires_at,
            auto_resume_at: event.auto_resume_at,
            store: event.store.clone(),
            is_trial_conversion: event.is_trial_conversion,
            cancel_reason: event.cancel_reason.clone(),
            expiration_reason: event.expiration_reason.clone(),
            presented_offering_id: event.presented_offering_id.clone(),
            offering_id: event.offering_id.clone(),
            price: event.price,
            paid: event.paid.clone(),
            is_family_share: event.is_family_share,
            offer_code: event.offer_code.clone(),
            items: event.items.clone(),
            transferred_from: short(&event.transferred_from),
            transferred_to: short(&event.transferred_to),
            adjustments: event.adjustments.clone(),
            source: event.source.clone(),
            unknown_environment: event.unknown_environment.clone(),
            transaction_id: event
                .transaction_id
                .clone()
                .filter(|_| event.price.is_some_and(|price| price != Micros::ZERO)),
            origin: event.snapshot.as_ref().map(|snapshot| snapshot.origin),
            is_total: event.snapshot.as_ref().is_some_and(|snapshot| snapshot.total.is_some()),
            is_undated: event.snapshot.as_ref().is_some_and(|snapshot| snapshot.is_undated),
        }
    }

    pub fn is_promotional(&self) -> bool {
        self.store == Some(Store::Promotional)
    }

    /// As [`Event::is_refund`].
    pub fn is_refund(&self) -> bool {
        let is_paid_back = is_paid_back(self.cancel_reason.as_ref(), self.price);
        self.kind == EventType::Cancellation && !self.is_promotional() && is_paid_back
    }
}

/// Puts the ids that the app gave before the anonymous ones.
fn identified_first(ids: &[String]) -> impl Iterator<Item = &String> {
    let (anonymous, identified): (Vec<&String>, Vec<&String>) = ids.iter().partition(|id| is_anonymous(id));
    identified.into_iter().chain(anonymous)
}
