//! Records in the audit log when a member asks for something that their role does not permit.

use actix_web::HttpRequest;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use diesel::QueryResult;

use super::address;
use crate::audit::refusals;
use crate::base::Permission;
use crate::base::clock::Clock;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, Ids};
use crate::customers::identity;
use crate::db::{Conn, Db};
use crate::web::request_record::{RequestRecord, Requester};
use crate::web::shared;

/// Records a refused authorisation before it is answered: as an entry, or in the number of those that followed one. When
/// that fails, a line goes to the operator's log and the answer stays the same.
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
        let (origin, slug) = (address::origin(req)?, self.requester.slug.clone());
        let (refused, again) = (self.refused(), self.refused());
        if db.write(move |conn| Ok::<_, Error>(refusals::count_again(conn, &again, now)?)).await? {
            return Ok(());
        }
        let append = move |conn: &mut Conn| {
            conn.lock_project(refused.project_id)?;
            let customer = self.customer(conn)?;
            refusals::append_first(conn, &ids, &refused, customer, (now, origin))
        };
        db.write_in_turn(&slug, append).await
    }

    fn refused(&self) -> refusals::Refused {
        let Requester { project, person, role, .. } = &self.requester;
        let (role, permission) = ((*role).to_owned(), self.permission.words().to_owned());
        refusals::Refused { project_id: *project, person_id: *person, role, permission }
    }

    /// The customer whose page was asked for, and by which id.
    fn customer(self, conn: &mut Conn) -> QueryResult<Option<(CustomerId, String)>> {
        let Some(requested_id) = self.requested_id else { return Ok(None) };
        let customer = identity::find(conn, self.requester.project, &requested_id)?;
        Ok(customer.map(|customer| (customer, requested_id)))
    }
}
