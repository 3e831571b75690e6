//! Replacing the `Authorization` value, and ending the old one. Both require a fresh authentication.

use actix_web::HttpResponse;

use super::model::{Draft, Secret, overlap};
use super::queries::{self, Replacement};
use crate::actions::{ActionContext, ActionForm, Done, ShownOnce};
use crate::audit::{Action, Trace};
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::pages::settings::overview;
use crate::pages::settings::overview::Overview;
use crate::web::form::NoFields;
use crate::wording::{text, times};

type Outcome = Result<HttpResponse, Error>;

pub async fn replace(form: ActionForm<Draft>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let (project, now) = (action.who.project.id, action.ctx.now);
        let until = overlap(&draft.overlap, now).ok_or_else(|| Refusal::new("overlap", "Choose one of these."))?;
        let secret = chosen(&draft.value)?;
        let (hash, before) = (secret.hash(), queries::load(action.conn, project)?);
        if hash == before.hash {
            return Err(Refusal::new("value", "That is the value already.").into());
        }
        let new = Replacement { hash: &hash, old_hash: &before.hash, old_until: until };
        queries::replace(action.conn, project, &new, now)?;
        let trace = Trace::new(Action::WebhookSecretReplaced).after(replaced_until(until));
        let shown = ShownOnce::new("webhook-secret", &[("value", secret.as_str()), ("old", &replaced_until(until))]);
        let done = "The Authorization value is replaced. The new one was shown once.";
        Ok(Done::new(trace, done, overview::address(action.who)).showing(shown))
    };
    form.run::<Overview, _>("webhook-replace", work).await
}

pub async fn end(form: ActionForm<NoFields>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, _| {
        let project = action.who.project.id;
        let until = queries::load(action.conn, project)?.overlap(action.ctx.now);
        let until = until.ok_or_else(|| Refusal::new("", "The old value does not count any more."))?;
        queries::end_old(action.conn, project)?;
        let trace = Trace::new(Action::WebhookSecretEnded).before(replaced_until(Some(until)));
        Ok(Done::new(trace, "The old Authorization value is ended.", overview::address(action.who)))
    };
    form.run::<Overview, _>("webhook-end", work).await
}

fn chosen(typed: &str) -> Result<Secret, Error> {
    match typed {
        "" => Secret::fresh(),
        typed => Secret::parse(typed).map_err(|why| Refusal::new("value", text::sentence(&why)).into()),
    }
}

fn replaced_until(until: Option<Moment>) -> String {
    until.map_or_else(
        || "The old value does not count any more.".to_owned(),
        |until| format!("The old value counts until {}.", times::to_the_second(until)),
    )
}
