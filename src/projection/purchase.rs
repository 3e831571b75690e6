//! One subscription, one-time purchase or grant, as it stands after all events (§6.1).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ledger::{Ledger, Revenue};
use super::spans::{Phase, Span, paint};
use crate::base::clock::Moment;
use crate::base::money::Money;
use crate::events::{Environment, Event, EventType, PeriodType, Reason, Store};

/// What was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Subscription,
    /// Consumable, lifetime, or a non-renewing subscription when it has an end.
    OneTime,
    /// Given by the team (store `PROMOTIONAL`).
    Grant,
    /// Given for a day while the store could not be asked.
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
}

/// A purchase and all that is known of it. Times that never came are `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Purchase {
    /// Tells it from every other purchase of the same customer and environment (§6.1).
    pub key: String,
    pub kind: Kind,
    pub environment: Environment,
    pub store: Option<Store>,
    pub app_id: Option<String>,
    /// Empty when no event named it.
    pub product_id: String,
    pub product_name: Option<String>,
    /// What the events say it unlocks; the project's catalog may know better.
    pub entitlement_ids: Vec<String>,
    /// The other products of a bundle (Google add-ons).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    pub transaction_id: Option<String>,
    pub original_transaction_id: Option<String>,
    pub period_type: Option<PeriodType>,
    pub first_purchased_at: Moment,
    pub period_start: Moment,
    /// `None`: it does not end.
    pub expires_at: Option<Moment>,
    pub grace_expires_at: Option<Moment>,
    pub unsubscribed_at: Option<Moment>,
    pub cancel_reason: Option<Reason>,
    pub billing_issue_at: Option<Moment>,
    pub refunded_at: Option<Moment>,
    pub auto_resume_at: Option<Moment>,
    /// When a pause was asked for; it begins at the end of the period.
    pub pause_asked_at: Option<Moment>,
    pub pending_product: Option<String>,
    pub pending_since: Option<Moment>,
    /// When another subscription took its place (an immediate product change on Google Play).
    pub replaced_at: Option<Moment>,
    pub expiration_reason: Option<Reason>,
    pub is_family_share: bool,
    pub presented_offering: Option<String>,
    pub offer_code: Option<String>,
    pub renewal_number: Option<i64>,
    /// The price of the current period or of the single purchase, in the currency it was paid in; zero while on trial,
    /// `None` where the store did not tell it or where this was derived before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Money>,
    /// In US dollars; filled when the fold ends.
    pub revenue: Revenue,
    pub spans: Vec<Span>,
    #[serde(skip)]
    pub(super) ledger: Ledger,
    /// Every transaction of it, for the search.
    #[serde(skip)]
    pub transactions: BTreeSet<String>,
}

/// A grant or end date later than this many years ahead means "does not end" (§7.1).
const LIFETIME_YEARS: i64 = 100;

impl Purchase {
    /// A purchase first heard of by `event`, whichever type that has.
    pub(super) fn begun_by(event: &Event, key: String, kind: Kind) -> Purchase {
        let start = event.purchased_at.unwrap_or(event.event_at);
        let mut purchase = Purchase {
            key,
            kind,
            environment: event.purchase_environment(),
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
            cancel_reason: None,
            billing_issue_at: None,
            refunded_at: None,
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
            ledger: Ledger::default(),
            transactions: BTreeSet::new(),
        };
        purchase.take_period(event);
        purchase
    }

    /// Takes product, period and price list from an event that describes the current period.
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

    /// Takes what an event says about the purchase itself; what it leaves out stays.
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
    }

    /// Paints the period of an event into the picture.
    pub(super) fn draw_period(&mut self, event: &Event) {
        let from = event.purchased_at.unwrap_or(event.event_at);
        let phase = match (self.kind, &event.period_type) {
            (Kind::Grant | Kind::Temporary, _) => Phase::Granted,
            (_, Some(PeriodType::Trial)) => Phase::Trial,
            _ => Phase::Paid,
        };
        paint(&mut self.spans, phase, from, event.expires_at.unwrap_or(Moment::NEVER));
    }

    /// A stored purchase. One that cannot be read is told to the log and left out, so that the rest can be seen.
    pub fn stored(body: &str) -> Option<Purchase> {
        let read = serde_json::from_str(body);
        read.inspect_err(
            |error| tracing::error!(%error, "a stored purchase cannot be read; `dossier rebuild` mends it"),
        )
        .ok()
    }

    /// A copy without the bars: for where only the state counts.
    pub fn without_picture(&self) -> Purchase {
        Purchase { spans: Vec::new(), ..self.clone() }
    }

    /// When access ends: the later of expiry and grace; [`Moment::NEVER`] when it does not.
    pub fn access_ends_at(&self) -> Moment {
        if self.kind == Kind::OneTime && self.refunded_at.is_some() && self.expires_at.is_none() {
            return self.refunded_at.unwrap_or(Moment::EARLIEST);
        }
        self.expires_at.map_or(Moment::NEVER, |end| end.max(self.grace_expires_at.unwrap_or(end)))
    }

    /// Whether it gives access at `now` (§6.2).
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

    /// Whether no end is in sight: none given, or one a lifetime ahead (§7.1).
    pub fn is_lifetime(&self, now: Moment) -> bool {
        self.expires_at.is_none_or(|end| end > now.plus_days(LIFETIME_YEARS * 365))
    }

    /// Whether it brings in real money: production, paid by this customer, in a store.
    pub fn counts_as_spent(&self) -> bool {
        self.environment == Environment::Production && !self.is_family_share && self.kind != Kind::Grant
    }
}
