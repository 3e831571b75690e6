//! What an action leaves behind: what was done to whom, what it was before and after, and why.

use serde::{Deserialize, Serialize};

use super::Action;
use crate::projection::CustomerId;

/// What a closure that changes something returns, so that no change is without its entry.
#[derive(Debug, Clone)]
pub struct Trace {
    pub action: Action,
    /// Whom it concerns; `None` where it is about the project.
    pub customer: Option<CustomerId>,
    /// The row of a customer whom the action erased: the entry names it, as those before it do.
    pub erased: Option<CustomerId>,
    pub details: Details,
}

/// The part of an entry that can be erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The app user id the page was opened under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_user_id: Option<String>,
    /// What of the customer or the project: an attribute's key, an entitlement, a person's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Why, as whoever did it typed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The address it was asked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub kind: ActorKind,
    /// The person's row, or the key's.
    pub id: Option<i64>,
    /// The role they had at the time; the name of a key; empty for the program itself.
    pub role: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    Person,
    /// The program, because a time had come.
    System,
    /// Somebody at the command line.
    Operator,
    ApiKey,
}

/// Where it was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The request's reference in the log; empty without a request.
    pub request: String,
    pub address: Option<String>,
}

impl Trace {
    pub fn new(action: Action) -> Trace {
        Trace { action, customer: None, erased: None, details: Details::default() }
    }

    /// It concerns this customer.
    #[must_use]
    pub fn for_customer(mut self, customer: CustomerId, app_user_id: &str) -> Trace {
        self.customer = Some(customer);
        self.details.app_user_id = Some(app_user_id.to_owned());
        self
    }

    /// It left nothing of this customer: what is said of it must not tell who they were.
    #[must_use]
    pub fn of_erased(mut self, customer: CustomerId) -> Trace {
        self.erased = Some(customer);
        self
    }

    #[must_use]
    pub fn about(mut self, what: impl Into<String>) -> Trace {
        self.details.about = Some(what.into());
        self
    }

    #[must_use]
    pub fn before(mut self, value: impl Into<String>) -> Trace {
        self.details.before = Some(value.into());
        self
    }

    #[must_use]
    pub fn after(mut self, value: impl Into<String>) -> Trace {
        self.details.after = Some(value.into());
        self
    }

    #[must_use]
    pub fn because(mut self, reason: Option<String>) -> Trace {
        self.details.reason = reason;
        self
    }
}

impl Actor {
    pub fn person(id: i64, role: &str) -> Actor {
        Actor { kind: ActorKind::Person, id: Some(id), role: role.to_owned() }
    }

    /// Whoever holds a key of the API.
    pub fn api_key(id: i64, name: &str) -> Actor {
        Actor { kind: ActorKind::ApiKey, id: Some(id), role: name.to_owned() }
    }

    pub fn system() -> Actor {
        Actor { kind: ActorKind::System, id: None, role: String::new() }
    }

    pub fn operator() -> Actor {
        Actor { kind: ActorKind::Operator, ..Actor::system() }
    }
}

impl ActorKind {
    pub const ALL: [ActorKind; 4] = [ActorKind::Person, ActorKind::System, ActorKind::Operator, ActorKind::ApiKey];

    /// As the log keeps it.
    pub const fn name(self) -> &'static str {
        match self {
            ActorKind::Person => "person",
            ActorKind::System => "system",
            ActorKind::Operator => "operator",
            ActorKind::ApiKey => "api_key",
        }
    }

    pub fn parse(name: &str) -> Option<ActorKind> {
        ActorKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
