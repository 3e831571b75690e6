//! A form that was sent, and the one way to act on it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, LOCATION};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::done::{Done, ShownOnce, with_submission};
use super::opened::Opened;
use crate::actions::submissions::{self, Sent};
use crate::audit::{self, Actor, Origin};
use crate::auth::{Member, PageRequest, Prover, address, fresh_authentication};
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::base::ids::Ids;
use crate::base::{Permission, hex};
use crate::db::{Conn, Db};
use crate::web::form::{self, FORM_LIMIT};
use crate::web::shared;

/// The field that makes a form work once.
const ONCE: &str = "once";
/// The longest key that is taken; a form with another one works each time it is sent.
const KEY_LENGTH: usize = 255;

/// A form, who sent it, and all that acting on it needs. `T` is what the action reads from the form.
pub struct Act<T> {
    draft: T,
    typed: Vec<(String, String)>,
    sent: Sent,
    request: Arc<PageRequest>,
    db: Db,
    ids: Ids,
    origin: Origin,
    prover: Prover,
    needs_proof: bool,
    /// The query of the address it was sent to.
    pub query: String,
}

/// Inside the transaction of an action.
pub struct Doing<'a> {
    pub conn: &'a mut Conn,
    pub member: &'a Member,
    pub request: &'a PageRequest,
    pub ids: &'a Ids,
    pub now: Moment,
}

impl Doing<'_> {
    /// A name for a new row.
    pub fn next_id(&self) -> i64 {
        self.ids.next(self.now)
    }

    /// Asks again, for an action whose permission depends on more than its route.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn permit(&self, permission: Permission) -> Result<(), Error> {
        if self.member.may(permission) { Ok(()) } else { Err(Error::Forbidden(permission)) }
    }
}

/// How the answer goes on.
enum Next {
    Page(String),
    Shown(ShownOnce),
}

impl<T> Act<T> {
    /// Asks for a fresh authentication first.
    #[must_use]
    pub fn with_proof(mut self) -> Act<T> {
        self.needs_proof = true;
        self
    }

    /// What the action reads from the form.
    pub fn draft(&self) -> &T {
        &self.draft
    }

    /// A `{name}` of the route's path.
    ///
    /// # Errors
    /// As [`PageRequest::parameter`].
    pub fn parameter(&self, name: &str) -> Result<String, Error> {
        self.request.parameter(name).map(str::to_owned)
    }

    /// Finds out whether the person may do this at all, for what must be asked elsewhere before [`Act::run`].
    ///
    /// # Errors
    /// As [`PageRequest::authorize`].
    pub async fn admit(&self) -> Result<(), Error> {
        let request = self.request.clone();
        self.db.read(move |conn| request.authorize(conn).map(drop)).await
    }

    /// Does `work` in one transaction: whoever may not is refused before it, the entry of the audit log and the receipt
    /// are written after it. Then the answer: on to where [`Done`] says; or, when it was refused, what `page` makes of the
    /// dialog (422, or 409 when somebody else was faster) or of what is shown once.
    ///
    /// # Errors
    /// Everything but a refusal.
    pub async fn run<W, P>(mut self, dialog: &str, page: P, work: W) -> Result<HttpResponse, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Doing<'_>, T) -> Result<Done, Error> + Send + 'static,
        P: FnOnce(&mut Conn, &PageRequest, Opened) -> Result<Bytes, Error> + Send + 'static,
    {
        let (db, request, typed) = (self.db.clone(), self.request.clone(), std::mem::take(&mut self.typed));
        let done = match self.prove(&typed).await {
            Ok(()) => self.perform(work).await,
            Err(error) => Err(error),
        };
        answered(&db, request, (dialog, typed), page, done).await
    }

    /// Asks for a fresh authentication and nothing else, then goes on to `location`.
    ///
    /// # Errors
    /// As [`Act::run`].
    pub async fn only_prove<P>(self, dialog: &str, page: P, location: String) -> Result<HttpResponse, Error>
    where
        T: Send + 'static,
        P: FnOnce(&mut Conn, &PageRequest, Opened) -> Result<Bytes, Error> + Send + 'static,
    {
        let mut act = self.with_proof();
        let (db, request, typed) = (act.db.clone(), act.request.clone(), std::mem::take(&mut act.typed));
        let proven = act.prove(&typed).await.map(|()| Next::Page(location));
        answered(&db, request, (dialog, typed), page, proven).await
    }

    /// Changes nothing: the dialog again with what was typed, for a look at what it would do.
    ///
    /// # Errors
    /// What `page` returned; as [`PageRequest::authorize`].
    pub async fn again<P>(self, dialog: &str, page: P) -> Result<HttpResponse, Error>
    where
        P: FnOnce(&mut Conn, &PageRequest, Opened) -> Result<Bytes, Error> + Send + 'static,
    {
        let opened = Opened::again(dialog, self.typed, Refusal::default())?;
        let html = self.db.read(move |conn| page(conn, &self.request, opened)).await?;
        Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
    }

    /// Answers a form that changes nothing.
    ///
    /// # Errors
    /// What `work` returned; as [`PageRequest::authorize`].
    pub async fn read<R, W>(self, work: W) -> Result<R, Error>
    where
        T: Send + 'static,
        R: Send + 'static,
        W: FnOnce(&mut Conn, &Member, T) -> Result<R, Error> + Send + 'static,
    {
        let Act { draft, request, db, .. } = self;
        db.read(move |conn| request.authorize(conn).and_then(|member| work(conn, &member, draft))).await
    }

    async fn prove(&self, typed: &[(String, String)]) -> Result<(), Error> {
        if !self.needs_proof {
            return Ok(());
        }
        let request = self.request.clone();
        let member = self.db.read(move |conn| request.authorize(conn)).await?;
        if member.is_proven {
            return Ok(());
        }
        let who = (&member.person, member.has_second_factor);
        self.prover
            .check(
                &self.db,
                who,
                (self.ids.next(self.request.now), self.request.now),
                fresh_authentication::typed(typed),
            )
            .await
    }

    /// The transaction; returns how to go on.
    async fn perform<W>(self, work: W) -> Result<Next, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Doing<'_>, T) -> Result<Done, Error> + Send + 'static,
    {
        let Act { draft, sent, request, db, ids, origin, .. } = self;
        let transaction = move |conn: &mut Conn| {
            let project = request.authorize(conn)?.project.id;
            conn.lock_project(project)?;
            // Again: while it waited for the lock the person may have lost the role.
            let member = request.authorize(conn)?;
            if let Some((submission, location)) = submissions::before(conn, member.person.id, &sent)? {
                return Ok(Next::Page(with_submission(&location, submission)));
            }
            let now = request.now;
            let done =
                work(&mut Doing { conn: &mut *conn, member: &member, request: &request, ids: &ids, now }, draft)?;
            let (submission, customer) = (ids.next(now), done.trace.customer);
            submissions::insert(conn, &member, (submission, customer, now), &sent, &done)?;
            let actor = Actor::person(member.person.id, member.role.name());
            audit::append(conn, (member.project.id, ids.next(now), now), &actor, &origin, done.trace)?;
            let on = Next::Page(with_submission(&done.location, submission));
            Ok(done.shown_once.map_or(on, Next::Shown))
        };
        db.write(transaction).await
    }
}

/// On to the next page; or this one with what is shown once, or with the dialog that was refused.
async fn answered<P>(
    db: &Db,
    request: Arc<PageRequest>,
    (dialog, typed): (&str, Vec<(String, String)>),
    page: P,
    done: Result<Next, Error>,
) -> Result<HttpResponse, Error>
where
    P: FnOnce(&mut Conn, &PageRequest, Opened) -> Result<Bytes, Error> + Send + 'static,
{
    match done {
        Ok(Next::Page(location)) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()),
        Ok(Next::Shown(shown)) => {
            let opened = Opened::showing(shown)?;
            let html = db.read(move |conn| page(conn, &request, opened)).await?;
            Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
        }
        Err(Error::Refused(refusal)) => {
            let status = if refusal.is_stale { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
            let opened = Opened::again(dialog, typed, refusal)?;
            let html = db.read(move |conn| page(conn, &request, opened)).await?;
            Ok(HttpResponse::build(status).content_type(ContentType::html()).body(html))
        }
        Err(error) => Err(error),
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Act<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Act<T>, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            // Who may not even come in learns nothing about the form.
            let request = PageRequest::extract(&req).await?;
            let read = form::read_form(&req, payload, FORM_LIMIT).await;
            let read = read.and_then(|body| Ok((form::parse(&body)?, form::pairs(&body))));
            match (read, req.app_data::<Data<Db>>()) {
                (Ok((draft, typed)), _) => Act::new(&req, request, draft, typed),
                (Err(error), Some(db)) => Err(request.refuse(db, error).await),
                (Err(error), None) => Err(error),
            }
        })
    }
}

impl<T> Act<T> {
    fn new(req: &HttpRequest, request: PageRequest, draft: T, typed: Vec<(String, String)>) -> Result<Act<T>, Error> {
        let once = typed.iter().find(|(name, value)| name == ONCE && is_key(value)).map(|(_, key)| key.clone());
        let (origin, prover) = (address::origin(req)?, Prover::from_request(req)?);
        Ok(Act {
            sent: Sent { once, fingerprint: fingerprint(&prover.throttle_key, req.path(), &typed) },
            origin,
            prover,
            query: req.query_string().to_owned(),
            request: Arc::new(request),
            db: shared::<Db>(req)?.as_ref().clone(),
            ids: shared::<Ids>(req)?.as_ref().clone(),
            needs_proof: false,
            draft,
            typed,
        })
    }
}

/// Whether a text can be a key: the pages make them of 32 hexadecimal digits, other senders as they like.
fn is_key(text: &str) -> bool {
    (1..=KEY_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The same for the same form: what was typed as proof does not belong to it. `key` keeps it from telling who was meant.
fn fingerprint(key: &[u8], path: &str, typed: &[(String, String)]) -> String {
    let mut fields: Vec<_> =
        typed.iter().filter(|(name, _)| name != ONCE && name != fresh_authentication::FIELD).collect();
    fields.sort();
    let form = serde_json::to_string(&(path, fields)).unwrap_or_default();
    hex(&Sha256::new().chain_update(key).chain_update(form).finalize())
}
