//! Shows an event to those who may see the customer.

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::page::EventPage;
use crate::db::{Conn, Db};
use crate::error::Error;
use crate::events::Environment;
use crate::page::{Page, form};
use crate::people::Door;
use crate::profile::visit::Visit;

/// `sandbox` tells the view of the profile to go back to.
pub async fn show(door: Door, req: HttpRequest, db: Data<Db>) -> Result<Page<EventPage>, Error> {
    let environment = match form::field(req.query_string(), "sandbox").as_deref() {
        Some("1") => Environment::Sandbox,
        _ => Environment::Production,
    };
    let load = move |conn: &mut Conn| {
        let member = door.enter(conn)?;
        let visit = Visit::load(conn, member.project.id, door.app_user_id()?, environment, door.now)?;
        let visit = visit.ok_or(Error::NotFound)?;
        EventPage::load(conn, &visit, &member, door.parameter("event_id")?)
    };
    db.read(load).await.map(Page)
}
