//! What an action leaves for the audit log: what was done, to which customer, the values before and after, and why.

use serde::{Deserialize, Serialize};

use super::Action;
use crate::projection::CustomerId;

/// A closure that changes something must return a trace, so that every change has its entry.
#[derive(Debug, Clone)]
pub struct Trace {
    pub action: Action,
    /// The customer it is about; `None` when it is about the project.
    pub customer: Option<CustomerId>,
    /// The row of the customer that the action erased. The entry names it, as earlier entries about the customer do.
    pub erased: Option<CustomerId>,
    pub details: Details,
}

/// The part of an entry that can be erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The app user id the page was opened under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_user_id: Option<String>,
    /// The thing that was changed: an attribute's key, an entitlement, a person's e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The reason that the actor typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The network address of the client.
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
    /// The program itself, at a scheduled time.
    System,
    /// Somebody at the command line.
    Operator,
    ApiKey,
}

/// The request that led to it.
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

    /// Adds the customer it is about, and the id under which the page was opened.
    #[must_use]
    pub fn for_customer(mut self, customer: CustomerId, app_user_id: &str) -> Trace {
        self.customer = Some(customer);
        self.details.app_user_id = Some(app_user_id.to_owned());
        self
    }

    /// Adds the customer that the action erased. The details must not identify them.
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

    /// The holder of an API key.
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

    /// The name in the log.
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
