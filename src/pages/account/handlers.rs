//! Name, preferences, password and sessions.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::page::AccountPage;
use crate::actions::{AccountDone, AccountForm};
use crate::audit::{Action, Trace};
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
        Ok(AccountDone::new(Some(trace), "/account?done=name#name"))
    })
    .await
}

pub async fn choose_preferences(form: AccountForm<NewPreferences>) -> Outcome {
    form.run::<AccountPage, _>("preferences", |action, draft| {
        let preferences = preferences(&draft)?;
        account::set_preferences(action.conn, action.who.person.id, preferences)?;
        Ok(AccountDone::new(None, "/account?done=preferences#preferences"))
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

/// Ends every other session of the person.
pub async fn change_password(form: AccountForm<NewPassword>, passwords: Data<Passwords>) -> Outcome {
    let typed = form.draft().new_password.clone();
    // Outside the transaction: hashing is slow on purpose.
    let hash = passwords.hash(typed.clone()).await?;
    form.run::<AccountPage, _>("password", move |action, _| {
        let person = &action.who.person;
        let accepted = password::accept_for(&typed, &guessed_words(action.who));
        accepted.map_err(|why| Refusal::new("new_password", sentence(&why)))?;
        people::set_password(action.conn, person.id, &hash)?;
        account::end_others(action.conn, person.id, "")?;
        Ok(AccountDone::new(Some(Trace::new(Action::PasswordChanged)), "/account?done=password#password"))
    })
    .await
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
                "/account?done=session#sessions",
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
        Ok(AccountDone::new(trace, "/account?done=sessions#sessions"))
    })
    .await
}
