//! Undoing a change of a balance: a change back, as long as the balance allows it. What happened to the balance in between
//! stays.

use serde::{Deserialize, Serialize};

use super::handlers::carry_out;
use crate::actions::{ActionContext, Done};
use crate::base::Permission::AdjustBalances;
use crate::base::error::{Error, Refusal};
use crate::events::Environment;
use crate::pages::profile::subject::Subject;
use crate::wording::text;

/// A change that was made, which is what [`undo`] needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Undo {
    pub environment: Environment,
    pub code: String,
    pub change: i64,
}

pub fn undo(action: &mut ActionContext<'_>, subject: &Subject, made: Undo) -> Result<Done, Error> {
    action.permit(AdjustBalances)?;
    let code = text::visible(&made.code);
    let back = Undo { change: made.change.saturating_neg(), ..made };
    let (trace, after) = carry_out(action, subject, &back).map_err(|error| match error {
        // It has no dialog with a field: the page shows it in its corner.
        Error::Refused(refusal) => {
            let why: Vec<String> = refusal.problems.into_iter().map(|problem| problem.sentence).collect();
            Refusal::new("", format!("It cannot be undone. {}", why.join(" "))).into()
        }
        error => error,
    })?;
    let message = format!("The change is taken back. The balance is {after} {code}.");
    Ok(Done::new(trace.because(Some("undone".into())), message, subject.at("currencies")))
}
