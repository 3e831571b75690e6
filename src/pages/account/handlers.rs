//! Name, preferences, password and sessions.

use std::sync::{Arc, OnceLock};

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::changed::Changed;
use super::page::AccountPage;
use crate::actions::{AccountDone, AccountForm, ActionContext, OwnAccount};
use crate::audit::{Action, Trace};
use crate::auth::device::Device;
use crate::auth::names::Name;
use crate::auth::password::{self, GuessedWords, Passwords};
use crate::auth::{LoggedIn, account, queries as people};
use crate::base::error::{Error, Refusal};
use crate::web::form::NoFields;
use crate::wording::Preferences;
use crate::wording::preferences::Theme;
use crate::wording::text::sentence;

type Outcome = Result<HttpResponse, Error>;

#[derive(Deserialize)]
pub struct NewName {
    name: String,
}

#[derive(Deserialize)]
pub struct NewPreferences {
    theme: String,
    zone: String,
}

#[derive(Deserialize)]
pub struct NewPassword {
    new_password: String,
}

#[derive(Deserialize)]
pub struct OneSession {
    session: String,
}

pub async fn rename(form: AccountForm<NewName>) -> Outcome {
    form.run::<AccountPage, _>("name", |action, draft| {
        let name = Name::parse(&draft.name).map_err(|why| Refusal::new("name", sentence(&why)))?;
        let person = &action.who.person;
        account::rename(action.conn, person.id, name.as_str())?;
        let trace = Trace::new(Action::NameChanged).before(&person.name).after(name.as_str());
        Ok(AccountDone::new(Some(trace), Changed::Name.shown(action)?))
    })
    .await
}

pub async fn choose_preferences(form: AccountForm<NewPreferences>) -> Outcome {
    form.run::<AccountPage, _>("preferences", |action, draft| {
        let preferences = preferences(&draft)?;
        account::set_preferences(action.conn, action.who.person.id, preferences)?;
        Ok(AccountDone::new(None, Changed::Preferences.shown(action)?))
    })
    .await
}

fn preferences(draft: &NewPreferences) -> Result<Preferences, Error> {
    let theme = Theme::parse(&draft.theme).ok_or_else(|| Refusal::new("theme", "Choose one of the three."))?;
    let zone = match draft.zone.as_str() {
        "" => None,
        name => Some(name.parse().map_err(|_| Refusal::new("zone", "Choose a place from the list."))?),
    };
    Ok(Preferences { theme, zone })
}

/// Ends every other session of the person. Of the browsers they have logged in with, only this one stays known.
pub async fn change_password(req: HttpRequest, form: AccountForm<NewPassword>, passwords: Data<Passwords>) -> Outcome {
    let typed = form.draft().new_password.clone();
    // Outside the transaction, because hashing is slow on purpose; after the proof, because nobody else may make it work.
    let hashed = async move {
        password::accept(&typed).map_err(refused)?;
        passwords.hash(typed).await
    };
    let changed = Arc::new(OnceLock::new());
    let account = changed.clone();
    let change = move |action: &mut ActionContext<'_, OwnAccount>, draft: NewPassword, hash: String| {
        let person = action.who.person.id;
        password::accept_for(&draft.new_password, &guessed_words(action.who)).map_err(refused)?;
        account::change_password(action.conn, person, &hash)?;
        let known = people::known_account(action.conn, person)?;
        account.get_or_init(|| known);
        Ok(AccountDone::new(Some(Trace::new(Action::PasswordChanged)), Changed::Password.shown(action)?))
    };
    let mut answer = form.run_after::<AccountPage, _, _>("password", hashed, change).await?;
    if let Some(account) = changed.get() {
        Device::of_request(&req)?.remember(&mut answer, *account)?;
    }
    Ok(answer)
}

fn refused(why: String) -> Refusal {
    Refusal::new("new_password", sentence(&why))
}

fn guessed_words(who: &LoggedIn) -> GuessedWords {
    let projects = who.projects.iter().flat_map(|(project, _)| [project.name.as_str(), project.slug.as_str()]);
    GuessedWords::new(&who.person.email, &who.person.name, projects)
}

pub async fn end_session(form: AccountForm<OneSession>) -> Outcome {
    form.run::<AccountPage, _>("sessions", |action, draft| {
        let is_row = draft.session.bytes().all(|letter| letter.is_ascii_hexdigit());
        let is_other = is_row && draft.session != action.request.session_row();
        match is_other && account::end_session(action.conn, action.who.person.id, &draft.session)? {
            true => Ok(AccountDone::new(
                Some(Trace::new(Action::SessionsEnded).after("1 session")),
                Changed::Session.shown(action)?,
            )),
            false => Err(Error::NotFound),
        }
    })
    .await
}

pub async fn end_others(form: AccountForm<NoFields>) -> Outcome {
    form.run::<AccountPage, _>("sessions", |action, _| {
        let ended = account::end_others(action.conn, action.who.person.id, action.request.session_row())?;
        let ended_in_words = format!("{ended} {}", if ended == 1 { "session" } else { "sessions" });
        let trace = (ended > 0).then(|| Trace::new(Action::SessionsEnded).after(ended_in_words));
        Ok(AccountDone::new(trace, Changed::Sessions.shown(action)?))
    })
    .await
}
