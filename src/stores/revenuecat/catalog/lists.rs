//! Lists read to their end, at the pace that RevenueCat allows. A list that does not end, or of which a page is missing, counts as
//! not read: half a catalog would look as if the rest were only here.

use std::collections::HashSet;

use serde_json::Value;

use crate::stores::Unread;
use crate::stores::revenuecat::session::{NoReading, Session};

/// The most items of a list.
const MOST: usize = 200_000;
/// The longest wait for one call, in seconds. RevenueCat takes 60 calls about a catalog in a minute.
const LONGEST_WAIT: i64 = 120;
/// How often one call is waited for.
const WAITS: usize = 30;
/// How long a call is waited for that got no answer, in seconds.
const AFTER_NO_ANSWER: i64 = 1;

/// Why a catalog was not read, in words.
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
}

impl Lists<'_> {
    /// All items of a list. `what` names it in a sentence.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read to its end.
    pub fn all(&self, what: &str, path: &str) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        self.follow(what, path.to_owned(), &mut all)?;
        Ok(all)
    }

    /// The items of a list inside an answer; those after them are read.
    ///
    /// # Errors
    /// As [`Lists::all`].
    pub fn rest(&self, what: &str, list: &Value) -> Result<Vec<Value>, Failure> {
        let mut all = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        match self.following(list) {
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
            next = self.following(&page).filter(|_| !is_empty);
        }
        Ok(())
    }

    /// The page after this one. Only what lies below the project is followed: the key goes nowhere else.
    fn following(&self, page: &Value) -> Option<String> {
        page.get("next_page").and_then(Value::as_str).and_then(|next| self.session.below(next))
    }

    fn get(&self, what: &str, path: &str) -> Result<Value, Failure> {
        let mut has_failed = false;
        for _ in 0..WAITS {
            match self.session.get(path) {
                Ok(Some(page)) => return Ok(page),
                Ok(None) => return Err(Failure(format!("RevenueCat has no list of {what}."))),
                Err(NoReading::Denied(words)) => {
                    return Err(Failure(format!("The list of {what} is not open to the key: {words}")));
                }
                Err(NoReading::Away(Unread { retry_after: Some(seconds), .. })) if seconds <= LONGEST_WAIT => {
                    self.pace.wait(seconds.max(1))?;
                }
                Err(NoReading::Away(_)) if !has_failed => {
                    has_failed = true;
                    self.pace.wait(AFTER_NO_ANSWER)?;
                }
                Err(NoReading::Away(Unread { words, .. })) => {
                    return Err(Failure(format!("The list of {what} could not be read: {words}")));
                }
            }
        }
        Err(Failure(format!("The list of {what} could not be read: RevenueCat was busy for too long.")))
    }
}
