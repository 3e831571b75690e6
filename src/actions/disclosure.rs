//! Looks that leave a trace: an answer that gives away so much that it is entered in the log.

use actix_web::HttpRequest;
use actix_web::web::Data;

use crate::audit::{self, Actor, Origin, Trace};
use crate::auth::{Door, Member, address};
use crate::base::error::Error;
use crate::db::Conn;
use crate::server::app::Site;
use crate::web::trail::Trail;

/// Reads in one transaction and enters the trace, if there is one, in the log.
///
/// # Errors
/// As [`Door::enter`]; what `work` returned.
pub async fn look<R, W>(req: &HttpRequest, door: Door, work: W) -> Result<R, Error>
where
    R: Send + 'static,
    W: FnOnce(&mut Conn, &Member, &Door) -> Result<(R, Option<Trace>), Error> + Send + 'static,
{
    let lost = || Error::Internal("the site is missing from the request".into());
    let site = req.app_data::<Data<Site>>().ok_or_else(lost)?;
    let address = address::of(req, &site.config.trusted_proxies).to_string();
    let origin = Origin { request: Trail::of(req).reference.clone(), address: Some(address) };
    let ids = site.ids.clone();
    let transaction = move |conn: &mut Conn| {
        let member = door.enter(conn)?;
        let (seen, trace) = work(conn, &member, &door)?;
        if let Some(trace) = trace {
            let actor = Actor::person(member.person.id, member.role.name());
            audit::append(conn, (member.project.id, ids.next(door.now), door.now), &actor, &origin, trace)?;
        }
        Ok(seen)
    };
    site.db.write(transaction).await
}
