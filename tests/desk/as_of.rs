//! A customer at a moment of the past: what a database says that only ever received the events until then.

use std::collections::BTreeMap;

use diesel::prelude::*;
use dossier::base::clock::Moment;
use dossier::base::ids::{CustomerId, ProjectId};
use dossier::customers::state;
use dossier::customers::{AsOf, Reading};
use dossier::db::schema::{app_user_ids, customers, purchases};
use dossier::projection::Purchase;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::customers_state::{body, differences, histories};
use crate::support::Desk;
use crate::support::customers::without_causes;
use crate::support::events::{deliver, deliver_together};

/// The customers of a project, each under the first of its ids.
fn customers_of(desk: &Desk, project: ProjectId) -> BTreeMap<String, CustomerId> {
    let own = app_user_ids::table.filter(app_user_ids::project_id.eq(project));
    let all: Vec<(String, CustomerId)> =
        desk.read(|conn| own.select((app_user_ids::app_user_id, app_user_ids::customer_id)).load(conn));
    all.into_iter().collect()
}

fn shown(purchases: impl IntoIterator<Item = Purchase>) -> Vec<String> {
    let mut shown: Vec<String> = purchases.into_iter().map(|one| without_causes(one).to_json()).collect();
    shown.sort();
    shown
}

type Spent = (i64, i64, i64, i64, bool);

fn stored(desk: &Desk, customer: CustomerId) -> (Vec<String>, Spent) {
    let bodies: Vec<String> = desk
        .read(|conn| purchases::table.filter(purchases::customer_id.eq(customer)).select(purchases::body).load(conn));
    let columns = (
        customers::spent_micros,
        customers::payments,
        customers::refunds,
        customers::prices_missing,
        customers::made_sandbox,
    );
    let spent = desk.read(|conn| customers::table.find(customer).select(columns).first(conn));
    (shown(bodies.iter().map(|body| Purchase::stored(body).expect("it reads"))), spent)
}

/// The same of one who was.
fn past(desk: &Desk, project: ProjectId, customer: CustomerId, as_of: AsOf) -> (Vec<String>, Spent) {
    let past = desk.read(|conn| state::as_of(conn, project, customer, as_of));
    let totals = past.totals;
    let spent = totals.spent;
    let sums = (spent.net.0, spent.payments, spent.refunds, spent.prices_missing, totals.made_sandbox);
    (shown(past.purchases), sums)
}

/// Each customer of `whole` at that moment must be what `then` has, or nothing.
fn must_agree(desk: &Desk, whole: ProjectId, then: ProjectId, as_of: AsOf) -> Result<(), TestCaseError> {
    let known = customers_of(desk, then);
    for (id, customer) in customers_of(desk, whole) {
        let expected = known.get(&id).map_or_else(|| (Vec::new(), (0, 0, 0, 0, false)), |own| stored(desk, *own));
        let (shown, spent) = past(desk, whole, customer, as_of);
        prop_assert_eq!(spent, expected.1, "{} at {:?}", id, as_of);
        let different = differences(&shown.join("\n"), &expected.0.join("\n"));
        prop_assert!(different.is_empty() && shown.len() == expected.0.len(), "{} at {:?}\n{}", id, as_of, different);
    }
    Ok(())
}

#[actix_web::test]
async fn a_customer_was_what_the_events_until_then_give() {
    let desk = Desk::open().await;
    let mut runner = TestRunner::new(Config { cases: 16, ..Config::default() });
    let checked = runner.run(&(histories(), prop::collection::vec(0..310_i64, 3)), |(drawn, mut hours)| {
        let mut drawn = drawn;
        drawn.retain(|one| one.0 != "SUBSCRIBER_ALIAS");
        drawn.sort_by_key(|one| (one.1, one.2));
        let bodies: Vec<(Moment, String)> = drawn
            .iter()
            .enumerate()
            .map(|(number, one)| (Moment(1_700_000_000_000 + one.1 * 3_600_000 + one.2 * 400), body(number, one)))
            .collect();
        let [whole, then] = [(); 2].map(|()| desk.project_of_its_own());
        deliver(&desk, whole, &bodies.iter().map(|(_, body)| body.clone()).collect::<Vec<_>>());
        hours.sort_unstable();
        let mut delivered = 0;
        for hour in hours {
            let at = Moment(1_700_000_000_000 + hour * 3_600_000 + 500);
            let until: Vec<String> = bodies
                .iter()
                .skip(delivered)
                .take_while(|(dated, _)| *dated <= at)
                .map(|(_, body)| body.clone())
                .collect();
            delivered += until.len();
            deliver_together(&desk, then, &until);
            must_agree(&desk, whole, then, AsOf { at, reading: Reading::KnownNow })?;
        }
        Ok(())
    });
    checked.expect("the past is what it was");
}

#[actix_web::test]
async fn a_customer_was_known_to_be_what_the_events_received_until_then_give() {
    let desk = Desk::open().await;
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    let checked = runner.run(&(histories().prop_shuffle(), prop::collection::vec(1..60_usize, 3)), |(drawn, sizes)| {
        let mut drawn = drawn;
        drawn.retain(|one| one.0 != "SUBSCRIBER_ALIAS");
        let bodies: Vec<String> = drawn.iter().enumerate().map(|(number, one)| body(number, one)).collect();
        let whole = desk.project_of_its_own();
        let mut moments = Vec::new();
        let mut left = bodies.as_slice();
        for size in sizes {
            let (batch, rest) = left.split_at(size.min(left.len()));
            deliver_together(&desk, whole, batch);
            moments.push((desk.clock.now(), bodies.len() - rest.len()));
            desk.clock.advance(1);
            left = rest;
        }
        deliver_together(&desk, whole, left);
        let then = desk.project_of_its_own();
        let mut delivered = 0;
        for (at, until) in moments {
            deliver_together(&desk, then, bodies.get(delivered..until).unwrap_or_default());
            delivered = until;
            must_agree(&desk, whole, then, AsOf { at, reading: Reading::KnownThen })?;
        }
        Ok(())
    });
    checked.expect("what was known is what it was");
}
