//! Changing the settings.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::model::Draft;
use super::queries;
use crate::actions::{Act, Doing, Done};
use crate::audit::{Action, Trace};
use crate::base::config::Config;
use crate::base::error::{Error, Refusal};
use crate::pages::settings::overview;

/// The settings include who may delete customers, so a change requires a fresh authentication.
pub async fn update(act: Act<Draft>, config: Data<Config>) -> Result<HttpResponse, Error> {
    let work = |doing: &mut Doing<'_>, draft: Draft| {
        let project = doing.member.project.id;
        let before = queries::load(doing.conn, project)?;
        let after = before.parse(&draft)?;
        if draft.seen != before.values().version() {
            return Err(Refusal::stale().into());
        }
        let unchanged = || Refusal::new("", "Nothing differs from what is set already.");
        let (was, is) = before.values().difference(&after.values()).ok_or_else(unchanged)?;
        queries::update(doing.conn, project, &after)?;
        let trace = Trace::new(Action::ProjectUpdated).before(was).after(is);
        Ok(Done::new(trace, "The settings are changed.", overview::address(doing.member)))
    };
    act.run("project-edit", overview::page(config), work).await
}
