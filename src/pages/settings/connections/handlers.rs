//! The forms of the page. Keys are tried before the transaction, and only after the proof: a try calls another server.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::connect::{self, Connected, attempt, try_again};
use super::model::{Draft, Wanted, values};
use super::only_here as older;
use super::page::{ConnectionsPage, address};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::config::Config;
use crate::base::error::{Error, Refusal};
use crate::base::ids::ProjectId;
use crate::db::{Conn, Db};
use crate::operations::only_here;
use crate::operations::requests::{self, Unsent};
use crate::requests::held;
use crate::stores::revenuecat::{Connection, Findings, Keys, Upstream, queries, queue};
use crate::web::form::NoFields;

pub type Outcome = Result<HttpResponse, Error>;

pub async fn connect(form: ActionForm<Draft>, config: Data<Config>) -> Outcome {
    let (draft, allowlist) = (form.draft().clone(), config.allowlist.clone());
    form.admit().await?;
    let tried = async move {
        let wanted = draft.parse(&allowlist)?;
        let (upstream, trying) = (Upstream::new(allowlist), wanted.clone());
        let findings = blocking(move || attempt(&upstream, &trying.base_url, &trying.project, &trying.keys)).await?;
        Ok((wanted, findings))
    };
    let work = |action: &mut ActionContext<'_>, _: Draft, (wanted, findings): (Wanted, Findings)| {
        let Connected { trace, connection } = connect::connect(action.conn, &action.ctx, &wanted, &findings)?;
        let counts = older::counts(action.conn, &connection, action.ctx.now)?;
        let location = match counts.iter().find(|(_, number)| *number > 0) {
            Some((kind, _)) => format!("{}?kind={}", older::address(action.who), kind.as_str()),
            None => address(action.who),
        };
        Ok(Done::new(trace, "The project is connected to RevenueCat.", location))
    };
    form.run_after::<ConnectionsPage, _, _>("revenuecat-connect", tried, work).await
}

pub async fn replace_keys(form: ActionForm<Draft>, config: Data<Config>, db: Data<Db>) -> Outcome {
    let (draft, slug) = (form.draft().clone(), form.parameter("p")?);
    form.admit().await?;
    let upstream = Upstream::new(config.allowlist.clone());
    let tried = async move {
        let keys = draft.keys()?;
        let (before, trying) = (connected(&db, slug).await?, keys.clone());
        let findings =
            blocking(move || attempt(&upstream, &before.base_url, &before.upstream_project, &trying)).await?;
        Ok((keys, findings))
    };
    let work = |action: &mut ActionContext<'_>, _: Draft, (keys, findings): (Keys, Findings)| {
        let connection = named(action.conn, action.who.project.id)?;
        let trace = connect::replace_keys(action.conn, connection, (&keys, &findings), action.ctx.now)?;
        Ok(Done::new(trace, "The keys are replaced. The former ones are forgotten.", address(action.who)))
    };
    form.run_after::<ConnectionsPage, _, _>("revenuecat-keys", tried, work).await
}

pub async fn check(form: ActionForm<NoFields>, config: Data<Config>, db: Data<Db>) -> Outcome {
    let slug = form.parameter("p")?;
    form.admit().await?;
    let upstream = Upstream::new(config.allowlist.clone());
    let tried = async move {
        let before = connected(&db, slug).await?;
        let keys = before.keys(&db.master_keys()?)?;
        blocking(move || try_again(&upstream, &before, &keys)).await
    };
    let work = |action: &mut ActionContext<'_>, _: NoFields, findings: Findings| {
        let mut connection = named(action.conn, action.who.project.id)?;
        connection.note(&findings, action.ctx.now);
        queries::update(action.conn, &connection)?;
        let trace = Trace::new(Action::ConnectionChecked).about("RevenueCat");
        Ok(Done::new(trace, "The connection is checked.", address(action.who)))
    };
    form.run_after::<ConnectionsPage, _, _>("", tried, work).await
}

/// Lets a database act that is a copy of another, or was restored.
pub async fn resume(form: ActionForm<NoFields>) -> Outcome {
    form.run::<ConnectionsPage, _>("revenuecat-resume", |action, _| {
        let mut connection = named(action.conn, action.who.project.id)?;
        if connection.suspended_at.take().is_none() {
            return Err(Refusal::new("", "The connection is not suspended.").into());
        }
        queries::update(action.conn, &connection)?;
        held::release(action.conn, connection.project, Some(action.who.person.id), action.ctx.now)?;
        let trace = Trace::new(Action::ConnectionResumed).about("RevenueCat");
        Ok(Done::new(trace, "Dossier acts at RevenueCat again.", address(action.who)))
    })
    .await
}

/// What becomes of requests that were not sent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Parting {
    /// `withdraw` or `here`; empty where there are none.
    waiting: String,
}

pub async fn disconnect(form: ActionForm<Parting>) -> Outcome {
    form.run::<ConnectionsPage, _>("revenuecat-disconnect", |action, parting| {
        let gone = named(action.conn, action.who.project.id)?;
        let mut open = requests::open(action.conn, gone.project)?;
        let unsent = parting.unsent(open.unsent.is_empty())?;
        queries::delete(action.conn, gone.project)?;
        queue::clear(action.conn, gone.project)?;
        only_here::forget(action.conn, gone.project)?;
        if gone.suspended_at.is_some() {
            // A copy reads what came of them: the original may have sent them.
            open.sent.clear();
            held::release(action.conn, gone.project, None, action.ctx.now)?;
        }
        requests::part(action.conn, &action.ctx, open, unsent)?;
        let trace = Trace::new(Action::ConnectionEnded).about("RevenueCat").before(values(&gone).lines());
        Ok(Done::new(trace, "The project only takes webhooks now. Its keys are forgotten.", address(action.who)))
    })
    .await
}

impl Parting {
    /// # Errors
    /// [`Refusal`] when nobody has said what becomes of them.
    fn unsent(&self, are_none: bool) -> Result<Unsent, Refusal> {
        match self.waiting.as_str() {
            "here" => Ok(Unsent::CarriedOutHere),
            "withdraw" => Ok(Unsent::TakenBack),
            _ if are_none => Ok(Unsent::TakenBack),
            _ => Err(Refusal::new("waiting", "Say what becomes of them.")),
        }
    }
}

/// The connection of the project with this slug.
async fn connected(db: &Data<Db>, slug: String) -> Result<Connection, Error> {
    db.read(move |conn| {
        let project = crate::auth::queries::project_id(conn, &slug)?.ok_or(Error::NotFound)?;
        named(conn, project)
    })
    .await
}

/// The connection of a project that is connected.
pub fn named(conn: &mut Conn, project: ProjectId) -> Result<Connection, Error> {
    let missing = || Refusal::new("", "The project is not connected to RevenueCat.");
    Ok(queries::find(conn, project)?.ok_or_else(missing)?)
}

async fn blocking<R: Send + 'static>(work: impl FnOnce() -> Result<R, Error> + Send + 'static) -> Result<R, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::Unavailable(error.to_string())))
}
