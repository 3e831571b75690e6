//! Asking a store for something: what is checked, and how it is stored.

use super::approval;
use super::check::check;
use super::payment::Payment;
use super::refusal::Refusal;
use super::subject::Holder;
use super::worker::NOT_TO_WAIT;
use crate::audit::{Action, Ctx, Trace};
use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, RequestId};
use crate::base::money::Micros;
use crate::customers::locks;
use crate::db::Conn;
use crate::events::Environment;
use crate::operations::requests::WAITING_DAYS;
use crate::requests::{Asker, NewRequest, State, queries};
use crate::stores::{ExtendCode, Order, Wanted};

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    pub customer: CustomerId,
    pub environment: Environment,
    /// The key of the purchase.
    pub purchase: &'a str,
    pub wish: Wish,
    pub reason: Option<String>,
    pub role: Role,
    /// The key by which a program asks once, and the hash of what it says.
    pub once: Option<(&'a str, String)>,
    /// Whether a request that needs a second person is stored and waits; otherwise it is refused.
    pub may_wait: bool,
    /// Whether it is sent later when nobody answers now.
    pub waits: bool,
}

/// What the store is to do, as it was typed.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    Refund {
        /// The payment; `None` for the newest one.
        transaction: Option<String>,
        /// In the currency of the payment; `None` for all that is left.
        amount: Option<Micros>,
        /// The currency that was typed with it, which must be that of the payment.
        currency: Option<String>,
        keeps_access: bool,
        /// What the asker saw to be left; `None` from programs.
        seen: Option<Micros>,
    },
    Cancel {
        at_once: bool,
    },
    Resume,
    Extend {
        extent: Extent,
        code: ExtendCode,
    },
}

/// How far the end is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Days(i64),
    Until(Moment),
}

/// What was asked, or why it was not.
#[derive(Debug)]
pub struct Asked {
    pub request: RequestId,
    /// Why a colleague has to agree first.
    pub waits_because: Option<String>,
    /// `None` when a program asked the same before with the same key.
    pub trace: Option<Trace>,
    pub order: Order,
}

/// What was checked, or why it is refused.
pub type Checked<T> = Result<T, Refusal>;

impl Ask<'_> {
    /// Stores the request, if it can be asked for. The project is locked. Nothing is sent before the transaction ends.
    ///
    /// # Errors
    /// When the database fails, or whoever acts can ask no store.
    pub fn store(self, conn: &mut Conn, ctx: &Ctx) -> Result<Checked<Asked>, Error> {
        let asker = asker(ctx)?;
        locks::lock(conn, [self.customer])?;
        if let Some(answer) = asked_before(conn, ctx, &asker, self.once.as_ref())? {
            return Ok(answer);
        }
        let (holder, order, payment) = match check(conn, ctx, &self)? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let open_as = open_as(&holder, &order);
        if let Some(open) = queries::open(conn, ctx.project, &open_as)? {
            return Ok(Err(Refusal::Open(Box::new(open))));
        }
        let waits_because = match &order.wanted {
            Wanted::Refund(refund) => {
                let before = payment.as_ref().map(Payment::given_back_in_dollars).unwrap_or_default();
                approval::needed(conn, ctx, (&asker, self.role), (refund, before))?
            }
            Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } | Wanted::Customer(_) => None,
        };
        if let Some(why) = waits_because.as_ref().filter(|_| !self.may_wait) {
            return Ok(Err(Refusal::NeedsApproval(why.clone())));
        }
        let about = About { customer: holder.customer, environment: self.environment, purchase: self.purchase };
        let new = Accepted { about, order, open_as, reason: self.reason, once: self.once, waits_because };
        new.insert(conn, ctx, &asker).map(Ok)
    }
}

/// Whoever acts, as the one who asks.
///
/// # Errors
/// When it is the program or an operator, who ask nobody.
pub(super) fn asker(ctx: &Ctx) -> Result<Asker, Error> {
    Asker::new(&ctx.actor).ok_or_else(|| Error::Internal("nobody asks".into()))
}

/// What answers a program that uses the same key again; nothing, where the first request was not to wait and was never sent.
pub(super) fn asked_before(
    conn: &mut Conn,
    ctx: &Ctx,
    asker: &Asker,
    once: Option<&(&str, String)>,
) -> Result<Option<Checked<Asked>>, Error> {
    let Some((key, hash)) = once else { return Ok(None) };
    let Some((request, said)) = queries::made_with(conn, ctx.project, asker, key)? else { return Ok(None) };
    if said.as_ref() != Some(hash) {
        return Ok(Some(Err(Refusal::OtherWithKey)));
    }
    if request.state == State::Refused && request.is_unsent() {
        let key = (request.project, request.id);
        let last = queries::steps(conn, key.0, &[key.1])?.pop();
        if last.is_some_and(|step| step.words.starts_with(NOT_TO_WAIT)) {
            queries::release_key(conn, key)?;
            return Ok(None);
        }
    }
    let order = request.order().map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Some(Ok(Asked { request: request.id, waits_because: None, trace: None, order })))
}

/// What a request is about.
pub(super) struct About<'a> {
    pub customer: CustomerId,
    pub environment: Environment,
    /// The key of the purchase; empty when it is about none.
    pub purchase: &'a str,
}

/// What can be asked for, before it is stored.
pub(super) struct Accepted<'a> {
    pub about: About<'a>,
    pub order: Order,
    pub open_as: String,
    pub reason: Option<String>,
    pub once: Option<(&'a str, String)>,
    pub waits_because: Option<String>,
}

impl Accepted<'_> {
    /// Stores the request.
    pub fn insert(self, conn: &mut Conn, ctx: &Ctx, asker: &Asker) -> Result<Asked, Error> {
        let id: RequestId = ctx.next_id();
        let order = Order { request: id, ..self.order };
        let (state, due_at) = match self.waits_because {
            Some(_) => (State::Waiting, ctx.now.plus_days(WAITING_DAYS)),
            None => (State::Asked, ctx.now),
        };
        let new = NewRequest {
            id,
            customer: self.about.customer,
            environment: self.about.environment,
            purchase: self.about.purchase,
            order: &order,
            reason: self.reason.as_deref(),
            state,
            asker,
            open_as: self.open_as,
            once: self.once,
            due_at,
        };
        queries::insert(conn, &new, ctx.now)?;
        let trace = Trace::new(Action::StoreActionAsked).about(order.about()).after(order.wanted.words());
        let trace = Some(trace.because(self.reason));
        Ok(Asked { request: id, waits_because: self.waits_because, trace, order })
    }
}

/// What may be open only once (§10.1 of the rules about stores): the kind, and the payment or the purchase.
fn open_as(holder: &Holder, order: &Order) -> String {
    let (kind, environment) = (order.wanted.kind().name(), order.environment.as_str());
    let store = order.store.as_ref().map_or("", |store| store.as_str());
    let about = match &order.wanted {
        Wanted::Refund(_) => order.transaction_id.as_ref(),
        Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } | Wanted::Customer(_) => {
            order.original_transaction_id.as_ref()
        }
    };
    match about {
        Some(transaction) => format!("{kind} {environment} {store} {transaction}"),
        None => format!("{kind} {environment} {} {}", holder.customer, holder.purchase.key),
    }
}
