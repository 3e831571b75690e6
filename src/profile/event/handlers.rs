//! Shows an event to those who may see the customer.

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::page::EventPage;
use crate::db::{Conn, Db};
use crate::error::Error;
use crate::page::Page;
use crate::people::Door;
use crate::profile::visit::Visit;

/// `sandbox` tells the view of the profile to go back to.
pub async fn show(door: Door, req: HttpRequest, db: Data<Db>) -> Result<Page<EventPage>, Error> {
    let query = req.query_string().to_owned();
    let load = move |conn: &mut Conn| {
        let member = door.enter(conn)?;
        let visit = Visit::entered(conn, &door, &member, &query)?;
        EventPage::load(conn, &visit, &member, door.parameter("event_id")?)
    };
    db.read(load).await.map(Page)
}
