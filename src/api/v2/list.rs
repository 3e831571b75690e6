//! Lists, one window at a time (§C6). Every list has `next_page`: some clients stop when it is null, and others fail
//! when it is missing.

use serde::Serialize;

use super::fields::wrong;
use crate::base::error::Error;
use crate::web::form;
use crate::wording::text;

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 1_000;

#[derive(Debug, Clone, Serialize)]
pub struct List<T> {
    object: &'static str,
    items: Vec<T>,
    /// The path and query of the next window; null at the end.
    next_page: Option<String>,
    url: String,
}

/// The part of a list that a call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub limit: usize,
    /// The id of the last item before the window.
    pub after: Option<String>,
    url: String,
    /// Further parameters for the address of the next window.
    kept: Vec<(&'static str, String)>,
}

impl Window {
    /// Reads `limit` and `starting_after` from a query.
    ///
    /// # Errors
    /// [`Error::Parameter`] when the limit is not a whole number from 1 to 1,000.
    pub fn parse(query: &str, url: String) -> Result<Window, Error> {
        let limit = match form::field(query, "limit") {
            None => DEFAULT_LIMIT,
            Some(limit) => {
                let limit = limit.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
                limit.ok_or_else(|| wrong("limit", format!("limit must be a whole number from 1 to {MAX_LIMIT}.")))?
            }
        };
        let after = form::field(query, "starting_after").filter(|after| !after.is_empty());
        Ok(Window { limit, after, url, kept: Vec::new() })
    }

    /// Repeats this parameter in the address of the next window.
    #[must_use]
    pub fn keeping(mut self, name: &'static str, value: Option<String>) -> Window {
        self.kept.extend(value.map(|value| (name, value)));
        self
    }

    /// How many rows to read: one more than the window shows, to know whether another window follows.
    pub fn one_more(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// Cuts the window out of a complete list.
    ///
    /// # Errors
    /// [`Error::Parameter`] when no item has the id in `starting_after`.
    pub fn cut<T>(self, mut all: Vec<T>, id: impl Fn(&T) -> String) -> Result<List<T>, Error> {
        if let Some(after) = &self.after {
            let place = all.iter().position(|item| id(item) == *after).ok_or_else(not_in_list)?;
            all.drain(..=place);
        }
        Ok(self.filled(all, id))
    }

    /// The window with its items. When there are more items than its limit, another window follows.
    pub fn filled<T>(self, mut items: Vec<T>, id: impl Fn(&T) -> String) -> List<T> {
        let has_more = items.len() > self.limit;
        items.truncate(self.limit);
        let next_page = items.last().filter(|_| has_more).map(|last| self.next(&id(last)));
        List { object: "list", items, next_page, url: self.url }
    }

    fn next(&self, last: &str) -> String {
        let kept: String = self.kept.iter().map(|(name, value)| format!("&{name}={}", text::segment(value))).collect();
        format!("{}?starting_after={}&limit={}{kept}", self.url, text::segment(last), self.limit)
    }
}

impl<T> List<T> {
    pub fn items(&self) -> &[T] {
        &self.items
    }

    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// The same part of the list, with its items as `shown` renders them.
    pub fn showing<U>(self, shown: Vec<U>) -> List<U> {
        let List { object, next_page, url, .. } = self;
        List { object, items: shown, next_page, url }
    }

    /// A short list in full, inside another object.
    pub fn whole(items: Vec<T>, url: String) -> List<T> {
        List { object: "list", items, next_page: None, url }
    }
}

/// The error for a `starting_after` that is not in the list.
pub fn not_in_list() -> Error {
    wrong("starting_after", "Nothing in this list has the id in starting_after.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(query: &str) -> Window {
        Window::parse(query, "/v2/x".into()).expect("a window")
    }

    fn cut(query: &str) -> (Vec<u8>, Option<String>) {
        let list = window(query).cut((1..=5).collect(), u8::to_string).expect("a list");
        (list.items, list.next_page)
    }

    #[test]
    fn windows_follow_each_other_and_the_last_one_has_no_next_page() {
        assert_eq!(cut("limit=2"), (vec![1, 2], Some("/v2/x?starting_after=2&limit=2".into())));
        assert_eq!(cut("starting_after=2&limit=2"), (vec![3, 4], Some("/v2/x?starting_after=4&limit=2".into())));
        assert_eq!(cut("starting_after=4&limit=2"), (vec![5], None));
        assert_eq!(cut("starting_after=5"), (vec![], None));
        assert_eq!(cut(""), (vec![1, 2, 3, 4, 5], None));
        assert_eq!(cut("limit=5").1, None, "the last window is full");
    }

    #[test]
    fn the_next_address_repeats_the_parameters_encoded() {
        let window = window("limit=1").keeping("search", Some("a+b@c&d".into())).keeping("x", None);
        let next = window.filled(vec!["$id:1", "2"], |id| (*id).to_owned()).next_page;
        assert_eq!(next.as_deref(), Some("/v2/x?starting_after=%24id%3A1&limit=1&search=a%2Bb%40c%26d"));
    }

    #[test]
    fn a_window_with_a_bad_limit_or_an_unknown_start_is_refused() {
        for limit in ["0", "1001", "-1", "", "x", "1.5", "99999999999999999999"] {
            assert!(Window::parse(&format!("limit={limit}"), String::new()).is_err(), "{limit}");
        }
        assert!(window("starting_after=9").cut(vec![1], u8::to_string).is_err());
    }
}
