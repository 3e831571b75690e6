//! The card: the offering's name, and why the customer gets this one, in words.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use crate::base::Permission::OverrideOffering;
use crate::base::clock::Moment;
use crate::customers::overrides::current::{self, Current, Ignored, Offering, Why};
use crate::customers::overrides::{self, Override, TEST_CUSTOMERS_ONLY};
use crate::db::Conn;
use crate::operations;
use crate::pages::profile::pickup::What;
use crate::pages::profile::subject::Subject;
use crate::pages::profile::visit::Visit;
use crate::projection::Purchase;
use crate::web::filters;
use crate::wording::sentence::{Sentence, Stamp};

#[derive(Debug, Template)]
#[template(path = "profile/offering.html")]
pub struct Card {
    current: Current,
    /// The reasons why the customer gets this offering.
    sentences: Vec<Sentence>,
    /// The project's slug, for the command that fills the catalog.
    slug: String,
    /// The dialog that chooses another offering; `None` without the permission.
    choose: Option<String>,
    /// Why a developer may not change this customer's offering.
    restriction: Option<&'static str>,
    /// Whether the app has fetched since the last change.
    picked_up: Option<Sentence>,
}

impl HtmlSafe for Card {}

impl Card {
    /// Two queries.
    pub fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Card> {
        let offerings = overrides::queries::offerings_of(conn, visit.project.id)?;
        let set = match visit.as_of {
            Some(as_of) => operations::overrides::as_of(conn, visit.project.id, visit.customer.id, as_of.at)?,
            None => overrides::queries::find(conn, visit.customer.id)?,
        };
        let current = current::resolve(&offerings, set, visit.ctx.now);
        let (may, is_allowed) = (visit.may(OverrideOffering), may_change(visit));
        Ok(Card {
            sentences: sentences(&current, visit.ctx.now),
            current,
            slug: visit.project.slug.clone(),
            choose: (may && is_allowed).then(|| visit.dialog("offering-choose")),
            restriction: (may && !is_allowed).then_some(TEST_CUSTOMERS_ONLY),
            picked_up: visit.picked_up(What::Offering),
        })
    }

    fn offering(&self) -> Option<&Offering> {
        match &self.current {
            Current::Overridden { offering, .. } | Current::Default { offering, .. } => Some(offering),
            Current::NoDefault { .. } | Current::None => None,
        }
    }

    fn is_override(&self) -> bool {
        matches!(self.current, Current::Overridden { .. })
    }

    fn has_offerings(&self) -> bool {
        !matches!(self.current, Current::None)
    }
}

/// Whether the person's role may change this customer's offering (§14, and the project's setting).
pub fn may_change(subject: &Subject) -> bool {
    let best = subject.customer.status_purchase.as_deref().and_then(Purchase::stored);
    overrides::may_change(subject.role, subject.project.overrides_only_tests, best.as_ref())
}

fn sentences(current: &Current, now: Moment) -> Vec<Sentence> {
    let unknown = || Sentence::new("Experiments and targeting rules are not known here.");
    match current {
        Current::Overridden { set, default, .. } => vec![set_by(set, now), without_override(default.as_ref())],
        Current::Default { ignored, .. } => {
            let ignored = ignored.as_ref().map(|ignored| ignored_override(ignored, now));
            let default = Sentence::new("The project's default.");
            ignored.into_iter().chain([default, unknown()]).collect()
        }
        Current::NoDefault { ignored } => {
            let ignored = ignored.as_ref().map(|ignored| ignored_override(ignored, now));
            let none =
                Sentence::new("None of the project's offerings is the default, so the app gets no current offering.");
            ignored.into_iter().chain([none, unknown()]).collect()
        }
        Current::None => Vec::new(),
    }
}

pub fn set_by(set: &Override, now: Moment) -> Sentence {
    let sentences = Sentence::new("Set by ").name(&set.set_by).words(" on ").time(Stamp::short_day(set.set_at, now));
    let sentences = match set.until {
        Some(until) => sentences.words(", until ").time(Stamp::day_and_time(until, now)),
        None => sentences.words(", without an end"),
    };
    match set.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()) {
        Some(reason) => sentences.words(": \u{201C}").name(reason).words("\u{201D}."),
        None => sentences.words("."),
    }
}

fn without_override(default: Option<&Offering>) -> Sentence {
    match default {
        Some(offering) => Sentence::new("Without it the project's default would apply: ")
            .name(&offering.display_name)
            .words(" ")
            .code(&offering.identifier)
            .words("."),
        None => Sentence::new("Without it none would apply: the project has no default offering."),
    }
}

fn ignored_override(ignored: &Ignored, now: Moment) -> Sentence {
    let set = &ignored.set;
    let sentences = Sentence::new("The override to ").code(&set.offering).words(", set by ").name(&set.set_by);
    let sentences = sentences.words(" on ").time(Stamp::short_day(set.set_at, now));
    match (ignored.why, set.until) {
        (Why::Over, Some(until)) => sentences.words(", ended on ").time(Stamp::short_day(until, now)).words("."),
        (Why::Over, None) => sentences.words(", is over."),
        (Why::Archived, _) => sentences.words(", does not count: that offering is archived."),
        (Why::Unknown, _) => sentences.words(", does not count: the catalog has no such offering."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_795_453_200_000);

    fn card(set: Option<Override>) -> String {
        let standard = Offering {
            identifier: "standard".into(),
            display_name: "Standard".into(),
            is_default: true,
            is_archived: false,
        };
        let winback = Offering {
            identifier: "winback".into(),
            display_name: "Win-back".into(),
            is_default: false,
            ..standard.clone()
        };
        let current = current::resolve(&[standard, winback], set, NOW);
        sentences(&current, NOW).iter().map(Sentence::plain).collect::<Vec<_>>().join(" ")
    }

    fn set(offering: &str, until: Option<Moment>) -> Override {
        overrides::testing::set(offering, until, Some("sandbox paywall check"))
    }

    #[test]
    fn an_override_says_who_until_when_and_why() {
        assert_eq!(
            card(Some(set("winback", Some(NOW.plus_days(7))))),
            "Set by Dev Anand on 20 Nov, until 30 Nov, 17:00 UTC: “sandbox paywall check”. Without it the project's \
             default would apply: Standard standard."
        );
    }

    #[test]
    fn an_override_that_does_not_count_is_named_before_the_default() {
        assert_eq!(
            card(Some(set("gone", None))),
            "The override to gone, set by Dev Anand on 20 Nov, does not count: the catalog has no such offering. The \
             project's default. Experiments and targeting rules are not known here."
        );
        assert!(
            card(Some(set("winback", Some(NOW))))
                .starts_with("The override to winback, set by Dev Anand on 20 Nov, ended on 23 Nov.")
        );
    }
}
