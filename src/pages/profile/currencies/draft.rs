//! The form that changes a balance, and what it is parsed into.

use serde::Deserialize;

use crate::audit;
use crate::base::error::{Problem, Refusal};
use crate::projection::MAX_BALANCE;
use crate::wording::text;

/// The fields of the dialog.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Draft {
    #[serde(default)]
    pub change: String,
    #[serde(default)]
    pub reason: String,
}

/// By how much a balance is to change, which is not 0, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    pub change: i64,
    pub reason: String,
}

const HOW: &str = "Type a whole number with its sign, such as +20 or -5.";

impl Draft {
    /// # Errors
    /// A [`Refusal`] with a problem for each wrong field.
    pub fn parse(&self) -> Result<Adjustment, Refusal> {
        match (change(&self.change), reason(&self.reason)) {
            (Ok(change), Ok(reason)) => Ok(Adjustment { change, reason }),
            (change, reason) => {
                let problems = [change.err(), reason.err()].into_iter().flatten().collect();
                Err(Refusal { problems, is_stale: false })
            }
        }
    }
}

/// A change as people type it: `+20`, `20`, `-5`, and `−5` with the minus sign that pages show.
///
/// # Errors
/// A [`Problem`] when it is not a whole number, is 0, or is beyond what a balance can hold.
pub fn change(typed: &str) -> Result<i64, Problem> {
    let problem = |sentence: String| Problem { field: "change", sentence };
    let typed = typed.trim().replace('\u{2212}', "-");
    let digits = typed.strip_prefix(['+', '-']).unwrap_or(&typed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(problem(HOW.into()));
    }
    // What is too long for a number is too much for a balance.
    match typed.parse().unwrap_or(i64::MAX) {
        0 => Err(problem(format!("A change of 0 changes nothing. {HOW}"))),
        change if !(-MAX_BALANCE..=MAX_BALANCE).contains(&change) => {
            Err(problem(format!("A balance changes by at most {} at once.", text::grouped(MAX_BALANCE))))
        }
        change => Ok(change),
    }
}

fn reason(typed: &str) -> Result<String, Problem> {
    let problem = |sentence: String| Problem { field: "reason", sentence };
    match audit::reason::parse(typed) {
        Ok(Some(reason)) => Ok(reason),
        Ok(None) => Err(problem("Say why: the team reads it in the history and in the audit log.".into())),
        Err(why) => Err(problem(why.sentence())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_whole_number_with_a_sign() {
        for (typed, wanted) in [
            ("+20", 20),
            ("20", 20),
            (" 20", 20),
            ("-5", -5),
            ("\u{2212}5", -5),
            ("+007", 7),
            ("2000000000", 2_000_000_000),
            ("-2000000000", -2_000_000_000),
        ] {
            assert_eq!(change(typed).ok(), Some(wanted), "{typed}");
        }
        for typed in ["", "+", "-", "--5", "+-5", "1.5", "1,000", "1 000", "1e3", "0x10", "ten", "\0", "5\0", "٣"] {
            assert_eq!(change(typed).expect_err("refused").sentence, HOW, "{typed:?}");
        }
        assert_eq!(change("\u{ff11}\u{ff12}").expect_err("refused").sentence, HOW, "full-width digits");
        for typed in ["0", "+0", "-0", "000"] {
            assert!(change(typed).is_err_and(|problem| problem.sentence.starts_with("A change of 0")), "{typed}");
        }
        let huge = "9".repeat(40);
        for typed in ["2000000001", "-2000000001", "9223372036854775808", "-9223372036854775809", &huge] {
            let why = change(typed).expect_err("refused").sentence;
            assert_eq!(why, "A balance changes by at most 2,000,000,000 at once.", "{typed}");
        }
    }

    #[test]
    fn each_wrong_field_is_named_and_a_reason_is_needed() {
        let draft = |change: &str, reason: &str| Draft { change: change.into(), reason: reason.into() };
        let fields = |draft: &Draft| {
            let refusal = draft.parse().expect_err("refused");
            refusal.problems.into_iter().map(|problem| problem.field).collect::<Vec<_>>()
        };
        assert_eq!(fields(&draft("ten", " \r\n ")), ["change", "reason"]);
        assert_eq!(fields(&draft("+1", &"é".repeat(256))), ["reason"]);
        assert_eq!(fields(&draft("+1", "a\0")), ["reason"]);
        let parsed = draft("+1", " a lost level\n").parse().expect("good");
        assert_eq!(parsed, Adjustment { change: 1, reason: "a lost level".into() });
    }
}
