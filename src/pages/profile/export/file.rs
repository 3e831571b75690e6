//! The export file: first everything but the events, then the events in chunks.

use actix_web::web::Bytes;

use super::model::{Event, Held};
use super::queries;
use super::queries::EventCursor;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::customers::AsOf;
use crate::db::Conn;
use crate::db::schema::customers;
use crate::web::file::Source;

/// How many events are read at once.
const CHUNK: i64 = 200;

/// The events of a customer that the file still lacks.
pub struct Events {
    project: ProjectId,
    customer: CustomerId,
    /// Where the next chunk begins; `None` after the last event.
    next: Option<EventCursor>,
    is_first: bool,
    /// Only events that count as of a moment.
    as_of: Option<AsOf>,
}

impl Events {
    pub fn new(project: ProjectId, customer: CustomerId, as_of: Option<AsOf>) -> Events {
        Events { project, customer, next: Some(EventCursor::START), is_first: true, as_of }
    }
}

/// The beginning of the file: everything that is held, up to the list of events.
pub fn beginning(held: &Held) -> Result<Bytes, Error> {
    let mut json = serde_json::to_vec(held).map_err(|error| Error::Internal(error.to_string()))?;
    json.pop();
    json.extend_from_slice(b",\"events\":[");
    Ok(json.into())
}

impl Source for Events {
    fn is_over(&self) -> bool {
        self.next.is_none()
    }

    /// Reads the next chunk. If the customer has been deleted meanwhile, this fails and the file stays incomplete.
    fn read(&mut self, conn: &mut Conn) -> Result<Vec<u8>, Error> {
        use diesel::prelude::*;
        let Some(place) = self.next else { return Ok(Vec::new()) };
        customers::table.find(self.customer).select(customers::id).first::<CustomerId>(conn)?;
        let (events, next) = queries::events_after(conn, (self.project, self.customer), self.as_of, place, CHUNK)?;
        self.next = next;
        let mut json = written(&events, &mut self.is_first)?;
        if self.next.is_none() {
            json.extend_from_slice(b"]}\n");
        }
        Ok(json)
    }
}

fn written(events: &[Event], is_first: &mut bool) -> Result<Vec<u8>, Error> {
    let mut json = Vec::new();
    for event in events {
        json.extend_from_slice(if *is_first { b"\n" } else { b",\n" });
        *is_first = false;
        serde_json::to_writer(&mut json, event).map_err(|error| Error::Internal(error.to_string()))?;
    }
    Ok(json)
}
