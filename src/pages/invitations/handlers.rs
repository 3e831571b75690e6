//! Opening an invitation's link, and accepting it.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::page::{Guest, InvitationPage, gone};
use crate::actions::Opened;
use crate::audit::{self, Action, Actor, Ctx, Origin, Trace};
use crate::auth::invitations::{OpenInvitation, Token, queries};
use crate::auth::log_in::see_other;
use crate::auth::names::Name;
use crate::auth::password::{self, GuessedWords, Passwords};
use crate::auth::queries::NewPerson;
use crate::auth::throttle::{Attempt, ThrottleKey};
use crate::auth::{PageRequest, address, browser, queries as people, sessions};
use crate::base::clock::{Clock, Moment};
use crate::base::error::{Error, Refusal};
use crate::base::ids::{Ids, PersonId};
use crate::db::{Conn, Db};
use crate::web::Form;
use crate::wording::text::sentence;

/// What somebody without an account types.
#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// Who joins: a person with an account, or somebody with the name and the password hash of a new one.
enum Joining {
    Person(PersonId),
    New { closed: Option<PersonId>, name: Name, hash: String },
}

/// The database, the clock, and the ids for new rows.
type Services = (Data<Db>, Data<Clock>, Data<Ids>);

/// An invitation, and who opens its link.
struct Opening {
    found: OpenInvitation,
    guest: Guest,
}

/// `GET /invitations/{token}`
pub async fn show(
    req: HttpRequest,
    request: Option<PageRequest>,
    at: Services,
    key: Data<ThrottleKey>,
) -> Result<HttpResponse, Error> {
    match open(&req, request, &at).await? {
        Some(Opening { found, guest }) => {
            InvitationPage::new(req.path(), found, guest, Opened::default()).answer(StatusCode::OK)
        }
        None => missed(&req, &at, &key).await,
    }
}

/// `POST /invitations/{token}`: makes the person a member, and logs in a new account.
pub async fn accept(
    req: HttpRequest,
    request: Option<PageRequest>,
    session: Session,
    at: Services,
    passwords: Data<Passwords>,
    key: Data<ThrottleKey>,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse, Error> {
    let opening = open(&req, request, &at).await?;
    let Some(Opening { found, guest }) = opening else { return missed(&req, &at, &key).await };
    let joining = match &guest {
        Guest::Invited { id } => Joining::Person(*id),
        Guest::New { closed } => match checked(&typed, &found) {
            Ok(name) => {
                count_acceptance(&req, &at, &key).await?;
                Joining::New { closed: *closed, name, hash: passwords.hash(typed.password).await? }
            }
            Err(refusal) => {
                let form = Opened::again("join", vec![("name".into(), typed.name)], refusal)?;
                return InvitationPage::new(req.path(), found, guest, form).answer(StatusCode::UNPROCESSABLE_ENTITY);
            }
        },
        Guest::Unknown { .. } | Guest::Other { .. } | Guest::Member => return Ok(see_other(req.path())),
    };
    let (token, is_new) = (token(&req), matches!(joining, Joining::New { .. }));
    let (origin, db) = (address::origin(&req)?, at.0.clone());
    let Some(person) = db.write(move |conn| join(conn, &at, &token, joining, origin)).await? else {
        return gone();
    };
    if is_new {
        sessions::begin(&session, person, browser::describe(&req))?;
    }
    Ok(see_other(&format!("/projects/{}/customers", found.project.slug)))
}

/// The invitation and who opens it; `None` for a link that is not valid.
async fn open(
    req: &HttpRequest,
    request: Option<PageRequest>,
    (db, clock, _): &Services,
) -> Result<Option<Opening>, Error> {
    let (token, path, now) = (token(req), req.path().to_owned(), clock.now());
    let load = move |conn: &mut Conn| {
        let Some(found) = queries::find(conn, &token, now)? else { return Ok(None) };
        let logged_in = match request.map(|request| request.authenticate(conn)) {
            Some(Ok(logged_in)) => Some(logged_in),
            Some(Err(Error::LogIn(_))) | None => None,
            Some(Err(error)) => return Err(error),
        };
        let guest = Guest::load(conn, &found.invitation, logged_in, &path)?;
        Ok(Some(Opening { found, guest }))
    };
    db.read(load).await
}

/// Counts the attempt, then answers that the link is not valid. Nobody can guess a token of 256 bits, but the count
/// keeps anybody from trying for long.
async fn missed(req: &HttpRequest, (db, clock, ids): &Services, key: &ThrottleKey) -> Result<HttpResponse, Error> {
    let now = clock.now();
    let attempt = Attempt::invitation(ids.next(now), &key.0, address::of_client(req)?);
    db.write(move |conn| attempt.count(conn, now)).await?;
    gone()
}

/// Counts the try before the password is hashed, because hashing takes a core and memory.
async fn count_acceptance(req: &HttpRequest, (db, clock, ids): &Services, key: &ThrottleKey) -> Result<(), Error> {
    let now = clock.now();
    let attempt = Attempt::acceptance(ids.next(now), &key.0, &token(req).hash());
    db.write(move |conn| attempt.count(conn, now)).await
}

/// Runs in one transaction: of two who accept at once, one joins. `None` when the invitation is not valid any more.
fn join(
    conn: &mut Conn,
    (_, clock, ids): &Services,
    token: &Token,
    joining: Joining,
    origin: Origin,
) -> Result<Option<PersonId>, Error> {
    let now = clock.now();
    let Some(OpenInvitation { invitation, project }) = queries::find(conn, token, now)? else { return Ok(None) };
    conn.lock_project(project.id)?;
    if !queries::take(conn, project.id, invitation.id)? {
        return Ok(None);
    }
    let account = account(conn, ids, &invitation.email, joining, now)?;
    let person = account.ok_or(Error::NotFound)?;
    people::set_role(conn, project.id, person, invitation.role)?;
    let actor = Actor::person(person, invitation.role.name()).with_origin(origin);
    let trace = Trace::new(Action::MemberJoined).about(invitation.email).after(invitation.role.name());
    audit::append(conn, &Ctx::new(project.id, ids, now, actor), trace)?;
    Ok(Some(person))
}

/// The account that joins; it is made or reopened where necessary. `None` when another project closed, reopened or
/// made it in the meantime.
fn account(conn: &mut Conn, ids: &Ids, email: &str, joining: Joining, now: Moment) -> Result<Option<PersonId>, Error> {
    let id = match &joining {
        Joining::Person(id) | Joining::New { closed: Some(id), .. } => *id,
        Joining::New { closed: None, .. } => ids.next(now),
    };
    conn.lock_person(id)?;
    match (joining, people::by_email(conn, email)?.map(|account| account.is_open)) {
        (Joining::Person(_), Some(true)) => return Ok(Some(id)),
        (Joining::New { closed: Some(_), name, hash }, Some(false)) => {
            people::reopen(conn, &NewPerson { id, email, name: name.as_str(), password_hash: &hash })?;
        }
        (Joining::New { closed: None, name, hash }, None) => {
            people::insert_person(conn, &NewPerson { id, email, name: name.as_str(), password_hash: &hash }, now)?;
        }
        _ => return Ok(None),
    }
    people::record_last_seen(conn, id, now)?;
    Ok(Some(id))
}

fn checked(typed: &Typed, OpenInvitation { invitation, project }: &OpenInvitation) -> Result<Name, Refusal> {
    let name = Name::parse(&typed.name).map_err(|why| Refusal::new("name", sentence(&why)))?;
    let guessed = GuessedWords::new(&invitation.email, name.as_str(), [project.name.as_str(), project.slug.as_str()]);
    let accepted = password::accept_for(&typed.password, &guessed);
    accepted.map_err(|why| Refusal::new("password", sentence(&why)))?;
    Ok(name)
}

fn token(req: &HttpRequest) -> Token {
    Token::of_link(req.match_info().get("token").unwrap_or_default())
}
