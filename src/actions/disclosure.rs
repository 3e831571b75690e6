//! Reading that leaves a trace: some answers disclose so much that they get an entry in the audit log.

use actix_web::HttpRequest;

use crate::audit::{self, Trace};
use crate::auth::{Member, PageRequest};
use crate::base::error::Error;
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
    let db = shared::<Db>(req)?;
    let turn = request.turn().to_owned();
    let transaction = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        let (answer, trace) = work(conn, &member, &request)?;
        if let Some(trace) = trace {
            audit::append(conn, &request.ctx(&member), trace)?;
        }
        Ok(answer)
    };
    db.write_in_turn(&turn, transaction).await
}
