//! Making and revoking keys, changing their role, and answering for them.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::dialog::SERVER;
use super::page::{KeysPage, address};
use crate::actions::{ActionContext, ActionForm, Done, ShownOnce};
use crate::audit::{Action, Trace};
use crate::auth::api_keys::{self, Holder, Line, Maker, NewKey, Platform, Value, platform_of, queries};
use crate::base::Permission::ManageSecretKeys;
use crate::base::Role;
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

#[derive(Deserialize)]
pub struct NewRole {
    #[serde(default)]
    role: String,
}

pub async fn make(form: ActionForm<Draft>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, draft: Draft| {
        let name = api_keys::name(&draft.name).map_err(|why| Refusal::new("name", sentence(&why)))?;
        let for_whom = ForWhom::parse(&draft.kind)?;
        let (platform, holder) = (for_whom.platform(), for_whom.holder());
        if holder.role().is_some() {
            action.permit(ManageSecretKeys)?;
        }
        let value = chosen(draft.value.trim(), platform)?;
        if queries::is_known(action.conn, &value.hash())? {
            return Err(Refusal::new("value", "This key is in use already, or was revoked. Choose another one.").into());
        }
        let new = NewKey {
            project: action.who.project.id,
            id: action.ctx.next_id(),
            name: &name,
            holder,
            made_by: Maker::Person { id: action.who.person.id, name: &action.who.person.name },
        };
        queries::insert(action.conn, &new, &value, action.ctx.now)?;
        let after = [Some(value.hint()), holder.role().map(|role| role.name().to_owned())];
        let after = after.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let trace = Trace::new(Action::ApiKeyCreated).about(&name).after(after);
        let shown = ShownOnce::new("key-shown", &[("key", value.as_str()), ("name", &name), ("for", &draft.kind)]);
        Ok(Done::new(trace, format!("The key of {name} was shown once."), address(action.who)).showing(shown))
    };
    form.run::<KeysPage, _>("key-make", work).await
}

pub async fn revoke(form: ActionForm<NoFields>) -> Outcome {
    let dialog = format!("key-revoke.{}", form.parameter("key")?);
    let work = |action: &mut ActionContext<'_>, _| {
        let line = line_of(action)?;
        action.permit(line.managed_by())?;
        if !queries::revoke(action.conn, action.who.project.id, line.id, action.ctx.now)? {
            return Err(Refusal::new("", "This key is revoked already.").into());
        }
        let trace = Trace::new(Action::ApiKeyRevoked).about(&line.name).before(&line.hint);
        Ok(Done::new(trace, format!("The key of {} is revoked.", line.name), address(action.who)))
    };
    form.run::<KeysPage, _>(&dialog, work).await
}

pub async fn change_role(form: ActionForm<NewRole>) -> Outcome {
    let dialog = format!("key-role.{}", form.parameter("key")?);
    let work = |action: &mut ActionContext<'_>, draft: NewRole| {
        let line = line_of(action)?;
        let role = Role::parse(&draft.role).ok_or_else(|| Refusal::new("role", "Choose one of the four roles."))?;
        let before = line.role.ok_or_else(|| Refusal::new("", "A public key has no role."))?;
        if before == role {
            return Err(Refusal::new("role", "That is the role already.").into());
        }
        if !queries::set_role(action.conn, action.who.project.id, line.id, role)? {
            return Err(Refusal::new("", "This key is revoked.").into());
        }
        let trace = Trace::new(Action::ApiKeyRoleChanged).about(&line.name).before(before.name()).after(role.name());
        Ok(Done::new(trace, format!("The key of {} has the role {role} now.", line.name), address(action.who)))
    };
    form.run::<KeysPage, _>(&dialog, work).await
}

/// Makes the admin answer for the key of somebody who may no longer make such keys.
pub async fn keep(form: ActionForm<NoFields>) -> Outcome {
    let dialog = format!("key-keep.{}", form.parameter("key")?);
    let work = |action: &mut ActionContext<'_>, _| {
        let (line, project) = (line_of(action)?, action.who.project.id);
        if !line.is_to_review(&queries::members_of(action.conn, project)?) {
            return Err(Refusal::new("", "Somebody answers for this key already.").into());
        }
        queries::set_owner(action.conn, project, line.id, action.who.person.id)?;
        let trace = Trace::new(Action::ApiKeyKept).about(&line.name);
        Ok(Done::new(trace, format!("You answer for the key of {}.", line.name), address(action.who)))
    };
    form.run::<KeysPage, _>(&dialog, work).await
}

/// The key that the path names.
fn line_of(action: &mut ActionContext<'_>) -> Result<Line, Error> {
    let id: KeyId = action.request.parameter("key")?.parse().map_err(|_| Error::NotFound)?;
    let all = queries::list(action.conn, action.who.project.id)?;
    all.into_iter().find(|line| line.id == id).ok_or(Error::NotFound)
}

/// Who is to hold a key.
enum ForWhom {
    App(Platform),
    Server(Role),
}

impl ForWhom {
    fn parse(typed: &str) -> Result<ForWhom, Refusal> {
        let found = match typed.split_once('.') {
            Some((SERVER, role)) => Role::parse(role).map(ForWhom::Server),
            _ => platform_of(typed).map(ForWhom::App),
        };
        found.ok_or_else(|| Refusal::new("for", "Choose what the key is for."))
    }

    fn platform(&self) -> Option<Platform> {
        match self {
            ForWhom::App(platform) => Some(*platform),
            ForWhom::Server(_) => None,
        }
    }

    fn holder(&self) -> Holder<'static> {
        match self {
            ForWhom::App(platform) => Holder::App { store: platform.store },
            ForWhom::Server(role) => Holder::Server(*role),
        }
    }
}

fn chosen(typed: &str, platform: Option<Platform>) -> Result<Value, Error> {
    match typed {
        "" => Value::fresh(platform),
        typed => Value::parse(typed, platform).map_err(|why| Refusal::new("value", sentence(&why)).into()),
    }
}
