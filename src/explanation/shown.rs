//! An explanation for programs: the same words as on the page.

use serde::Serialize;

use super::{Explanation, Explanations};
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
    pub fn new(app_user_id: &str, (environment, as_of): (Environment, Moment), all: &Explanations) -> ShownAll {
        ShownAll {
            object: "customer.explanation",
            app_user_id: app_user_id.to_owned(),
            environment: environment.as_str().to_lowercase(),
            as_of,
            explanations: all.iter().map(Shown::from).collect(),
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
    /// What to write to the customer, in English.
    pub tell: Option<String>,
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

impl From<&Explanation> for Shown {
    fn from(one: &Explanation) -> Shown {
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
            tell: one.tell.clone(),
        }
    }
}
