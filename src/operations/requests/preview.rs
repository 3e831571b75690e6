//! What would follow if a store did what is asked, before anything is asked.

use super::effects::Effect;
use super::payment::Payment;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::catalog::Catalog;
use crate::customers::subject;
use crate::db::Conn;
use crate::events::Delivery;
use crate::projection::Purchase;
use crate::stores::Order;

/// The events that would be written if the store did it at `at`.
///
/// # Errors
/// When the database cannot be read.
pub fn events(
    conn: &mut Conn,
    catalog: &Catalog,
    (customer, purchase): (CustomerId, &Purchase),
    (order, payment): (&Order, Option<&Payment>),
    at: Moment,
) -> Result<Vec<Delivery>, Error> {
    let subject = subject::load(conn, customer)?;
    Ok(vec![Effect { order, purchase, payment, at }.event(catalog, &subject)?])
}
