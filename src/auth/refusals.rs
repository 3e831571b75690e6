//! Requests of members who had not the permission: the log tells of them as it tells of what was done.

use actix_web::HttpRequest;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use super::address;
use crate::audit::{self, Action, Actor, Origin, Trace};
use crate::base::Permission;
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::customers::identity;
use crate::db::{Conn, Db};
use crate::web::shared;
use crate::web::trail::{Asking, Trail};

/// Enters a refused authorisation before it is answered. An entry that fails is told to the operator: the answer stays.
pub async fn refusals<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let response = next.call(req).await?;
    let error = response.response().error().and_then(|error| error.as_error::<Error>());
    if let Some(Error::Forbidden(permission)) = error {
        let req = response.request();
        let refused = Refused::new(*permission, &Trail::from_request(req));
        if let Some(refused) = refused
            && let Err(error) = refused.note(req).await
        {
            tracing::warn!(cause = error.cause(), "a refused authorisation could not be entered in the log");
        }
    }
    Ok(response)
}

/// What was refused, to whom.
struct Refused {
    asking: Asking,
    permission: Permission,
    /// The app user id in the path.
    sought: Option<String>,
}

impl Refused {
    /// `None` for a request that did not come as far as a project.
    fn new(permission: Permission, trail: &Trail) -> Option<Refused> {
        let asking = trail.asking.get()?.clone();
        Some(Refused { asking, permission, sought: trail.sought.get().cloned() })
    }

    async fn note(self, req: &HttpRequest) -> Result<(), Error> {
        let (db, now, origin) = (shared::<Db>(req)?, shared::<Clock>(req)?.now(), address::origin(req)?);
        let id = shared::<Ids>(req)?.next(now);
        db.write(move |conn| self.append(conn, (id, now), &origin)).await
    }

    fn append(self, conn: &mut Conn, (id, now): (i64, Moment), origin: &Origin) -> Result<(), Error> {
        let Asking { project, person, role } = self.asking;
        let trace = Trace::new(Action::AuthorizationRefused).about(self.permission.words());
        let customer = match &self.sought {
            Some(sought) => identity::find(conn, project, sought)?,
            None => None,
        };
        let trace = match customer.zip(self.sought) {
            Some((customer, sought)) => trace.for_customer(customer, &sought),
            None => trace,
        };
        audit::append(conn, (project, id, now), &Actor::person(person, role), origin, trace)
    }
}
