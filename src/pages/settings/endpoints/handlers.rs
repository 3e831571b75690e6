//! The actions on endpoints. An action that changes where data goes, or that cannot be undone, requires a fresh
//! authentication.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::add::{Added, add};
use super::model::{Authorization, Draft, Wanted, values};
use super::one::EndpointPage;
use super::page::ListPage;
use super::{one, page};
use crate::actions::{ActionContext, ActionForm, Done, ShownOnce};
use crate::audit::{Action, Trace};
use crate::auth::PageRequest;
use crate::base::allowlist::{Allowlist, NOT_ALLOWED};
use crate::base::config::Config;
use crate::base::error::{Error, Refusal};
use crate::base::ids::{DeliveryId, ProjectId};
use crate::db::{Conn, Db};
use crate::endpoints::queries::{self, EndpointWithTypes};
use crate::endpoints::{self, Endpoint, OVERLAP_HOURS, Secret, deliveries, resolves_to_allowed};
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

pub async fn create(form: ActionForm<Draft>, config: Data<Config>) -> Outcome {
    let allowlist = config.allowlist.clone();
    let is_allowed = is_allowed(&form, &allowlist).await?;
    let work = move |action: &mut ActionContext<'_>, draft: Draft| {
        let wanted = checked(&draft, &allowlist, is_allowed)?;
        let Added { endpoint, secret, trace } = add(action.conn, &action.ctx, &wanted)?;
        let shown = ShownOnce::new("endpoint-secret", &[("secret", &secret.shown()), ("name", &endpoint.name)]);
        let done = format!("The endpoint {} is added.", endpoint.name);
        Ok(Done::new(trace, done, page::address(action.who)).showing(shown))
    };
    form.run::<ListPage, _>("endpoint-new", work).await
}

pub async fn update(form: ActionForm<Draft>, config: Data<Config>) -> Outcome {
    let allowlist = config.allowlist.clone();
    let is_allowed = is_allowed(&form, &allowlist).await?;
    let dialog = format!("endpoint-edit.{}", form.parameter("endpoint")?);
    let work = move |action: &mut ActionContext<'_>, draft: Draft| {
        let (before, types) = named(action.conn, action.request, action.who.project.id)?;
        let wanted = checked(&draft, &allowlist, is_allowed)?;
        if draft.seen != values(&before, &types).version() {
            return Err(Refusal::stale().into());
        }
        let after = wanted.applied_to(before.clone(), &action.conn.master_keys()?)?;
        let (was, is) = difference((&before, &types), (&after, &wanted))?;
        queries::update(action.conn, &after, &wanted.types)?;
        let trace = Trace::new(Action::EndpointUpdated).about(&after.name).before(was).after(is);
        let to = one::address(action.who, after.id);
        if before.has_origin_of(&wanted.url) {
            return Ok(Done::new(trace, "The endpoint is changed.", to));
        }
        let shown = replace_at_once(action, &before, &after)?;
        Ok(Done::new(trace, MOVED, to).showing(shown))
    };
    form.run::<EndpointPage, _>(&dialog, work).await
}

/// What a change of an endpoint is, as lines before and after. The secrets are only mentioned.
fn difference(
    (before, types): (&Endpoint, &[String]),
    (after, wanted): (&Endpoint, &Wanted),
) -> Result<(String, String), Refusal> {
    let (was, is) = values(before, types).difference(&values(after, &wanted.types)).unwrap_or_default();
    let is_set_anew = matches!(wanted.authorization, Authorization::Set(_)) && before.authorization_value.is_some();
    let secrets = [
        is_set_anew.then_some("Authorization: another value"),
        (!before.has_origin_of(&wanted.url)).then_some("Signing secret: a new one"),
    ];
    let lines = Some(is.as_str()).filter(|is| !is.is_empty()).into_iter().chain(secrets.into_iter().flatten());
    match lines.collect::<Vec<_>>().join("\n") {
        is if is.is_empty() => Err(Refusal::new("", "Nothing differs from what is set already.")),
        is => Ok((was, is)),
    }
}

/// The message after a change of the origin.
const MOVED: &str = "The endpoint is changed, and has a new signing secret. It was shown once.";

/// Replaces the signing secret of an endpoint that got another origin. The former server knows the old secret and trusts what
/// it signs, so nothing that the new server gets is signed with it.
fn replace_at_once(action: &mut ActionContext<'_>, before: &Endpoint, after: &Endpoint) -> Result<ShownOnce, Error> {
    let secret = Secret::fresh()?;
    let sealed = before.seal(&action.conn.master_keys()?, &secret.0)?;
    queries::replace_secret(action.conn, before, &sealed, action.ctx.now, None)?;
    let lost = before.authorization_value.is_some() && after.authorization_value.is_none();
    let note = if lost { NO_VALUE } else { "" };
    Ok(ShownOnce::new("endpoint-secret", &[("secret", &secret.shown()), ("name", &after.name), ("note", note)]))
}

/// What the dialog with the new secret says as well, when the `Authorization` value went with the former origin.
const NO_VALUE: &str = "Its Authorization value is removed: it was for the server before.";

pub async fn delete(form: ActionForm<NoFields>) -> Outcome {
    let dialog = format!("endpoint-delete.{}", form.parameter("endpoint")?);
    let work = |action: &mut ActionContext<'_>, _| {
        let project = action.who.project.id;
        let (gone, types) = named(action.conn, action.request, project)?;
        queries::delete(action.conn, project, gone.id)?;
        let trace = Trace::new(Action::EndpointDeleted).about(&gone.name).before(values(&gone, &types).lines());
        Ok(Done::new(trace, format!("The endpoint {} is deleted.", gone.name), page::address(action.who)))
    };
    form.run::<EndpointPage, _>(&dialog, work).await
}

pub async fn switch(form: ActionForm<Switch>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, wanted: Switch| {
        let project = action.who.project.id;
        let (found, _) = named(action.conn, action.request, project)?;
        let is_on = wanted.on.is_some();
        if found.is_on == is_on {
            return Err(Refusal::new("", if is_on { "It is on already." } else { "It is off already." }).into());
        }
        queries::switch(action.conn, project, found.id, is_on)?;
        let (switched, message) = match is_on {
            true => (Action::EndpointEnabled, "Dossier sends events to it from now on, and those that waited."),
            false => (Action::EndpointDisabled, "Dossier sends nothing to it any more. Waiting events are kept."),
        };
        Ok(Done::new(Trace::new(switched).about(&found.name), message, one::address(action.who, found.id)))
    };
    form.run::<EndpointPage, _>("", work).await
}

pub async fn replace_secret(form: ActionForm<NoFields>) -> Outcome {
    let dialog = format!("endpoint-replace.{}", form.parameter("endpoint")?);
    let work = |action: &mut ActionContext<'_>, _| {
        let (before, _) = named(action.conn, action.request, action.who.project.id)?;
        let secret = Secret::fresh()?;
        let until = action.ctx.now.plus_seconds(OVERLAP_HOURS * 3600);
        let sealed = before.seal(&action.conn.master_keys()?, &secret.0)?;
        queries::replace_secret(action.conn, &before, &sealed, action.ctx.now, Some(until))?;
        let trace = Trace::new(Action::EndpointSecretReplaced).about(&before.name);
        let shown = ShownOnce::new("endpoint-secret", &[("secret", &secret.shown()), ("name", &before.name)]);
        let message = "The signing secret is replaced. The new one was shown once.";
        Ok(Done::new(trace, message, one::address(action.who, before.id)).showing(shown))
    };
    form.run::<EndpointPage, _>(&dialog, work).await
}

/// Queues a `TEST` event and waits a moment for its first attempt, so that the next page can show the result.
pub async fn test(form: ActionForm<NoFields>, db: Data<Db>) -> Outcome {
    let (send_queued, queued) = tokio::sync::oneshot::channel();
    let work = move |action: &mut ActionContext<'_>, _| {
        let project = action.who.project.id;
        let (found, _) = named(action.conn, action.request, project)?;
        if !found.is_on {
            return Err(Refusal::new("", "Switch the endpoint on first.").into());
        }
        let id = endpoints::enqueue_test(action.conn, &action.ctx, found.id)?;
        // The receiver is gone when the client has disconnected.
        let _ = send_queued.send((project, id));
        let trace = Trace::new(Action::EndpointTested).about(&found.name);
        let to = format!("{}#delivery-{id}", one::address(action.who, found.id));
        Ok(Done::new(trace, "A test event was queued. The result is shown below.", to))
    };
    let answer = form.run::<EndpointPage, _>("", work).await?;
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
pub async fn resend_failed(form: ActionForm<NoFields>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, _| {
        let project = action.who.project.id;
        let (found, _) = named(action.conn, action.request, project)?;
        let again = endpoints::resend_failed(action.conn, &action.ctx, found.id)?;
        if again == 0 {
            return Err(Refusal::new("", "No delivery was given up.").into());
        }
        let message = count(i64::try_from(again).unwrap_or(i64::MAX), "delivery", "deliveries");
        let trace = Trace::new(Action::WebhookResent).about(&found.name).after(message.clone());
        Ok(Done::new(trace, format!("{message} will be sent again."), one::address(action.who, found.id)))
    };
    form.run::<EndpointPage, _>("", work).await
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
async fn is_allowed(form: &ActionForm<Draft>, allowlist: &Allowlist) -> Result<bool, Error> {
    form.admit().await?;
    let (Ok(url), allowlist) = (allowlist.parse(&form.draft().url), allowlist.clone()) else { return Ok(true) };
    let lookup = tokio::task::spawn_blocking(move || resolves_to_allowed(&allowlist, &url));
    Ok(match tokio::time::timeout(LOOK_UP, lookup).await {
        Ok(Ok(is_allowed)) => is_allowed,
        Ok(Err(_)) | Err(_) => true,
    })
}
