//! A step of a request.

use diesel::prelude::*;

use super::State;
use crate::base::clock::Moment;
use crate::base::ids::{PersonId, RequestId};
use crate::db::schema::request_steps;

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = request_steps)]
pub struct Step {
    #[diesel(column_name = request_id)]
    pub request: RequestId,
    pub at: Moment,
    /// The state since then.
    pub state: State,
    /// Who did it; `None` for the program.
    #[diesel(column_name = person_id)]
    pub person: Option<PersonId>,
    /// What the other side said, or why; empty if nothing.
    pub words: String,
}
