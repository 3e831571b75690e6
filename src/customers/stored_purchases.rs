//! The table of purchases, as it follows from the events: the one place that writes it, and the one that reads purchases
//! out of it. Who only counts rows asks the table itself.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::Text;

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

/// Makes these the customer's purchases, and writes only what differs. A new customer has no older rows to compare with.
pub fn write(conn: &mut Conn, customer: CustomerId, all: &[Purchase], is_new: bool) -> QueryResult<()> {
    let mut old = if is_new { HashMap::new() } else { stored(conn, customer)? };
    for purchase in all {
        let body = purchase.to_json();
        match old.remove(&(purchase.environment, purchase.key.clone())) {
            Some(stored) if stored == body => continue,
            Some(_) => forget(conn, customer, purchase.environment, &purchase.key)?,
            None => {}
        }
        let row = (
            purchases::customer_id.eq(customer),
            purchases::environment.eq(purchase.environment),
            purchases::key.eq(&purchase.key),
            purchases::store.eq(purchase.store.as_ref().map_or("", |store| store.as_str())),
            purchases::product_id.eq(&purchase.product_id),
            purchases::kind.eq(purchase.kind),
            purchases::names_entitlements.eq(!purchase.entitlement_ids.is_empty()),
            purchases::starts_at.eq(purchase.period_start),
            purchases::ends_at.eq(purchase.access_ends_at()),
            purchases::body.eq(body),
        );
        diesel::insert_into(purchases::table).values(row).execute(conn)?;
    }
    old.into_keys().try_for_each(|(environment, key)| forget(conn, customer, environment, &key))
}

/// A purchase among those of its customer.
type Key = (Environment, String);

fn stored(conn: &mut Conn, customer: CustomerId) -> QueryResult<HashMap<Key, String>> {
    let rows: Vec<(Key, String)> = purchases::table
        .filter(purchases::customer_id.eq(customer))
        .select(((purchases::environment, purchases::key), purchases::body))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

fn forget(conn: &mut Conn, customer: CustomerId, environment: Environment, key: &str) -> QueryResult<()> {
    diesel::delete(purchases::table.find((customer, environment, key))).execute(conn)?;
    Ok(())
}
