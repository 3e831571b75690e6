//! The context of a change, which every operation takes along.

use super::Actor;
use crate::base::clock::Moment;
use crate::base::ids::{Ids, ProjectId};

/// On whose behalf something is done, in which project, and when.
#[derive(Debug, Clone)]
pub struct Ctx {
    pub project: ProjectId,
    pub ids: Ids,
    pub now: Moment,
    pub actor: Actor,
}

impl Ctx {
    pub fn new(project: ProjectId, ids: &Ids, now: Moment, actor: Actor) -> Ctx {
        Ctx { project, ids: ids.clone(), now, actor }
    }

    /// For what Dossier does itself.
    pub fn system(project: ProjectId, ids: &Ids, now: Moment) -> Ctx {
        Ctx::new(project, ids, now, Actor::system())
    }

    /// For what somebody does at the command line.
    pub fn operator(project: ProjectId, ids: &Ids, now: Moment) -> Ctx {
        Ctx::new(project, ids, now, Actor::operator())
    }

    /// An id for a new row.
    pub fn next_id<Id: From<i64>>(&self) -> Id {
        self.ids.next(self.now)
    }
}
