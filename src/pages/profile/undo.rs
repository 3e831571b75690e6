//! `POST C/undo`: undoes the action that the flash has just reported, within ten minutes. Undoing is itself an action.

use serde::{Deserialize, Serialize};

use super::acting::{Outcome, on_customer};
use super::subject::Subject;
use crate::actions::{ActionContext, ActionForm, Done, take_undo};
use crate::base::error::Error;
use crate::base::ids::SubmissionId;

/// Declares [`Undo`]: the cards whose actions can be undone, each with its module.
macro_rules! undo {
    ($($variant:ident: $card:ident,)+) => {
        /// What each card needs to undo one of its actions.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub enum Undo {
            $($variant(Box<super::$card::Undo>),)+
        }

        fn take_back(action: &mut ActionContext<'_>, subject: &Subject, undo: Undo) -> Result<Done, Error> {
            match undo {
                $(Undo::$variant(undo) => super::$card::undo(action, subject, *undo),)+
            }
        }
    };
}

undo! {
    Note: notes,
    Attribute: attributes,
    Offering: offering,
    Grant: entitlements,
    Currency: currencies,
    Asked: asking,
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
