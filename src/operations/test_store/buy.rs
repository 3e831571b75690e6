//! Redeems a token: it buys a product once, no matter who posts it and how often.

use super::elsewhere::take_over;
use super::{Token, queries, schedule};
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::money::{Micros, Money};
use crate::catalog::rows::{Product, ProductKind};
use crate::customers::{Tombstones, Verdict, subject};
use crate::db::Conn;
use crate::events::own::{Period, TestSale};
use crate::{catalog, ingest};

/// A purchase that an app posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub token: Token,
    pub product: Option<String>,
    /// The offering in which the app showed the product.
    pub offering: Option<String>,
    /// Whether the app restores an old purchase instead of making a new one (§9.5).
    pub is_restore: bool,
}

/// The result of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bought {
    /// The customer has bought the product now.
    Now { product: String },
    /// The customer bought it with this token before.
    Before,
    /// Another customer had it. It was moved, with everything that customer bought in the Test Store.
    Moved { from: CustomerId, from_id: String },
    /// Another customer had it, and the two were merged.
    Joined,
}

/// Why nothing was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The order names no product.
    NoProduct,
    /// The Test Store has no such product.
    UnknownProduct,
    /// The catalog has no product of the Test Store at all.
    NothingSold,
    /// The customer has the product already.
    Held,
    /// Another customer has the purchase, and the project's transfer behaviour keeps it there.
    InUse,
    /// Another customer has the purchase, and one of both has too many ids, or is linked with too many others.
    Crowded,
    /// The purchase was made before the customer was erased, or the customer is blocked.
    TurnedAway,
}

/// Product types of which a customer can have only one purchase at a time.
const HAD_ONCE: [ProductKind; 2] = [ProductKind::Subscription, ProductKind::NonConsumable];
/// Product types whose purchases end.
const ENDING: [ProductKind; 2] = [ProductKind::Subscription, ProductKind::NonRenewingSubscription];

/// Executes an order. The caller holds the project's lock until its transaction ends.
///
/// # Errors
/// [`Error::NotFound`] when the customer does not exist.
pub fn buy(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, order: &Order) -> Result<Result<Bought, Refusal>, Error> {
    match queries::holder(conn, ctx.project, order.token.as_str())? {
        Some(holder) if holder == customer => Ok(Ok(Bought::Before)),
        Some(holder) => take_over(conn, ctx, customer, holder, order.is_restore),
        None => buy_new(conn, ctx, customer, order),
    }
}

fn buy_new(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, order: &Order) -> Result<Result<Bought, Refusal>, Error> {
    let Some(named) = &order.product else { return Ok(Err(Refusal::NoProduct)) };
    let Some(product) = queries::product(conn, ctx.project, named)? else {
        let sells = queries::has_products(conn, ctx.project)?;
        return Ok(Err(if sells { Refusal::UnknownProduct } else { Refusal::NothingSold }));
    };
    if has(conn, customer, &product, ctx.now)? {
        return Ok(Err(Refusal::Held));
    }
    let subject = subject::load(conn, customer)?;
    let names: Vec<&str> = subject.ids.iter().map(String::as_str).collect();
    // A retry of a purchase from before an erasure does not bring it back (§12.1).
    let at = order.token.made_at().min(ctx.now);
    if Tombstones::default().verdict(conn, ctx.project, &names, at)? != Verdict::Accepted {
        return Ok(Err(Refusal::TurnedAway));
    }
    let (sale, period) = (sale(conn, ctx.project, order, &product)?, first_period(&product, ctx.now));
    let renews = product.kind == ProductKind::Subscription && period.ends_at.is_some();
    if !ingest::append(conn, ctx, &[sale.bought(&subject, period, renews)?])? {
        return Ok(Err(Refusal::TurnedAway));
    }
    if let Some(end) = period.ends_at.filter(|_| renews) {
        queries::await_end(conn, customer, &sale.token, end, end.since(period.starts_at))?;
    }
    Ok(Ok(Bought::Now { product: product.identifier }))
}

fn has(conn: &mut Conn, customer: CustomerId, product: &Product, now: Moment) -> Result<bool, Error> {
    if !HAD_ONCE.contains(&product.kind) {
        return Ok(false);
    }
    let held = queries::held(conn, customer, now)?;
    Ok(held.iter().any(|purchase| purchase.product_id == product.identifier))
}

fn sale(conn: &mut Conn, project: ProjectId, order: &Order, product: &Product) -> Result<TestSale, Error> {
    let catalog = catalog::queries::load(conn, project)?;
    let price = product.price_micros.zip(product.currency.clone());
    Ok(TestSale {
        token: order.token.as_str().to_owned(),
        product_id: product.identifier.clone(),
        entitlements: catalog.unlocked_by_product(&product.identifier),
        offering: order.offering.clone(),
        price: price.map(|(micros, currency)| Money { amount: Micros(micros), currency }),
    })
}

fn first_period(product: &Product, starts_at: Moment) -> Period {
    let length = product.duration.as_deref().filter(|_| ENDING.contains(&product.kind));
    let ends_at = length.and_then(schedule::period).map(|millis| Moment(starts_at.millis().saturating_add(millis)));
    Period { renewals: 0, starts_at, ends_at }
}
