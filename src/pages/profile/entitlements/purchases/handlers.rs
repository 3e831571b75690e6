//! Asking the store of a purchase.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::draft::{CancelDraft, ExtendDraft, Parsed, RefundDraft, ResumeDraft};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::base::error::{Error, Problem, Refusal};
use crate::events::Environment;
use crate::operations::requests::{self, Ask, RefusalKind, Wish, Worker};
use crate::pages::profile::acting::{Outcome, on_customer};
use crate::pages::profile::page::ProfilePage;
use crate::pages::profile::subject::Subject;
use crate::pages::request_line::title;
use crate::requests::queries::Key;
use crate::stores::{self, ActionKind};
use crate::web::shared;

/// How long the answer to a form waits for the store: with a quick one, the page shows what came of it at once.
const WAIT: Duration = Duration::from_millis(1_500);

pub async fn refund(form: ActionForm<RefundDraft>, req: HttpRequest) -> Outcome {
    ask(form, req, ActionKind::Refund, |action, draft| {
        let rules = super::refund::Rules::load(action.conn, action.ctx.project)?;
        Ok(draft.parse(rules.needs_reason))
    })
    .await
}

/// `POST C/purchases/{x}/refund/preview`: the dialog again, with a preview of its choices.
pub async fn preview_refund(form: ActionForm<RefundDraft>) -> Outcome {
    let dialog = dialog_of(&form.parameter("x")?, ActionKind::Refund);
    form.preview::<ProfilePage>(&dialog).await
}

/// `POST C/purchases/{x}/cancel/preview`, as [`preview_refund`].
pub async fn preview_cancel(form: ActionForm<CancelDraft>) -> Outcome {
    let dialog = dialog_of(&form.parameter("x")?, ActionKind::Cancel);
    form.preview::<ProfilePage>(&dialog).await
}

/// `POST C/purchases/{x}/extend/preview`, as [`preview_refund`].
pub async fn preview_extend(form: ActionForm<ExtendDraft>) -> Outcome {
    let dialog = dialog_of(&form.parameter("x")?, ActionKind::Extend);
    form.preview::<ProfilePage>(&dialog).await
}

pub async fn cancel(form: ActionForm<CancelDraft>, req: HttpRequest) -> Outcome {
    ask(form, req, ActionKind::Cancel, |_, draft| Ok(draft.parse())).await
}

pub async fn resume(form: ActionForm<ResumeDraft>, req: HttpRequest) -> Outcome {
    ask(form, req, ActionKind::Resume, |_, draft| Ok(draft.parse())).await
}

pub async fn extend(form: ActionForm<ExtendDraft>, req: HttpRequest) -> Outcome {
    ask(form, req, ActionKind::Extend, |_, draft| Ok(draft.parse())).await
}

/// Stores what is asked and sends it at once. The answer does not wait long for the store: the page follows by itself.
async fn ask<T: Send + 'static>(
    form: ActionForm<T>,
    req: HttpRequest,
    kind: ActionKind,
    parse: impl FnOnce(&mut ActionContext<'_>, T) -> Result<Parsed, Error> + Send + 'static,
) -> Outcome {
    let worker: Data<Worker> = shared(&req)?;
    let dialog = dialog_of(&form.parameter("x")?, kind);
    let asked: Arc<OnceLock<Key>> = Arc::default();
    let slot = asked.clone();
    let answer = on_customer(form, &dialog, move |action, subject, draft| {
        let (wish, reason) = parse(action, draft)??;
        let (key, done) = store(action, subject, wish, reason)?;
        slot.get_or_init(|| key);
        Ok(done)
    })
    .await?;
    if let Some(key) = asked.get() {
        worker.look_now(*key, WAIT).await;
    }
    Ok(answer)
}

fn store(
    action: &mut ActionContext<'_>,
    subject: &Subject,
    wish: Wish,
    reason: Option<String>,
) -> Result<(Key, Done), Error> {
    let (environment, purchase) = named(action.request.parameter("x")?).ok_or(Error::NotFound)?;
    let ask = Ask {
        customer: subject.customer.id,
        environment,
        purchase: &purchase,
        wish,
        reason,
        role: subject.role,
        once: None,
        may_wait: true,
    };
    let asked = ask.store(action.conn, &action.ctx)?.map_err(refused)?;
    let what = title(&asked.order.wanted);
    let message = match &asked.waits_because {
        Some(why) => format!("{what}: asked for. {why} Nothing is sent before."),
        None => format!("{what}: asked of {}.", stores::spoken(asked.order.store.as_ref())),
    };
    let trace = asked.trace.ok_or_else(|| Error::Internal("a form has no key of its own".into()))?;
    let done = Done::new(trace, message, subject.at("entitlements"));
    Ok(((action.ctx.project, asked.request), done))
}

/// The environment and the key of the purchase in an address.
pub fn named(x: &str) -> Option<(Environment, String)> {
    let (environment, key) = x.split_once('.')?;
    Some((Environment::parse_stored(environment)?, key.to_owned()))
}

/// The dialog of the form that was sent to an address.
fn dialog_of(x: &str, kind: ActionKind) -> String {
    let key = x.split_once('.').map_or("", |(_, key)| key);
    format!("{}.{key}", kind.name())
}

fn refused(refusal: requests::Refusal) -> Error {
    match refusal {
        requests::Refusal::NoSuchPurchase => Error::NotFound,
        refusal => {
            let problem = Problem { field: refusal.field(), sentence: refusal.words() };
            Refusal { problems: vec![problem], is_stale: refusal.kind() == RefusalKind::Conflict }.into()
        }
    }
}
