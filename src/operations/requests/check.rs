//! What can be asked for now: the purchase, the payment, the amount and the new end.

use super::ask::{Ask, Checked, Extent, Wish};
use super::payment::Payment;
use super::refusal::Refusal;
use super::subject::Holder;
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::RequestId;
use crate::base::money::{Micros, Money};
use crate::customers::{stored_purchases, subject};
use crate::db::Conn;
use crate::projection::Purchase;
use crate::stores::revenuecat::queries::connected;
use crate::stores::{self, Capability, Connected, Limit, Order, Refund, Side, Target, Wanted};

/// The purchase, the order and the refunded payment that a wish comes to, if it can be asked for now. Reads only.
///
/// # Errors
/// When the database cannot be read.
pub fn check(conn: &mut Conn, ctx: &Ctx, ask: &Ask<'_>) -> Result<Checked<(Holder, Order, Option<Payment>)>, Error> {
    let found = stored_purchases::find(conn, ask.customer, ask.environment, ask.purchase)?;
    let Some(purchase) = found else { return Ok(Err(Refusal::NoSuchPurchase)) };
    let holder = Holder { customer: ask.customer, purchase };
    let purchase = &holder.purchase;
    let payment = match &ask.wish {
        Wish::Refund { transaction, .. } => {
            Payment::find(conn, ctx.project, holder.customer, purchase, transaction.as_deref())?
        }
        Wish::Cancel { .. } | Wish::Resume | Wish::Extend { .. } => None,
    };
    let connected = connected(conn, ctx.project)?;
    if connected.is_some_and(|connected| connected.is_suspended) && !ask.waits {
        return Ok(Err(Refusal::Suspended));
    }
    let wanted = wanted(ask, Target { purchase, now: ctx.now, connected }, payment.as_ref());
    let order = match wanted {
        Ok(wanted) => {
            let app_user_id = subject::load(conn, holder.customer)?.app_user_id;
            let side = side(connected);
            Order { side, app_user_id, waits: ask.waits, ..order(ctx, purchase, payment.as_ref(), wanted) }
        }
        Err(refusal) => return Ok(Err(refusal)),
    };
    Ok(Ok((holder, order, payment)))
}

/// Who is asked in a project.
pub fn side(connected: Option<Connected>) -> Side {
    if connected.is_some() { Side::RevenueCat } else { Side::Store }
}

/// The order that asks for it; it gets the number of its request when that is stored.
fn order(ctx: &Ctx, purchase: &Purchase, payment: Option<&Payment>, wanted: Wanted) -> Order {
    let transaction = payment.map(|payment| &payment.event.transaction_id);
    Order {
        project: ctx.project,
        request: RequestId(0),
        environment: purchase.environment,
        side: Side::Store,
        app_user_id: String::new(),
        waits: true,
        inverse: None,
        store: purchase.store.clone(),
        product_id: purchase.product_id.clone(),
        transaction_id: transaction.unwrap_or(&purchase.transaction_id).clone(),
        original_transaction_id: purchase.original_transaction_id.clone(),
        wanted,
    }
}

fn wanted(ask: &Ask<'_>, target: Target<'_>, payment: Option<&Payment>) -> Checked<Wanted> {
    let purchase = target.purchase;
    let limit = |kind| match stores::capability(kind, target) {
        Capability::Possible(limit) => Ok(limit),
        Capability::Impossible(why) | Capability::NotConnected(why) => Err(Refusal::Impossible(Box::new(why))),
    };
    match &ask.wish {
        Wish::Refund { amount, currency, keeps_access, seen, .. } => {
            let limit = limit(stores::ActionKind::Refund)?;
            if *keeps_access && !limit.may_keep_access {
                return Err(Refusal::MayNotKeepAccess);
            }
            if limit.must_keep_access && !keeps_access {
                return Err(Refusal::MustKeepAccess);
            }
            let payment = payment.ok_or(Refusal::NoSuchPayment)?;
            let is_newest = payment.event.transaction_id == purchase.transaction_id;
            if limit.only_newest && !is_newest {
                return Err(Refusal::OnlyNewest);
            }
            let paid_in = payment.paid.as_ref().map(|paid| &paid.currency);
            if let (Some(typed), Some(paid_in)) = (currency, paid_in)
                && !typed.eq_ignore_ascii_case(paid_in)
            {
                return Err(Refusal::OtherCurrency(paid_in.clone()));
            }
            let refund = refund(payment, *amount, *seen, &limit, *keeps_access)?;
            Ok(Wanted::Refund(Refund { is_newest, ..refund }))
        }
        Wish::Cancel { at_once } => {
            let limit = limit(stores::ActionKind::Cancel)?;
            if *at_once && !limit.may_end_at_once {
                Err(Refusal::MayNotEndAtOnce)
            } else {
                Ok(Wanted::Cancel { at_once: *at_once })
            }
        }
        Wish::Resume => limit(stores::ActionKind::Resume).map(|_| Wanted::Resume),
        Wish::Extend { extent, code } => {
            let most = limit(stores::ActionKind::Extend)?.most_days.unwrap_or(i64::MAX / 86_400_000);
            extended(purchase, *extent, most).map(|until| Wanted::Extend { until, code: *code })
        }
    }
}

fn refund(
    payment: &Payment,
    amount: Option<Micros>,
    seen: Option<Micros>,
    limit: &Limit,
    keeps_access: bool,
) -> Checked<Refund> {
    if seen.is_some() && seen != payment.left {
        return Err(Refusal::Stale);
    }
    let Some(left) = payment.money_left() else {
        let is_free = payment.event.price == Some(Micros::ZERO);
        return match amount {
            _ if is_free || payment.is_refunded => Err(Refusal::NothingLeft),
            Some(_) => Err(Refusal::UnknownAmount),
            None => Ok(Refund { amount: None, dollars: None, paid: None, left: None, keeps_access, is_newest: true }),
        };
    };
    if left.amount <= Micros::ZERO {
        return Err(Refusal::NothingLeft);
    }
    let wanted = amount.unwrap_or(left.amount);
    if wanted <= Micros::ZERO {
        return Err(Refusal::NotPositive);
    }
    if wanted > left.amount {
        return Err(Refusal::TooMuch(left));
    }
    if wanted < left.amount && !limit.is_divisible {
        return Err(Refusal::NotDivisible);
    }
    if wanted < left.amount && wanted.0 % smallest(&left.currency) != 0 {
        return Err(Refusal::TooFine(left));
    }
    let dollars = payment.dollars_of(wanted);
    let paid = payment.paid.as_ref().map(|paid| paid.amount);
    Ok(Refund {
        dollars,
        amount: Some(Money { amount: wanted, ..left.clone() }),
        paid,
        left: Some(left.amount),
        keeps_access,
        is_newest: true,
    })
}

/// The smallest amount of a currency, in micro-units (ISO 4217); of an unknown one a hundredth.
fn smallest(currency: &str) -> i64 {
    let digits = iso_currency::Currency::from_code(&currency.to_uppercase()).and_then(|one| one.exponent());
    10_i64.pow(6_u32.saturating_sub(u32::from(digits.unwrap_or(2))))
}

/// The new end of a period: at least a minute later, and at most so many days.
fn extended(purchase: &Purchase, extent: Extent, most_days: i64) -> Checked<Moment> {
    let out_of_range = Refusal::EndOutOfRange(most_days);
    let end = purchase.expires_at.ok_or(Refusal::NoSuchPurchase)?;
    let until = match extent {
        Extent::Days(days) if (1..=most_days).contains(&days) => end.plus_days(days),
        Extent::Days(_) => return Err(out_of_range),
        Extent::Until(until) => until,
    };
    let is_allowed = until >= end.plus_minutes(1) && until <= end.plus_days(most_days);
    if is_allowed { Ok(until) } else { Err(out_of_range) }
}
