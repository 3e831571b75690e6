//! Lists, a window at a time (§C6). `next_page` stands in every one: a client stops at null, and another
//! fails without it.

use serde::Serialize;

use super::fields::wrong;
use crate::base::error::Error;
use crate::web::form;
use crate::wording::text;

const USUAL: usize = 20;
const MOST: usize = 1_000;

#[derive(Debug, Serialize)]
pub struct List<T> {
    object: &'static str,
    items: Vec<T>,
    /// The address of the next window, relative to ours; null at the end.
    next_page: Option<String>,
    url: String,
}

/// What part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub limit: usize,
    /// The id of the last item before it.
    pub after: Option<String>,
    url: String,
    /// What else the address of the next window says.
    kept: Vec<(&'static str, String)>,
}

impl Window {
    /// Reads `limit` and `starting_after` of a query.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a limit that is no number between 1 and 1,000.
    pub fn parse(query: &str, url: String) -> Result<Window, Error> {
        let limit = match form::field(query, "limit") {
            None => USUAL,
            Some(limit) => {
                let limit = limit.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                limit.ok_or_else(|| wrong("limit", format!("limit must be a whole number from 1 to {MOST}.")))?
            }
        };
        let after = form::field(query, "starting_after").filter(|after| !after.is_empty());
        Ok(Window { limit, after, url, kept: Vec::new() })
    }

    /// Says this in the address of the next window, too.
    #[must_use]
    pub fn keeping(mut self, name: &'static str, value: Option<String>) -> Window {
        self.kept.extend(value.map(|value| (name, value)));
        self
    }

    /// As many items as one more than the window shows.
    pub fn one_more(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// The window of a list that is known whole.
    ///
    /// # Errors
    /// [`Error::Parameter`] when no item has the id that it starts after.
    pub fn cut<T>(self, mut all: Vec<T>, id: impl Fn(&T) -> String) -> Result<List<T>, Error> {
        if let Some(after) = &self.after {
            let place = all.iter().position(|item| id(item) == *after).ok_or_else(gone)?;
            all.drain(..=place);
        }
        Ok(self.filled(all, id))
    }

    /// The window with its items; those beyond its limit tell that there are more.
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
    /// All of a short list, as a part of another object.
    pub fn whole(items: Vec<T>, url: String) -> List<T> {
        List { object: "list", items, next_page: None, url }
    }
}

/// Refuses to start after what is not there.
pub fn gone() -> Error {
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
    fn windows_follow_each_other_and_the_last_one_says_so() {
        assert_eq!(cut("limit=2"), (vec![1, 2], Some("/v2/x?starting_after=2&limit=2".into())));
        assert_eq!(cut("starting_after=2&limit=2"), (vec![3, 4], Some("/v2/x?starting_after=4&limit=2".into())));
        assert_eq!(cut("starting_after=4&limit=2"), (vec![5], None));
        assert_eq!(cut("starting_after=5"), (vec![], None));
        assert_eq!(cut(""), (vec![1, 2, 3, 4, 5], None));
        assert_eq!(cut("limit=5").1, None, "the last window is full");
    }

    #[test]
    fn what_was_asked_stands_in_the_next_address_encoded() {
        let window = window("limit=1").keeping("search", Some("a+b@c&d".into())).keeping("x", None);
        let next = window.filled(vec!["$id:1", "2"], |id| (*id).to_owned()).next_page;
        assert_eq!(next.as_deref(), Some("/v2/x?starting_after=%24id%3A1&limit=1&search=a%2Bb%40c%26d"));
    }

    #[test]
    fn a_window_that_cannot_be_is_refused() {
        for limit in ["0", "1001", "-1", "", "x", "1.5", "99999999999999999999"] {
            assert!(Window::parse(&format!("limit={limit}"), String::new()).is_err(), "{limit}");
        }
        assert!(window("starting_after=9").cut(vec![1], u8::to_string).is_err());
    }
}
