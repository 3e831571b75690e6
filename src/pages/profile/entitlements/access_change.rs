//! A preview: the access to an entitlement before and after an action, computed and grouped as for the card.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::model::{Grouped, Source};
use crate::base::ids::EventId;
use crate::customers::state;
use crate::db::Conn;
use crate::events::Delivery;
use crate::pages::profile::visit::Visit;
use crate::projection::{Fact, Purchase};

/// The purchases that unlock one entitlement, now and after the action.
#[derive(Debug, Template)]
#[template(path = "profile/entitlements/access_change.html")]
pub struct AccessChange {
    pub title: String,
    pub now: Vec<Source>,
    pub then: Vec<Source>,
}

impl HtmlSafe for AccessChange {}

impl AccessChange {
    /// The access to these entitlements now, and with the events added.
    pub fn preview(
        conn: &mut Conn,
        visit: &Visit,
        entitlements: &[String],
        events: &[Delivery],
    ) -> QueryResult<Vec<AccessChange>> {
        let customer = visit.customer.id;
        let fact = |(place, one): (usize, &Delivery)| {
            let row = EventId(state::PREVIEWED.0 - i64::try_from(place).unwrap_or_default());
            Fact { row, event: one.event.clone(), customer, lost_by: None }
        };
        let facts = events.iter().enumerate().map(fact).collect();
        let (mut now, mut then) = state::preview(conn, visit.ctx.project, &[customer], facts)?;
        let [mut now, mut then] =
            [&mut now, &mut then].map(|group| grouped(visit, group.remove(&customer).unwrap_or_default()));
        let access_change = |id: &String| AccessChange {
            title: visit.catalog.entitlement_name(id).to_owned(),
            now: sources(&mut now, id),
            then: sources(&mut then, id),
        };
        Ok(entitlements.iter().map(access_change).collect())
    }
}

fn grouped(visit: &Visit, purchases: Vec<Purchase>) -> Grouped {
    let shown: Vec<Purchase> =
        purchases.into_iter().filter(|purchase| purchase.environment == visit.environment).collect();
    Grouped::with(visit, &shown)
}

/// Takes the purchases that unlock the entitlement out of the groups; empty unless it is current.
fn sources(grouped: &mut Grouped, entitlement: &str) -> Vec<Source> {
    let group = grouped.current.iter_mut().find(|group| group.identifier.as_deref() == Some(entitlement));
    group.map(|group| std::mem::take(&mut group.sources)).unwrap_or_default()
}
