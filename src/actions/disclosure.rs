//! Looks that leave a trace: an answer that gives away so much that it is entered in the log.

use actix_web::HttpRequest;

use crate::audit::{self, Actor, Trace};
use crate::auth::{Member, PageRequest, address};
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::db::{Conn, Db};
use crate::web::shared;

/// Reads in one transaction and enters the trace, if there is one, in the log.
///
/// # Errors
/// As [`PageRequest::authorize`]; what `work` returned.
pub async fn disclose<R, W>(req: &HttpRequest, request: PageRequest, work: W) -> Result<R, Error>
where
    R: Send + 'static,
    W: FnOnce(&mut Conn, &Member, &PageRequest) -> Result<(R, Option<Trace>), Error> + Send + 'static,
{
    let (db, ids, origin) = (shared::<Db>(req)?, shared::<Ids>(req)?, address::origin(req)?);
    let transaction = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        let (seen, trace) = work(conn, &member, &request)?;
        if let Some(trace) = trace {
            let actor = Actor::person(member.person.id, member.role.name());
            audit::append(conn, (member.project.id, ids.next(request.now), request.now), &actor, &origin, trace)?;
        }
        Ok(seen)
    };
    db.write(transaction).await
}
