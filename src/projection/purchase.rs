//! One subscription, one-time purchase or grant, as it is after all events (§6.1).

use serde::{Deserialize, Serialize};

use super::causes::Causes;
use super::fold::CHANGE_MS;
use super::moves::Move;
use super::payments::Revenue;
use super::spans::{Phase, Span, paint};
use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::base::money::Money;
use crate::events::{Environment, Event, EventType, PeriodType, Reason, Store};

/// What was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Subscription,
    /// A consumable or lifetime purchase, or a non-renewing subscription if it has an end.
    OneTime,
    /// Given by the team (store `PROMOTIONAL`).
    Grant,
    /// Access for a day while the store did not answer.
    Temporary,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Subscription => "subscription",
            Kind::OneTime => "one_time",
            Kind::Grant => "grant",
            Kind::Temporary => "temporary",
        }
    }

    pub fn parse(word: &str) -> Option<Kind> {
        [Kind::Subscription, Kind::OneTime, Kind::Grant, Kind::Temporary].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A purchase and all that is known of it. A time is `None` until an event names it. What is not known takes no room where
/// purchases are stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Purchase {
    /// Identifies the purchase among those of the same customer and environment (§6.1).
    pub key: String,
    pub kind: Kind,
    pub environment: Environment,
    /// The word that events have for the environment, if this version does not know it. It counts as sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_environment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<Store>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Empty if no event named it.
    pub product_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
    /// The entitlements that the events name. Those of the project's catalog take precedence (§1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entitlement_ids: Vec<String>,
    /// The other products of a bundle (Google add-ons).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_transaction_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_type: Option<PeriodType>,
    pub first_purchased_at: Moment,
    pub period_start: Moment,
    /// `None` if the purchase does not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_expires_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribed_at: Option<Moment>,
    /// Whether [`Purchase::unsubscribed_at`] is when it was found that renewal is off, because nobody told when that happened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unsubscribed_undated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<Reason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_issue_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded_at: Option<Moment>,
    /// When money was last given back and access left as it is (§7.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_kept_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_resume_at: Option<Moment>,
    /// When somebody requested a pause, which begins at the end of the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_asked_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_product: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_since: Option<Moment>,
    /// When another subscription replaced this one (an immediate product change on Google Play).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_reason: Option<Reason>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_family_share: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presented_offering: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal_number: Option<i64>,
    /// The price of the current period or of the single purchase, in the currency of the payment; zero during a trial.
    /// `None` if the store did not report it, or if the stored state is older than this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Money>,
    /// In US dollars: the sum of its payments.
    pub revenue: Revenue,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// Which events brought it into this state. Empty if the stored state is older than this field.
    #[serde(default, skip_serializing_if = "Causes::is_empty")]
    pub causes: Causes,
    /// The transfers that moved it, the oldest first. Empty if the stored state is older than this field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
    /// The row of its first event. Its payments and its transactions are stored under this number.
    #[serde(skip)]
    pub number: EventId,
    /// The numbers of purchases of the same key that transfers have joined with it.
    #[serde(skip)]
    pub absorbed: Vec<EventId>,
    /// When it last began (`INITIAL_PURCHASE`): it may replace another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) begun_at: Option<Moment>,
    /// When another product was last asked for: another purchase may replace it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) change_asked_at: Option<Moment>,
    /// Of a purchase that is known by its product, the first transactions: later events may name them as their first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) transactions: Vec<String>,
}

/// How many transactions a purchase that is known by its product remembers.
const TRANSACTIONS: usize = 20;

/// An end more than so many years ahead means that the purchase does not end (§7.1).
const LIFETIME_YEARS: i64 = 100;

/// Whether something that begins at `from` and ends at `to` counts as without an end (§7.1).
pub fn is_lifetime(from: Moment, to: Moment) -> bool {
    to > from.plus_days(LIFETIME_YEARS * 365)
}

impl Purchase {
    /// A purchase whose first known event is `event`, of any type.
    pub(super) fn begun_by(event: &Event, number: EventId, key: String, kind: Kind) -> Purchase {
        let start = event.purchased_at.unwrap_or(event.event_at);
        let mut purchase = Purchase {
            key,
            kind,
            environment: event.purchase_environment(),
            unknown_environment: None,
            store: event.store.clone(),
            app_id: None,
            product_id: String::new(),
            product_name: None,
            entitlement_ids: Vec::new(),
            items: Vec::new(),
            transaction_id: None,
            original_transaction_id: event.original_transaction_id.clone(),
            period_type: None,
            first_purchased_at: start,
            period_start: start,
            expires_at: None,
            grace_expires_at: None,
            unsubscribed_at: None,
            is_unsubscribed_undated: false,
            cancel_reason: None,
            billing_issue_at: None,
            refunded_at: None,
            access_kept_at: None,
            auto_resume_at: None,
            pause_asked_at: None,
            pending_product: None,
            pending_since: None,
            replaced_at: None,
            expiration_reason: None,
            is_family_share: false,
            presented_offering: None,
            offer_code: None,
            renewal_number: None,
            paid: None,
            revenue: Revenue::default(),
            spans: Vec::new(),
            causes: Causes::default(),
            number,
            absorbed: Vec::new(),
            moves: Vec::new(),
            begun_at: None,
            change_asked_at: None,
            transactions: Vec::new(),
        };
        purchase.take_period(event);
        purchase
    }

    /// Copies the product and the period from an event that describes the current period.
    pub(super) fn take_period(&mut self, event: &Event) {
        let start = event.purchased_at.unwrap_or(event.event_at);
        self.first_purchased_at = self.first_purchased_at.min(start);
        self.period_start = start;
        self.expires_at = event.expires_at;
        self.items.clear();
        self.take_description(event);
        self.is_family_share = event.is_family_share;
        self.offer_code = event.offer_code.clone();
        self.draw_period(event);
    }

    /// Copies the event's description of the purchase. Fields that the event leaves out stay as they are.
    pub(super) fn take_description(&mut self, event: &Event) {
        let is_own_product = event.kind != EventType::ProductChange || self.product_id.is_empty();
        if let (Some(product), true) = (&event.product_id, is_own_product) {
            self.product_id.clone_from(product);
        }
        let keep = |new: &Option<String>, old: &mut Option<String>| {
            if new.is_some() {
                old.clone_from(new);
            }
        };
        keep(&event.product_display_name, &mut self.product_name);
        keep(&event.app_id, &mut self.app_id);
        keep(&event.transaction_id, &mut self.transaction_id);
        keep(&event.presented_offering_id, &mut self.presented_offering);
        if !event.entitlement_ids.is_empty() {
            self.entitlement_ids.clone_from(&event.entitlement_ids);
        }
        if !event.items.is_empty() && is_own_product {
            let items = event.items.iter().map(|item| item.product_id.clone());
            self.items = items.filter(|id| *id != self.product_id).collect();
        }
        self.period_type = event.period_type.clone().or(self.period_type.take());
        self.renewal_number = event.renewal_number.or(self.renewal_number);
        self.unknown_environment.clone_from(&event.unknown_environment);
    }

    /// Adds the event's period to the bars of the timeline.
    pub(super) fn draw_period(&mut self, event: &Event) {
        let from = event.purchased_at.unwrap_or(event.event_at);
        let is_trial = event.period_type == Some(PeriodType::Trial);
        let phase = match self.kind {
            Kind::Grant | Kind::Temporary => Phase::Granted,
            Kind::Subscription | Kind::OneTime if is_trial => Phase::Trial,
            Kind::Subscription | Kind::OneTime => Phase::Paid,
        };
        paint(&mut self.spans, phase, from, event.expires_at.unwrap_or(Moment::NEVER));
    }

    /// Its own number, then those of the purchases that were joined with it.
    pub fn numbers(&self) -> impl Iterator<Item = EventId> {
        std::iter::once(self.number).chain(self.absorbed.iter().copied())
    }

    /// Until when an event of another purchase may change it: begin another product, or end temporary access. `None`:
    /// never.
    pub fn depends_on_others_until(&self) -> Option<Moment> {
        let bridge = self.expires_at.filter(|_| self.kind == Kind::Temporary);
        let half = self.begun_at.max(self.change_asked_at).map(|at| Moment(at.millis().saturating_add(CHANGE_MS)));
        bridge.max(half)
    }

    /// Remembers the transactions of an event, if the purchase is known by its product (§6.1).
    pub(super) fn remember_transactions(&mut self, event: &Event) {
        let is_known_by_product = self.key.contains(":product:");
        for id in event.transaction_id.iter().chain(&event.original_transaction_id).filter(|_| is_known_by_product) {
            if self.transactions.len() < TRANSACTIONS && !self.transactions.contains(id) {
                self.transactions.push(id.clone());
            }
        }
    }

    /// The form in which a purchase is stored. It holds strings, numbers and lists, so writing it as JSON cannot fail.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| String::from("null"))
    }

    /// Reads a stored purchase. An unreadable one is logged and left out, so that pages can show the others.
    pub fn stored(body: &str) -> Option<Purchase> {
        let read = serde_json::from_str(body);
        read.inspect_err(|error| tracing::error!(%error, "a stored purchase cannot be read; run `dossier rebuild`"))
            .ok()
    }

    /// A copy without the bars of the timeline and the causes, where only the state matters.
    pub fn without_picture(&self) -> Purchase {
        Purchase { spans: Vec::new(), causes: Causes::default(), moves: Vec::new(), ..self.clone() }
    }

    /// When access ends: the later of expiry and end of grace; [`Moment::NEVER`] if it does not end.
    pub fn access_ends_at(&self) -> Moment {
        if self.kind == Kind::OneTime && self.refunded_at.is_some() && self.expires_at.is_none() {
            return self.refunded_at.unwrap_or(Moment::EARLIEST);
        }
        self.expires_at.map_or(Moment::NEVER, |end| end.max(self.grace_expires_at.unwrap_or(end)))
    }

    /// Whether clients are shown it among subscriptions: it has an end, or is not a one-time purchase (§C3.1).
    pub fn is_subscription(&self) -> bool {
        self.kind != Kind::OneTime || self.expires_at.is_some()
    }

    /// Whether the purchase gives access at `now` (§6.2).
    pub fn is_active(&self, now: Moment) -> bool {
        now < self.access_ends_at()
    }

    /// Whether the store will charge again when the period ends (§6.2).
    pub fn will_renew(&self) -> bool {
        self.kind == Kind::Subscription
            && self.expires_at.is_some()
            && self.period_type != Some(PeriodType::Prepaid)
            && self.unsubscribed_at.is_none()
            && self.billing_issue_at.is_none()
            && self.replaced_at.is_none()
    }

    /// Whether the purchase counts as unlimited: it has no end, or one more than a century ahead (§7.1).
    pub fn is_lifetime(&self, now: Moment) -> bool {
        self.expires_at.is_none_or(|end| is_lifetime(now, end))
    }

    /// Whether its revenue is real money of this customer: in production, not shared by a relative, not a grant.
    pub fn counts_as_spent(&self) -> bool {
        self.environment == Environment::Production && !self.is_family_share && self.kind != Kind::Grant
    }
}
