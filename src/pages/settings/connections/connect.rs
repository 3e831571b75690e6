//! Trying keys and connecting: what the page and the command line both do. The keys are tried before anything is stored.

use super::model::{Wanted, values};
use crate::audit::{Action, Ctx, Trace};
use crate::base::error::{Error, Refusal};
use crate::db::Conn;
use crate::stores::revenuecat::{Checked, Connection, Findings, Keys, Upstream, check, queries};

/// A project that was just connected.
pub struct Connected {
    pub connection: Connection,
    pub trace: Trace,
}

/// Tries the keys at the other side. It blocks.
///
/// # Errors
/// [`Refusal`] that names the field which is wrong and says what the other side said.
pub fn attempt(upstream: &Upstream, base_url: &str, project: &str, keys: &Keys) -> Result<Findings, Error> {
    let wrong = |field: &'static str, sentence: String| Err(Refusal::new(field, sentence).into());
    match check(upstream, base_url, project, keys)? {
        Checked::Connected(findings) => Ok(findings),
        Checked::NoApi(words) => wrong("base_url", format!("{base_url} does not answer as RevenueCat's API. {words}")),
        Checked::WrongKey(words) => wrong("v2_key", format!("The key of version 2 is refused: {words}")),
        Checked::Swapped => wrong("v2_key", "The two keys are swapped: the one of version 1 opens version 2.".into()),
        Checked::WrongProject(words) => {
            wrong("project", format!("The key does not open the project {project}: {words}"))
        }
    }
}

/// Stores the connection of a project that has none.
///
/// # Errors
/// [`Refusal`] when it has one.
pub fn connect(conn: &mut Conn, ctx: &Ctx, wanted: &Wanted, findings: &Findings) -> Result<Connected, Error> {
    if queries::find(conn, ctx.project)?.is_some() {
        return Err(Refusal::new("", "The project is connected already. Disconnect it first.").into());
    }
    let at = (wanted.project.as_str(), wanted.base_url.as_str());
    let mut connection = Connection::new(ctx.project, at, &wanted.keys, &conn.master_keys()?, ctx.now)?;
    connection.note(findings, ctx.now);
    queries::insert(conn, &connection)?;
    let trace = Trace::new(Action::ConnectionMade).about("RevenueCat").after(values(&connection).lines());
    Ok(Connected { connection, trace })
}
