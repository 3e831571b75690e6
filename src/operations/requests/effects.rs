//! What follows from what a store did: our own event of it, in the transaction in which the request is confirmed.

use super::customer_effects;
use super::payment::Payment;
use super::subject::{Holder, find_purchase};
use crate::audit::{self, Action, Ctx, Trace};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, EventId};
use crate::base::money::Money;
use crate::catalog::{self, Catalog};
use crate::customers::{locks, state, subject};
use crate::db::Conn;
use crate::events::own::{GivenBack, PaidPeriod, StoreAction, Subject};
use crate::events::{Delivery, PeriodType};
use crate::ingest;
use crate::projection::Purchase;
use crate::requests::Request;
use crate::stores::{Order, Refund, Wanted};

/// Writes the event of what the store did at `at`, and the entry in the audit log. Returns the row of the event; `None` when
/// nobody has the purchase any more.
///
/// # Errors
/// When the database fails.
pub fn write(
    conn: &mut Conn,
    ctx: &Ctx,
    request: &Request,
    order: &Order,
    at: Moment,
) -> Result<Option<EventId>, Error> {
    if let Wanted::Customer(act) = &order.wanted {
        return customer_effects::write(conn, ctx, request, order, act);
    }
    let Some(holder) = find_purchase(conn, request.customer, request.environment, &request.purchase)? else {
        return Ok(None);
    };
    locks::lock(conn, [holder.customer])?;
    let subject = subject::load(conn, holder.customer)?;
    let payment = match &order.wanted {
        Wanted::Refund(_) => {
            let transaction = order.transaction_id.as_deref();
            Payment::find(conn, ctx.project, holder.customer, &holder.purchase, transaction)?
        }
        Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } | Wanted::Customer(_) => None,
    };
    let at = after_all_reported(conn, ctx, holder.customer, at)?;
    let catalog = catalog::queries::load(conn, ctx.project)?;
    let delivery =
        Effect { order, purchase: &holder.purchase, payment: payment.as_ref(), at }.event(&catalog, &subject)?;
    let event = ingest::append_one(conn, ctx, &delivery)?;
    append_trace(conn, ctx, request, (&holder, &subject), order)?;
    Ok(Some(event))
}

/// How far a clock may be ahead of ours, in minutes; beyond that its times mean nothing here.
const SKEW_MINUTES: i64 = 10;

/// `at`, or a moment after the newest event where the clock of the other side is a little ahead: what it did comes after what it
/// has reported.
fn after_all_reported(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, at: Moment) -> Result<Moment, Error> {
    let newest = state::newest_event_at(conn, ctx.project, &[customer])?;
    let newest = newest.filter(|newest| *newest < ctx.now.plus_minutes(SKEW_MINUTES));
    Ok(newest.map_or(at, |newest| at.max(Moment(newest.millis().saturating_add(1)))))
}

/// What a store did, and to what.
pub(super) struct Effect<'a> {
    pub order: &'a Order,
    pub purchase: &'a Purchase,
    /// The payment that is refunded.
    pub payment: Option<&'a Payment>,
    pub at: Moment,
}

impl Effect<'_> {
    /// Our own event of it.
    pub fn event(&self, catalog: &Catalog, subject: &Subject) -> Result<Delivery, Error> {
        let (purchase, at) = (self.purchase, self.at);
        let entitlements = catalog.unlocked_by(purchase);
        let current = current_period(purchase);
        let period = self.payment.map_or(current, |payment| PaidPeriod::of(&payment.event));
        let action = StoreAction { request: self.order.request, period, subject, entitlements: &entitlements, at };
        match &self.order.wanted {
            Wanted::Refund(refund) => action.refunded(&given_back(refund)),
            Wanted::Cancel { at_once: false } => action.switched_off(purchase.expires_at),
            Wanted::Cancel { at_once: true } => action.switched_off(Some(at)),
            Wanted::Resume => action.switched_on(purchase.expires_at),
            Wanted::Extend { until, .. } => action.extended(*until),
            Wanted::Customer(_) => Err(Error::Internal("it is not about a purchase".into())),
        }
    }
}

fn given_back(refund: &Refund) -> GivenBack {
    GivenBack { paid: refund.amount.clone(), dollars: refund.dollars, keeps_access: refund.keeps_access }
}

fn current_period(purchase: &Purchase) -> PaidPeriod<'_> {
    PaidPeriod {
        environment: purchase.environment.as_str(),
        store: purchase.store.as_ref(),
        app_id: purchase.app_id.as_deref(),
        product_id: Some(purchase.product_id.as_str()).filter(|id| !id.is_empty()),
        period_type: purchase.period_type.as_ref().or(Some(&PeriodType::Normal)),
        purchased_at: Some(purchase.period_start),
        expires_at: purchase.expires_at,
        transaction_id: purchase.transaction_id.as_deref(),
        original_transaction_id: purchase.original_transaction_id.as_deref(),
        currency: purchase.paid.as_ref().map(|paid: &Money| paid.currency.as_str()),
        offering: purchase.presented_offering.as_deref(),
        is_family_share: purchase.is_family_share,
        renewal_number: purchase.renewal_number,
    }
}

/// The entry stands under the name of whoever asked: it is what came of that.
fn append_trace(
    conn: &mut Conn,
    ctx: &Ctx,
    request: &Request,
    (holder, subject): (&Holder, &Subject),
    order: &Order,
) -> Result<(), Error> {
    let action = match order.wanted {
        Wanted::Refund(_) => Action::PurchaseRefunded,
        Wanted::Cancel { .. } => Action::SubscriptionCancelled,
        Wanted::Resume => Action::SubscriptionResumed,
        Wanted::Extend { .. } => Action::SubscriptionExtended,
        Wanted::Customer(_) => return Ok(()),
    };
    let trace = Trace::new(action).about(&order.product_id).after(order.wanted.words()).because(request.reason.clone());
    let trace = trace.for_customer(holder.customer, &subject.app_user_id);
    let asker = Ctx::new(ctx.project, &ctx.ids, ctx.now, request.asker.actor());
    audit::append(conn, &asker, trace)
}
