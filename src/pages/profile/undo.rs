//! `POST C/undo`: undoes the action that the flash has just reported, within ten minutes. Undoing is itself an action.

use serde::{Deserialize, Serialize};

use super::acting::{Outcome, on_customer};
use super::subject::Subject;
use super::{attributes, entitlements, notes, offering};
use crate::actions::{ActionContext, ActionForm, Done, take_undo};
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

pub async fn undo(form: ActionForm<Draft>) -> Outcome {
    on_customer(form, "", |action, subject, draft| {
        let undo = take_undo(action.conn, action.who, subject.customer.id, draft.submission, action.ctx.now)?;
        match serde_json::from_str(&undo) {
            Ok(undo) => take_back(action, subject, undo),
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    })
    .await
}

fn take_back(action: &mut ActionContext<'_>, subject: &Subject, undo: Undo) -> Result<Done, Error> {
    match undo {
        Undo::Note(undo) => notes::undo(action, subject, *undo),
        Undo::Attribute(undo) => attributes::undo(action, subject, *undo),
        Undo::Offering(undo) => offering::undo(action, subject, *undo),
        Undo::Grant(undo) => entitlements::undo(action, subject, undo),
    }
}
