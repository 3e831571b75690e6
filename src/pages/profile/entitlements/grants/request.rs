//! The forms that grant access and remove it, and the request that they are parsed into.

use serde::Deserialize;

use crate::audit;
use crate::base::clock::Moment;
use crate::base::error::{self, Error, Problem};
use crate::operations::grants::{Held, InvalidLength, Length, Refusal};
use crate::pages::profile::subject::Subject;
use crate::wording::times;

/// The fields of the dialog that grants access.
#[derive(Debug, Default, Deserialize)]
pub struct Draft {
    #[serde(default)]
    entitlement: String,
    #[serde(default)]
    duration: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    reason: String,
    /// If not empty, a running grant is removed first.
    #[serde(default)]
    replace: String,
}

/// A grant of more days asks for a proof of who the person is. A month is what agents give every day.
const LONG_DAYS: i64 = 31;

/// Whether a grant of this length is long.
pub fn is_long(length: Length, now: Moment) -> bool {
    length.ends_at(now) > now.plus_days(LONG_DAYS)
}

impl Draft {
    /// Whether the grant is long. One whose length cannot be read is refused anyway.
    pub fn is_long(&self, now: Moment) -> bool {
        Length::parse(&self.duration, &self.until, now).is_ok_and(|length| is_long(length, now))
    }
}

/// The field of the dialog that removes a grant.
#[derive(Debug, Deserialize)]
pub struct RevokeDraft {
    #[serde(default)]
    pub reason: String,
}

/// A valid request for a grant.
#[derive(Debug, PartialEq, Eq)]
pub struct GrantRequest {
    pub entitlement: String,
    pub length: Length,
    pub reason: Option<String>,
    pub replaces: bool,
}

impl GrantRequest {
    /// # Errors
    /// [`error::Refusal`] with a problem for each wrong field.
    pub fn parse(draft: Draft, now: Moment) -> Result<GrantRequest, error::Refusal> {
        let length = Length::parse(&draft.duration, &draft.until, now).map_err(problem);
        let named = Some(&draft.entitlement).filter(|id| !id.is_empty());
        let named = named.ok_or_else(|| Problem { field: "entitlement", sentence: "Choose an entitlement.".into() });
        match (named, length, reason(&draft.reason)) {
            (Ok(_), Ok(length), Ok(reason)) => {
                Ok(GrantRequest { length, reason, replaces: !draft.replace.is_empty(), entitlement: draft.entitlement })
            }
            (named, length, reason) => {
                let problems = [named.err(), length.err(), reason.err()];
                Err(error::Refusal { problems: problems.into_iter().flatten().collect(), is_stale: false })
            }
        }
    }
}

fn problem(why: InvalidLength) -> Problem {
    Problem { field: why.field(), sentence: why.words().into() }
}

/// Parses the reason; `None` when it is empty.
///
/// # Errors
/// A [`Problem`] when it cannot be a reason.
pub fn reason(typed: &str) -> Result<Option<String>, Problem> {
    audit::reason::parse(typed).map_err(|why| Problem { field: "reason", sentence: why.sentence() })
}

/// The refusal of a grant, shown beside the field of the entitlement, whose name is `entitlement`.
pub fn refused(refusal: &Refusal, entitlement: &str) -> Error {
    let sentence = match refusal {
        Refusal::NotConfigured => "This project has no such entitlement. Choose one from the list.".to_owned(),
        Refusal::Held(held) => format!(
            "{entitlement} is already granted {}. Grants do not add up: remove it and grant again, or leave it.",
            until(held)
        ),
    };
    error::Refusal::new("entitlement", sentence).into()
}

/// `until 30 Nov 2026`, `without an end`
pub fn until(held: &Held) -> String {
    if held.is_lifetime { "without an end".into() } else { format!("until {}", times::day(held.ends_at)) }
}

/// Grants are production: with sandbox data on they are neither shown nor changed (§4.5).
///
/// # Errors
/// [`error::Refusal`] when the page shows sandbox data.
pub fn must_be_production(subject: &Subject) -> Result<(), error::Refusal> {
    if subject.is_sandbox() {
        return Err(error::Refusal::new("", "Grants are production. Switch “Sandbox data” off to change them."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::grants::Preset;
    use crate::projection::testing::NOW;

    fn draft(fields: &[(&str, &str)]) -> Draft {
        let typed: std::collections::BTreeMap<_, _> = fields.iter().copied().collect();
        serde_json::from_value(serde_json::json!(typed)).expect("a draft")
    }

    fn problems(fields: &[(&str, &str)]) -> Vec<&'static str> {
        let refusal = GrantRequest::parse(draft(fields), NOW).expect_err("refused");
        refusal.problems.iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn every_wrong_field_is_reported_at_once() {
        let long = "é".repeat(256);
        assert_eq!(problems(&[]), ["entitlement", "duration"]);
        assert_eq!(problems(&[("entitlement", "pro"), ("duration", "until"), ("reason", &long)]), ["until", "reason"]);
        assert_eq!(problems(&[("entitlement", "pro"), ("duration", "weekly"), ("reason", "a\0")]), ["reason"]);
    }

    #[test]
    fn a_request_holds_what_was_typed_without_surrounding_space() {
        let long = "é".repeat(255);
        let fields = [("entitlement", "pro plus"), ("duration", "weekly"), ("reason", &format!(" {long}\n"))];
        let request = GrantRequest::parse(draft(&fields), NOW).expect("a request");
        let length = Length::Preset(Preset::Weekly);
        assert_eq!(
            request,
            GrantRequest { entitlement: "pro plus".into(), length, reason: Some(long), replaces: false }
        );
    }

    #[test]
    fn a_running_grant_is_named_with_its_end() {
        let held = |days, is_lifetime| Refusal::Held(Held { ends_at: NOW.plus_days(days), is_lifetime });
        let message = |refusal: Refusal| match refused(&refusal, "pro") {
            Error::Refused(refusal) => refusal.problems[0].sentence.clone(),
            other => panic!("{other:?}"),
        };
        assert!(message(held(7, false)).starts_with("pro is already granted until 30 Nov 2026."));
        assert!(message(held(70_000, true)).starts_with("pro is already granted without an end."));
    }
}
