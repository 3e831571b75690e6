//! The conditions that choose test accounts, and the proof, in words, that a customer meets them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::wording::text::count;
use crate::wording::times;

/// What a test account may have bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bought {
    /// At least one purchase, and all of them in the sandbox.
    Sandbox,
    Never,
    Either,
}

/// A pattern of ids: `*` matches any characters. Without a `*` it is a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern(String);

/// The conditions; a test account meets all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    pub bought: Bought,
    pub ids: Option<Pattern>,
    /// They were last heard of before this moment, the start of a day in UTC.
    pub before: Option<Moment>,
}

impl Bought {
    pub const ALL: [Bought; 3] = [Bought::Sandbox, Bought::Never, Bought::Either];

    pub const fn as_str(self) -> &'static str {
        match self {
            Bought::Sandbox => "sandbox",
            Bought::Never => "nothing",
            Bought::Either => "either",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Bought::Sandbox => "Sandbox purchases only",
            Bought::Never => "No purchases at all",
            Bought::Either => "Either of the two",
        }
    }

    fn parse(word: &str) -> Option<Bought> {
        Bought::ALL.into_iter().find(|bought| bought.as_str() == word)
    }
}

/// The longest pattern, in characters.
const LONGEST: usize = 100;

impl Pattern {
    /// # Errors
    /// [`Refusal`] when the pattern is too long, or holds nothing but `*`.
    pub fn parse(typed: &str) -> Result<Pattern, Refusal> {
        match typed {
            _ if typed.chars().count() > LONGEST => Err(Refusal::new("ids", "At most 100 characters.")),
            _ if typed.chars().all(|letter| letter == '*') => {
                Err(Refusal::new("ids", "Type at least one letter of the ids: this pattern fits every id."))
            }
            _ => Ok(Pattern(typed.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an id matches the pattern.
    pub fn fits(&self, id: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| id.strip_prefix(first)) else { return false };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return true;
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            match rest.find(part) {
                Some(at) => rest = rest.get(at + part.len()..).unwrap_or(""),
                None => return false,
            }
        }
        true
    }

    /// The text with which every matching id begins.
    pub fn beginning(&self) -> &str {
        self.0.split('*').next().unwrap_or("")
    }

    /// The pattern in the syntax of `LIKE`, with `\` before characters that are special there.
    pub fn like(&self) -> String {
        let mut like = String::with_capacity(self.0.len() + 1);
        for letter in self.0.chars() {
            match letter {
                '*' => like.push('%'),
                '%' | '_' | '\\' => like.extend(['\\', letter]),
                _ => like.push(letter),
            }
        }
        if !self.0.contains('*') {
            like.push('%');
        }
        like
    }
}

impl Wanted {
    /// # Errors
    /// [`Error::Refused`] for the field that is wrong. [`Bought::Either`] needs a second condition, because it alone
    /// fits nearly every customer.
    pub fn parse(bought: &str, ids: &str, before: &str) -> Result<Wanted, Error> {
        let bought = Bought::parse(bought).ok_or_else(|| Refusal::new("bought", "Choose one of these."))?;
        let ids = Some(ids.trim()).filter(|typed| !typed.is_empty()).map(Pattern::parse).transpose()?;
        let before = Some(before.trim()).filter(|typed| !typed.is_empty()).map(day).transpose()?;
        if bought == Bought::Either && ids.is_none() && before.is_none() {
            return Err(
                Refusal::new("ids", "With “Either of the two”, type a pattern of the ids or a day as well.").into()
            );
        }
        Ok(Wanted { bought, ids, before })
    }

    /// The conditions as the query of a URL.
    pub fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("bought", self.bought.as_str());
        if let Some(ids) = &self.ids {
            query.append_pair("ids", ids.as_str());
        }
        if let Some(day) = self.day() {
            query.append_pair("before", &day);
        }
        query.finish()
    }

    /// The day of `before`: `2026-11-23`.
    pub fn day(&self) -> Option<String> {
        Some(self.before?.utc()?.format("%Y-%m-%d").to_string())
    }

    /// Why a customer is chosen, in sentences. `purchases` counts their purchases in the sandbox; `fitting` is the id
    /// that matches the pattern.
    pub fn proof(&self, purchases: i64, fitting: Option<&str>, active_at: Moment) -> Vec<String> {
        let bought = match purchases {
            0 => "Never bought anything, never got a grant.".to_owned(),
            _ => format!(
                "{} in the sandbox and none in production, no grant.",
                count(purchases, "purchase", "purchases")
            ),
        };
        let ids = self.ids.as_ref().zip(fitting).map(|(ids, fitting)| format!("The id {fitting} fits {}.", ids.0));
        let seen = self.before.map(|_| match active_at.millis() {
            0 => "Never heard of.".to_owned(),
            _ => format!("Last heard of on {}.", times::day(active_at)),
        });
        [Some(bought), ids, seen].into_iter().flatten().collect()
    }
}

fn day(typed: &str) -> Result<Moment, Refusal> {
    let day = NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    let moment = day.map(|day| Moment(day.and_utc().timestamp_millis()));
    moment.ok_or_else(|| Refusal::new("before", "Type a day as 2026-11-23."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_letter_by_letter_and_a_star_matches_any_letters() {
        let fits = |pattern: &str, id: &str| Pattern::parse(pattern).expect("a pattern").fits(id);
        for (pattern, id) in [
            ("test-", "test-1"),
            ("test-*", "test-"),
            ("*@qa.example", "a@qa.example"),
            ("a*b*c", "aXbYc"),
            ("a*a", "aa"),
            ("*b*", "abc"),
            ("100%", "100%_"),
        ] {
            assert!(fits(pattern, id), "{pattern} {id}");
        }
        for (pattern, id) in
            [("test-", "Test-1"), ("a*a", "a"), ("*b", "bc"), ("a*b*c", "acb"), ("a_", "ab"), ("é*", "e")]
        {
            assert!(!fits(pattern, id), "{pattern} {id}");
        }
        assert_eq!(Pattern("a*b%_\\".into()).like(), "a%b\\%\\_\\\\");
        assert_eq!(Pattern("qa-".into()).like(), "qa-%");
        assert_eq!(Pattern("qa-*x".into()).beginning(), "qa-");
        assert!(Pattern::parse("**").is_err() && Pattern::parse(&"x".repeat(101)).is_err());
        assert!(Pattern::parse(&"é".repeat(100)).is_ok());
    }

    #[test]
    fn conditions_are_specific_and_can_be_put_into_a_url() {
        let wanted = |bought, ids, before| Wanted::parse(bought, ids, before);
        assert_eq!(
            wanted("either", "a b*", "2026-01-31").map(|one| one.query()).ok().as_deref(),
            Some("bought=either&ids=a+b*&before=2026-01-31")
        );
        assert!(wanted("sandbox", "", "").is_ok() && wanted("nothing", " ", "").is_ok());
        for (bought, ids, before) in
            [("either", "", ""), ("all", "", ""), ("sandbox", "*", ""), ("sandbox", "", "31.1.2026")]
        {
            assert!(matches!(wanted(bought, ids, before), Err(Error::Refused(_))), "{bought} {ids} {before}");
        }
    }

    #[test]
    fn the_proof_is_written_in_words() {
        let wanted =
            Wanted { bought: Bought::Either, ids: Pattern::parse("qa-").ok(), before: Some(Moment(86_400_000)) };
        let proof = |purchases| wanted.proof(purchases, Some("qa-7"), Moment(1)).join(" ");
        assert_eq!(
            proof(2),
            "2 purchases in the sandbox and none in production, no grant. The id qa-7 fits qa-. Last heard of on 1 Jan 1970."
        );
        assert_eq!(
            Wanted { ids: None, before: None, ..wanted.clone() }.proof(0, None, Moment(1)),
            ["Never bought anything, never got a grant."]
        );
    }
}
