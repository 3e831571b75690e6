//! Reads purchases as they follow from the events. `customers::state` writes them. Who only counts rows asks the table
//! itself.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::state;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::schema::purchases;
use crate::events::Environment;
use crate::projection::Purchase;

/// A choice of stored purchases, each as its JSON.
pub type Chosen = purchases::BoxedQuery<'static, <Conn as Connection>::Backend, Text>;

/// All purchases of a customer. The caller narrows, orders and limits them with the columns of the table.
pub fn of(customer: CustomerId) -> Chosen {
    purchases::table.filter(purchases::customer_id.eq(customer)).select(purchases::body).into_boxed()
}

/// Loads the chosen purchases. One that cannot be read is logged and left out.
pub fn load(conn: &mut Conn, chosen: Chosen) -> QueryResult<Vec<Purchase>> {
    Ok(load_json(conn, chosen)?.iter().filter_map(|body| Purchase::stored(body)).collect())
}

/// Loads the chosen purchases as they are stored.
pub fn load_json(conn: &mut Conn, chosen: Chosen) -> QueryResult<Vec<String>> {
    chosen.load(conn)
}

/// A choice of stored purchases of any customers, with the numbers under which their payments are stored.
pub type Numbered = purchases::BoxedQuery<'static, <Conn as Connection>::Backend, (BigInt, Text, Text)>;

/// All purchases of some customers, to be loaded by [`load_numbered`]. The caller narrows them.
pub fn numbered(customers: Vec<CustomerId>) -> Numbered {
    let own = purchases::table.filter(purchases::customer_id.eq_any(customers));
    own.select((purchases::customer_id, purchases::body, purchases::numbers)).into_boxed()
}

/// Loads the chosen purchases, each with who has it and with its numbers.
pub fn load_numbered(conn: &mut Conn, chosen: Numbered) -> QueryResult<Vec<(CustomerId, Purchase)>> {
    let rows: Vec<(CustomerId, String, String)> = chosen.load(conn)?;
    let read =
        |(customer, body, numbers): (CustomerId, String, String)| Some((customer, state::numbered(&body, &numbers)?));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The purchase with this key; `None` when the customer does not have it.
pub fn find(
    conn: &mut Conn,
    customer: CustomerId,
    environment: Environment,
    key: &str,
) -> QueryResult<Option<Purchase>> {
    let own = purchases::environment.eq(environment).and(purchases::key.eq(key.to_owned()));
    Ok(load(conn, of(customer).filter(own).limit(1))?.pop())
}
