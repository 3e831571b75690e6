//! Making and revoking keys. Both require a fresh authentication.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::dialog::SERVER;
use super::page::{KeysPage, address};
use crate::actions::{ActionContext, ActionForm, Done, ShownOnce};
use crate::audit::{Action, Trace};
use crate::auth::api_keys::{self, NewKey, Platform, Value, platform_of, queries};
use crate::base::error::{Error, Refusal};
use crate::base::ids::KeyId;
use crate::web::form::NoFields;
use crate::wording::text::sentence;

type Outcome = Result<HttpResponse, Error>;

#[derive(Deserialize)]
pub struct Draft {
    #[serde(default)]
    name: String,
    /// A store, or [`SERVER`].
    #[serde(default, rename = "for")]
    kind: String,
    /// A chosen key; empty for one made at random.
    #[serde(default)]
    value: String,
}

pub async fn make(form: ActionForm<Draft>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let name = api_keys::name(&draft.name).map_err(|why| Refusal::new("name", sentence(&why)))?;
        let platform = platform(&draft.kind)?;
        let value = chosen(draft.value.trim(), platform)?;
        if queries::is_known(action.conn, &value.hash())? {
            return Err(Refusal::new("value", "This key is in use already, or was revoked. Choose another one.").into());
        }
        let new = NewKey {
            project: action.who.project.id,
            id: action.ctx.next_id(),
            name: &name,
            store: platform.map(|platform| platform.store),
            created_by: &action.who.person.name,
        };
        queries::insert(action.conn, &new, &value, action.ctx.now)?;
        let trace = Trace::new(Action::ApiKeyCreated).about(&name).after(value.hint());
        let shown = ShownOnce::new("key-shown", &[("key", value.as_str()), ("name", &name), ("for", &draft.kind)]);
        Ok(Done::new(trace, format!("The key of {name} was shown once."), address(action.who)).showing(shown))
    };
    form.run::<KeysPage, _>("key-make", work).await
}

pub async fn revoke(form: ActionForm<NoFields>) -> Outcome {
    let dialog = format!("key-revoke.{}", form.parameter("key")?);
    let work = |action: &mut ActionContext<'_>, _| {
        let id: KeyId = action.request.parameter("key")?.parse().map_err(|_| Error::NotFound)?;
        let project = action.who.project.id;
        let line =
            queries::list(action.conn, project)?.into_iter().find(|line| line.id == id).ok_or(Error::NotFound)?;
        if !queries::revoke(action.conn, project, id, action.ctx.now)? {
            return Err(Refusal::new("", "This key is revoked already.").into());
        }
        let trace = Trace::new(Action::ApiKeyRevoked).about(&line.name).before(&line.hint);
        Ok(Done::new(trace, format!("The key of {} is revoked.", line.name), address(action.who)))
    };
    form.run::<KeysPage, _>(&dialog, work).await
}

/// The platform of an app; `None` for a server.
fn platform(typed: &str) -> Result<Option<Platform>, Refusal> {
    match typed {
        SERVER => Ok(None),
        store => platform_of(store).map(Some).ok_or_else(|| Refusal::new("for", "Choose what the key is for.")),
    }
}

fn chosen(typed: &str, platform: Option<Platform>) -> Result<Value, Error> {
    match typed {
        "" => Value::fresh(platform),
        typed => Value::parse(typed, platform).map_err(|why| Refusal::new("value", sentence(&why)).into()),
    }
}
