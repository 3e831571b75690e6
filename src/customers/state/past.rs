//! How a customer was at a moment of the past: the same fold, over the events that count then. It begins at the last
//! checkpoint before, so it does not grow with the history.

use diesel::QueryResult;

use super::load::Loaded;
use super::member::Totals;
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::AsOf;
use crate::db::Conn;
use crate::projection::Purchase;

/// What followed from a customer's events.
#[derive(Debug, Default)]
pub struct Past {
    /// All purchases, of both environments.
    pub purchases: Vec<Purchase>,
    pub totals: Totals,
}

/// How a customer was. Writes and locks nothing.
pub fn as_of(conn: &mut Conn, project: ProjectId, customer: CustomerId, as_of: AsOf) -> QueryResult<Past> {
    let mut then = Loaded::load_as_of(conn, project, customer, as_of)?.run();
    then.take_totals();
    let totals = then.members.remove(&customer).map(|member| member.columns.totals).unwrap_or_default();
    Ok(Past { purchases: then.purchases_of(customer), totals })
}
