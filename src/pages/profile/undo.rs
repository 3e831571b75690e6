//! `POST C/undo`: undoes the action that the flash has just reported, within ten minutes. Undoing is itself an action.

use serde::{Deserialize, Serialize};

use super::acting::{Outcome, on_customer};
use super::subject::Subject;
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
    on_customer(act, "", |doing, subject, draft| {
        let undo = take_undo(doing.conn, doing.member, subject.customer.id, draft.submission, doing.ctx.now)?;
        match serde_json::from_str(&undo) {
            Ok(undo) => take_back(doing, subject, undo),
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    })
    .await
}

fn take_back(doing: &mut Doing<'_>, subject: &Subject, undo: Undo) -> Result<Done, Error> {
    match undo {
        Undo::Note(undo) => notes::undo(doing, subject, *undo),
        Undo::Attribute(undo) => attributes::undo(doing, subject, *undo),
        Undo::Offering(undo) => offering::undo(doing, subject, *undo),
        Undo::Grant(undo) => entitlements::undo(doing, subject, undo),
    }
}
