//! Replacing the `Authorization` value, and ending the old one. Both require a fresh authentication.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::model::{Draft, Secret, overlap};
use super::queries;
use crate::actions::{Act, Doing, Done, ShownOnce};
use crate::audit::{Action, Trace};
use crate::base::clock::Moment;
use crate::base::config::Config;
use crate::base::error::{Error, Refusal};
use crate::pages::settings::overview;
use crate::web::form::NoFields;
use crate::wording::{text, times};

type Outcome = Result<HttpResponse, Error>;

pub async fn replace(act: Act<Draft>, config: Data<Config>) -> Outcome {
    let work = |doing: &mut Doing<'_>, draft: Draft| {
        let (project, now) = (doing.member.project.id, doing.ctx.now);
        let until = overlap(&draft.overlap, now).ok_or_else(|| Refusal::new("overlap", "Choose one of these."))?;
        let secret = chosen(&draft.value)?;
        let (hash, before) = (secret.hash(), queries::load(doing.conn, project)?);
        if hash == before.hash {
            return Err(Refusal::new("value", "That is the value already.").into());
        }
        queries::replace(doing.conn, project, (&hash, now), (&before.hash, until))?;
        let trace = Trace::new(Action::WebhookSecretReplaced).after(replaced_until(until));
        let shown = ShownOnce::new("webhook-secret", &[("value", secret.as_str()), ("old", &replaced_until(until))]);
        let done = "The Authorization value is replaced. The new one was shown once.";
        Ok(Done::new(trace, done, overview::address(doing.member)).showing(shown))
    };
    act.run("webhook-replace", overview::page(config), work).await
}

pub async fn end(act: Act<NoFields>, config: Data<Config>) -> Outcome {
    let work = |doing: &mut Doing<'_>, _| {
        let project = doing.member.project.id;
        let until = queries::load(doing.conn, project)?.overlap(doing.ctx.now);
        let until = until.ok_or_else(|| Refusal::new("", "The old value does not count any more."))?;
        queries::end_old(doing.conn, project)?;
        let trace = Trace::new(Action::WebhookSecretEnded).before(replaced_until(Some(until)));
        Ok(Done::new(trace, "The old Authorization value is ended.", overview::address(doing.member)))
    };
    act.run("webhook-end", overview::page(config), work).await
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
