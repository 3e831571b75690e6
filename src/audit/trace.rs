//! What an action reports to the audit log: what was done, to which customer, the values before and after, and why.

use serde::{Deserialize, Serialize};

use super::{Action, Positions};
use crate::base::ids::{CustomerId, KeyId, PersonId, RowId};

/// What one action did. A closure that changes something must return a trace, so every change gets an entry.
#[derive(Debug, Clone)]
pub struct Trace {
    pub action: Action,
    /// The customer that the action is about; `None` if it is about the project or a person, or erased the customer.
    pub customer: Option<CustomerId>,
    /// The id of the customer's row that the action erased. The entry holds it, as earlier entries about the customer
    /// do.
    pub erased: Option<CustomerId>,
    /// The positions of the entries whose details the action took.
    pub erases: Positions,
    pub details: Details,
}

/// The part of an entry that can be erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The App User ID under which the actor opened the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_user_id: Option<String>,
    /// What the action changed: an attribute's key, an entitlement, a person's e-mail address.
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

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub kind: ActorKind,
    /// The id of the person's row or of the key's; `None` for the program and for an operator.
    pub id: Option<RowId>,
    /// The person's role at that time, or the key's name; empty for the program and for an operator.
    pub role: String,
    /// The request by which they act; empty without one.
    pub origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    Person,
    /// Dossier itself, at a scheduled time.
    System,
    /// Somebody at the command line.
    Operator,
    ApiKey,
}

/// A request, as the audit log records it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The request's reference in the program's log; empty without a request.
    pub request: String,
    /// The client's network address; `None` for API keys and without a request.
    pub address: Option<String>,
}

impl Trace {
    pub fn new(action: Action) -> Trace {
        Trace { action, customer: None, erased: None, erases: Positions::default(), details: Details::default() }
    }

    /// Adds the customer that the action is about, and the App User ID under which the actor opened the page.
    #[must_use]
    pub fn for_customer(mut self, customer: CustomerId, app_user_id: &str) -> Trace {
        self.customer = Some(customer);
        self.details.app_user_id = Some(app_user_id.to_owned());
        self
    }

    /// Adds the customer that the action erased. The details must not identify that customer.
    #[must_use]
    pub fn of_erased(mut self, customer: CustomerId) -> Trace {
        self.erased = Some(customer);
        self
    }

    /// Adds the positions of the entries whose details the action took. The entry lists them.
    #[must_use]
    pub fn erasing(self, erases: Positions) -> Trace {
        Trace { erases, ..self }
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
    pub fn person(id: PersonId, role: &str) -> Actor {
        Actor::new(ActorKind::Person, Some(RowId(id.0)), role)
    }

    /// A program that uses the API key with this id and name.
    pub fn api_key(id: KeyId, name: &str) -> Actor {
        Actor::new(ActorKind::ApiKey, Some(RowId(id.0)), name)
    }

    pub fn system() -> Actor {
        Actor::new(ActorKind::System, None, "")
    }

    pub fn operator() -> Actor {
        Actor::new(ActorKind::Operator, None, "")
    }

    fn new(kind: ActorKind, id: Option<RowId>, role: &str) -> Actor {
        Actor { kind, id, role: role.to_owned(), origin: Origin::default() }
    }

    /// Adds the request by which the actor acts.
    #[must_use]
    pub fn with_origin(self, origin: Origin) -> Actor {
        Actor { origin, ..self }
    }
}

impl ActorKind {
    pub const ALL: [ActorKind; 4] = [ActorKind::Person, ActorKind::System, ActorKind::Operator, ActorKind::ApiKey];

    /// The name in the log: `api_key`.
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
