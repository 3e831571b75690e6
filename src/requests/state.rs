//! The states of a request, and which follows which.

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Stored; nothing was sent.
    Asked,
    /// A colleague has to agree.
    Waiting,
    /// It is being sent: whether it arrived is not known until an answer comes.
    Sending,
    /// The store has accepted it, and decides later.
    Pending,
    /// No definite answer came, or this database was copied while it was open ([`super::held`]). Only reading at the store
    /// settles it, never sending it again.
    Unknown,
    /// The store said yes, or reading proved it.
    Confirmed,
    /// The store or a colleague said no, or reading proved that nothing happened.
    Refused,
    /// Whoever asked took it back.
    Withdrawn,
    /// Nobody agreed in time.
    Expired,
    /// It was confirmed, and later undone by the store: the money came back.
    Reversed,
}

use State::{Asked, Confirmed, Expired, Pending, Refused, Reversed, Sending, Unknown, Waiting, Withdrawn};

impl State {
    pub const ALL: [State; 10] =
        [Asked, Waiting, Sending, Pending, Unknown, Confirmed, Refused, Withdrawn, Expired, Reversed];

    /// The states that may follow.
    pub const fn next(self) -> &'static [State] {
        match self {
            Asked => &[Waiting, Sending, Unknown, Refused, Withdrawn, Confirmed],
            Waiting => &[Asked, Unknown, Refused, Withdrawn, Expired],
            Sending => &[Asked, Pending, Unknown, Confirmed, Refused],
            Pending => &[Unknown, Confirmed, Refused],
            Unknown => &[Confirmed, Refused],
            Confirmed => &[Reversed],
            // An answer, or the store's own event, that came after it counted as not done.
            Refused => &[Confirmed],
            Withdrawn | Expired | Reversed => &[],
        }
    }

    pub fn may_become(self, next: State) -> bool {
        self.next().contains(&next)
    }

    /// Whether something may still happen by itself or by somebody. No two open requests are about the same.
    pub const fn is_open(self) -> bool {
        match self {
            Asked | Waiting | Sending | Pending | Unknown => true,
            Confirmed | Refused | Withdrawn | Expired | Reversed => false,
        }
    }

    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Asked => "asked",
            Waiting => "waiting",
            Sending => "sending",
            Pending => "pending",
            Unknown => "unknown",
            Confirmed => "confirmed",
            Refused => "refused",
            Withdrawn => "withdrawn",
            Expired => "expired",
            Reversed => "reversed",
        }
    }

    pub fn parse(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_can_be_reached_and_only_closed_ones_are_ends() {
        for state in State::ALL {
            let is_reached = State::ALL.iter().any(|before| before.may_become(state));
            assert!(is_reached, "{}", state.name());
            assert!(!state.is_open() || !state.next().is_empty(), "{} has no way out", state.name());
            assert_eq!(State::parse(state.name()), Some(state));
        }
        assert_eq!(State::parse("done"), None);
    }

    #[test]
    fn a_copied_database_can_leave_every_open_request_alone() {
        for state in State::ALL {
            assert_eq!(state.may_become(Unknown), state.is_open() && state != Unknown, "{}", state.name());
        }
    }

    #[test]
    fn what_may_have_arrived_is_never_sent_again() {
        for state in [Unknown, Pending, Confirmed, Reversed] {
            assert!(!state.may_become(Sending) && !state.may_become(Asked), "{}", state.name());
        }
    }
}
