//! The second line of a row: the cause of the event, until when access lasts, and the shown offering.

use super::category::Category;
use super::words;
use crate::base::clock::Moment;
use crate::events::{PeriodType, Reason, Summary};
use crate::projection::is_lifetime;
use crate::wording::sentence::{Sentence, Stamp};

/// The most characters of a text from outside in the second line. The page of the event shows all of it.
const LONGEST: usize = 80;

/// Further facts about an event, the most important first.
pub fn in_words(event: &Summary, category: Category, now: Moment) -> Vec<Sentence> {
    let mut facts: Vec<Sentence> = cause(event, category).into_iter().collect();
    facts.extend(end(event, category, now));
    if event.product_id.is_none() && !event.is_promotional() {
        facts.extend(event.store.as_ref().map(|store| Sentence::default().name(store.name())));
    }
    facts.extend(event.is_family_share.then(|| Sentence::new("Family Sharing")));
    if category.is_purchase() {
        facts.extend(event.offer_code.as_deref().map(|code| named("offer code ", code)));
    }
    let origin = event.origin.filter(|_| category != Category::Details);
    facts.extend(origin.map(|origin| Sentence::new(origin.words())));
    facts.extend(event.is_total.then(|| Sentence::new("one row for all payments that RevenueCat does not list")));
    facts.extend(is_sum_of_refunds(event).then(|| Sentence::new("all that was given back of this payment by then")));
    facts.extend(event.is_undated.then(|| Sentence::new("when it happened is not known")));
    let unknown = event.unknown_environment.as_deref();
    facts.extend(unknown.map(|word| named("unknown environment “", word).words("”, shown with sandbox data")));
    facts
}

/// Whether it names all that was given back until it was read; the store's own events of that are rows of their own (§6.7).
fn is_sum_of_refunds(event: &Summary) -> bool {
    event.is_refund() && event.origin.is_some() && !event.is_total && event.price.is_some()
}

/// The offering that the app showed. It is separate because narrow screens leave it out.
pub fn offering(event: &Summary, category: Category) -> Option<Sentence> {
    let id = event.presented_offering_id.as_deref().filter(|_| category.is_purchase())?;
    Some(named("shown offering: ", id))
}

fn cause(event: &Summary, category: Category) -> Option<Sentence> {
    match category {
        Category::Trial | Category::Intro => period(event).map(Sentence::new),
        Category::Start | Category::Renewed if event.period_type == Some(PeriodType::Prepaid) => phrase("prepaid"),
        Category::Renewed if event.period_type == Some(PeriodType::Trial) => phrase("a free trial"),
        Category::PreferenceChanged => phrase("takes effect with the next renewal or purchase"),
        Category::GrantRemoved => phrase("access ended"),
        Category::Refunded => match &event.cancel_reason {
            Some(Reason::CustomerSupport) | None => phrase("by customer support"),
            Some(reason) => Some(reason_in_words(reason)),
        },
        Category::OptedOut if event.period_type == Some(PeriodType::Trial) => phrase("during the trial"),
        Category::BillingCancel => phrase("part of the billing issue, not a second problem"),
        Category::UnknownCancel => Some(reason_in_words(event.cancel_reason.as_ref().unwrap_or(&Reason::Unknown))),
        Category::Resubscribed => phrase("renewal is on again"),
        Category::Grace | Category::BillingIssue => phrase("the store is retrying"),
        Category::Expired if event.is_promotional() => phrase("its time was over"),
        Category::Expired if is_prepaid_over(event) => phrase("prepaid time was over"),
        Category::Expired => Some(reason_in_words(event.expiration_reason.as_ref().unwrap_or(&Reason::Unknown))),
        Category::Temporary => phrase("while the store was unavailable"),
        Category::Invoice => phrase("an invoice is not yet a payment"),
        Category::OverrideEnded => phrase("the project's default applies again"),
        Category::Unknown => phrase("a kind of event this version does not know"),
        Category::Start
        | Category::Converted
        | Category::Renewed
        | Category::Granted
        | Category::Bought
        | Category::OptedOut
        | Category::PriceIncrease
        | Category::DeveloperCancel
        | Category::PauseAsked
        | Category::Extended
        | Category::RefundReversed
        | Category::Transferred
        | Category::Currency
        | Category::Enrolled
        | Category::Alias
        | Category::Details => None,
    }
}

/// Whether prepaid time has ended, which stores report as if the customer had switched the renewal off.
fn is_prepaid_over(event: &Summary) -> bool {
    let is_plain = matches!(event.expiration_reason, None | Some(Reason::Unsubscribe | Reason::Unknown));
    is_plain && event.period_type == Some(PeriodType::Prepaid)
}

/// What ends or continues, and when.
fn end(event: &Summary, category: Category, now: Moment) -> Option<Sentence> {
    let dated = |words: &str, at: Moment| Sentence::new(format!("{words} ")).time(Stamp::short_day(at, now));
    let ahead = event.expires_at.filter(|end| *end > event.event_at);
    match category {
        Category::OptedOut
        | Category::PriceIncrease
        | Category::DeveloperCancel
        | Category::UnknownCancel
        | Category::Refunded => ahead.map(|end| dated("access continues until", end)),
        Category::Grace => event.grace_expires_at.map(|end| dated("access continues until", end)),
        Category::Granted => {
            let from = event.purchased_at.unwrap_or(event.event_at);
            event.expires_at.filter(|end| !is_lifetime(from, *end)).map(|end| dated("until", end))
        }
        Category::Extended => event.expires_at.map(|end| dated("now until", end)),
        Category::Temporary => event.expires_at.map(|end| dated("until", end)),
        Category::PauseAsked => Some(pause(event, ahead, dated)),
        Category::Trial
        | Category::Intro
        | Category::Start
        | Category::Converted
        | Category::Renewed
        | Category::Bought
        | Category::PreferenceChanged
        | Category::GrantRemoved
        | Category::BillingCancel
        | Category::Resubscribed
        | Category::BillingIssue
        | Category::Expired
        | Category::RefundReversed
        | Category::Transferred
        | Category::Invoice
        | Category::Currency
        | Category::Enrolled
        | Category::Alias
        | Category::OverrideEnded
        | Category::Details
        | Category::Unknown => None,
    }
}

/// A pause begins when the period ends. Its own end is not always known.
fn pause(event: &Summary, begins: Option<Moment>, dated: impl Fn(&str, Moment) -> Sentence) -> Sentence {
    let begins = begins.map_or(Sentence::new("begins when the period ends"), |at| dated("begins", at));
    begins.then(match event.auto_resume_at {
        Some(at) => dated(", resumes", at),
        None => Sentence::new(", no date to resume"),
    })
}

fn period(event: &Summary) -> Option<String> {
    let (from, to) = event.purchased_at.zip(event.expires_at)?;
    (to > from).then(|| words::length(to.since(from)))
}

fn phrase(words: &'static str) -> Option<Sentence> {
    Some(Sentence::new(words))
}

/// A reason in Dossier's words, or an unknown one as the store sent it.
fn reason_in_words(reason: &Reason) -> Sentence {
    match reason {
        Reason::Other(word) => named("the store says ", word),
        known => Sentence::new(known.words()),
    }
}

fn named(words: &str, text: &str) -> Sentence {
    Sentence::new(words).name(cut(text))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text.to_owned(),
    }
}
