//! What the purchases of a customer add up to: the columns that lists sort and filter by, and that the header shows.

use std::collections::BTreeMap;

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::member::{Member, Totals};
use crate::base::ids::CustomerId;
use crate::base::money::Micros;
use crate::db::Conn;
use crate::db::many::{self, Column, Kind as ColumnKind, Row};
use crate::events::Environment;
use crate::projection::{Kind, Purchase, Revenue};

/// Total spent (§6.6) and how many purchases were bought or shared, of some purchases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    spent: Revenue,
    bought: i64,
    shared: i64,
}

impl Sums {
    pub fn of<'a>(purchases: impl IntoIterator<Item = &'a Purchase>) -> Sums {
        let mut sums = Sums::default();
        for purchase in purchases {
            if purchase.counts_as_spent() {
                sums.spent = sums.spent.plus(purchase.revenue);
            }
            if is_production(purchase) && purchase.kind != Kind::Grant {
                sums.bought += 1;
                sums.shared += i64::from(purchase.is_family_share);
            }
        }
        sums
    }
}

impl Member {
    /// Takes sums over all purchases.
    pub fn take_sums(&mut self, sums: Sums) {
        self.progress.bought = sums.bought;
        self.progress.shared = sums.shared;
        self.columns.totals.spent = sums.spent;
        let totals = &mut self.columns.totals;
        totals.is_family_shared_only =
            totals.spent.net == Micros::ZERO && sums.bought > 0 && sums.bought == sums.shared;
    }

    /// Takes what some purchases were and what they are now.
    pub fn take_difference(&mut self, before: Sums, after: Sums) {
        let sums = Sums {
            spent: self.columns.totals.spent.minus(before.spent).plus(after.spent),
            bought: self.progress.bought - before.bought + after.bought,
            shared: self.progress.shared - before.shared + after.shared,
        };
        self.take_sums(sums);
    }

    /// Takes what lists show. The purchases are all that the customer has, or those that stand at an end of an order.
    pub fn take_lists(&mut self, purchases: &[&Purchase]) {
        let compact = |purchase: &Purchase| purchase.without_picture().to_json();
        let ends = |kind: Kind| {
            let own = purchases.iter().filter(move |purchase| is_production(purchase) && purchase.kind == kind);
            own.map(|purchase| purchase.access_ends_at().millis()).max()
        };
        let subscribed_until = ends(Kind::Subscription);
        let (latest, status) = (latest(purchases), status_purchase(purchases));
        let totals = &mut self.columns.totals;
        *totals = Totals {
            spent: totals.spent,
            is_family_shared_only: totals.is_family_shared_only,
            latest: latest.filter(|latest| status.is_none_or(|status| !std::ptr::eq(*latest, status))).map(compact),
            status: status.map(compact),
            is_subscriber: subscribed_until.is_some(),
            made_one_time: ends(Kind::OneTime).is_some(),
            made_sandbox: purchases.iter().any(|one| one.environment == Environment::Sandbox),
            subscribed_until: subscribed_until.unwrap_or(i64::MIN),
            granted_until: ends(Kind::Grant).unwrap_or(i64::MIN),
        };
    }
}

fn is_production(purchase: &Purchase) -> bool {
    purchase.environment == Environment::Production
}

/// The last purchase in production; a grant only without one, a purchase in the sandbox only without either.
fn latest<'a>(all: &[&'a Purchase]) -> Option<&'a Purchase> {
    let rank = |one: &Purchase| (is_production(one), one.kind != Kind::Grant, one.period_start, one.key.clone());
    all.iter().copied().max_by_key(|one| rank(one))
}

/// The purchase that gives the customer a status: the subscription with the furthest end, grants last (§13.1). By the
/// latest transaction, a customer with a year left of another subscription could count as expired.
fn status_purchase<'a>(all: &[&'a Purchase]) -> Option<&'a Purchase> {
    let rank = |purchase: &Purchase| match purchase.kind {
        Kind::Subscription => 2,
        Kind::OneTime | Kind::Temporary => 1,
        Kind::Grant => 0,
    };
    let place = |one: &Purchase| (rank(one), one.access_ends_at(), one.period_start, one.key.clone());
    all.iter().copied().filter(|one| is_production(one)).max_by_key(|one| place(one))
}

/// For customers with many purchases: those that stand at an end of an order by which [`Member::take_lists`] chooses.
/// The rows must be written already.
pub fn ends_of_orders(conn: &mut Conn, customers: &[Row]) -> QueryResult<BTreeMap<CustomerId, Vec<Purchase>>> {
    const KEY: &[Column] = &[("customer_id", ColumnKind::Integer)];
    const ENVIRONMENTS: [Environment; 2] = [Environment::Production, Environment::Sandbox];
    const KINDS: [Kind; 4] = [Kind::Subscription, Kind::OneTime, Kind::Grant, Kind::Temporary];
    let mut found: BTreeMap<CustomerId, Vec<Purchase>> = BTreeMap::new();
    for environment in ENVIRONMENTS {
        for kind in KINDS {
            let of = format!(
                "SELECT body FROM purchases WHERE purchases.customer_id = given.customer_id
                    AND environment = '{}' AND kind = '{}'",
                environment.as_str(),
                kind.as_str()
            );
            let newest = |names: &str| {
                format!("({of} AND names_entitlements = {names} ORDER BY starts_at DESC, key DESC LIMIT 1)")
            };
            let columns = format!(
                "customer_id, ({of} ORDER BY ends_at DESC, starts_at DESC, key DESC LIMIT 1), {}, {}",
                newest("TRUE"),
                newest("FALSE")
            );
            type Columns = (BigInt, Nullable<Text>, Nullable<Text>, Nullable<Text>);
            type Read = (CustomerId, Option<String>, Option<String>, Option<String>);
            for (customer, one, two, three) in many::joined::<Columns, Read>(conn, (&columns, "given"), KEY, customers)?
            {
                let bodies = [one, two, three].into_iter().flatten();
                found.entry(customer).or_default().extend(bodies.filter_map(|body| Purchase::stored(&body)));
            }
        }
    }
    Ok(found)
}
