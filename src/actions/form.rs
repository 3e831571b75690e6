//! A form that somebody sent, and the one way to run its action.

use std::future::ready;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, LOCATION};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::done::Next;
use super::opened::Opened;
use super::page::{Page, Renderer};
use super::scope::{FormScope, Identity, InProject, OwnAccount, act};
use super::submissions::Sent;
use crate::auth::{Member, PageRequest, Prover, fresh_authentication};
use crate::base::clock::Moment;
use crate::base::error::{Error, Refusal};
use crate::base::{Permission, hex};
use crate::db::{Conn, Db};
use crate::operations::requests::Worker;
use crate::requests::queries::Key;
use crate::web::form;
use crate::web::request_record::RequestRecord;
use crate::web::{Proof, shared};

/// How long the answer to a form waits for whom it asked: with a quick one, the page shows what came of it at once.
const WAIT: Duration = Duration::from_millis(1_500);

/// The field that makes a form work once.
const ONCE: &str = "once";
/// The longest key in bytes. A form with a longer one counts as a form without a key: it works each time it is sent.
const KEY_LENGTH: usize = 255;

/// A form that acts on something of a project. `T` is what the action reads from its fields.
pub struct ActionForm<T, S: FormScope = InProject> {
    draft: T,
    sent: SentForm<S>,
}

/// A form that acts on the sender's own account.
pub type AccountForm<T> = ActionForm<T, OwnAccount>;

/// What an action gets inside its transaction.
pub struct ActionContext<'a, S: FormScope = InProject> {
    pub conn: &'a mut Conn,
    /// The person who sent the form.
    pub who: &'a S::Who,
    pub ctx: S::Ctx,
    pub request: &'a PageRequest,
    /// The query of the address that the form was sent to.
    pub query: &'a str,
    /// Takes the request that the action stored, if it did: it is sent as soon as the transaction has ended.
    pub asked: &'a OnceLock<Key>,
    typed: &'a [(String, String)],
}

impl ActionContext<'_> {
    /// What was typed into a field that the form's own type does not read.
    pub fn typed(&self, field: &str) -> Option<&str> {
        self.typed.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    /// All that was typed into fields of this name.
    pub fn typed_all<'b>(&'b self, field: &'b str) -> impl Iterator<Item = &'b str> {
        self.typed.iter().filter(move |(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    /// Checks a further permission, for an action that needs more than its route asks for.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the member's role does not have it.
    pub fn permit(&self, permission: Permission) -> Result<(), Error> {
        if self.who.may(permission) { Ok(()) } else { Err(Error::Forbidden(permission)) }
    }
}

/// A form without what its action reads: all that the pipeline needs, so that it is compiled once for all actions.
struct SentForm<S: FormScope> {
    scope: S,
    typed: Vec<(String, String)>,
    sent: Sent,
    query: String,
    proof: Proof,
    prover: Prover,
    db: Db,
    worker: Worker,
}

type Work<S> = Box<dyn FnOnce(&mut ActionContext<'_, S>) -> Result<<S as FormScope>::Done, Error> + Send>;

impl<T: Send + 'static, S: FormScope> ActionForm<T, S> {
    /// What the action reads from the form.
    pub fn draft(&self) -> &T {
        &self.draft
    }

    /// Lets what the form says decide whether its route asks for a proof. A route whose proof is decided and whose handler does
    /// not call this always asks.
    #[must_use]
    pub fn asks_if(mut self, decide: impl FnOnce(&T, Moment) -> bool) -> Self {
        if self.sent.proof == Proof::Decided {
            let asks = decide(&self.draft, self.sent.request().now);
            self.sent.proof = if asks { Proof::Always } else { Proof::Never };
        }
        self
    }

    /// A `{name}` of the route's path.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the route has no such parameter.
    pub fn parameter(&self, name: &str) -> Result<String, Error> {
        self.sent.request().parameter(name).map(str::to_owned)
    }

    /// Does `work` in one transaction. The transaction first checks who acts, and in the end writes the audit entry and
    /// what answers the same form a second time. The answer is a redirect, or the page with a secret that is shown
    /// once. When the proof that the route asks for is missing, or `work` refuses, the answer is the page `P` with the
    /// dialog open: 422, or 409 when somebody else was faster.
    ///
    /// # Errors
    /// Those of [`PageRequest::authorize`]; [`Error::TooManyRequests`] after too many wrong passwords or codes;
    /// whatever `work` or the page returns, except [`Error::Refused`].
    pub async fn run<P, W>(self, dialog: &str, work: W) -> Result<HttpResponse, Error>
    where
        P: Page<Scope = S>,
        W: FnOnce(&mut ActionContext<'_, S>, T) -> Result<S::Done, Error> + Send + 'static,
    {
        self.run_after::<P, _, _>(dialog, ready(Ok(())), move |action, draft, ()| work(action, draft)).await
    }

    /// As [`ActionForm::run`]. When the proof that the route asks for is there, first waits for `prepare` and hands `work` what
    /// it made: for what takes so long that it must not be in the transaction, and must not be had without the proof.
    ///
    /// # Errors
    /// Those of [`ActionForm::run`] and of `prepare`.
    pub async fn run_after<P, R, W>(
        self,
        dialog: &str,
        prepare: impl Future<Output = Result<R, Error>>,
        work: W,
    ) -> Result<HttpResponse, Error>
    where
        P: Page<Scope = S>,
        R: Send + 'static,
        W: FnOnce(&mut ActionContext<'_, S>, T, R) -> Result<S::Done, Error> + Send + 'static,
    {
        let ActionForm { draft, sent } = self;
        let prepared = Box::pin(async move {
            let prepared = prepare.await?;
            Ok(Box::new(move |action: &mut ActionContext<'_, S>| work(action, draft, prepared)) as Work<S>)
        });
        sent.run(dialog, super::page::render::<P>, prepared).await
    }

    /// Counts the form as a try of a code, for a route that asks for no proof.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] after too many tries in the session.
    pub async fn count_code(&self) -> Result<(), Error> {
        self.sent.prover.count_code(&self.sent.db, self.sent.request()).await
    }

    /// Changes nothing and shows the dialog again with what was typed, so that it can preview what the action would
    /// do.
    ///
    /// # Errors
    /// Whatever the page returns.
    pub async fn preview<P: Page<Scope = S>>(self, dialog: &str) -> Result<HttpResponse, Error> {
        let opened = Opened::again(dialog, self.sent.typed.clone(), Refusal::default())?;
        self.sent.show(super::page::render::<P>, StatusCode::OK, opened).await
    }

    /// Asks for the proof of the route and does nothing else, then redirects to `location`.
    ///
    /// # Errors
    /// Those of [`ActionForm::run`].
    pub async fn only_prove<P: Page<Scope = S>>(self, dialog: &str, location: String) -> Result<HttpResponse, Error> {
        let proven = self.sent.prove().await.map(|()| Next::Page(location));
        self.sent.answer(dialog, super::page::render::<P>, proven).await
    }
}

impl<T: Send + 'static> ActionForm<T> {
    /// Checks the permission without running anything, for a handler that must ask another server before
    /// [`ActionForm::run`].
    ///
    /// # Errors
    /// Those of [`PageRequest::authorize`].
    pub async fn admit(&self) -> Result<(), Error> {
        let request = self.sent.scope.request().clone();
        self.sent.db.read(move |conn| request.authorize(conn).map(drop)).await
    }

    /// Does `work` for a form that changes nothing.
    ///
    /// # Errors
    /// Those of [`PageRequest::authorize`]; whatever `work` returns.
    pub async fn read<R, W>(self, work: W) -> Result<R, Error>
    where
        R: Send + 'static,
        W: FnOnce(&mut Conn, &Member, T) -> Result<R, Error> + Send + 'static,
    {
        let ActionForm { draft, sent } = self;
        let request = sent.scope.request().clone();
        sent.db.read(move |conn| request.authorize(conn).and_then(|member| work(conn, &member, draft))).await
    }
}

impl<S: FormScope> SentForm<S> {
    fn request(&self) -> &PageRequest {
        self.scope.request()
    }

    async fn run(
        self,
        dialog: &str,
        page: Renderer,
        prepared: LocalBoxFuture<'_, Result<Work<S>, Error>>,
    ) -> Result<HttpResponse, Error> {
        let next = self.run_proven(prepared).await;
        self.answer(dialog, page, next).await
    }

    async fn run_proven(&self, prepared: LocalBoxFuture<'_, Result<Work<S>, Error>>) -> Result<Next, Error> {
        self.prove().await?;
        let work = prepared.await?;
        self.perform(work).await
    }

    async fn prove(&self) -> Result<(), Error> {
        if self.proof == Proof::Never {
            return Ok(());
        }
        let request = self.scope.request().clone();
        let who = self.db.read(move |conn| S::find(&request, conn)).await?;
        let Identity { person, is_proven, has_second_factor, .. } = S::identity(&who);
        let takes_codes = match self.proof {
            Proof::Never => return Ok(()),
            Proof::Always | Proof::Decided if is_proven => return Ok(()),
            Proof::Always | Proof::Decided => has_second_factor,
            Proof::Password => false,
        };
        let typed = fresh_authentication::typed(&self.typed);
        self.prover.check(&self.db, self.request(), person, takes_codes, typed).await
    }

    /// Runs the transaction; returns how to answer.
    async fn perform(&self, work: Work<S>) -> Result<Next, Error> {
        let (scope, sent, query) = (self.scope.clone(), self.sent.clone(), self.query.clone());
        let typed = self.typed.clone();
        let asked: Arc<OnceLock<Key>> = Arc::default();
        let slot = asked.clone();
        let transaction = move |conn: &mut Conn| {
            act(&scope, conn, |conn, who| {
                if let Some(earlier) = scope.earlier(conn, who, &sent)? {
                    return Ok((Vec::new(), earlier));
                }
                let (ctx, request) = (scope.ctx(who), &**scope.request());
                let (asked, typed) = (&*slot, typed.as_slice());
                let context = &mut ActionContext { conn: &mut *conn, who, ctx, request, query: &query, asked, typed };
                let done = work(context)?;
                scope.finish(conn, who, &sent, done)
            })
        };
        let next = self.db.write_in_turn(self.request().turn(), transaction).await?;
        if let Some(key) = asked.get() {
            self.worker.look_now(*key, WAIT).await;
        }
        Ok(next)
    }

    /// Redirects; or shows the page, with the secret that is shown once or with the dialog that was refused.
    async fn answer(self, dialog: &str, page: Renderer, next: Result<Next, Error>) -> Result<HttpResponse, Error> {
        match next {
            Ok(Next::Page(location)) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()),
            Ok(Next::Shown(shown)) => self.show(page, StatusCode::OK, Opened::showing(shown)?).await,
            Err(Error::Refused(refusal)) => {
                let status = if refusal.is_stale { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
                let opened = Opened::again(dialog, self.typed.clone(), refusal)?;
                self.show(page, status, opened).await
            }
            Err(error) => Err(error),
        }
    }

    async fn show(self, page: Renderer, status: StatusCode, opened: Opened) -> Result<HttpResponse, Error> {
        let (request, query) = (self.scope.request().clone(), self.query);
        let html: Bytes = self.db.read(move |conn| page(conn, &request, &query, Some(opened))).await?;
        Ok(HttpResponse::build(status).content_type(ContentType::html()).body(html))
    }

    fn new(req: &HttpRequest, request: PageRequest, typed: Vec<(String, String)>) -> Result<SentForm<S>, Error> {
        let once = typed.iter().find(|(name, value)| name == ONCE && is_key(value)).map(|(_, key)| key.clone());
        let prover = Prover::from_request(req)?;
        Ok(SentForm {
            scope: S::new(Arc::new(request)),
            sent: Sent { once, fingerprint: fingerprint(&prover.throttle_key, req.path(), &typed) },
            query: req.query_string().to_owned(),
            proof: RequestRecord::from_request(req).matched.get().map(|entry| entry.proof).unwrap_or_default(),
            prover,
            db: shared::<Db>(req)?.as_ref().clone(),
            worker: shared::<Worker>(req)?.as_ref().clone(),
            typed,
        })
    }
}

impl<T: DeserializeOwned + 'static, S: FormScope> FromRequest for ActionForm<T, S> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<ActionForm<T, S>, Error>>;

    fn from_request(req: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            // Before the form is read, so that somebody without a session learns nothing about it.
            let request = PageRequest::extract(&req).await?;
            let body = form::read_form(&req, payload).await;
            match body.and_then(|body| Ok((form::parse(&body)?, form::pairs(&body)))) {
                Ok((draft, typed)) => Ok(ActionForm { draft, sent: SentForm::new(&req, request, typed)? }),
                Err(error) => Err(refuse::<S>(shared(&req)?, request, error).await),
            }
        })
    }
}

/// The error of a form that cannot be read. For somebody who may not send it, that error instead.
async fn refuse<S: FormScope>(db: Data<Db>, request: PageRequest, error: Error) -> Error {
    db.read(move |conn| S::find(&request, conn).map(drop)).await.err().unwrap_or(error)
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
