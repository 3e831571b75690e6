//! The currencies of a project, with a customer's balances of them.

use diesel::prelude::*;

use crate::base::ids::{CustomerId, ProjectId};
use crate::db::Conn;
use crate::db::schema::{balances, virtual_currencies};
use crate::events::Environment;

/// A currency of the project, as one customer has it in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub code: String,
    /// What an event called it, else its code.
    pub name: String,
    /// `None` when no event ever changed the customer's balance.
    pub amount: Option<i64>,
}

type Row = (String, String, Option<(String, i64)>);

/// All currencies of the project, sorted by code.
pub fn all(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    environment: Environment,
) -> QueryResult<Vec<Held>> {
    let theirs = balances::customer_id.eq(customer).and(balances::environment.eq(environment));
    let rows: Vec<Row> = virtual_currencies::table
        .left_join(balances::table.on(balances::code.eq(virtual_currencies::code).and(theirs)))
        .filter(virtual_currencies::project_id.eq(project))
        .select((virtual_currencies::code, virtual_currencies::name, (balances::name, balances::amount).nullable()))
        .load(conn)?;
    let mut all: Vec<Held> = rows.into_iter().map(Held::from).collect();
    all.sort_by(|one, other| one.code.cmp(&other.code));
    Ok(all)
}

/// The currency of this code; `None` when the project has none.
pub fn find(
    conn: &mut Conn,
    project: ProjectId,
    customer: CustomerId,
    environment: Environment,
    code: &str,
) -> QueryResult<Option<Held>> {
    Ok(all(conn, project, customer, environment)?.into_iter().find(|held| held.code == code))
}

impl From<Row> for Held {
    fn from((code, of_project, theirs): Row) -> Held {
        let (of_theirs, amount) = theirs.unzip();
        let names = [of_theirs.unwrap_or_default(), of_project, code.clone()];
        let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        Held { code, name, amount }
    }
}
