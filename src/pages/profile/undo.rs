//! `POST C/undo`: undoes the action that the flash has just reported, within ten minutes. Undoing is itself an action.

use serde::{Deserialize, Serialize};

use super::acting::{Outcome, on_customer};
use super::visit::Visit;
use super::{attributes, entitlements, notes, offering};
use crate::actions::{Act, Doing, Done, take_undo};
use crate::base::error::Error;
use crate::base::ids::SubmissionId;

/// What each card needs to undo one of its actions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Undo {
    Note(Box<notes::Undo>),
    Attribute(Box<attributes::Undo>),
    Offering(Box<offering::Undo>),
    Grant(entitlements::Undo),
}

#[derive(Deserialize)]
pub struct Draft {
    submission: SubmissionId,
}

pub async fn undo(act: Act<Draft>) -> Outcome {
    on_customer(act, "", |doing, visit, draft| {
        let undo = take_undo(doing.conn, doing.member, visit.customer.id, draft.submission, doing.ctx.now)?;
        match serde_json::from_str(&undo) {
            Ok(undo) => take_back(doing, visit, undo),
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    })
    .await
}

fn take_back(doing: &mut Doing<'_>, visit: &Visit, undo: Undo) -> Result<Done, Error> {
    match undo {
        Undo::Note(undo) => notes::undo(doing, visit, *undo),
        Undo::Attribute(undo) => attributes::undo(doing, visit, *undo),
        Undo::Offering(undo) => offering::undo(doing, visit, *undo),
        Undo::Grant(undo) => entitlements::undo(doing, visit, undo),
    }
}
