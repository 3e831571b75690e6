//! Refunds a purchase of the Test Store, and switches off a renewal: as a store would, but without money.

use crate::audit::Ctx;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::subject;
use crate::db::Conn;
use crate::events::Delivery;
use crate::events::own::{Period, Subject, TestSale};
use crate::projection::Purchase;
use crate::{catalog, ingest};

/// Refunds the current period, or a purchase that has no period. Access ends at once.
///
/// # Errors
/// [`Error::NotFound`] when the customer does not exist.
pub fn refund(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, purchase: &Purchase) -> Result<(), Error> {
    append_event(conn, ctx, customer, purchase, |sale, subject, period| sale.refunded(subject, period, ctx.now))
}

/// Switches the renewal off: access lasts until the period ends.
///
/// # Errors
/// As [`refund`].
pub fn cancel(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, purchase: &Purchase) -> Result<(), Error> {
    append_event(conn, ctx, customer, purchase, |sale, subject, period| sale.cancelled(subject, period, ctx.now))
}

fn append_event(
    conn: &mut Conn,
    ctx: &Ctx,
    customer: CustomerId,
    purchase: &Purchase,
    event: impl FnOnce(&TestSale, &Subject, Period) -> Result<Delivery, Error>,
) -> Result<(), Error> {
    let catalog = catalog::queries::load(conn, ctx.project)?;
    let token = purchase.original_transaction_id.clone().or_else(|| purchase.transaction_id.clone());
    let sale = TestSale {
        token: token.unwrap_or_default(),
        product_id: purchase.product_id.clone(),
        entitlements: catalog.unlocked_by(purchase),
        offering: purchase.presented_offering.clone(),
        price: purchase.paid.clone(),
    };
    let renewals = purchase.renewal_number.unwrap_or(1).saturating_sub(1);
    let period = Period { renewals, starts_at: purchase.period_start, ends_at: purchase.expires_at };
    let delivery = event(&sale, &subject::load(conn, customer)?, period)?;
    // The event's id is made of the step and the period: the same step twice in one period would change nothing.
    match ingest::append(conn, ctx, &[delivery])? {
        true => Ok(()),
        false => Err(Error::Internal("the event of a store action was not stored: its id exists already".into())),
    }
}
