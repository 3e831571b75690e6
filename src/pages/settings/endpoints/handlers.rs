//! The actions on endpoints. An action that changes where data goes, or that cannot be undone, requires a fresh
//! authentication.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::model::{Authorization, Draft, Wanted, values};
use super::{one, page};
use crate::actions::{Act, Doing, Done, ShownOnce};
use crate::audit::{Action, Trace};
use crate::auth::PageRequest;
use crate::base::allowlist::{Allowlist, NOT_ALLOWED};
use crate::base::config::Config;
use crate::base::error::{Error, Refusal};
use crate::base::ids::{DeliveryId, ProjectId};
use crate::db::{Conn, Db};
use crate::endpoints::queries::{self, EndpointWithTypes};
use crate::endpoints::{self, Endpoint, MOST, OVERLAP_HOURS, Secret, deliveries, resolves_to_allowed};
use crate::web::form::NoFields;
use crate::wording::text::count;

type Outcome = Result<HttpResponse, Error>;

/// `on` is present to switch the endpoint on, absent to switch it off.
#[derive(Deserialize)]
pub struct Switch {
    on: Option<String>,
}

/// How long the look-up of a host name may take.
const LOOK_UP: Duration = Duration::from_secs(5);

pub async fn create(act: Act<Draft>, config: Data<Config>) -> Outcome {
    let allowlist = config.allowlist.clone();
    let is_allowed = is_allowed(&act, &allowlist).await?;
    let work = move |doing: &mut Doing<'_>, draft: Draft| {
        let wanted = checked(&draft, &allowlist, is_allowed)?;
        if queries::all(doing.conn, doing.ctx.project)?.len() >= MOST {
            return Err(Refusal::new("", format!("A project has {MOST} endpoints at most.")).into());
        }
        let secret = Secret::fresh()?;
        let added = wanted.applied_to(Endpoint::new(&doing.ctx, secret.0.clone()));
        queries::insert(doing.conn, &added, &wanted.types)?;
        let trace = Trace::new(Action::EndpointCreated).about(&added.name).after(values(&added, &wanted.types).lines());
        let shown = ShownOnce::new("endpoint-secret", &[("secret", &secret.shown()), ("name", &added.name)]);
        let done = format!("The endpoint {} is added.", added.name);
        Ok(Done::new(trace, done, page::address(doing.member)).showing(shown))
    };
    act.run("endpoint-new", page::rendered, work).await
}

pub async fn update(act: Act<Draft>, config: Data<Config>) -> Outcome {
    let allowlist = config.allowlist.clone();
    let is_allowed = is_allowed(&act, &allowlist).await?;
    let dialog = format!("endpoint-edit.{}", act.parameter("endpoint")?);
    let work = move |doing: &mut Doing<'_>, draft: Draft| {
        let (before, types) = named(doing.conn, doing.request, doing.member.project.id)?;
        let wanted = checked(&draft, &allowlist, is_allowed)?;
        if draft.seen != values(&before, &types).version() {
            return Err(Refusal::stale().into());
        }
        let after = wanted.applied_to(before.clone());
        let (was, mut is) = values(&before, &types).difference(&values(&after, &wanted.types)).unwrap_or_default();
        if matches!(wanted.authorization, Authorization::Set(_)) && before.authorization_value.is_some() {
            is = [is.as_str(), "Authorization: another value"].join("\n").trim().to_owned();
        }
        if is.is_empty() {
            return Err(Refusal::new("", "Nothing differs from what is set already.").into());
        }
        queries::update(doing.conn, &after, &wanted.types)?;
        let trace = Trace::new(Action::EndpointUpdated).about(&after.name).before(was).after(is);
        Ok(Done::new(trace, "The endpoint is changed.", one::address(doing.member, after.id)))
    };
    act.run(&dialog, one::rendered, work).await
}

pub async fn delete(act: Act<NoFields>) -> Outcome {
    let dialog = format!("endpoint-delete.{}", act.parameter("endpoint")?);
    let work = |doing: &mut Doing<'_>, _| {
        let project = doing.member.project.id;
        let (gone, types) = named(doing.conn, doing.request, project)?;
        queries::delete(doing.conn, project, gone.id)?;
        let trace = Trace::new(Action::EndpointDeleted).about(&gone.name).before(values(&gone, &types).lines());
        Ok(Done::new(trace, format!("The endpoint {} is deleted.", gone.name), page::address(doing.member)))
    };
    act.run(&dialog, one::rendered, work).await
}

pub async fn switch(act: Act<Switch>) -> Outcome {
    let work = |doing: &mut Doing<'_>, wanted: Switch| {
        let project = doing.member.project.id;
        let (found, _) = named(doing.conn, doing.request, project)?;
        let is_on = wanted.on.is_some();
        if found.is_on == is_on {
            return Err(Refusal::new("", if is_on { "It is on already." } else { "It is off already." }).into());
        }
        queries::switch(doing.conn, project, found.id, is_on)?;
        let (action, message) = match is_on {
            true => (Action::EndpointEnabled, "Dossier sends events to it from now on, and those that waited."),
            false => (Action::EndpointDisabled, "Dossier sends nothing to it any more. Waiting events are kept."),
        };
        Ok(Done::new(Trace::new(action).about(&found.name), message, one::address(doing.member, found.id)))
    };
    act.run("", one::rendered, work).await
}

pub async fn replace_secret(act: Act<NoFields>) -> Outcome {
    let dialog = format!("endpoint-replace.{}", act.parameter("endpoint")?);
    let work = |doing: &mut Doing<'_>, _| {
        let (before, _) = named(doing.conn, doing.request, doing.member.project.id)?;
        let secret = Secret::fresh()?;
        let until = doing.ctx.now.plus_seconds(OVERLAP_HOURS * 3600);
        queries::replace_secret(doing.conn, &before, &secret.0, doing.ctx.now, until)?;
        let trace = Trace::new(Action::EndpointSecretReplaced).about(&before.name);
        let shown = ShownOnce::new("endpoint-secret", &[("secret", &secret.shown()), ("name", &before.name)]);
        let message = "The signing secret is replaced. The new one was shown once.";
        Ok(Done::new(trace, message, one::address(doing.member, before.id)).showing(shown))
    };
    act.run(&dialog, one::rendered, work).await
}

/// Queues a `TEST` event and waits a moment for its first attempt, so that the next page can show the result.
pub async fn test(act: Act<NoFields>, db: Data<Db>) -> Outcome {
    let (send_queued, queued) = tokio::sync::oneshot::channel();
    let work = move |doing: &mut Doing<'_>, _| {
        let project = doing.member.project.id;
        let (found, _) = named(doing.conn, doing.request, project)?;
        if !found.is_on {
            return Err(Refusal::new("", "Switch the endpoint on first.").into());
        }
        let id = endpoints::enqueue_test(doing.conn, &doing.ctx, found.id)?;
        // The receiver is gone when the client has disconnected.
        let _ = send_queued.send((project, id));
        let trace = Trace::new(Action::EndpointTested).about(&found.name);
        let to = format!("{}#delivery-{id}", one::address(doing.member, found.id));
        Ok(Done::new(trace, "A test event was queued. The result is shown below.", to))
    };
    let answer = act.run("", one::rendered, work).await?;
    if let Ok((project, delivery)) = queued.await {
        until_tried(&db, project, delivery).await?;
    }
    Ok(answer)
}

/// The time between two checks for the attempt of a test event, and the number of checks.
const CHECKS: (Duration, usize) = (Duration::from_millis(100), 30);

async fn until_tried(db: &Db, project: ProjectId, delivery: DeliveryId) -> Result<(), Error> {
    for _ in 0..CHECKS.1 {
        if db.read(move |conn| Ok::<_, Error>(deliveries::is_tried(conn, project, delivery)?)).await? {
            return Ok(());
        }
        tokio::time::sleep(CHECKS.0).await;
    }
    Ok(())
}

/// Queues every delivery again that was given up.
pub async fn resend_failed(act: Act<NoFields>) -> Outcome {
    let work = |doing: &mut Doing<'_>, _| {
        let project = doing.member.project.id;
        let (found, _) = named(doing.conn, doing.request, project)?;
        let again = endpoints::resend_failed(doing.conn, &doing.ctx, found.id)?;
        if again == 0 {
            return Err(Refusal::new("", "No delivery was given up.").into());
        }
        let message = count(i64::try_from(again).unwrap_or(i64::MAX), "delivery", "deliveries");
        let trace = Trace::new(Action::WebhookResent).about(&found.name).after(message.clone());
        Ok(Done::new(trace, format!("{message} will be sent again."), one::address(doing.member, found.id)))
    };
    act.run("", one::rendered, work).await
}

/// The endpoint that the path names.
pub fn named(conn: &mut Conn, request: &PageRequest, project: ProjectId) -> Result<EndpointWithTypes, Error> {
    let id = request.parameter("endpoint")?.parse().map_err(|_| Error::NotFound)?;
    queries::find(conn, project, id)?.ok_or(Error::NotFound)
}

fn checked(draft: &Draft, allowlist: &Allowlist, is_allowed: bool) -> Result<Wanted, Refusal> {
    let wanted = draft.parse(allowlist)?;
    if is_allowed { Ok(wanted) } else { Err(Refusal::new("url", NOT_ALLOWED)) }
}

/// Whether the host of the URL that was typed resolves to an address where deliveries may go. The look-up runs before
/// the transaction, because a name server can be slow. A URL that cannot be parsed or looked up in time counts as
/// allowed: the form and the connection check it again.
async fn is_allowed(act: &Act<Draft>, allowlist: &Allowlist) -> Result<bool, Error> {
    act.admit().await?;
    let (Ok(url), allowlist) = (allowlist.parse(&act.draft().url), allowlist.clone()) else { return Ok(true) };
    let lookup = tokio::task::spawn_blocking(move || resolves_to_allowed(&allowlist, &url));
    Ok(match tokio::time::timeout(LOOK_UP, lookup).await {
        Ok(Ok(is_allowed)) => is_allowed,
        Ok(Err(_)) | Err(_) => true,
    })
}
