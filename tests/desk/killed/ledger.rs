//! What the senders and the team know by themselves: what they sent, and which of it was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

/// Something that one of the team, or a server with a key, does to a guest of this number. Each is done at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Grant(u64),
    Note(u64),
    Deletion(u64),
}

/// Each event and each act that was sent, with whether its whole answer came. It is written before something is sent and
/// after the answer was read, in a process that is not killed.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Book>);

#[derive(Debug, Default, Clone)]
pub struct Book {
    pub events: BTreeMap<u64, bool>,
    pub acts: BTreeMap<Act, bool>,
    /// How many deliveries had no answer because the server was killed.
    pub cut_off: u64,
    /// How many profiles and exports were read.
    pub pages: u64,
}

impl Ledger {
    /// The number of a new event.
    pub fn next(&self) -> u64 {
        let mut book = self.book();
        let number = book.events.last_key_value().map_or(0, |(last, _)| last + 1);
        book.events.insert(number, false);
        number
    }

    pub fn acknowledge(&self, number: u64) {
        self.book().events.insert(number, true);
    }

    pub fn cut_off(&self) {
        self.book().cut_off += 1;
    }

    pub fn begin(&self, act: Act) {
        self.book().acts.entry(act).or_default();
    }

    pub fn done(&self, act: Act) {
        self.book().acts.insert(act, true);
    }

    pub fn page(&self) {
        self.book().pages += 1;
    }

    /// What is known now.
    pub fn read(&self) -> Book {
        self.book().clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().expect("nobody panics with it")
    }
}

impl Book {
    pub fn unanswered(&self) -> Vec<u64> {
        self.events.iter().filter(|(_, is_answered)| !**is_answered).map(|(number, _)| *number).collect()
    }

    pub fn acknowledged(&self) -> BTreeSet<u64> {
        self.events.iter().filter(|(_, is_answered)| **is_answered).map(|(number, _)| *number).collect()
    }
}
