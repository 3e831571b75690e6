//! Finds an event by its id, with its place in the customer's history.

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::{events, history};
use crate::events::history::{ShownIn, Side};
use crate::events::{StoredBody, event_key};
use crate::pages::profile::history::Cursor;
use crate::pages::profile::subject::Subject;

/// An event in a customer's history, with its body.
#[derive(Queryable, Selectable)]
#[diesel(table_name = history)]
pub struct Found {
    #[diesel(embed)]
    pub place: Cursor,
    pub environment: ShownIn,
    pub side: Side,
    #[diesel(select_expression = events::received_at)]
    pub received_at: Moment,
    #[diesel(select_expression = events::body)]
    pub body: StoredBody,
}

/// `None` when the event is not in this customer's history.
pub fn find(conn: &mut Conn, subject: &Subject, event_id: &str) -> QueryResult<Option<Found>> {
    let named = events::project_id.eq(subject.project.id).and(events::event_key.eq(event_key(event_id)));
    history::table
        .inner_join(events::table.on(events::id.eq(history::event_id)))
        .filter(named.and(history::customer_id.eq(subject.customer.id)))
        .select(Found::as_select())
        .first(conn)
        .optional()
}
