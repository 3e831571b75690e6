//! Finds the customer who receives the purchases: by any App User ID, or from the matches of the search.

use diesel::QueryResult;

use crate::base::error::{Problem, Refusal};
use crate::base::ids::CustomerId;
use crate::customers::identity;
use crate::db::Conn;
use crate::operations::erasure::blocking;
use crate::pages::directory::overview;
use crate::pages::directory::search::model::by_customer;
use crate::pages::directory::search::{Query, queries};
use crate::pages::profile::subject::Subject;

/// The name of the field that holds the receiving customer.
pub const TO: &str = "to";

/// How many customers are offered, and how many matches the search reads for that.
const MOST: usize = 10;
const MOST_ROWS: i64 = 80;

/// The customers that match what was typed.
#[derive(Debug)]
pub enum Matches {
    /// The customer with exactly this id.
    One(CustomerId, String),
    /// The customers that the search found.
    Several(Vec<Offer>),
}

/// A customer who can be chosen.
#[derive(Debug)]
pub struct Offer {
    pub id: String,
    pub name: Option<String>,
    pub email: Option<String>,
}

/// The customer who receives the purchases, by any of their ids.
///
/// # Errors
/// The inner result is a refusal of the field [`TO`]: no customer has the id, it is blocked, or it belongs to the same
/// customer.
pub fn receiver(conn: &mut Conn, subject: &Subject, to: &str) -> QueryResult<Result<CustomerId, Refusal>> {
    let (project, to) = (subject.project.id, to.trim());
    Ok(match identity::find(conn, project, to)? {
        None if blocking::find(conn, project, to)?.is_some() => {
            Err(refused("This App User ID is blocked. Unblock it first, or choose another one."))
        }
        None => Err(refused("No customer has this App User ID. A transfer does not create one.")),
        Some(found) if found == subject.customer.id => Err(refused("This is the same customer. Choose another one.")),
        Some(found) => Ok(found),
    })
}

/// Finds the receiving customer by what was typed.
///
/// # Errors
/// The inner result is a refusal of the field [`TO`]: as [`receiver`], or the search found no other customer.
pub fn search(conn: &mut Conn, subject: &Subject, typed: &str) -> QueryResult<Result<Matches, Refusal>> {
    let typed = typed.trim();
    let is_blocked = blocking::find(conn, subject.project.id, typed)?.is_some();
    if is_blocked || identity::find(conn, subject.project.id, typed)?.is_some() {
        return Ok(receiver(conn, subject, typed)?.map(|found| Matches::One(found, typed.to_owned())));
    }
    let Ok(Some(query)) = Query::parse(typed) else {
        return Ok(Err(refused("Type an App User ID or an e-mail address.")));
    };
    let (matches, _) = queries::find(conn, subject.project.id, &query, MOST_ROWS)?;
    let ids: Vec<CustomerId> = by_customer(matches).into_iter().map(|(customer, _)| customer).take(MOST).collect();
    let is_only_same = ids == [subject.customer.id];
    let mut rows = overview::rows_of(conn, &ids)?;
    rows.retain(|row| row.id != subject.customer.id);
    rows.sort_by_key(|row| std::cmp::Reverse((row.active_at, row.id)));
    let offer = |row: overview::Row| Offer { id: row.best_app_user_id, name: row.display_name, email: row.email };
    Ok(match rows.len() {
        0 if is_only_same => Err(refused("This is the same customer. Choose another one.")),
        0 => Err(refused("No customer was found. An App User ID must be complete and exact.")),
        _ => Ok(Matches::Several(rows.into_iter().map(offer).collect())),
    })
}

fn refused(sentence: &str) -> Refusal {
    Refusal { problems: vec![Problem { field: TO, sentence: sentence.into() }], is_stale: false }
}
