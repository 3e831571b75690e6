//! Requests of members who had not the permission: the log tells of them as it tells of what was done.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::address;
use crate::audit::{self, Action, Actor, Origin, Trace};
use crate::base::Permission;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::customers::identity;
use crate::db::Conn;
use crate::server::app::Site;
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
        let refused = Refused::of(*permission, &Trail::of(req));
        if let (Some(site), Some(refused)) = (req.app_data::<Data<Site>>(), refused) {
            let address = address::of(req, &site.config.trusted_proxies).to_string();
            refused.note(site, address).await;
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
    request: String,
}

impl Refused {
    /// `None` for a request that did not come as far as a project.
    fn of(permission: Permission, trail: &Trail) -> Option<Refused> {
        let asking = trail.asking.get()?.clone();
        Some(Refused { asking, permission, sought: trail.sought.get().cloned(), request: trail.reference.clone() })
    }

    async fn note(self, site: &Site, address: String) {
        let (ids, now) = (site.ids.clone(), site.clock.now());
        let noted = site.db.write(move |conn| self.append(conn, (ids.next(now), now), address));
        if let Err(error) = noted.await {
            tracing::warn!(cause = error.cause(), "a refused authorisation could not be entered in the log");
        }
    }

    fn append(self, conn: &mut Conn, (id, now): (i64, Moment), address: String) -> Result<(), Error> {
        let Asking { project, person, role } = self.asking;
        let trace = Trace::new(Action::AuthorizationRefused).about(self.permission.words());
        let customer = match &self.sought {
            Some(sought) => identity::find(conn, project, sought)?,
            None => None,
        };
        let trace = match customer.zip(self.sought) {
            Some((customer, sought)) => trace.of(customer, &sought),
            None => trace,
        };
        let origin = Origin { request: self.request, address: Some(address) };
        audit::append(conn, (project, id, now), &Actor::person(person, role), &origin, trace)
    }
}
