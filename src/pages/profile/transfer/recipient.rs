//! Who shall receive the purchases: any id names one customer, anything else that the search finds offers some.

use diesel::QueryResult;

use crate::base::error::{Problem, Refusal};
use crate::customers::identity;
use crate::db::Conn;
use crate::operations::erasure::blocking;
use crate::pages::directory::overview;
use crate::pages::directory::search::model::by_customer;
use crate::pages::directory::search::{Query, queries};
use crate::pages::profile::visit::Visit;
use crate::projection::CustomerId;

/// The field of the page.
pub const TO: &str = "to";

/// How many customers are offered.
const MOST: usize = 10;
const MOST_ROWS: i64 = 80;

/// What was found for what was typed.
#[derive(Debug)]
pub enum Sought {
    /// The customer with this very id.
    One(CustomerId, String),
    /// Those it could mean.
    Some(Vec<Offer>),
}

/// A customer to choose.
#[derive(Debug)]
pub struct Offer {
    pub id: String,
    pub name: Option<String>,
    pub email: Option<String>,
}

/// The customer who gets the purchases, by any of their ids.
///
/// # Errors
/// The inner result refuses beside the field: nobody has the id, it is blocked, or it is the same
/// customer.
pub fn receiver(conn: &mut Conn, visit: &Visit, to: &str) -> QueryResult<Result<CustomerId, Refusal>> {
    let (project, to) = (visit.project.id, to.trim());
    Ok(match identity::find(conn, project, to)? {
        None if blocking::find(conn, project, to)?.is_some() => {
            Err(refused("This App User ID is blocked. Unblock it first, or choose another one."))
        }
        None => Err(refused("No customer has this App User ID. Nobody is made by a transfer.")),
        Some(found) if found == visit.customer.id => Err(refused("This is the same customer. Choose another one.")),
        Some(found) => Ok(found),
    })
}

/// Looks for whoever was meant.
///
/// # Errors
/// The inner result refuses beside the field.
pub fn seek(conn: &mut Conn, visit: &Visit, typed: &str) -> QueryResult<Result<Sought, Refusal>> {
    let typed = typed.trim();
    let is_blocked = blocking::find(conn, visit.project.id, typed)?.is_some();
    if is_blocked || identity::find(conn, visit.project.id, typed)?.is_some() {
        return Ok(receiver(conn, visit, typed)?.map(|found| Sought::One(found, typed.to_owned())));
    }
    let Ok(Some(query)) = Query::parse(typed) else {
        return Ok(Err(refused("Type an App User ID or an e-mail address.")));
    };
    let (matches, _) = queries::find(conn, visit.project.id, &query, MOST_ROWS)?;
    let ids: Vec<CustomerId> = by_customer(matches).into_iter().map(|(customer, _)| customer).take(MOST).collect();
    let is_only_same = ids == [visit.customer.id];
    let mut rows = overview::rows_of(conn, &ids)?;
    rows.retain(|row| row.id != visit.customer.id);
    rows.sort_by_key(|row| std::cmp::Reverse((row.active_at, row.id)));
    let offer = |row: overview::Row| Offer { id: row.best_app_user_id, name: row.display_name, email: row.email };
    Ok(match rows.len() {
        0 if is_only_same => Err(refused("This is the same customer. Choose another one.")),
        0 => Err(refused("Nobody was found. An App User ID must be whole and exact.")),
        _ => Ok(Sought::Some(rows.into_iter().map(offer).collect())),
    })
}

fn refused(sentence: &str) -> Refusal {
    Refusal { problems: vec![Problem { field: TO, sentence: sentence.into() }], is_stale: false }
}
