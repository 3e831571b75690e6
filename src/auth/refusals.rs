//! Records in the audit log when a member asks for something that their role does not permit.

use actix_web::HttpRequest;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use super::address;
use crate::audit::{self, Action, Actor, Ctx, Trace};
use crate::base::Permission;
use crate::base::clock::Clock;
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::customers::identity;
use crate::db::{Conn, Db};
use crate::web::request_record::{RequestRecord, Requester};
use crate::web::shared;

/// Records a refused authorisation before it is answered. When that fails, a line goes to the operator's log and the
/// answer stays the same.
pub async fn refusals<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let response = next.call(req).await?;
    let error = response.response().error().and_then(|error| error.as_error::<Error>());
    if let Some(Error::Forbidden(permission)) = error {
        let req = response.request();
        let refused = Refused::new(*permission, &RequestRecord::from_request(req));
        if let Some(refused) = refused
            && let Err(error) = refused.record(req).await
        {
            tracing::warn!(cause = error.cause(), "a refused authorisation could not be recorded in the audit log");
        }
    }
    Ok(response)
}

/// What was refused, and who asked for it.
struct Refused {
    requester: Requester,
    permission: Permission,
    /// The app user id in the path.
    requested_id: Option<String>,
}

impl Refused {
    /// `None` for a request that was refused before its project was known.
    fn new(permission: Permission, record: &RequestRecord) -> Option<Refused> {
        let requester = record.requester.get()?.clone();
        Some(Refused { requester, permission, requested_id: record.requested_id.get().cloned() })
    }

    async fn record(self, req: &HttpRequest) -> Result<(), Error> {
        let (db, ids, now) = (shared::<Db>(req)?, shared::<Ids>(req)?, shared::<Clock>(req)?.now());
        let origin = address::origin(req)?;
        let Requester { project, slug, person, role } = self.requester.clone();
        let ctx = Ctx::new(project, &ids, now, Actor::person(person, role).with_origin(origin));
        db.write_in_turn(&slug, move |conn| self.append(conn, &ctx)).await
    }

    fn append(self, conn: &mut Conn, ctx: &Ctx) -> Result<(), Error> {
        conn.lock_project(ctx.project)?;
        let trace = Trace::new(Action::AuthorizationRefused).about(self.permission.words());
        let customer = match &self.requested_id {
            Some(requested_id) => identity::find(conn, ctx.project, requested_id)?,
            None => None,
        };
        let trace = match customer.zip(self.requested_id) {
            Some((customer, requested_id)) => trace.for_customer(customer, &requested_id),
            None => trace,
        };
        audit::append(conn, ctx, trace)
    }
}
