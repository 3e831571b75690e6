//! Asking the store of a purchase.

use super::draft::{CancelDraft, ExtendDraft, Parsed, RefundDraft, ResumeDraft};
use crate::actions::{ActionContext, ActionForm, Done};
use crate::base::error::{Error, Problem, Refusal};
use crate::events::Environment;
use crate::operations::requests::{self, Ask, RefusalKind, Wish};
use crate::pages::profile::acting::{Outcome, on_customer};
use crate::pages::profile::asking::{IF_AWAY, REFUSE};
use crate::pages::profile::page::ProfilePage;
use crate::pages::profile::subject::Subject;
use crate::pages::request_line::title;
use crate::stores::ActionKind;

pub async fn refund(form: ActionForm<RefundDraft>) -> Outcome {
    ask(form, ActionKind::Refund, |action, draft| {
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

pub async fn cancel(form: ActionForm<CancelDraft>) -> Outcome {
    ask(form, ActionKind::Cancel, |_, draft| Ok(draft.parse())).await
}

pub async fn resume(form: ActionForm<ResumeDraft>) -> Outcome {
    ask(form, ActionKind::Resume, |_, draft| Ok(draft.parse())).await
}

pub async fn extend(form: ActionForm<ExtendDraft>) -> Outcome {
    ask(form, ActionKind::Extend, |_, draft| Ok(draft.parse())).await
}

/// Stores what is asked; it is sent at once.
async fn ask<T: Send + 'static>(
    form: ActionForm<T>,
    kind: ActionKind,
    parse: impl FnOnce(&mut ActionContext<'_>, T) -> Result<Parsed, Error> + Send + 'static,
) -> Outcome {
    let dialog = dialog_of(&form.parameter("x")?, kind);
    on_customer(form, &dialog, move |action, subject, draft| {
        let (wish, reason) = parse(action, draft)??;
        store(action, subject, wish, reason)
    })
    .await
}

fn store(action: &mut ActionContext<'_>, subject: &Subject, wish: Wish, reason: Option<String>) -> Result<Done, Error> {
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
        waits: action.typed(IF_AWAY) != Some(REFUSE),
    };
    let asked = ask.store(action.conn, &action.ctx)?.map_err(refused)?;
    let what = title(&asked.order.wanted);
    let message = match &asked.waits_because {
        Some(why) => format!("{what}: asked for. {why} Nothing is sent before."),
        None => format!("{what}: asked of {}.", asked.order.asked_of()),
    };
    let trace = asked.trace.ok_or_else(|| Error::Internal("a form has no key of its own".into()))?;
    action.asked.get_or_init(|| (action.ctx.project, asked.request));
    Ok(Done::new(trace, message, subject.at("entitlements")))
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
