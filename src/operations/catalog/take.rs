//! Taking over what was read, all of it or what somebody chose.

use std::collections::BTreeSet;

use crate::audit::{Action, Ctx, Trace};
use crate::base::error::Error;
use crate::catalog::comparison::{Change, Difference, read, write};
use crate::db::Conn;
use crate::stores::revenuecat::catalog::Found;

/// How many things the audit log names one by one.
const NAMED: usize = 200;

/// What was taken over.
#[derive(Debug)]
pub struct Taken {
    /// `12 products added`
    pub words: String,
    pub trace: Trace,
}

/// Takes over what differs now from what was read, only the things at these `places` or all. `None` when nothing differs. The project
/// is locked.
///
/// # Errors
/// When the database fails.
pub fn take(
    conn: &mut Conn,
    ctx: &Ctx,
    found: &Found,
    places: Option<&BTreeSet<usize>>,
) -> Result<Option<Taken>, Error> {
    let mut difference = Difference::between(&read(conn, ctx.project)?, &found.items);
    if let Some(places) = places {
        difference.only(places);
    }
    let Some(words) = difference.words() else { return Ok(None) };
    write(conn, ctx.project, &difference.changes)?;
    let trace = Trace::new(Action::CatalogTaken).about("RevenueCat").after(listed(&words, &difference.changes));
    Ok(Some(Taken { words, trace }))
}

/// What was done, for the audit log: a line for each thing.
fn listed(words: &str, changes: &[Change]) -> String {
    let line = |change: &Change| {
        let key = &change.after.key;
        let how = if change.is_new { "added" } else { "changed" };
        format!("{} {} {} {how}", key.kind().name(), key.identifier(), key.within_words())
    };
    let named = changes.iter().take(NAMED).map(line);
    let more = (changes.len() > NAMED).then(|| "…".to_owned());
    std::iter::once(words.to_owned()).chain(named).chain(more).collect::<Vec<_>>().join("\n")
}
