//! What happened, step by step: bought, paid until, what came then, the rule, the result.

use super::Case;
use super::clauses::{amount_of, company};
use super::reasons::Reasoned;
use crate::base::clock::Moment;
use crate::events::{EventType, PeriodType, Reason, Summary};
use crate::projection::{Cause, Kind, Purchase};
use crate::stores;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::{capitalised, visible};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When, as the event says it; `None` for the rule and the result.
    pub at: Option<Moment>,
    pub text: Sentence,
    /// The id of the event that proves it.
    pub event: Option<String>,
    pub mark: Mark,
}

/// What a step means for access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Yes,
    No,
    Warning,
}

impl Mark {
    /// The word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Mark::Yes => "yes",
            Mark::No => "no",
            Mark::Warning => "warning",
        }
    }
}

/// How many things that happened are told between the purchase and the result.
const EVENTS: usize = 4;

/// What can have happened to a purchase since its period began, and what it means.
const HAPPENED: [(Cause, Mark); 11] = [
    (Cause::ProductChange, Mark::Warning),
    (Cause::RenewalOff, Mark::Warning),
    (Cause::RenewalOn, Mark::Yes),
    (Cause::BillingIssue, Mark::Warning),
    (Cause::Pause, Mark::Warning),
    (Cause::Extension, Mark::Yes),
    (Cause::KeptRefund, Mark::Warning),
    (Cause::Refund, Mark::No),
    (Cause::RefundReversed, Mark::Yes),
    (Cause::Replaced, Mark::Warning),
    (Cause::End, Mark::No),
];

impl Reasoned<'_> {
    /// What happened, oldest first, and the result; at most five.
    pub fn steps(&self) -> Vec<Step> {
        let Some(purchase) = self.purchase else { return self.transfer().into_iter().collect() };
        let mut steps: Vec<Step> = std::iter::once(self.begun(purchase)).flatten().collect();
        steps.extend(self.moved_here(purchase));
        let happened = HAPPENED.into_iter().filter_map(|(cause, mark)| {
            let event = self.known.event(purchase, cause)?;
            let is_kept = cause == Cause::Refund && self.case == Case::RefundedWithAccess;
            let mark = if is_kept { Mark::Warning } else { mark };
            Some(self.step(event, self.told(purchase, cause, event), mark))
        });
        steps.extend(happened);
        steps.sort_by_key(|step| step.at);
        // What came last decides; the purchase itself is told in any case.
        while steps.len() > EVENTS {
            steps.remove(1);
        }
        steps.push(self.result(purchase));
        steps
    }

    fn step(&self, event: &Summary, text: Sentence, mark: Mark) -> Step {
        Step { at: Some(event.event_at), text, event: Some(event.id.clone()), mark }
    }

    /// What began the current period. Of a purchase that came from another customer the event is not this customer's.
    fn begun(&self, purchase: &Purchase) -> Option<Step> {
        let event = self.known.event(purchase, Cause::Period);
        if event.is_none() && purchase.causes.get(Cause::Transfer).is_none() {
            return None;
        }
        let is_trial = purchase.period_type == Some(PeriodType::Trial);
        let verb = match purchase.kind {
            Kind::Grant => "Granted",
            Kind::Temporary => "Temporary access began",
            Kind::OneTime | Kind::Subscription if purchase.is_family_share => "Shared by a family member",
            Kind::Subscription if is_trial => "Free trial began",
            Kind::OneTime | Kind::Subscription if self.known.is_sandbox() => "Bought as a test",
            Kind::OneTime => "Bought",
            Kind::Subscription if purchase.first_purchased_at < purchase.period_start => "Renewed",
            Kind::Subscription => "Bought",
        };
        let text = Sentence::new(verb);
        let is_charged = purchase.kind != Kind::Grant && !purchase.is_family_share && !self.known.is_sandbox();
        let text = match event.and_then(amount_of).filter(|_| is_charged) {
            Some(amount) => text.words(format!(" for {}", amount.shown())),
            None => text,
        };
        let end = event.map_or(purchase.expires_at, |event| event.expires_at);
        let text = match end.filter(|_| !purchase.is_lifetime(self.known.now)) {
            Some(end) => text.words(", until ").time(self.on(end)),
            None => text,
        };
        Some(match event {
            Some(event) => self.step(event, self.with_author(event, text), Mark::Yes),
            None => Step { at: Some(purchase.period_start), text, event: None, mark: Mark::Yes },
        })
    }

    fn moved_here(&self, purchase: &Purchase) -> Option<Step> {
        let event = self.known.event(purchase, Cause::Transfer)?;
        let from = event.transferred_from.first().map_or_else(|| "another customer".into(), |id| visible(id));
        let text = Sentence::new("Moved here from ").name(from);
        Some(self.step(event, self.with_author(event, text), Mark::Yes))
    }

    fn told(&self, purchase: &Purchase, cause: Cause, event: &Summary) -> Sentence {
        let amount = || amount_of(event).map_or_else(|| "The purchase".to_owned(), |money| money.shown());
        let text = match cause {
            Cause::ProductChange => {
                let product = event.new_product_id.as_deref().unwrap_or_default();
                Sentence::new("A change to ").name(self.product_named(purchase, product)).words(" was asked for")
            }
            Cause::RenewalOff => Sentence::new("Renewal was switched off"),
            Cause::RenewalOn => Sentence::new("Renewal was switched on again"),
            Cause::BillingIssue => match event.grace_expires_at {
                Some(grace) => Sentence::new("A charge failed; grace until ").time(self.on(grace)),
                None => Sentence::new("A charge failed"),
            },
            Cause::Pause => Sentence::new("A pause was set"),
            Cause::Extension => match event.expires_at {
                Some(end) => Sentence::new("The end was moved to ").time(self.on(end)),
                None => Sentence::new("The end was moved"),
            },
            Cause::KeptRefund => Sentence::new(format!("{} was refunded, access was kept", amount())),
            Cause::Refund if self.case == Case::RefundedWithAccess => {
                Sentence::new(format!("{} was refunded, access was kept", amount()))
            }
            Cause::Refund => Sentence::new(format!("{} was refunded", amount())),
            Cause::RefundReversed => Sentence::new("The refund was reversed"),
            Cause::Replaced => match self.known.successor(purchase) {
                (_, Some(product)) => {
                    Sentence::default().name(self.product_named(purchase, &product)).words(" took its place")
                }
                (_, None) => Sentence::new("Another product took its place"),
            },
            Cause::End if purchase.kind == Kind::Grant && event.kind == EventType::Cancellation => {
                Sentence::new("Removed")
            }
            Cause::End => {
                let store = capitalised(&stores::spoken(purchase.store.as_ref()));
                match event.expiration_reason.as_ref().filter(|reason| **reason != Reason::Unknown) {
                    Some(reason) => Sentence::new(format!("{store} reported the end: {}", reason.words())),
                    None => Sentence::new(format!("{store} reported the end")),
                }
            }
            Cause::Period | Cause::Transfer => Sentence::default(),
        };
        self.with_author(event, text)
    }

    fn with_author(&self, event: &Summary, text: Sentence) -> Sentence {
        match self.known.act(event) {
            Some(act) => text.words(", by ").name(act.who.clone()),
            None => text,
        }
    }

    fn result(&self, purchase: &Purchase) -> Step {
        let end = purchase.access_ends_at();
        let (text, mark) = match self.case {
            Case::Unattached => (Sentence::new("No entitlement is attached to it"), Mark::No),
            Case::Locked => {
                (Sentence::new("The project’s settings give this customer no access for test purchases"), Mark::No)
            }
            case if case.gives_access() && purchase.is_lifetime(self.known.now) => {
                (Sentence::new("Access has no end"), Mark::Yes)
            }
            case if case.gives_access() => (Sentence::new("Access lasts until ").time(Stamp::day(end)), Mark::Yes),
            Case::Retrying => (Sentence::new(format!("No access while {} tries again", company(purchase))), Mark::No),
            Case::Paused => (Sentence::new("No access while it is paused"), Mark::No),
            _ => (Sentence::new("Access ended on ").time(Stamp::day(end)), Mark::No),
        };
        Step { at: None, text, event: None, mark }
    }

    /// The transfer that took everything away, or that brought something nobody has named.
    fn transfer(&self) -> Option<Step> {
        let moved = self.known.evidence.moved.as_ref()?;
        let other = moved.other.as_deref().map_or_else(|| "another customer".into(), visible);
        let lead = if moved.is_lost { "Purchases moved to " } else { "Purchases came from " };
        let act = self.known.act_at(moved.at);
        let text = Sentence::new(lead).name(other);
        let text = match act {
            Some(act) => text.words(", by ").name(act.who.clone()),
            None => text,
        };
        Some(Step { at: Some(moved.at), text, event: Some(moved.event.clone()), mark: Mark::Warning })
    }
}
