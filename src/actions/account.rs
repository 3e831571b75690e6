//! A form about the person's own account. It works like [`Act`](super::Act) but belongs to no project: its audit entry
//! goes into the log of every project that the person belongs to.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, LOCATION};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev};
use serde::de::DeserializeOwned;

use super::action::proof_of_route;
use super::done::ShownOnce;
use super::opened::Opened;
use crate::audit::Trace;
use crate::auth::{LoggedIn, PageRequest, Prover, fresh_authentication};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::web::form::{self, FORM_LIMIT};
use crate::web::{Proof, shared};

/// A form about the sender's own account. `T` is what the handler reads from the form.
pub struct Own<T> {
    draft: T,
    typed: Vec<(String, String)>,
    request: Arc<PageRequest>,
    db: Db,
    prover: Prover,
    proof: Proof,
}

/// What the work of such a form gets inside its transaction.
pub struct Owner<'a> {
    pub conn: &'a mut Conn,
    pub logged_in: &'a LoggedIn,
    pub request: &'a PageRequest,
    pub now: Moment,
}

/// What such a form leaves: an audit entry, and where to go next.
pub struct Kept {
    /// The entry for the audit logs; `None` when the change needs none.
    pub trace: Option<Trace>,
    pub location: String,
    pub shown_once: Option<ShownOnce>,
}

impl Kept {
    pub fn new(trace: Option<Trace>, location: impl Into<String>) -> Kept {
        Kept { trace, location: location.into(), shown_once: None }
    }

    /// Answers with a secret that is shown only now, instead of a redirect.
    #[must_use]
    pub fn showing(self, shown: ShownOnce) -> Kept {
        Kept { shown_once: Some(shown), ..self }
    }
}

impl<T> Own<T> {
    /// What the handler reads from the form.
    pub fn draft(&self) -> &T {
        &self.draft
    }

    /// Does `work` in one transaction, then redirects to where [`Kept`] says. When the proof or `work` refuses, `page`
    /// shows the form called `name` again, with status 422.
    ///
    /// # Errors
    /// [`Error::LogIn`] when the session is over; [`Error::TooManyRequests`] after too many wrong passwords or codes;
    /// whatever `work` or `page` returns, except [`Error::Refused`].
    pub async fn run<W, P>(mut self, name: &str, page: P, work: W) -> Result<HttpResponse, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Owner<'_>, T) -> Result<Kept, Error> + Send + 'static,
        P: FnOnce(&mut Conn, &PageRequest, Opened) -> Result<Bytes, Error> + Send + 'static,
    {
        let (db, request, typed) = (self.db.clone(), self.request.clone(), std::mem::take(&mut self.typed));
        let kept = match self.prove(&typed).await {
            Ok(()) => self.perform(work).await,
            Err(error) => Err(error),
        };
        let (status, opened) = match kept {
            Ok(Kept { shown_once: None, location, .. }) => {
                return Ok(HttpResponse::SeeOther().insert_header((LOCATION, location)).finish());
            }
            Ok(Kept { shown_once: Some(shown), .. }) => (StatusCode::OK, Opened::showing(shown)?),
            Err(Error::Refused(refusal)) => (StatusCode::UNPROCESSABLE_ENTITY, Opened::again(name, typed, refusal)?),
            Err(error) => return Err(error),
        };
        let html = db.read(move |conn| page(conn, &request, opened)).await?;
        Ok(HttpResponse::build(status).content_type(ContentType::html()).body(html))
    }

    async fn prove(&self, typed: &[(String, String)]) -> Result<(), Error> {
        if self.proof == Proof::No {
            return Ok(());
        }
        let request = self.request.clone();
        let logged_in = self.db.read(move |conn| request.authenticate(conn)).await?;
        let takes_codes = match self.proof {
            Proof::Fresh if logged_in.is_proven => return Ok(()),
            proof => logged_in.has_second_factor && proof == Proof::Fresh,
        };
        let typed = fresh_authentication::typed(typed);
        self.prover.check(&self.db, &self.request, &logged_in.person, takes_codes, typed).await
    }

    async fn perform<W>(self, work: W) -> Result<Kept, Error>
    where
        T: Send + 'static,
        W: FnOnce(&mut Owner<'_>, T) -> Result<Kept, Error> + Send + 'static,
    {
        let Own { draft, request, db, .. } = self;
        let transaction = move |conn: &mut Conn| {
            let logged_in = request.authenticate(conn)?;
            let now = request.now;
            let everywhere = request.everywhere(conn, logged_in.person.id)?;
            let kept = work(&mut Owner { conn: &mut *conn, logged_in: &logged_in, request: &request, now }, draft)?;
            if let Some(trace) = &kept.trace {
                everywhere.append(conn, trace)?;
            }
            Ok(kept)
        };
        db.write(transaction).await
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Own<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Own<T>, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let request = PageRequest::extract(&req).await?;
            let db = shared::<Db>(&req)?;
            // Before the form is read, so that somebody without a session learns nothing about it.
            let request = Arc::new(request);
            let authenticated = request.clone();
            db.read(move |conn| authenticated.authenticate(conn)).await?;
            let body = form::read_form(&req, payload, FORM_LIMIT).await?;
            Ok(Own {
                draft: form::parse(&body)?,
                typed: form::pairs(&body),
                request,
                db: db.as_ref().clone(),
                prover: Prover::from_request(&req)?,
                proof: proof_of_route(&req),
            })
        })
    }
}
