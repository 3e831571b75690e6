//! Keeping a catalog in step: what differs is taken over by the program, each thing with its entry in the audit log.

use super::{Comparer, comparison};
use crate::audit::{self, Action, Ctx, Trace};
use crate::base::error::Error;
use crate::base::ids::ProjectId;
use crate::catalog::comparison::{Change, Difference, Kind, read, write};
use crate::db::Conn;
use crate::stores::revenuecat::catalog::Found;
use crate::stores::revenuecat::queries;

/// How many things are written in one transaction.
const BATCH: usize = 500;

/// Takes over all that differs, a batch after the other, and notes what was done.
///
/// # Errors
/// When the database fails.
pub fn follow(
    comparer: &Comparer,
    project: ProjectId,
    found: &Found,
    is_stopping: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let (db, clock) = (&comparer.service.db, &comparer.service.clock);
    let most = found.items.len() / BATCH + 1;
    let mut words: Option<String> = None;
    for _ in 0..most {
        let ctx = Ctx::system(project, &comparer.ids, clock.now());
        let difference = db.write_here(|conn| batch(conn, &ctx, found))?;
        let Some(difference) = difference else { return Ok(()) };
        words = words.or_else(|| difference.words());
        if difference.changes.len() <= BATCH || is_stopping() {
            break;
        }
    }
    let words = words.unwrap_or_else(|| "Nothing differed.".into());
    db.write_here(|conn| Ok::<_, Error>(comparison::note_done(conn, project, &words, clock.now())?))
}

/// Takes over the first things that differ. Returns all that differed; `None` when the catalog is not to be kept in step any more.
fn batch(conn: &mut Conn, ctx: &Ctx, found: &Found) -> Result<Option<Difference>, Error> {
    conn.lock_project(ctx.project)?;
    let connection = queries::find(conn, ctx.project)?;
    if !connection.is_some_and(|known| known.catalog_in_step && known.suspended_at.is_none()) {
        return Ok(None);
    }
    let difference = Difference::between(&read(conn, ctx.project)?, &found.items);
    let first = difference.changes.get(..BATCH).unwrap_or(&difference.changes);
    write(conn, ctx.project, first)?;
    first.iter().try_for_each(|change| audit::append(conn, ctx, trace(change)))?;
    Ok(Some(difference))
}

fn trace(change: &Change) -> Trace {
    let key = &change.after.key;
    let action = match (key.kind(), change.is_new) {
        (Kind::Product, true) => Action::ProductCreated,
        (Kind::Product, false) => Action::ProductUpdated,
        (Kind::Entitlement, true) => Action::EntitlementCreated,
        (Kind::Entitlement, false) => Action::EntitlementUpdated,
        (Kind::Offering, true) => Action::OfferingCreated,
        (Kind::Offering, false) => Action::OfferingUpdated,
        (Kind::Package, true) => Action::PackageCreated,
        (Kind::Package, false) => Action::PackageUpdated,
    };
    let about = match key.kind() {
        Kind::Package => format!("{} {}", key.identifier(), key.within_words()),
        Kind::Product | Kind::Entitlement | Kind::Offering => key.identifier().to_owned(),
    };
    let (before, after) = change.texts();
    let because = Some("as at RevenueCat, with which the catalog is kept in step".to_owned());
    Trace::new(action).about(about).before(before).after(after).because(because)
}
