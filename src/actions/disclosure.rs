//! Reading that leaves a trace: some answers disclose so much that they get an entry in the audit log.

use actix_web::HttpRequest;

use crate::audit::{self, Actor, Trace};
use crate::auth::{Member, PageRequest, address};
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::db::{Conn, Db};
use crate::web::shared;

/// Does `work` in one transaction; when it returns a trace, the transaction appends it to the audit log.
///
/// # Errors
/// Those of [`PageRequest::authorize`]; whatever `work` returns.
pub async fn disclose<R, W>(req: &HttpRequest, request: PageRequest, work: W) -> Result<R, Error>
where
    R: Send + 'static,
    W: FnOnce(&mut Conn, &Member, &PageRequest) -> Result<(R, Option<Trace>), Error> + Send + 'static,
{
    let (db, ids, origin) = (shared::<Db>(req)?, shared::<Ids>(req)?, address::origin(req)?);
    let transaction = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        let (answer, trace) = work(conn, &member, &request)?;
        if let Some(trace) = trace {
            let actor = Actor::person(member.person.id, member.role.name());
            audit::append(conn, (member.project.id, ids.next(request.now), request.now), &actor, &origin, trace)?;
        }
        Ok(answer)
    };
    db.write(transaction).await
}
