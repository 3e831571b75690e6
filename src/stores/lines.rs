//! The lines to the stores and to RevenueCat: which client serves each, and when it may be called. One that does not answer is
//! left alone for a while, and none is called more often than it takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::StoreClient;
use crate::base::clock::Moment;
use crate::base::ids::ProjectId;
use crate::events::Store;

/// After so many calls without an answer, a store is left alone for so many seconds; RevenueCat after fewer, because every act in
/// the project passes it, and whoever acts has to be told.
const FAILURES: u32 = 5;
const FAILURES_OF_REVENUECAT: u32 = 2;
const REST_SECONDS: i64 = 60;

/// Whom a line leads to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Line {
    Store(Store),
    RevenueCat,
}

/// The connections of this process. Clones share them.
#[derive(Clone)]
pub struct Lines {
    test_store: Arc<dyn StoreClient>,
    revenuecat: Arc<dyn StoreClient>,
    states: Arc<Mutex<HashMap<(ProjectId, Line), LineState>>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct LineState {
    /// Calls in a row that had no answer.
    failures: u32,
    rests_until: Option<Moment>,
    next_call: Option<Moment>,
}

impl Lines {
    pub fn new(test_store: Arc<dyn StoreClient>, revenuecat: Arc<dyn StoreClient>) -> Lines {
        Lines { test_store, revenuecat, states: Arc::default() }
    }

    /// The client of a line; `None` when nobody is connected to the store.
    pub fn client(&self, line: &Line) -> Option<&dyn StoreClient> {
        match line {
            Line::RevenueCat => Some(self.revenuecat.as_ref()),
            Line::Store(Store::TestStore) => Some(self.test_store.as_ref()),
            Line::Store(
                Store::AppStore
                | Store::MacAppStore
                | Store::PlayStore
                | Store::Stripe
                | Store::WebBilling
                | Store::Amazon
                | Store::Roku
                | Store::Paddle
                | Store::Promotional
                | Store::Other(_),
            ) => None,
        }
    }

    /// Until when a store is left alone because it does not answer; `None` when it may be called.
    pub fn rests_until(&self, project: ProjectId, line: &Line, now: Moment) -> Option<Moment> {
        let state = self.with(project, line, |state| *state);
        state.rests_until.filter(|until| *until > now)
    }

    /// When a store may be called next; `None` when it may be called now.
    pub fn free_at(&self, project: ProjectId, line: &Line, now: Moment) -> Option<Moment> {
        let state = self.with(project, line, |state| *state);
        state.rests_until.into_iter().chain(state.next_call).filter(|until| *until > now).max()
    }

    /// Takes the turn to call a store.
    ///
    /// # Errors
    /// When the store is left alone or called too often: the moment at which to try again.
    pub fn take_turn(&self, project: ProjectId, line: &Line, now: Moment) -> Result<(), Moment> {
        let pace = self.client(line).and_then(StoreClient::calls_per_minute);
        self.with(project, line, |state| {
            if let Some(until) = state.rests_until.into_iter().chain(state.next_call).filter(|until| *until > now).max()
            {
                return Err(until);
            }
            state.next_call = pace.map(|calls| Moment(now.millis() + 60_000 / i64::from(calls.max(1))));
            Ok(())
        })
    }

    /// Notes whether a call was answered.
    pub fn note(&self, project: ProjectId, line: &Line, is_answered: bool, now: Moment) {
        self.with(project, line, |state| {
            state.failures = if is_answered { 0 } else { state.failures + 1 };
            let most = if *line == Line::RevenueCat { FAILURES_OF_REVENUECAT } else { FAILURES };
            state.rests_until = (state.failures >= most).then(|| now.plus_seconds(REST_SECONDS));
        });
    }

    fn with<R>(&self, project: ProjectId, line: &Line, work: impl FnOnce(&mut LineState) -> R) -> R {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        work(states.entry((project, line.clone())).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::testing::NOW;
    use crate::stores::testing::Silent;

    const TEST_STORE: Line = Line::Store(Store::TestStore);

    #[test]
    fn a_store_that_does_not_answer_is_left_alone_and_asked_again_later() {
        let (lines, project) = (Lines::new(Arc::new(Silent), Arc::new(Silent)), ProjectId(1));
        for _ in 0..FAILURES {
            assert_eq!(lines.rests_until(project, &TEST_STORE, NOW), None);
            lines.note(project, &TEST_STORE, false, NOW);
        }
        let until = NOW.plus_seconds(REST_SECONDS);
        assert_eq!(lines.take_turn(project, &TEST_STORE, NOW), Err(until));
        assert_eq!(lines.rests_until(ProjectId(2), &TEST_STORE, NOW), None, "another project's is another line");
        assert_eq!(lines.take_turn(project, &TEST_STORE, until), Ok(()));
        lines.note(project, &TEST_STORE, false, until);
        assert_eq!(lines.rests_until(project, &TEST_STORE, until), Some(until.plus_seconds(REST_SECONDS)));
        lines.note(project, &TEST_STORE, true, until);
        assert_eq!(lines.rests_until(project, &TEST_STORE, until), None);
    }

    #[test]
    fn a_store_is_called_no_more_often_than_it_takes() {
        let (lines, project) = (Lines::new(Arc::new(Silent), Arc::new(Silent)), ProjectId(1));
        assert_eq!(lines.take_turn(project, &TEST_STORE, NOW), Ok(()));
        let next = Moment(NOW.millis() + 1_000);
        assert_eq!(lines.take_turn(project, &TEST_STORE, NOW), Err(next));
        assert_eq!(lines.take_turn(project, &TEST_STORE, next), Ok(()));
    }
}
