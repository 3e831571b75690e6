//! Which calls show a customer. The first one never creates anybody: the first version of the API would, so it is asked only
//! about somebody whom the second one knows.

use serde_json::Value;

use super::purchases::{periods, purchase};
use super::{Attribute, Purchase, Shown, first_version};
use crate::base::clock::Moment;
use crate::customers::contacts::Device;
use crate::events::Store;
use crate::stores::revenuecat::http::segment;
use crate::stores::revenuecat::lists::{Failure, Lists, Pace};
use crate::stores::revenuecat::session::{Session, customer};

/// What the reading of a customer came to.
#[derive(Debug)]
pub struct Known {
    pub shown: Shown,
    /// What of it could not be read.
    pub remarks: Vec<String>,
}

/// Reads all that RevenueCat shows of a customer; `None` when it does not know the id.
///
/// # Errors
/// [`Failure`] when it cannot be read to its end.
pub fn read(session: &Session<'_>, app_user_id: &str, pace: &dyn Pace) -> Result<Option<Known>, Failure> {
    let lists = Lists::of_customer(session, pace);
    let at = customer(app_user_id);
    let found = match lists.ask("customer", &format!("{at}?expand=attributes"))? {
        Ok(found) => found,
        Err(None) => return Ok(None),
        Err(Some(words)) => return Err(Failure(words)),
    };
    let mut known = Known { shown: of_customer(app_user_id, &found), remarks: Vec::new() };
    let attributes = match found.get("attributes").filter(|list| list.is_object()) {
        Some(list) => lists.rest("attributes", list)?,
        None => lists.all("attributes", &format!("{at}/attributes?limit=100"))?,
    };
    known.shown.attributes = attributes.iter().filter_map(attribute).collect();
    for alias in lists.all("aliases", &format!("{at}/aliases?limit=100"))? {
        let id = alias.get("id").and_then(Value::as_str).filter(|id| *id != app_user_id);
        known.shown.ids.extend(id.map(str::to_owned));
    }
    for (list, is_subscription) in [("subscriptions", true), ("purchases", false)] {
        for item in lists.all(list, &format!("{at}/{list}?limit=100"))? {
            match read_purchase(&lists, &item, is_subscription)? {
                Ok(purchase) => known.shown.purchases.push(purchase),
                Err(problem) => known.remarks.push(format!("One of the {list} could not be read: {problem}.")),
            }
        }
    }
    if !known.shown.purchases.is_empty() {
        match lists.wait_for("details", || session.subscriber(app_user_id))? {
            Ok(answer) => first_version::complete(&mut known.shown.purchases, &answer),
            Err(None) => {}
            Err(Some(words)) => known.remarks.push(format!("The first version of the API says nothing: {words}")),
        }
    }
    Ok(Some(known))
}

fn of_customer(app_user_id: &str, found: &Value) -> Shown {
    let time = |name: &str| found.get(name).and_then(Value::as_i64).map(Moment);
    let text = |name: &str| found.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let device = Device {
        platform: text("last_seen_platform"),
        platform_version: text("last_seen_platform_version"),
        app_version: text("last_seen_app_version"),
        country: text("last_seen_country"),
        ..Device::default()
    };
    Shown {
        app_user_id: app_user_id.to_owned(),
        ids: vec![app_user_id.to_owned()],
        first_seen_at: time("first_seen_at"),
        last_contact: time("last_seen_at").map(|at| (at, device)),
        ..Shown::default()
    }
}

fn attribute(item: &Value) -> Option<Attribute> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
    let updated_at = item.get("updated_at").and_then(Value::as_i64).map(Moment)?;
    Some(Attribute { name: text("name")?, value: text("value")?, updated_at })
}

/// A purchase with the name of its product and its periods. The inner error says what is wrong with it.
fn read_purchase(lists: &Lists<'_>, item: &Value, is_subscription: bool) -> Result<Result<Purchase, String>, Failure> {
    let mut read = match purchase(item, is_subscription) {
        Ok(read) => read,
        Err(problem) => return Ok(Err(problem)),
    };
    let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
    // Stripe calls all renewals the same, and grants have none.
    if is_subscription && !matches!(read.store, Store::Promotional | Store::Stripe) {
        let path = format!("/subscriptions/{}/transactions?limit=100", segment(id));
        let listed = lists.where_listed("transactions", &path)?;
        read.periods = Some(periods(&listed)).filter(|_| !listed.is_empty());
    }
    if let Some(internal) = read.product.take() {
        let named = lists.session.name_of("products", &internal, "store_identifier", lists.pace)?;
        let of_period = || read.periods.as_ref()?.last()?.product.clone();
        read.product = named.or_else(of_period).or(Some(internal));
    }
    Ok(Ok(read))
}
