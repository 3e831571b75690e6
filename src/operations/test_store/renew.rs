//! What happens to a subscription when its period ends: it renews five times and then expires (§17). Earlier changes
//! come first: a moved subscription renews for its new holder, one that was switched off or refunded expires, and one
//! that was extended waits.

use diesel::QueryResult;

use super::{PendingRenewal, RENEWALS, queries};
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::{locks, subject};
use crate::db::Conn;
use crate::events::Delivery;
use crate::events::own::{Period, Subject, TestSale};
use crate::projection::Purchase;
use crate::{catalog, ingest};

/// Appends the events of a subscription's next step, unless another process has done so. Returns whether it did.
pub fn advance(conn: &mut Conn, ctx: &Ctx, renewal: &PendingRenewal) -> Result<bool, Error> {
    conn.lock_project(ctx.project)?;
    locks::lock(conn, [renewal.customer])?;
    let Some(holder) = queries::among_links(conn, renewal.customer, &renewal.token)? else {
        queries::remove(conn, renewal)?;
        return Ok(false);
    };
    locks::lock(conn, [holder])?;
    let Some((purchase, end)) = running(conn, holder, renewal)? else {
        queries::remove(conn, renewal)?;
        return Ok(false);
    };
    if end > renewal.at {
        queries::postpone(conn, renewal, end, renewal.renewals)?;
        return Ok(false);
    }
    let step = Step { renewal, purchase: &purchase, end, ctx };
    let events = if step.renews() { step.renew(conn, holder)? } else { step.expire(conn, holder)? };
    let Some(events) = events else { return Ok(false) };
    ingest::append(conn, ctx, &events)?;
    Ok(true)
}

/// The purchase and its end, unless an event has recorded that end.
fn running(conn: &mut Conn, holder: CustomerId, renewal: &PendingRenewal) -> QueryResult<Option<(Purchase, Moment)>> {
    let bought = queries::bought(conn, holder, &renewal.token)?;
    let running = bought.filter(|purchase| purchase.expiration_reason.is_none());
    Ok(running.and_then(|purchase| purchase.expires_at.map(|end| (purchase, end))))
}

struct Step<'a> {
    renewal: &'a PendingRenewal,
    purchase: &'a Purchase,
    end: Moment,
    ctx: &'a Ctx,
}

impl Step<'_> {
    fn renews(&self) -> bool {
        self.purchase.will_renew() && self.purchase.refunded_at.is_none() && self.renewal.renewals < RENEWALS
    }

    /// The events of a renewal; `None` when another process has recorded it.
    fn renew(&self, conn: &mut Conn, holder: CustomerId) -> Result<Option<Vec<Delivery>>, Error> {
        let renewals = self.renewal.renewals.saturating_add(1);
        let ends_at = Moment(self.end.millis().saturating_add(self.renewal.period));
        if !queries::postpone(conn, self.renewal, ends_at, renewals)? {
            return Ok(None);
        }
        let (subject, sale) = self.subject_and_sale(conn, holder)?;
        let period = Period { renewals, starts_at: self.end, ends_at: Some(ends_at) };
        let mut events = vec![sale.renewed(&subject, period, self.ctx.now)?];
        if renewals >= RENEWALS {
            events.push(sale.switched_off(&subject, period, self.ctx.now)?);
        }
        Ok(Some(events))
    }

    fn expire(&self, conn: &mut Conn, holder: CustomerId) -> Result<Option<Vec<Delivery>>, Error> {
        if !queries::remove(conn, self.renewal)? {
            return Ok(None);
        }
        let (subject, sale) = self.subject_and_sale(conn, holder)?;
        let (renewals, starts_at) = (self.renewal.renewals, self.purchase.period_start);
        let period = Period { renewals, starts_at, ends_at: Some(self.end) };
        Ok(Some(vec![sale.expired(&subject, period, self.ctx.now)?]))
    }

    fn subject_and_sale(&self, conn: &mut Conn, holder: CustomerId) -> Result<(Subject, TestSale), Error> {
        let catalog = catalog::queries::load(conn, self.ctx.project)?;
        let sale = TestSale {
            token: self.renewal.token.clone(),
            product_id: self.purchase.product_id.clone(),
            entitlements: catalog.unlocked_by(self.purchase),
            offering: self.purchase.presented_offering.clone(),
            price: self.purchase.paid.clone(),
        };
        Ok((subject::load(conn, holder)?, sale))
    }
}
