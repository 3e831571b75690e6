//! Receives webhook deliveries and answers as §5.1 says: 200 taken, 400 unreadable (the body is kept), 401 not
//! authorised or no such project, 408 too slow, 413 too large, 429 not authorised too often, 5xx not stored.

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::auth::address;
use crate::auth::api_keys::WrongKeys;
use crate::base::clock::{Clock, Moment};
use crate::base::error::Error;
use crate::base::ids::ProjectId;
use crate::db::schema::projects;
use crate::db::{Conn, Db};
use crate::events::MAX_BODY;
use crate::ingest::{Answer, Intake, Outcome};
use crate::web::{Incoming, path};

/// Takes one delivery. The body is read only after the `Authorization` header was checked. Nobody learns which projects there
/// are: a slug that no project has is answered like a wrong header.
///
/// # Errors
/// [`Error::TooManyRequests`] after too many wrong values from an address; [`Error::TooLarge`] and [`Error::BodyTimeout`] for
/// the body; as [`Intake::take`] when the event is not stored.
pub async fn receive(
    request: HttpRequest,
    incoming: Incoming,
    db: Data<Db>,
    clock: Data<Clock>,
    writer: Data<Intake>,
    wrong_keys: Data<WrongKeys>,
) -> Result<HttpResponse, Error> {
    let slug = slug_of(&request).unwrap_or_default();
    let found = db.ask(move |conn| project_of(conn, &slug)).await?;
    // The header is compared in any case, so that the time of the answer tells nothing either.
    let is_allowed = found.as_ref().unwrap_or(&Receiver::of_no_project()).allows(&request, clock.now());
    let Some(project) = found.filter(|_| is_allowed) else {
        wrong_keys.count(address::of_client(&request)?).await?;
        let reason = "no project has this address and this Authorization header";
        return Ok(answer(StatusCode::UNAUTHORIZED, "unauthorised", reason));
    };
    // The share of the memory for bodies is kept until the event is stored.
    let (body, _share) = incoming.read(MAX_BODY).await.map_err(Error::from)?.into_parts();
    Ok(match writer.take(project.id, body).await? {
        Answer::Taken(Outcome::Stored) => answer(StatusCode::OK, "stored", "the event is stored"),
        Answer::Taken(Outcome::Duplicate) => answer(StatusCode::OK, "duplicate", "the event was stored before"),
        Answer::Taken(Outcome::Test) => answer(StatusCode::OK, "test", "a test event is not kept"),
        Answer::Taken(Outcome::Late) => {
            answer(StatusCode::OK, "erased", "the event is older than the erasure of its customer")
        }
        Answer::Taken(Outcome::Ignored) => answer(StatusCode::OK, "ignored", "the event is for a blocked id"),
        Answer::Unreadable(reason) => answer(StatusCode::BAD_REQUEST, "unreadable", &reason),
    })
}

/// A project, with the hashes of the `Authorization` values that it accepts.
#[derive(Queryable, Selectable)]
#[diesel(table_name = projects)]
struct Receiver {
    id: ProjectId,
    #[diesel(column_name = webhook_secret_hash)]
    hash: String,
    /// The replaced value, and until when it is still accepted.
    #[diesel(column_name = old_webhook_secret_hash)]
    old: Option<String>,
    #[diesel(column_name = old_webhook_secret_until)]
    old_until: Option<Moment>,
}

/// The slug in the path; `None` when it is not text.
fn slug_of(request: &HttpRequest) -> Option<String> {
    let parameters = path::named(super::PATH, request.uri().path())?;
    parameters.into_iter().next().map(|(_, slug)| slug)
}

fn project_of(conn: &mut Conn, slug: &str) -> Result<Option<Receiver>, Error> {
    let found = projects::table.filter(projects::slug.eq(slug)).select(Receiver::as_select()).first(conn);
    Ok(found.optional()?)
}

impl Receiver {
    /// What a header is compared with when the project does not exist. No header has such a hash.
    fn of_no_project() -> Receiver {
        Receiver { id: ProjectId(0), hash: NO_HASH.into(), old: None, old_until: None }
    }

    /// Whether there is exactly one `Authorization` header, with a value that the project accepts. Both hashes are
    /// always compared, in constant time, so that the time of the answer reveals neither how much of a value matches
    /// nor of which.
    fn allows(&self, request: &HttpRequest, now: Moment) -> bool {
        let mut values = request.headers().get_all(AUTHORIZATION);
        let (Some(value), None) = (values.next(), values.next()) else { return false };
        let hash = crate::base::hex(&Sha256::digest(value.as_bytes()));
        let is_current = hash.as_bytes().ct_eq(self.hash.as_bytes());
        let old = self.old.as_deref().unwrap_or(NO_HASH);
        let old_counts = self.old.is_some() && self.old_until.is_some_and(|until| now < until);
        let is_old = hash.as_bytes().ct_eq(old.as_bytes()) & Choice::from(u8::from(old_counts));
        bool::from(is_current | is_old)
    }
}

/// Compared when there is no old value; it is as long as a hash.
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn answer(status: StatusCode, code: &str, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "code": code, "message": message }))
}
