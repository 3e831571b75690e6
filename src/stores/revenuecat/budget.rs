//! How many calls a project may still make: RevenueCat takes 480 a minute, of which people have all and comparison half. Each
//! process counts its own.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::base::clock::Moment;
use crate::base::ids::ProjectId;

/// Calls a minute.
const PEOPLE: usize = 480;
const BACKGROUND: usize = 240;
const MINUTE: i64 = 60_000;

/// For whom a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it.
    Person,
    /// Comparison and imports, which leave room for people.
    Background,
}

/// The calls of the last minute, by project.
#[derive(Debug)]
pub struct Budget {
    calls: Mutex<HashMap<ProjectId, VecDeque<Moment>>>,
    /// How many calls a minute are made for nobody.
    background: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget::with_background(BACKGROUND)
    }
}

impl Budget {
    /// A budget of which comparison and imports have so many calls a minute.
    pub fn with_background(calls: usize) -> Budget {
        Budget { calls: Mutex::default(), background: calls.clamp(1, PEOPLE) }
    }

    /// Whether so many calls can be made now.
    pub fn has_room(&self, project: ProjectId, urgency: Urgency, calls: usize, now: Moment) -> bool {
        let mut all = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        recent(&mut all, project, now).len() + calls <= self.most(urgency)
    }

    fn most(&self, urgency: Urgency) -> usize {
        match urgency {
            Urgency::Person => PEOPLE,
            Urgency::Background => self.background,
        }
    }

    /// Takes one call.
    ///
    /// # Errors
    /// In how many seconds there is room for it.
    pub fn take(&self, project: ProjectId, urgency: Urgency, now: Moment) -> Result<(), i64> {
        let mut all = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = recent(&mut all, project, now);
        let most = self.most(urgency);
        if let Some(oldest) = recent.len().checked_sub(most).and_then(|place| recent.get(place)) {
            return Err((MINUTE - now.since(*oldest)).div_euclid(1_000) + 1);
        }
        recent.push_back(now);
        Ok(())
    }
}

/// The calls of the last minute. The clock may have been set back: calls of a time to come count as made now.
fn recent(all: &mut HashMap<ProjectId, VecDeque<Moment>>, project: ProjectId, now: Moment) -> &mut VecDeque<Moment> {
    let recent = all.entry(project).or_default();
    recent.iter_mut().rev().take_while(|at| **at > now).for_each(|at| *at = now);
    while recent.front().is_some_and(|at| now.since(*at) >= MINUTE) {
        recent.pop_front();
    }
    recent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::testing::NOW;

    #[test]
    fn people_have_all_calls_of_a_minute_and_comparison_half() {
        let (budget, project) = (Budget::default(), ProjectId(1));
        let take = |urgency, seconds: i64| budget.take(project, urgency, NOW.plus_seconds(seconds));
        for _ in 0..BACKGROUND {
            assert_eq!(take(Urgency::Background, 0), Ok(()));
        }
        assert_eq!(take(Urgency::Background, 10), Err(51));
        for _ in BACKGROUND..PEOPLE {
            assert_eq!(take(Urgency::Person, 10), Ok(()));
        }
        assert_eq!(take(Urgency::Person, 10), Err(51));
        assert_eq!(budget.take(ProjectId(2), Urgency::Person, NOW), Ok(()), "another project has its own");
        assert_eq!(take(Urgency::Person, 60), Ok(()));
        assert_eq!(take(Urgency::Background, 60), Err(11), "241 calls were made within the last minute");
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nobody_for_longer_than_a_minute() {
        let (budget, project) = (Budget::with_background(1), ProjectId(1));
        let take = |seconds: i64| budget.take(project, Urgency::Background, NOW.plus_seconds(seconds));
        assert_eq!(take(86_400), Ok(()));
        assert_eq!(take(0), Err(61));
        assert_eq!(take(59), Err(2));
        assert_eq!(take(60), Ok(()));
    }
}
