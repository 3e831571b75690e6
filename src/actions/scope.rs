//! For whom an action is done: a member of a project, a person in their own account, or an API key. [`act`] is the one
//! way to do it: it locks, checks who acts, does the work, and appends its traces to the audit log.

use std::sync::Arc;

use super::View;
use super::done::{Done, Next, ShownOnce};
use super::submissions::{self, Sent};
use crate::audit::{self, Ctx, Trace};
use crate::auth::{LoggedIn, Member, PageRequest, Person};
use crate::base::error::Error;
use crate::db::Conn;
use crate::web::Flash;
use crate::wording::Preferences;

/// For whom an action is done, and where its traces go.
pub trait Scope {
    /// Who acts, as the transaction has found them.
    type Who;

    /// Locks what the action may change, then finds who acts. In this order, because somebody may lose their role while
    /// they wait for the lock.
    ///
    /// # Errors
    /// When nobody is logged in, the key is unknown, or whoever acts may not.
    fn enter(&self, conn: &mut Conn) -> Result<Self::Who, Error>;

    /// Appends an entry to the audit log.
    fn append(&self, conn: &mut Conn, who: &Self::Who, trace: Trace) -> Result<(), Error>;
}

/// Does `work` in the open transaction and appends the traces that it returns to the audit log.
///
/// # Errors
/// Those of [`Scope::enter`] and of `work`.
pub fn act<S: Scope, R>(
    scope: &S,
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn, &S::Who) -> Result<(Vec<Trace>, R), Error>,
) -> Result<R, Error> {
    let who = scope.enter(conn)?;
    let (traces, result) = work(conn, &who)?;
    traces.into_iter().try_for_each(|trace| scope.append(conn, &who, trace))?;
    Ok(result)
}

/// A scope whose actions people request with forms.
pub trait FormScope: Scope<Who: Send> + Clone + Send + Sync + 'static {
    /// What an action of this scope leaves.
    type Done: Send;
    /// What operations of this scope need to know.
    type Ctx;

    fn new(request: Arc<PageRequest>) -> Self;

    fn request(&self) -> &Arc<PageRequest>;

    /// Finds who sent the request, without a lock.
    ///
    /// # Errors
    /// As [`Scope::enter`].
    fn find(request: &PageRequest, conn: &mut Conn) -> Result<Self::Who, Error>;

    fn ctx(&self, who: &Self::Who) -> Self::Ctx;

    /// The person, and whether they proved recently who they are.
    fn identity(who: &Self::Who) -> Identity<'_>;

    /// The message about what the person has just done, which the next page shows.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn flash(conn: &mut Conn, view: &View<'_, Self>) -> Result<Option<Flash>, Error>;

    /// The answer to the same form, when the person has sent it before.
    ///
    /// # Errors
    /// [`Error::Refused`] when they sent it with other content.
    fn earlier(&self, conn: &mut Conn, who: &Self::Who, sent: &Sent) -> Result<Option<Next>, Error>;

    /// Stores what answers the same form when it comes again. Returns the traces of the action, and the answer.
    fn finish(
        &self,
        conn: &mut Conn,
        who: &Self::Who,
        sent: &Sent,
        done: Self::Done,
    ) -> Result<(Vec<Trace>, Next), Error>;
}

/// The person behind a request.
pub struct Identity<'a> {
    pub person: &'a Person,
    pub is_proven: bool,
    pub has_second_factor: bool,
    pub preferences: Preferences,
}

/// What a member of a project does to it and its customers.
#[derive(Clone)]
pub struct InProject(Arc<PageRequest>);

impl Scope for InProject {
    type Who = Member;

    fn enter(&self, conn: &mut Conn) -> Result<Member, Error> {
        let project = self.0.authorize(conn)?.project.id;
        conn.lock_project(project)?;
        self.0.authorize(conn)
    }

    fn append(&self, conn: &mut Conn, member: &Member, trace: Trace) -> Result<(), Error> {
        audit::append(conn, &self.0.ctx(member), trace)
    }
}

impl FormScope for InProject {
    type Ctx = Ctx;
    type Done = Done;

    fn new(request: Arc<PageRequest>) -> InProject {
        InProject(request)
    }

    fn request(&self) -> &Arc<PageRequest> {
        &self.0
    }

    fn find(request: &PageRequest, conn: &mut Conn) -> Result<Member, Error> {
        request.authorize(conn)
    }

    fn ctx(&self, member: &Member) -> Ctx {
        self.0.ctx(member)
    }

    fn identity(member: &Member) -> Identity<'_> {
        Identity {
            person: &member.person,
            is_proven: member.is_proven,
            has_second_factor: member.has_second_factor,
            preferences: member.preferences(),
        }
    }

    fn flash(conn: &mut Conn, view: &View<'_, InProject>) -> Result<Option<Flash>, Error> {
        Ok(submissions::flash(conn, view.who, view.query, view.request.now)?)
    }

    fn earlier(&self, conn: &mut Conn, member: &Member, sent: &Sent) -> Result<Option<Next>, Error> {
        let found = submissions::find(conn, member.person.id, sent)?;
        Ok(found.map(|earlier| Next::after(earlier.id, &earlier.location)))
    }

    fn finish(&self, conn: &mut Conn, member: &Member, sent: &Sent, done: Done) -> Result<(Vec<Trace>, Next), Error> {
        let submission = submissions::insert(conn, &self.0.ctx(member), member.person.id, sent, &done)?;
        let next = Next::after(submission, &done.location);
        Ok((vec![done.trace], done.shown_once.map_or(next, Next::Shown)))
    }
}

/// What a person does to their own account. It belongs to no project: a trace goes into the log of every project of the
/// person.
#[derive(Clone)]
pub struct OwnAccount(Arc<PageRequest>);

/// What an action on an account leaves.
pub struct AccountDone {
    /// The entry for the audit logs; `None` when the change needs none.
    pub trace: Option<Trace>,
    next: Next,
}

impl AccountDone {
    pub fn new(trace: Option<Trace>, location: impl Into<String>) -> AccountDone {
        AccountDone { trace, next: Next::Page(location.into()) }
    }

    /// Answers with a secret that is shown only now, instead of a redirect.
    #[must_use]
    pub fn showing(trace: Option<Trace>, shown: ShownOnce) -> AccountDone {
        AccountDone { trace, next: Next::Shown(shown) }
    }
}

impl Scope for OwnAccount {
    type Who = LoggedIn;

    fn enter(&self, conn: &mut Conn) -> Result<LoggedIn, Error> {
        let logged_in = self.0.authenticate(conn)?;
        self.0.everywhere(conn, logged_in.person.id)?;
        Ok(logged_in)
    }

    fn append(&self, conn: &mut Conn, logged_in: &LoggedIn, trace: Trace) -> Result<(), Error> {
        self.0.everywhere(conn, logged_in.person.id)?.append(conn, &trace)
    }
}

impl FormScope for OwnAccount {
    type Ctx = ();
    type Done = AccountDone;

    fn new(request: Arc<PageRequest>) -> OwnAccount {
        OwnAccount(request)
    }

    fn request(&self) -> &Arc<PageRequest> {
        &self.0
    }

    fn find(request: &PageRequest, conn: &mut Conn) -> Result<LoggedIn, Error> {
        request.authenticate(conn)
    }

    fn ctx(&self, _: &LoggedIn) {}

    fn identity(logged_in: &LoggedIn) -> Identity<'_> {
        Identity {
            person: &logged_in.person,
            is_proven: logged_in.is_proven,
            has_second_factor: logged_in.has_second_factor,
            preferences: logged_in.preferences,
        }
    }

    fn flash(_: &mut Conn, _: &View<'_, OwnAccount>) -> Result<Option<Flash>, Error> {
        Ok(None)
    }

    /// Nothing is stored of these forms, because sending one twice changes nothing more.
    fn earlier(&self, _: &mut Conn, _: &LoggedIn, _: &Sent) -> Result<Option<Next>, Error> {
        Ok(None)
    }

    fn finish(&self, _: &mut Conn, _: &LoggedIn, _: &Sent, done: AccountDone) -> Result<(Vec<Trace>, Next), Error> {
        Ok((done.trace.into_iter().collect(), done.next))
    }
}
