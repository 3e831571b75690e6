//! A request as it is stored.

use diesel::prelude::*;

use super::State;
use crate::audit::{Actor, ActorKind};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, PersonId, ProjectId, RequestId, RowId};
use crate::db::schema::requests;
use crate::events::Environment;
use crate::stores::{Order, OrderKind, Snapshot};

/// What somebody asked for, and how far it is.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = requests)]
pub struct Request {
    #[diesel(column_name = project_id)]
    pub project: ProjectId,
    pub id: RequestId,
    #[diesel(column_name = customer_id)]
    pub customer: CustomerId,
    pub kind: OrderKind,
    pub environment: Environment,
    /// The key of the purchase among those of the customer; empty when it is not about a purchase.
    pub purchase: String,
    /// The [`Order`], as JSON.
    terms: String,
    pub reason: Option<String>,
    pub state: State,
    pub state_at: Moment,
    pub asked_at: Moment,
    #[diesel(embed)]
    pub asker: Asker,
    #[diesel(column_name = decider_id)]
    pub decider: Option<PersonId>,
    /// How often it was sent.
    pub attempts: i64,
    pub sent_at: Option<Moment>,
    /// When it is looked at next; `None` when nothing happens by itself.
    pub due_at: Option<Moment>,
    pub lease_until: Option<Moment>,
    snapshot: Option<String>,
    /// The store's own number for what it did.
    pub reference: Option<String>,
    /// Our own event of what the store did.
    pub effect_event: Option<EventId>,
    /// The store's event of it.
    pub echo_event: Option<EventId>,
}

/// Who asked: a person with a role, or a key of the API with a name.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = requests)]
pub struct Asker {
    #[diesel(column_name = asker_kind)]
    pub kind: ActorKind,
    #[diesel(column_name = asker_id)]
    pub id: RowId,
    #[diesel(column_name = asker_role)]
    pub role: String,
}

/// A request that is stored now.
pub struct NewRequest<'a> {
    pub id: RequestId,
    pub customer: CustomerId,
    pub environment: Environment,
    pub purchase: &'a str,
    pub order: &'a Order,
    pub reason: Option<&'a str>,
    pub state: State,
    pub asker: &'a Asker,
    /// What may be open only once.
    pub open_as: String,
    /// The key by which a program makes a request once, and the hash of what the request says.
    pub once: Option<(&'a str, String)>,
    pub due_at: Moment,
}

impl Request {
    /// What the store is asked.
    ///
    /// # Errors
    /// When this version cannot read what another one stored.
    pub fn order(&self) -> Result<Order, serde_json::Error> {
        serde_json::from_str(&self.terms)
    }

    /// What the store showed before it was asked.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.snapshot.clone().unwrap_or_default())
    }

    /// Whether the store may have done it: it is open, known to be done, or counts as not done although it was sent.
    pub fn may_be_done(&self) -> bool {
        self.state.is_open() || self.is_done() || (self.state == State::Refused && self.sent_at.is_some())
    }

    pub fn is_done(&self) -> bool {
        self.state == State::Confirmed
    }

    /// Whether nothing happens by itself any more, and a person has to say what came of it.
    pub fn needs_person(&self) -> bool {
        self.state == State::Unknown && self.due_at.is_none()
    }
}

impl Asker {
    /// The one who acts; `None` for the program and for an operator, who ask no store.
    pub fn new(actor: &Actor) -> Option<Asker> {
        let is_someone = matches!(actor.kind, ActorKind::Person | ActorKind::ApiKey);
        let id = actor.id.filter(|_| is_someone)?;
        Some(Asker { kind: actor.kind, id, role: actor.role.clone() })
    }

    pub fn is_person(&self, person: PersonId) -> bool {
        self.kind == ActorKind::Person && self.id.0 == person.0
    }

    /// The actor under whose name the audit log has what comes of the request.
    pub fn actor(&self) -> Actor {
        Actor { kind: self.kind, id: Some(self.id), role: self.role.clone(), ..Actor::system() }
    }
}
