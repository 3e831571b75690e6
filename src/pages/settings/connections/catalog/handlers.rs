//! The forms of the catalog. RevenueCat is read by a thread of its own, which goes on when nobody waits for it any more.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use tokio::sync::oneshot;

use super::page::{ComparisonPage, address};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::base::ids::ProjectId;
use crate::operations::catalog::{self, Comparer};
use crate::pages::settings::connections::handlers::{Outcome, named};
use crate::pages::settings::connections::page::{self, ConnectionsPage};
use crate::stores::revenuecat::Urgency;
use crate::web::form::NoFields;

/// How long the answer waits for the comparison: with a small catalog, the page shows at once what differs.
const WAIT: Duration = Duration::from_millis(2_000);

/// Has the catalog at RevenueCat read.
pub async fn compare(form: ActionForm<NoFields>, comparer: Data<Comparer>) -> Result<HttpResponse, Error> {
    let asked: Arc<OnceLock<ProjectId>> = Arc::default();
    let slot = asked.clone();
    let work = move |action: &mut ActionContext<'_>, _: NoFields| {
        let connection = named(action.conn, action.who.project.id)?;
        if connection.suspended_at.is_some() {
            return Err(Refusal::new("", "The connection is suspended: let this database act first.").into());
        }
        catalog::ask(action.conn, connection.project, action.ctx.now)?;
        slot.get_or_init(|| connection.project);
        let trace = Trace::new(Action::CatalogCompared).about("RevenueCat");
        Ok(Done::new(trace, "The catalog is compared with RevenueCat's.", address(action.who)))
    };
    let answer = form.run::<ConnectionsPage, _>("", work).await?;
    if let Some(project) = asked.get() {
        read(&comparer, *project).await;
    }
    Ok(answer)
}

/// Reads the catalog on a thread of its own; returns when it is read, or after a short while.
async fn read(comparer: &Comparer, project: ProjectId) {
    let (comparer, (done, is_done)) = (comparer.clone(), oneshot::channel());
    std::thread::spawn(move || {
        if let Err(error) = comparer.read(project, Urgency::Person, &|| false) {
            tracing::warn!(cause = error.cause(), "a catalog could not be compared; the background jobs try again");
        }
        done.send(()).unwrap_or_default();
    });
    drop(tokio::time::timeout(WAIT, is_done).await);
}

#[derive(Deserialize)]
pub struct Chosen {
    /// The version of what the person saw.
    seen: i64,
    /// `all`, or only what is ticked.
    scope: String,
}

/// Takes over what was read, all or what is ticked.
pub async fn take(form: ActionForm<Chosen>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, chosen: Chosen| {
        let project = named(action.conn, action.who.project.id)?.project;
        let (found, at) = catalog::found(action.conn, project)?.ok_or_else(Refusal::stale)?;
        if at.millis() != chosen.seen {
            let words = "RevenueCat's catalog was read again meanwhile. Look at what differs now.";
            return Err(Refusal { is_stale: true, ..Refusal::new("", words) }.into());
        }
        let ticked: BTreeSet<usize> = action.typed_all("take").filter_map(|place| place.parse().ok()).collect();
        let is_all = chosen.scope == "all";
        if !is_all && ticked.is_empty() {
            return Err(Refusal::new("", "Nothing is ticked.").into());
        }
        let taken = catalog::take(action.conn, &action.ctx, &found, (!is_all).then_some(&ticked))?;
        let taken = taken.ok_or_else(|| Refusal::new("", "Nothing of it differs any more."))?;
        Ok(Done::new(taken.trace, format!("{}.", taken.words), address(action.who)))
    };
    form.run::<ComparisonPage, _>("take", work).await
}

#[derive(Deserialize)]
pub struct Step {
    /// `on` or `off`.
    to: String,
}

/// Switches on or off that the catalog is kept in step.
pub async fn keep_in_step(form: ActionForm<Step>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, step: Step| {
        let connection = named(action.conn, action.who.project.id)?;
        let is_on = step.to == "on";
        if connection.catalog_in_step == is_on {
            return Err(Refusal::stale().into());
        }
        catalog::keep_in_step(action.conn, connection.project, is_on, action.ctx.now)?;
        let word = |is_on| if is_on { "kept in step" } else { "taken over by hand" };
        let trace = Trace::new(Action::CatalogStepChanged).before(word(!is_on)).after(word(is_on));
        let message = match is_on {
            true => "The catalog is kept in step with RevenueCat's.",
            false => "The catalog changes only when somebody takes it over.",
        };
        Ok(Done::new(trace, message, format!("{}#catalog", page::address(action.who))))
    };
    form.run::<ConnectionsPage, _>("revenuecat-step", work).await
}
