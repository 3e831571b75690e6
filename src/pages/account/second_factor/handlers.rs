//! The actions of the page's forms.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::page::rendered;
use crate::actions::{Kept, Own, Owner, ShownOnce};
use crate::audit::{Action, Trace};
use crate::auth::next;
use crate::auth::second_factor::{RecoveryCode, Secret, queries};
use crate::base::config::Config;
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

/// Makes a secret and shows it. The log-in asks for it only once a code has proved that it arrived.
pub async fn begin(own: Own<Draft>, config: Data<Config>) -> Outcome {
    own.run("begin", rendered(&config), |owner, draft| {
        must_be(owner, false)?;
        queries::begin(owner.conn, owner.logged_in.person.id, &Secret::fresh()?)?;
        Ok(Kept::new(None, "").showing(ShownOnce::new("confirm", &[("next", next::path(&draft.next))])))
    })
    .await
}

pub async fn confirm(own: Own<Confirmation>, config: Data<Config>) -> Outcome {
    own.run("confirm", rendered(&config), |owner, typed| {
        must_be(owner, false)?;
        let (person, now) = (owner.logged_in.person.id, owner.now);
        if !queries::spend(owner.conn, person, &typed.code, now)? {
            let wrong = "That is not the code of this moment. Wait for the next one; the phone's clock must be right.";
            return Err(Refusal::new("code", wrong).into());
        }
        queries::switch_on(owner.conn, person, now)?;
        let shown = fresh_codes(owner, &typed.next)?;
        Ok(Kept::new(Some(Trace::new(Action::SecondFactorEnabled)), "").showing(shown))
    })
    .await
}

pub async fn replace_codes(own: Own<Draft>, config: Data<Config>) -> Outcome {
    own.run("codes", rendered(&config), |owner, draft| {
        must_be(owner, true)?;
        let shown = fresh_codes(owner, &draft.next)?;
        Ok(Kept::new(Some(Trace::new(Action::RecoveryCodesReplaced)), "").showing(shown))
    })
    .await
}

pub async fn switch_off(own: Own<Draft>, config: Data<Config>) -> Outcome {
    own.run("off", rendered(&config), |owner, _| {
        must_be(owner, true)?;
        queries::switch_off(owner.conn, owner.logged_in.person.id)?;
        Ok(Kept::new(Some(Trace::new(Action::SecondFactorDisabled)), "/account?done=factor-off#second-factor"))
    })
    .await
}

/// Refuses a form when the second factor was switched on or off in another window meanwhile.
fn must_be(owner: &mut Owner<'_>, is_on: bool) -> Result<(), Error> {
    let now = queries::on_since(owner.conn, owner.logged_in.person.id)?.is_some();
    let why = if now { "Your second factor is on already." } else { "Your second factor is off already." };
    if now == is_on { Ok(()) } else { Err(Refusal::new("", why).into()) }
}

fn fresh_codes(owner: &mut Owner<'_>, next: &str) -> Result<ShownOnce, Error> {
    let codes = RecoveryCode::fresh()?;
    queries::replace_codes(owner.conn, owner.logged_in.person.id, &codes)?;
    let shown = codes.iter().map(RecoveryCode::shown).collect::<Vec<_>>().join(" ");
    Ok(ShownOnce::new("shown", &[("codes", &shown), ("next", next::path(next))]))
}
