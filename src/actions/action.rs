//! A form that somebody sent, and the one way to run its action.

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
use crate::audit::{self, Ctx};
use crate::auth::{Member, PageRequest, Prover, fresh_authentication};
use crate::base::error::{Error, Refusal};
use crate::base::{Permission, hex};
use crate::db::{Conn, Db};
use crate::web::form::{self, FORM_LIMIT};
use crate::web::request_record::RequestRecord;
use crate::web::{Proof, shared};

/// The field that makes a form work once.
const ONCE: &str = "once";
/// The longest key in bytes. A form with a longer one counts as a form without a key: it works each time it is sent.
const KEY_LENGTH: usize = 255;

/// A form, its sender, and what the action needs to run. `T` is what the action reads from the form.
pub struct Act<T> {
    draft: T,
    typed: Vec<(String, String)>,
    sent: Sent,
    request: Arc<PageRequest>,
    db: Db,
    prover: Prover,
    proof: Proof,
    /// The query of the address that the form was sent to.
    pub query: String,
}

/// What an action gets inside its transaction.
pub struct Doing<'a> {
    pub conn: &'a mut Conn,
    pub member: &'a Member,
    pub request: &'a PageRequest,
    pub ctx: Ctx,
}

impl Doing<'_> {
    /// Checks a further permission, for an action that needs more than its route asks for.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the member's role does not have it.
    pub fn permit(&self, permission: Permission) -> Result<(), Error> {
        if self.member.may(permission) { Ok(()) } else { Err(Error::Forbidden(permission)) }
    }
}

/// What answers a form that worked.
enum Next {
    /// A redirect to this address.
    Page(String),
    /// The same page, with a secret that is shown only now.
    Shown(ShownOnce),
}

impl<T> Act<T> {
    /// What the action reads from the form.
    pub fn draft(&self) -> &T {
        &self.draft
    }

    /// A `{name}` of the route's path.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the route has no such parameter.
    pub fn parameter(&self, name: &str) -> Result<String, Error> {
        self.request.parameter(name).map(str::to_owned)
    }

    /// Checks the permission without running anything, for a handler that must ask another server before [`Act::run`].
    ///
    /// # Errors
    /// Those of [`PageRequest::authorize`].
    pub async fn admit(&self) -> Result<(), Error> {
        let request = self.request.clone();
        self.db.read(move |conn| request.authorize(conn).map(drop)).await
    }

    /// Does `work` in one transaction. The transaction first checks the permission, and in the end writes the audit
    /// entry and the submission. The answer is a redirect to where [`Done`] says, or the page with a secret that is
    /// shown once. When the proof or `work` refuses, `page` shows the dialog again: 422, or 409 when somebody else was
    /// faster.
    ///
    /// # Errors
    /// Those of [`PageRequest::authorize`]; [`Error::TooManyRequests`] after too many wrong passwords or codes;
    /// whatever `work` or `page` returns, except [`Error::Refused`].
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
        answer(&db, request, (dialog, typed), page, done).await
    }

    /// Asks for a fresh authentication and does nothing else, then redirects to `location`.
    ///
    /// # Errors
    /// Those of [`Act::run`].
    pub async fn only_prove<P>(self, dialog: &str, page: P, location: String) -> Result<HttpResponse, Error>
    where
        T: Send + 'static,
        P: FnOnce(&mut Conn, &PageRequest, Opened) -> Result<Bytes, Error> + Send + 'static,
    {
        let mut act = self;
        let (db, request, typed) = (act.db.clone(), act.request.clone(), std::mem::take(&mut act.typed));
        let proven = act.prove(&typed).await.map(|()| Next::Page(location));
        answer(&db, request, (dialog, typed), page, proven).await
    }

    /// Changes nothing and shows the dialog again with what was typed, so that it can preview what the action would
    /// do.
    ///
    /// # Errors
    /// Whatever `page` returns.
    pub async fn again<P>(self, dialog: &str, page: P) -> Result<HttpResponse, Error>
    where
        P: FnOnce(&mut Conn, &PageRequest, Opened) -> Result<Bytes, Error> + Send + 'static,
    {
        let opened = Opened::again(dialog, self.typed, Refusal::default())?;
        let html = self.db.read(move |conn| page(conn, &self.request, opened)).await?;
        Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
    }

    /// Does `work` for a form that changes nothing.
    ///
    /// # Errors
    /// Those of [`PageRequest::authorize`]; whatever `work` returns.
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
        if self.proof == Proof::No {
            return Ok(());
        }
        let request = self.request.clone();
        let member = self.db.read(move |conn| request.authorize(conn)).await?;
        if member.is_proven {
            return Ok(());
        }
        let typed = fresh_authentication::typed(typed);
        self.prover.check(&self.db, &self.request, &member.person, member.has_second_factor, typed).await
    }

    /// Runs the transaction; returns how to answer.
    async fn perform<W>(self, work: W) -> Result<Next, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Doing<'_>, T) -> Result<Done, Error> + Send + 'static,
    {
        let Act { draft, sent, request, db, .. } = self;
        let transaction = move |conn: &mut Conn| {
            let project = request.authorize(conn)?.project.id;
            conn.lock_project(project)?;
            // Once more: while this request waited for the lock, the person may have lost the role.
            let member = request.authorize(conn)?;
            if let Some((submission, location)) = submissions::find(conn, member.person.id, &sent)? {
                return Ok(Next::Page(with_submission(&location, submission)));
            }
            let ctx = request.ctx(&member);
            let mut doing = Doing { conn: &mut *conn, member: &member, request: &request, ctx: ctx.clone() };
            let done = work(&mut doing, draft)?;
            let submission = submissions::insert(conn, &ctx, member.person.id, &sent, &done)?;
            audit::append(conn, &ctx, done.trace)?;
            let redirect = Next::Page(with_submission(&done.location, submission));
            Ok(done.shown_once.map_or(redirect, Next::Shown))
        };
        db.write(transaction).await
    }
}

/// Redirects; or shows this page, with the secret that is shown once or with the dialog that was refused.
async fn answer<P>(
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
            // Before the form is read, so that somebody without a session learns nothing about it.
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
        let prover = Prover::from_request(req)?;
        Ok(Act {
            sent: Sent { once, fingerprint: fingerprint(&prover.throttle_key, req.path(), &typed) },
            prover,
            query: req.query_string().to_owned(),
            request: Arc::new(request),
            db: shared::<Db>(req)?.as_ref().clone(),
            proof: proof_of_route(req),
            draft,
            typed,
        })
    }
}

/// The proof that the matched route asks for.
pub(super) fn proof_of_route(req: &HttpRequest) -> Proof {
    RequestRecord::from_request(req).matched.get().map(|entry| entry.proof).unwrap_or_default()
}

/// Whether a text can be a key: pages use 32 hexadecimal digits, other senders may use any printable ASCII.
fn is_key(text: &str) -> bool {
    (1..=KEY_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The hash of an address and its fields: equal for equal forms. It leaves out what was typed as proof. Because `key`
/// goes into it, nobody can find the fields by guessing them and comparing hashes.
fn fingerprint(key: &[u8], path: &str, typed: &[(String, String)]) -> String {
    let mut fields: Vec<_> =
        typed.iter().filter(|(name, _)| name != ONCE && name != fresh_authentication::FIELD).collect();
    fields.sort();
    let form = serde_json::to_string(&(path, fields)).unwrap_or_default();
    hex(&Sha256::new().chain_update(key).chain_update(form).finalize())
}
