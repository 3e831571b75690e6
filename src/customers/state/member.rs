//! A customer while events are applied to them: how far the events were applied, where to begin, and what changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::customers::contacts::{self, LastContact};
use crate::events::Environment;
use crate::projection::{Changed, Fact, Progress, Purchase, Revenue};

/// A purchase among those of its customer.
pub type Key = (Environment, String);

/// The checkpoints between which a purchase was first and last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// The number of the newest checkpoint when it began.
    pub born: i64,
    /// The number of the newest checkpoint when it last changed.
    pub changed: i64,
}

/// A purchase as the database has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub age: Age,
    pub purchase: Purchase,
}

/// Reads a stored purchase with its numbers.
pub fn read(body: &str, stored: &str) -> Option<Purchase> {
    let mut numbers = numbers(stored);
    let mut purchase = Purchase::stored(body)?;
    purchase.number = numbers.next().unwrap_or_default();
    purchase.absorbed = numbers.collect();
    Some(purchase)
}

/// The stored form of the numbers of a purchase.
pub fn numbers_text(purchase: &Purchase) -> String {
    purchase.numbers().map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

/// The numbers of a purchase out of their stored form.
pub fn numbers(stored: &str) -> impl Iterator<Item = EventId> {
    stored.split(' ').filter_map(|number| number.parse().ok())
}

/// A purchase as it was at a checkpoint after which it changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Former {
    pub checkpoint: i64,
    pub age: Age,
    pub purchase: Purchase,
}

/// Where applying events begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// After all events that were applied.
    Head,
    /// At a checkpoint, after the events up to this time.
    Checkpoint { number: i64, at: Moment },
    /// Before all events.
    Beginning,
}

impl Start {
    /// Checkpoints with this number and purchases born since then are not part of the state at the start.
    pub fn number(self) -> i64 {
        match self {
            Start::Head => i64::MAX,
            Start::Checkpoint { number, .. } => number,
            Start::Beginning => 0,
        }
    }
}

/// The columns of a customer that follow from events, ids and attributes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    pub original: String,
    pub best: String,
    pub ids: i64,
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub country: Option<String>,
    pub events: i64,
    pub first_event_at: Option<Moment>,
    pub active_at: Moment,
    pub totals: Totals,
}

/// What the purchases of a customer add up to, for lists and the header.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals {
    pub spent: Revenue,
    pub is_family_shared_only: bool,
    /// The purchase that lists show, and the one that gives the customer a status, as JSON. They are mostly the same: then
    /// only the second is here.
    pub latest: Option<String>,
    pub status: Option<String>,
    pub is_subscriber: bool,
    pub made_one_time: bool,
    pub made_sandbox: bool,
    pub subscribed_until: i64,
    pub granted_until: i64,
}

impl Default for Totals {
    fn default() -> Totals {
        Totals {
            spent: Revenue::default(),
            is_family_shared_only: false,
            latest: None,
            status: None,
            is_subscriber: false,
            made_one_time: false,
            made_sandbox: false,
            subscribed_until: i64::MIN,
            granted_until: i64::MIN,
        }
    }
}

/// A customer to whom events are applied.
#[derive(Debug, Clone)]
pub struct Member {
    pub last_seen_at: Option<Moment>,
    /// As they are stored, until they are derived.
    pub columns: Columns,
    pub stored_columns: Columns,
    /// As it is stored; `None` if it never was.
    pub stored_progress: Option<String>,
    pub progress: Progress,
    pub start: Start,
    /// Whether the database does not have the customer yet.
    pub is_new: bool,
    /// Whether everything is derived from all their events.
    pub is_afresh: bool,
    /// How many purchases the database has of them.
    pub purchases: i64,
    /// Whether [`Member::stored`] has all of them.
    pub has_all: bool,
    pub stored: BTreeMap<Key, Stored>,
    /// The rows of former purchases that no longer count, because their checkpoints are gone.
    pub outdated: Vec<(i64, Key)>,
    /// Checkpoints with this number and later ones are gone.
    pub dropped_from: Option<i64>,
    pub checkpoints: Vec<(i64, Moment)>,
    pub former: Vec<Former>,
    /// The numbers of purchases of customers who were merged into this one.
    pub merged_numbers: Vec<EventId>,
    /// Whether their names may have changed otherwise than by an event.
    pub is_renamed: bool,
    /// What is stored of the last contact, and what it is now; only where it was read.
    pub contact: Option<[contacts::Stored; 2]>,
    /// The ages of the purchases as they are now.
    pub ages: BTreeMap<Key, Age>,
}

impl Member {
    /// Whether the database has the same of the customer as when this was read.
    pub fn was_read_as(&self, now: &Member) -> bool {
        self.stored_columns == now.stored_columns
            && self.stored_progress == now.stored_progress
            && self.last_seen_at == now.last_seen_at
    }

    /// A customer whom the database does not have.
    pub fn new() -> Member {
        Member {
            last_seen_at: None,
            columns: Columns::default(),
            stored_columns: Columns::default(),
            stored_progress: None,
            progress: Progress::new(),
            start: Start::Head,
            is_new: true,
            is_afresh: false,
            purchases: 0,
            has_all: true,
            stored: BTreeMap::new(),
            outdated: Vec::new(),
            dropped_from: None,
            checkpoints: Vec::new(),
            former: Vec::new(),
            merged_numbers: Vec::new(),
            is_renamed: false,
            contact: None,
            ages: BTreeMap::new(),
        }
    }

    /// One who stands for an erased customer: their events are applied again each time, and nothing of them is stored.
    pub fn stand_in() -> Member {
        Member { is_new: false, ..Member::new() }
    }

    /// The numbers of the purchases that are stored.
    pub fn numbers(&self) -> BTreeSet<EventId> {
        let stored = self.stored.values().flat_map(|stored| stored.purchase.numbers().collect::<Vec<_>>());
        stored.chain(self.merged_numbers.iter().copied()).collect()
    }

    /// Whether applying events begins before this time.
    pub fn begins_before(&self, time: Moment) -> bool {
        match self.start {
            Start::Head => self.is_new,
            Start::Checkpoint { at, .. } => at < time,
            Start::Beginning => true,
        }
    }

    /// After what time events are applied again. `None`: none are.
    pub fn again_after(&self) -> Option<Moment> {
        match self.start {
            Start::Head => None,
            Start::Checkpoint { at, .. } => Some(at),
            Start::Beginning => Some(Moment::EARLIEST),
        }
    }

    /// Goes back to a start before which the state is stored.
    pub fn rewind(&mut self, start: Start) {
        self.start = start;
        match start {
            Start::Head => return,
            Start::Checkpoint { number, at } => self.progress.rewind(number, Some(at)),
            Start::Beginning => self.progress.rewind(0, None),
        }
        self.dropped_from = Some(self.progress.checkpoint + 1);
    }

    /// Takes what is known of when apps were last open.
    pub fn take_contacts(&mut self, before: contacts::Stored, all: &[LastContact]) {
        let mut now = before.clone();
        // A later one need not name all of the device.
        let mut all: Vec<&LastContact> = all.iter().collect();
        all.sort_by_key(|contact| contact.at);
        for LastContact { at, device, .. } in all {
            now.take(device, *at);
        }
        self.last_seen_at = now.last_seen_at;
        self.contact = Some([before, now]);
    }

    /// What has to be written of the last contact.
    pub fn new_contact(&self) -> Option<&contacts::Stored> {
        self.contact.as_ref().filter(|[before, now]| before != now).map(|[_, now]| now)
    }

    /// Makes a checkpoint, if it is time and the next event is later than the last one.
    pub fn pause_before(&mut self, next: &Fact) {
        let Some(head) = self.progress.head.as_ref().filter(|_| self.progress.is_long()) else { return };
        if head.at < next.event.event_at {
            self.progress.checkpoint += 1;
            self.progress.since = 0;
            self.checkpoints.push((self.progress.checkpoint, head.at));
        }
    }

    /// Notes that a purchase changed; `is_left` tells whether the customer still has it.
    pub fn note(&mut self, changed: Changed, is_left: bool) {
        let now = self.progress.checkpoint;
        let key = (changed.id.1, changed.id.2);
        let age = self.ages.get(&key).copied().unwrap_or(Age { born: now, changed: now });
        if let Some(before) = changed.before.filter(|_| age.changed < now) {
            self.former.push(Former { checkpoint: now, age, purchase: before });
        }
        if is_left {
            self.ages.insert(key, Age { changed: now, ..age });
        } else {
            self.ages.remove(&key);
        }
    }
}
