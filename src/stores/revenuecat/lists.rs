//! Lists read to their end, at the pace that RevenueCat allows. A list that does not end, or of which a page is missing, counts as
//! not read: half of it would look as if the rest were only here.

use std::cell::Cell;
use std::collections::HashSet;

use serde_json::Value;

use super::session::{NoReading, Session};
use crate::stores::Unread;

/// The most items of a list.
const MOST: usize = 200_000;
/// The most bytes that are read of one customer, and of a catalog: an answer can be as large as 2 MB and hold one item.
pub const MOST_BYTES_OF_CUSTOMER: usize = 32 << 20;
const MOST_BYTES_OF_CATALOG: usize = 128 << 20;
/// The longest wait for one call, in seconds. RevenueCat takes 60 calls about a catalog in a minute.
const LONGEST_WAIT: i64 = 120;
/// How often one call is waited for.
const WAITS: usize = 30;
/// How long a call is waited for that got no answer, in seconds.
const AFTER_NO_ANSWER: i64 = 1;

/// Why something was not read, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

/// How a reader that may take minutes keeps going.
pub trait Pace {
    /// Called after each page.
    ///
    /// # Errors
    /// [`Failure`] when it is to stop.
    fn beat(&self) -> Result<(), Failure>;

    /// Waits for so many seconds.
    ///
    /// # Errors
    /// As [`Pace::beat`].
    fn wait(&self, seconds: i64) -> Result<(), Failure>;
}

/// Reads lists of one project.
pub struct Lists<'a> {
    pub session: &'a Session<'a>,
    pub pace: &'a dyn Pace,
    /// How many bytes may still be read.
    left: Cell<usize>,
}

/// A page of a list.
pub struct Page {
    pub items: Vec<Value>,
    /// Where the list goes on.
    pub next: Option<String>,
}

impl Session<'_> {
    /// One page of a list, waited for; `None` when there is no such page.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read.
    pub fn page(&self, what: &str, path: &str, pace: &dyn Pace) -> Result<Option<Page>, Failure> {
        let lists = Lists::of_customer(self, pace);
        let mut page = match lists.ask(what, path)? {
            Ok(page) => page,
            Err(None) => return Ok(None),
            Err(Some(words)) => return Err(Failure(format!("The list of {what} is not open to the key: {words}"))),
        };
        let next = lists.following(&page)?;
        let Some(items) = page.get_mut("items").and_then(Value::as_array_mut) else {
            return Err(Failure(format!("The list of {what} is not one: it has no items.")));
        };
        let items = std::mem::take(items);
        Ok(Some(Page { next: next.filter(|_| !items.is_empty()), items }))
    }
}

impl<'a> Lists<'a> {
    /// Reads what concerns one customer.
    pub fn of_customer(session: &'a Session<'a>, pace: &'a dyn Pace) -> Lists<'a> {
        Lists { session, pace, left: Cell::new(MOST_BYTES_OF_CUSTOMER) }
    }

    /// Reads what is sold.
    pub fn of_catalog(session: &'a Session<'a>, pace: &'a dyn Pace) -> Lists<'a> {
        Lists { session, pace, left: Cell::new(MOST_BYTES_OF_CATALOG) }
    }

    /// All items of a list. `what` names it in a sentence.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read to its end.
    pub fn all(&self, what: &str, path: &str) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        self.follow(what, path.to_owned(), &mut all)?;
        Ok(all)
    }

    /// As [`Lists::all`]; empty when RevenueCat has no such list.
    ///
    /// # Errors
    /// As [`Lists::all`].
    pub fn where_listed(&self, what: &str, path: &str) -> Result<Vec<Value>, Failure> {
        match self.ask(what, path)? {
            Ok(page) => self.rest(what, &page),
            Err(None) => Ok(Vec::new()),
            Err(Some(words)) => Err(Failure(format!("The list of {what} is not open to the key: {words}"))),
        }
    }

    /// The items of a list inside an answer; those after them are read.
    ///
    /// # Errors
    /// As [`Lists::all`].
    pub fn rest(&self, what: &str, list: &Value) -> Result<Vec<Value>, Failure> {
        let mut all = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        match self.following(list)? {
            Some(path) => self.follow(what, path, &mut all).map(|()| all),
            None => Ok(all),
        }
    }

    fn follow(&self, what: &str, path: String, all: &mut Vec<Value>) -> Result<(), Failure> {
        let failed = |words: &str| Failure(format!("The list of {what} {words}"));
        let (mut seen, mut next) = (HashSet::new(), Some(path));
        while let Some(path) = next.take() {
            if !seen.insert(path.clone()) {
                return Err(failed("repeats a page and does not end."));
            }
            let mut page = self.get(what, &path)?;
            let Some(items) = page.get_mut("items").and_then(Value::as_array_mut) else {
                return Err(failed("is not one: it has no items."));
            };
            let is_empty = items.is_empty();
            all.append(items);
            if all.len() > MOST {
                return Err(failed("has more than 200,000 items."));
            }
            self.pace.beat()?;
            next = self.following(&page)?.filter(|_| !is_empty);
        }
        Ok(())
    }

    /// The page after this one. Only what lies below the project is followed: the key goes nowhere else.
    ///
    /// # Errors
    /// [`Failure`] when the list goes on somewhere else.
    fn following(&self, page: &Value) -> Result<Option<String>, Failure> {
        let Some(next) = page.get("next_page").and_then(Value::as_str) else { return Ok(None) };
        let below = self.session.below(next).map(Some);
        below.ok_or_else(|| Failure(format!("A list goes on at another address than that of the connection: {next}")))
    }

    fn get(&self, what: &str, path: &str) -> Result<Value, Failure> {
        self.ask(what, path)?.map_err(|no| match no {
            Some(words) => Failure(format!("The list of {what} is not open to the key: {words}")),
            None => Failure(format!("RevenueCat has no list of {what}.")),
        })
    }

    /// One answer, waited for. The inner error: there is nothing at this path, or it is not open, in RevenueCat's words.
    ///
    /// # Errors
    /// [`Failure`] when nobody answers, or it takes too long.
    pub fn ask(&self, what: &str, path: &str) -> Result<Result<Value, Option<String>>, Failure> {
        self.wait_for(what, || self.session.get(path))
    }

    /// As [`Lists::ask`], for any call that reads.
    ///
    /// # Errors
    /// As [`Lists::ask`].
    pub fn wait_for(
        &self,
        what: &str,
        read: impl Fn() -> Result<Option<Value>, NoReading>,
    ) -> Result<Result<Value, Option<String>>, Failure> {
        let mut has_failed = false;
        for _ in 0..WAITS {
            match self.counted(what, &read)? {
                Ok(Some(answer)) => return Ok(Ok(answer)),
                Ok(None) => return Ok(Err(None)),
                Err(NoReading::Denied(words)) => return Ok(Err(Some(words))),
                Err(NoReading::Away(Unread { retry_after: Some(seconds), .. })) if seconds <= LONGEST_WAIT => {
                    self.pace.wait(seconds.max(1))?;
                }
                Err(NoReading::Away(_)) if !has_failed => {
                    has_failed = true;
                    self.pace.wait(AFTER_NO_ANSWER)?;
                }
                Err(NoReading::Away(Unread { words, .. })) => {
                    return Err(Failure(format!("RevenueCat’s {what} could not be read: {words}")));
                }
            }
        }
        Err(Failure(format!("RevenueCat’s {what} could not be read: it was busy for too long.")))
    }

    /// What a call answers, unless more was read by then than there is room for.
    fn counted<T>(&self, what: &str, read: impl Fn() -> T) -> Result<T, Failure> {
        let before = self.session.bytes();
        let answer = read();
        let left = self.left.get().checked_sub(self.session.bytes() - before);
        self.left.set(left.ok_or_else(|| Failure(format!("RevenueCat’s {what} are too large to be read.")))?);
        Ok(answer)
    }
}
