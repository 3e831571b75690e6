//! The actions of the page's forms.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::super::changed::Changed;
use super::page::FactorPage;
use crate::actions::{AccountDone, AccountForm, ActionContext, OwnAccount, ShownOnce};
use crate::audit::{Action, Trace};
use crate::auth::next;
use crate::auth::second_factor::{RecoveryCode, Secret, queries};
use crate::base::error::{Error, Refusal};

type Outcome = Result<HttpResponse, Error>;

#[derive(Deserialize)]
pub struct Draft {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Confirmation {
    code: String,
    #[serde(default)]
    next: String,
}

/// Makes a secret and shows it, for the only time. The log-in asks for it only once a code has proved that it arrived.
pub async fn begin(form: AccountForm<Draft>) -> Outcome {
    form.run::<FactorPage, _>("begin", |action, draft| {
        must_be(action, false)?;
        queries::begin(action.conn, action.who.person.id, &Secret::fresh()?, action.request.now)?;
        Ok(AccountDone::showing(None, ShownOnce::new("confirm", &[("next", next::path(&draft.next))])))
    })
    .await
}

pub async fn confirm(form: AccountForm<Confirmation>) -> Outcome {
    form.count_code().await?;
    form.run::<FactorPage, _>("confirm", |action, typed| {
        must_be(action, false)?;
        let (person, now) = (action.who.person.id, action.request.now);
        if !queries::is_begun(action.conn, person, now)? {
            let over = format!("Its {} minutes are over. Begin again, with a new secret.", queries::PENDING_MINUTES);
            return Err(Refusal::new("", over).into());
        }
        if !queries::spend(action.conn, person, &typed.code, now)? {
            let wrong = "That is not the code of this moment. Wait for the next one; the phone's clock must be right.";
            return Err(Refusal::new("code", wrong).into());
        }
        queries::switch_on(action.conn, person, now)?;
        let shown = fresh_codes(action, &typed.next)?;
        Ok(AccountDone::showing(Some(Trace::new(Action::SecondFactorEnabled)), shown))
    })
    .await
}

pub async fn replace_codes(form: AccountForm<Draft>) -> Outcome {
    form.run::<FactorPage, _>("codes", |action, draft| {
        must_be(action, true)?;
        let shown = fresh_codes(action, &draft.next)?;
        Ok(AccountDone::showing(Some(Trace::new(Action::RecoveryCodesReplaced)), shown))
    })
    .await
}

pub async fn switch_off(form: AccountForm<Draft>) -> Outcome {
    form.run::<FactorPage, _>("off", |action, _| {
        must_be(action, true)?;
        queries::switch_off(action.conn, action.who.person.id)?;
        Ok(AccountDone::new(Some(Trace::new(Action::SecondFactorDisabled)), Changed::SecondFactorOff.shown(action)?))
    })
    .await
}

/// Refuses a form when the second factor was switched on or off in another window meanwhile.
fn must_be(action: &mut ActionContext<'_, OwnAccount>, is_on: bool) -> Result<(), Error> {
    let now = queries::on_since(action.conn, action.who.person.id)?.is_some();
    let why = if now { "Your second factor is on already." } else { "Your second factor is off already." };
    if now == is_on { Ok(()) } else { Err(Refusal::new("", why).into()) }
}

fn fresh_codes(action: &mut ActionContext<'_, OwnAccount>, next: &str) -> Result<ShownOnce, Error> {
    let codes = RecoveryCode::fresh()?;
    queries::replace_codes(action.conn, action.who.person.id, &codes)?;
    let shown = codes.iter().map(RecoveryCode::shown).collect::<Vec<_>>().join(" ");
    Ok(ShownOnce::new("shown", &[("codes", &shown), ("next", next::path(next))]))
}
