//! The forms, and what they are parsed into.

use serde::Deserialize;

use crate::audit;
use crate::base::clock::Moment;
use crate::base::error::{Problem, Refusal};
use crate::base::money::Micros;
use crate::operations::requests::{Ask, Extent, Wish};
use crate::pages::profile::visit::Visit;
use crate::projection::Purchase;
use crate::stores::ExtendCode;

/// The fields of the dialog that refunds a payment.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RefundDraft {
    #[serde(default)]
    pub transaction: String,
    #[serde(default)]
    pub amount: String,
    #[serde(default)]
    pub access: String,
    #[serde(default)]
    pub reason: String,
    /// What the person saw to be left, in micro-units.
    #[serde(default)]
    pub seen: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct CancelDraft {
    #[serde(default)]
    pub when: String,
    #[serde(default)]
    pub reason: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct ResumeDraft {
    #[serde(default)]
    pub reason: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct ExtendDraft {
    #[serde(default)]
    pub days: String,
    /// The last day, as `2026-12-31`.
    #[serde(default)]
    pub until: String,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub reason: String,
}

/// What somebody wants, and why.
pub type Parsed = Result<(Wish, Option<String>), Refusal>;

impl RefundDraft {
    /// The wish, as far as the fields can be read.
    pub fn wish(&self) -> Result<Wish, Problem> {
        let (amount, currency) = amount(&self.amount)?;
        let keeps_access = match self.access.as_str() {
            "" | "end" => false,
            "keep" => true,
            _ => return Err(problem("access", "Say whether access ends or stays.")),
        };
        let transaction = Some(self.transaction.clone()).filter(|id| !id.is_empty());
        let seen = self.seen.parse().ok().map(Micros);
        Ok(Wish::Refund { transaction, amount, currency, keeps_access, seen })
    }

    /// # Errors
    /// A problem for each wrong field.
    pub fn parse(&self, needs_reason: bool) -> Parsed {
        let why = reason(&self.reason, needs_reason);
        both(self.wish(), why)
    }
}

impl CancelDraft {
    /// The wish, if the field can be read.
    pub fn wish(&self) -> Result<Wish, Problem> {
        match self.when.as_str() {
            "" | "period_end" => Ok(Wish::Cancel { at_once: false }),
            "now" => Ok(Wish::Cancel { at_once: true }),
            _ => Err(problem("when", "Choose when access ends.")),
        }
    }

    /// # Errors
    /// A problem for each wrong field.
    pub fn parse(&self) -> Parsed {
        both(self.wish(), reason(&self.reason, false))
    }
}

impl ResumeDraft {
    /// # Errors
    /// A problem with the reason.
    pub fn parse(&self) -> Parsed {
        both(Ok(Wish::Resume), reason(&self.reason, false))
    }
}

impl ExtendDraft {
    /// The wish, as far as the fields can be read.
    pub fn wish(&self) -> Result<Wish, Problem> {
        let code = match self.code.as_str() {
            "" => Ok(ExtendCode::default()),
            typed => ExtendCode::parse(typed).ok_or_else(|| problem("code", "Choose one of the reasons in the list.")),
        };
        self.extent().and_then(|extent| Ok(Wish::Extend { extent, code: code? }))
    }

    /// # Errors
    /// A problem for each wrong field.
    pub fn parse(&self) -> Parsed {
        both(self.wish(), reason(&self.reason, false))
    }

    fn extent(&self) -> Result<Extent, Problem> {
        match (self.days.trim(), self.until.trim()) {
            ("", "") => Err(problem("days", "Say by how many days, or until which day.")),
            (days, "") => {
                let days = days.parse().map_err(|_| problem("days", "Type a whole number of days, such as 7."))?;
                Ok(Extent::Days(days))
            }
            // Both: the day is what somebody took the trouble to choose.
            (_, day) => {
                let end = Moment::parse_rfc3339(&format!("{day}T23:59:59Z"));
                end.map(Extent::Until).ok_or_else(|| problem("until", "Choose a day, such as 2026-12-31."))
            }
        }
    }
}

/// An amount as people type it, and the currency if they typed one: `8.99`, `8,99`, `EUR 8.99`. Nothing stands for all that
/// is left.
fn amount(typed: &str) -> Result<(Option<Micros>, Option<String>), Problem> {
    const HOW: &str = "Type an amount such as 8.99, or leave it empty for all that is left.";
    let (letters, rest): (String, String) =
        typed.chars().filter(|one| !one.is_whitespace()).partition(|one| one.is_alphabetic());
    let currency = Some(letters.to_uppercase()).filter(|letters| !letters.is_empty());
    if currency.as_ref().is_some_and(|letters| letters.len() != 3) {
        return Err(problem("amount", HOW));
    }
    if rest.is_empty() {
        return if currency.is_none() { Ok((None, None)) } else { Err(problem("amount", HOW)) };
    }
    let number = rest.replace(',', ".");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, "0"));
    let is_digits = |part: &str, most: usize| {
        !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if number.starts_with(['-', '\u{2212}']) {
        return Err(problem("amount", "The amount must be more than nothing."));
    }
    if !is_digits(whole, 9) || !is_digits(fraction, 6) {
        return Err(problem("amount", HOW));
    }
    let micros = Micros::parse(&number).ok_or_else(|| problem("amount", HOW))?;
    Ok((Some(micros), currency))
}

fn reason(typed: &str, is_needed: bool) -> Result<Option<String>, Problem> {
    let reason = audit::reason::parse(typed).map_err(|why| Problem { field: "reason", sentence: why.sentence() })?;
    match reason {
        None if is_needed => Err(problem("reason", "Say why: the team reads it in the history and in the audit log.")),
        reason => Ok(reason),
    }
}

fn both(wish: Result<Wish, Problem>, reason: Result<Option<String>, Problem>) -> Parsed {
    match (wish, reason) {
        (Ok(wish), Ok(reason)) => Ok((wish, reason)),
        (wish, reason) => {
            let problems = [wish.err(), reason.err()].into_iter().flatten().collect();
            Err(Refusal { problems, is_stale: false })
        }
    }
}

/// What a preview checks: this wish, before a reason is typed. Nothing is stored by checking it.
pub fn preview_ask<'a>(visit: &Visit, purchase: &'a Purchase, wish: Wish) -> Ask<'a> {
    Ask {
        customer: visit.customer.id,
        environment: purchase.environment,
        purchase: &purchase.key,
        wish,
        reason: None,
        role: visit.role,
        once: None,
        may_wait: true,
        waits: true,
    }
}

fn problem(field: &'static str, sentence: &str) -> Problem {
    Problem { field, sentence: sentence.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_people_type_it() {
        let read = |typed: &str| amount(typed).ok();
        for typed in ["8.99", "8,99", " 8.99 ", "8.990000"] {
            assert_eq!(read(typed), Some((Some(Micros(8_990_000)), None)), "{typed}");
        }
        for typed in ["EUR 8.99", "8.99 eur", "eur8.99"] {
            assert_eq!(read(typed), Some((Some(Micros(8_990_000)), Some("EUR".into()))), "{typed}");
        }
        assert_eq!(read(""), Some((None, None)));
        assert_eq!(read("  "), Some((None, None)));
        let wrong = ["1e9", "ten", "-1", "\u{2212}1", "1.2.3", "1,234.56", ".5", "5.", "9999999999", "0.1234567"];
        for typed in wrong.into_iter().chain(["€5", "EUR", "\0", "NaN", "0x10", "٣"]) {
            assert_eq!(read(typed), None, "{typed}");
        }
    }

    #[test]
    fn each_wrong_field_is_named() {
        let draft = RefundDraft { amount: "ten".into(), reason: " ".into(), ..RefundDraft::default() };
        let fields: Vec<&str> = draft.parse(true).expect_err("refused").problems.iter().map(|one| one.field).collect();
        assert_eq!(fields, ["amount", "reason"]);
        assert!(RefundDraft { reason: "asked".into(), ..RefundDraft::default() }.parse(true).is_ok());
        assert!(RefundDraft::default().parse(false).is_ok());
        let extend = |days: &str, until: &str| {
            ExtendDraft { days: days.into(), until: until.into(), ..ExtendDraft::default() }.parse().is_ok()
        };
        assert!(extend("7", "") && extend("", "2026-12-31") && extend("7", "2026-12-31"));
        assert!(!extend("", "") && !extend("a week", "") && !extend("7", "soon") && !extend("1e3", ""));
    }
}
