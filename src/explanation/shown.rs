//! An explanation for programs: the same words as on the page.

use serde::Serialize;

use super::{Explanation, Explanations, Writing};
use crate::base::clock::Moment;
use crate::events::Environment;
use crate::wording::sentence::Sentence;

/// All explanations of a customer in one environment. Times are in milliseconds since 1970.
#[derive(Debug, Serialize)]
pub struct ShownAll {
    object: &'static str,
    /// The id that was asked for.
    app_user_id: String,
    environment: String,
    as_of: Moment,
    /// The first is that of the customer as a whole.
    explanations: Vec<Shown>,
}

impl ShownAll {
    /// The answers are written as `writing` says.
    pub fn new(
        app_user_id: &str,
        (environment, as_of): (Environment, Moment),
        all: &Explanations,
        writing: &Writing,
    ) -> ShownAll {
        ShownAll {
            object: "customer.explanation",
            app_user_id: app_user_id.to_owned(),
            environment: environment.as_str().to_lowercase(),
            as_of,
            explanations: all.iter().map(|one| Shown::new(one, writing, as_of)).collect(),
        }
    }
}

/// An explanation.
#[derive(Debug, Serialize)]
struct Shown {
    pub entitlement: Option<ShownEntitlement>,
    /// The case, a word of a closed list: `renewing`, `trial_over`.
    pub case: &'static str,
    pub has_access: bool,
    /// When access ends; null without access, and where it does not end.
    pub until: Option<Moment>,
    /// The key of the purchase that decides.
    pub deciding_purchase: Option<String>,
    pub headline: String,
    pub reason: String,
    /// A section of the rules.
    pub rule: &'static str,
    pub steps: Vec<ShownStep>,
    pub also: Vec<String>,
    pub would_change: Vec<String>,
    pub next: Vec<ShownNext>,
    /// What to write to the customer, in English, which counts.
    pub tell: Option<String>,
    /// The same in the language of the customer, or in the one that was asked for.
    pub answer: Option<ShownAnswer>,
}

#[derive(Debug, Serialize)]
struct ShownAnswer {
    /// The code of the language that the text is in.
    pub language: &'static str,
    pub text: String,
    /// The name of the language that has no text yet, where English stands in for it.
    pub fell_back_from: Option<String>,
    /// The zone of the days and times in the text, and in `tell`.
    pub time_zone: &'static str,
}

#[derive(Debug, Serialize)]
struct ShownEntitlement {
    pub identifier: String,
    pub name: String,
}

#[derive(Debug, Serialize)]
struct ShownStep {
    pub at: Option<Moment>,
    pub text: String,
    /// The id of the event that proves it.
    pub event_id: Option<String>,
    /// `yes`, `no` or `warning`: what it means for access.
    pub mark: &'static str,
}

#[derive(Debug, Serialize)]
struct ShownNext {
    /// A word of a closed list: `grant`, `refund`.
    pub act: &'static str,
    pub words: String,
}

impl Shown {
    fn new(one: &Explanation, writing: &Writing, now: Moment) -> Shown {
        let plain = |sentences: &[Sentence]| sentences.iter().map(|one| one.plain()).collect();
        Shown {
            entitlement: one
                .entitlement
                .as_ref()
                .map(|own| ShownEntitlement { identifier: own.identifier.clone(), name: own.name.clone() }),
            case: one.case.name(),
            has_access: one.has_access,
            until: one.until.filter(|until| *until != Moment::NEVER),
            deciding_purchase: one.deciding.clone(),
            headline: one.headline.plain(),
            reason: one.reason.plain(),
            rule: one.rule,
            steps: one
                .steps
                .iter()
                .map(|step| ShownStep {
                    at: step.at,
                    text: step.text.plain(),
                    event_id: step.event.clone(),
                    mark: step.mark.name(),
                })
                .collect(),
            also: plain(&one.also),
            would_change: plain(&one.would_change),
            next: one.next.iter().map(|next| ShownNext { act: next.act.name(), words: next.words.clone() }).collect(),
            tell: one.tell.as_ref().map(|answer| answer.text(&writing.in_english())),
            answer: one.tell.as_ref().map(|answer| ShownAnswer {
                language: writing.language.code(),
                text: answer.text(writing),
                fell_back_from: writing.fell_back_from.clone(),
                time_zone: writing.zone(now),
            }),
        }
    }
}
