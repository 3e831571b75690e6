//! The message about what somebody has just changed in their account. Nothing of it is stored: the address of the next
//! page names the change, with a mark that only this account has, so that no link of somebody else's shows a message that is not true.

use diesel::QueryResult;

use crate::actions::{ActionContext, OwnAccount};
use crate::auth::account;
use crate::base::ids::PersonId;
use crate::db::Conn;
use crate::web::form;

/// What somebody has changed in their account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Name,
    Preferences,
    Password,
    Session,
    Sessions,
    SecondFactorOff,
}

use Changed::{Name, Password, Preferences, SecondFactorOff, Session, Sessions};

impl Changed {
    const ALL: [Changed; 6] = [Name, Preferences, Password, Session, Sessions, SecondFactorOff];

    const fn name(self) -> &'static str {
        match self {
            Name => "name",
            Preferences => "preferences",
            Password => "password",
            Session => "session",
            Sessions => "sessions",
            SecondFactorOff => "factor-off",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Name => "Your name is changed.",
            Preferences => "Your preferences are saved.",
            Password => "Your password is changed, and you are logged out everywhere else.",
            Session => "That session has ended.",
            Sessions => "You are logged out everywhere else.",
            SecondFactorOff => "Your second factor is switched off.",
        }
    }

    /// The part of the page that shows what was changed.
    const fn fragment(self) -> &'static str {
        match self {
            Session | Sessions => "sessions",
            SecondFactorOff => "second-factor",
            Name | Preferences | Password => self.name(),
        }
    }

    /// The address of the page with the message about this change.
    pub fn shown(self, action: &mut ActionContext<'_, OwnAccount>) -> QueryResult<String> {
        let mark = account::mark(action.conn, action.who.person.id, self.name())?;
        Ok(format!("/account?done={}.{mark}#{}", self.name(), self.fragment()))
    }
}

/// The message about the change that the query names, if it has the mark of this account.
pub fn message(conn: &mut Conn, person: PersonId, query: &str) -> QueryResult<Option<&'static str>> {
    let done = form::field(query, "done").unwrap_or_default();
    let Some((name, mark)) = done.split_once('.') else { return Ok(None) };
    let Some(changed) = Changed::ALL.into_iter().find(|changed| changed.name() == name) else { return Ok(None) };
    Ok((account::mark(conn, person, name)? == mark).then(|| changed.message()))
}
