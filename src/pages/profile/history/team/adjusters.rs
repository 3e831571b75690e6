//! Who changed a balance by hand or by a key, and why: the event names nobody, the entry of the audit log about the same amount
//! at the same instant does. For those who may see what the team did.

use diesel::QueryResult;

use super::queries;
use crate::audit::Line;
use crate::base::Permission::ReadTeam;
use crate::base::clock::Moment;
use crate::db::Conn;
use crate::pages::profile::history::rows::Row;
use crate::pages::profile::history::wording::{BY_HAND, balance_changed};
use crate::pages::profile::visit::Visit;
use crate::wording::sentence::Sentence;

/// Adds them to the rows of such events. One query; none where no row is of such an event.
pub fn add<'a>(conn: &mut Conn, visit: &Visit, rows: impl Iterator<Item = &'a mut Row>) -> QueryResult<()> {
    let rows: Vec<&mut Row> = rows.filter(|row| row.lines.iter().any(|line| line.tail == BY_HAND)).collect();
    if rows.is_empty() || !visit.may(ReadTeam) {
        return Ok(());
    }
    let times: Vec<Moment> = rows.iter().map(|row| row.at).collect();
    let entries = queries::balances_changed(conn, visit.customer.id, &times)?;
    for row in rows {
        if let Some(entry) = entries.iter().find(|entry| is_of(entry, row)) {
            name(row, entry);
        }
    }
    Ok(())
}

/// Whether the entry is about the change that the row shows.
fn is_of(entry: &Line, row: &Row) -> bool {
    let said = entry.details().and_then(|details| {
        let (before, after) =
            (details.before.as_ref()?.parse::<i64>().ok()?, details.after.as_ref()?.parse::<i64>().ok()?);
        Some(balance_changed(after.saturating_sub(before), details.about.as_ref()?))
    });
    entry.entry.at == row.at && row.lines.iter().any(|line| said.as_ref() == Some(&line.verb))
}

fn name(row: &mut Row, entry: &Line) {
    row.lines.iter_mut().for_each(|line| line.tail.clear());
    row.facts.push(Sentence::new("by ").name(entry.who()));
    let reason = entry.details().and_then(|details| details.reason.as_deref());
    row.facts.extend(reason.map(super::rows::reason));
}
