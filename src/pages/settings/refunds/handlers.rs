//! Changing the settings about refunds.

use actix_web::HttpResponse;

use super::model::{Draft, RefundSettings};
use super::queries;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::pages::settings::overview;
use crate::pages::settings::overview::Overview;

/// Who may refund alone is decided here, so a change requires a fresh authentication.
pub async fn update(form: ActionForm<Draft>) -> Result<HttpResponse, Error> {
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let project = action.who.project.id;
        let members = queries::roles(action.conn, project)?;
        let (before, after) = (queries::load(action.conn, project)?, RefundSettings::parse(&draft, &members)?);
        if draft.seen != before.values().version() {
            return Err(Refusal::stale().into());
        }
        let unchanged = || Refusal::new("", "Nothing differs from what is set already.");
        let (was, is) = before.values().difference(&after.values()).ok_or_else(unchanged)?;
        queries::update(action.conn, project, &after)?;
        let trace = Trace::new(Action::ProjectUpdated).before(was).after(is);
        Ok(Done::new(trace, "The settings about refunds are changed.", overview::address(action.who)))
    };
    form.run::<Overview, _>("refunds-edit", work).await
}
