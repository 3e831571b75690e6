//! Trying keys and connecting: what the page and the command line both do. The keys are tried before anything is stored.

use super::model::{Wanted, values};
use crate::audit::{Action, Ctx, Trace};
use crate::auth::api_keys;
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::base::ids::ProjectId;
use crate::db::Conn;
use crate::stores::revenuecat::{Checked, Connection, Findings, Keys, Upstream, check, queries};

/// A project that was just connected.
pub struct Connected {
    pub connection: Connection,
    pub trace: Trace,
}

/// Tries keys that are to be stored. It blocks.
///
/// # Errors
/// [`Refusal`] that names the field which is wrong and says what the other side said.
pub fn attempt(upstream: &Upstream, base_url: &str, project: &str, keys: &Keys) -> Result<Findings, Error> {
    match check(upstream, base_url, project, keys)? {
        Checked::WrongFirstKey(words, _) => {
            Err(Refusal::new("v1_key", format!("The key of version 1 is refused: {words}")).into())
        }
        other => usable(other, base_url, project),
    }
}

/// Tries the keys that are stored: that the one of the first version is refused is a finding like others. It blocks.
///
/// # Errors
/// [`Refusal`] when the project cannot be read with them.
pub fn try_again(upstream: &Upstream, connection: &Connection, keys: &Keys) -> Result<Findings, Error> {
    let (base_url, project) = (&connection.base_url, &connection.upstream_project);
    usable(check(upstream, base_url, project, keys)?, base_url, project)
}

fn usable(checked: Checked, base_url: &str, project: &str) -> Result<Findings, Error> {
    let wrong = |field: &'static str, sentence: String| Err(Refusal::new(field, sentence).into());
    match checked {
        Checked::Connected(findings) | Checked::WrongFirstKey(_, findings) => Ok(findings),
        Checked::Busy(words) => {
            wrong("base_url", format!("{base_url} is too busy to answer. Try again in a moment. It said: {words}"))
        }
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
    must_be_of_another(conn, ctx.project, &wanted.keys)?;
    let at = (wanted.project.as_str(), wanted.base_url.as_str());
    let mut connection = Connection::new(ctx.project, at, &wanted.keys, &conn.master_keys()?, ctx.now)?;
    connection.note(findings, ctx.now);
    queries::insert(conn, &connection)?;
    let trace = Trace::new(Action::ConnectionMade).about("RevenueCat").after(values(&connection).lines());
    Ok(Connected { connection, trace })
}

/// A project that asked itself would wait for its own answer.
fn must_be_of_another(conn: &mut Conn, project: ProjectId, keys: &Keys) -> Result<(), Error> {
    let own = api_keys::queries::find(conn, &api_keys::hash_of(&keys.v2))?.is_some_and(|key| key.project_id == project);
    match own {
        true => {
            Err(Refusal::new("v2_key", "This is a key of this very project, which cannot be connected to itself.")
                .into())
        }
        false => Ok(()),
    }
}

/// Gives a connection other keys; the former ones are forgotten.
///
/// # Errors
/// When they cannot be sealed, or the database fails.
pub fn replace_keys(
    conn: &mut Conn,
    mut connection: Connection,
    (keys, findings): (&Keys, &Findings),
    now: Moment,
) -> Result<Trace, Error> {
    must_be_of_another(conn, connection.project, keys)?;
    connection.set_keys(keys, &conn.master_keys()?, now)?;
    connection.note(findings, now);
    queries::update(conn, &connection)?;
    Ok(Trace::new(Action::ConnectionKeysReplaced).about("RevenueCat").after(values(&connection).lines()))
}
