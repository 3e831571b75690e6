//! Name, preferences, password and sessions.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::page::rendered;
use crate::actions::{Kept, Own};
use crate::audit::{Action, Trace};
use crate::auth::names::Name;
use crate::auth::password::{self, Passwords};
use crate::auth::{account, queries as people};
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

pub async fn rename(own: Own<NewName>) -> Outcome {
    own.run("name", rendered, |owner, draft| {
        let name = Name::parse(&draft.name).map_err(|why| Refusal::new("name", sentence(&why)))?;
        let person = &owner.logged_in.person;
        account::rename(owner.conn, person.id, name.as_str())?;
        let trace = Trace::new(Action::NameChanged).before(&person.name).after(name.as_str());
        Ok(Kept::new(Some(trace), "/account?done=name#name"))
    })
    .await
}

pub async fn choose_preferences(own: Own<NewPreferences>) -> Outcome {
    own.run("preferences", rendered, |owner, draft| {
        let preferences = preferences(&draft)?;
        account::set_preferences(owner.conn, owner.logged_in.person.id, preferences)?;
        Ok(Kept::new(None, "/account?done=preferences#preferences"))
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
pub async fn change_password(own: Own<NewPassword>, passwords: Data<Passwords>) -> Outcome {
    let typed = own.draft().new_password.clone();
    // Outside the transaction: hashing is slow on purpose.
    let hash = passwords.hash(typed.clone()).await?;
    own.run("password", rendered, move |owner, _| {
        let person = &owner.logged_in.person;
        let accepted = password::accept_for(&typed, &person.email, &person.name);
        accepted.map_err(|why| Refusal::new("new_password", sentence(&why)))?;
        people::set_password(owner.conn, person.id, &hash)?;
        account::end_others(owner.conn, person.id, "")?;
        Ok(Kept::new(Some(Trace::new(Action::PasswordChanged)), "/account?done=password#password"))
    })
    .await
}

pub async fn end_session(own: Own<OneSession>) -> Outcome {
    own.run("sessions", rendered, |owner, draft| {
        let is_row = draft.session.bytes().all(|letter| letter.is_ascii_hexdigit());
        let is_other = is_row && draft.session != owner.request.session_row();
        match is_other && account::end_session(owner.conn, owner.logged_in.person.id, &draft.session)? {
            true => Ok(Kept::new(
                Some(Trace::new(Action::SessionsEnded).after("1 session")),
                "/account?done=session#sessions",
            )),
            false => Err(Error::NotFound),
        }
    })
    .await
}

pub async fn end_others(own: Own<NoFields>) -> Outcome {
    own.run("sessions", rendered, |owner, _| {
        let ended = account::end_others(owner.conn, owner.logged_in.person.id, owner.request.session_row())?;
        let ended_in_words = format!("{ended} {}", if ended == 1 { "session" } else { "sessions" });
        let trace = (ended > 0).then(|| Trace::new(Action::SessionsEnded).after(ended_in_words));
        Ok(Kept::new(trace, "/account?done=sessions#sessions"))
    })
    .await
}
