//! What is held, as tables for the page.

use super::model::{Attribute, Event, Held, Time};
use crate::base::money::{Micros, Money};
use crate::events::{Delivery, Event as Read};
use crate::projection::Purchase;
use crate::wording::text::capitalised;

pub struct Table {
    pub title: &'static str,
    pub heads: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(title: &'static str, heads: &[&'static str], rows: Vec<Vec<String>>) -> Table {
        Table { title, heads: heads.to_vec(), rows }
    }

    /// The cells of a row, each under its head.
    pub fn named<'a>(&'a self, row: &'a [String]) -> impl Iterator<Item = (&'a &'static str, &'a String)> {
        self.heads.iter().zip(row)
    }

    /// The element id of the section, which addresses can name.
    pub fn id(&self) -> String {
        self.title.to_lowercase().replace(' ', "-")
    }
}

/// Everything but the events.
pub fn tables(held: &Held) -> Vec<Table> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let time = |value: Option<Time>| value.map(Time::shown).unwrap_or_default();
    let ids = held.app_user_ids.iter().map(|id| vec![id.app_user_id.clone(), id.since.shown()]);
    let notes = held.notes.iter().map(|note| vec![note.created_at.shown(), note.text.clone(), time(note.edited_at)]);
    let overrides = held
        .offering_override
        .iter()
        .map(|set| vec![set.offering.clone(), set.set_at.shown(), time(set.until), text(&set.reason)]);
    let experiments =
        held.experiments.iter().map(|one| vec![one.experiment_id.clone(), one.variant.clone(), time(one.enrolled_at)]);
    let balances = held
        .balances
        .iter()
        .map(|one| vec![one.code.clone(), one.name.clone(), one.environment.clone(), one.amount.to_string()]);
    let actions = held.team_actions.iter().map(|done| {
        let what = [&done.about, &done.before, &done.after, &done.reason].map(text).join(" · ");
        vec![done.at.shown(), words(&done.action), done.role.clone(), what.trim_matches([' ', '·']).to_owned()]
    });
    let rejected =
        held.rejected_deliveries.iter().map(|one| vec![one.received_at.shown(), one.reason.clone(), text(&one.body)]);
    let passed_on = held
        .passed_on
        .iter()
        .map(|one| vec![one.queued_at.shown(), words(&one.event_type), one.to.clone(), words(one.state)]);
    let purchases = held.purchases.iter().filter_map(|body| Purchase::stored(body.get())).map(|one| of_purchase(&one));
    vec![
        Table::new("App User IDs", &["Id", "Known since"], ids.collect()),
        Table::new("Details", &["What", "Value"], details(held)),
        Table::new("Attributes", &["Key", "Value", "Set at", "By"], held.attributes.iter().map(of_attribute).collect()),
        Table::new("Notes", &["Written", "Text", "Edited"], notes.collect()),
        Table::new("Offering override", &["Offering", "Set at", "Until", "Reason"], overrides.collect()),
        Table::new("Experiments", &["Experiment", "Variant", "Enrolled"], experiments.collect()),
        Table::new("Currencies", &["Code", "Name", "Environment", "Balance"], balances.collect()),
        Table::new("Purchases", &["Product", "Store", "Environment", "Began", "Ends", "Paid"], purchases.collect()),
        Table::new("What the team did", &["When", "What", "Role", "Details"], actions.collect()),
        Table::new("Rejected deliveries", &["Received", "Why", "Body"], rejected.collect()),
        Table::new("Passed on", &["When", "Event", "To", "State"], passed_on.collect()),
    ]
}

/// The details that are known.
fn details(held: &Held) -> Vec<Vec<String>> {
    let details = &held.details;
    let known = [
        ("Name", details.display_name.clone()),
        ("E-mail", details.email.clone()),
        ("Last seen", details.last_seen_at.map(Time::shown)),
        ("App version", details.app_version.clone()),
        ("Platform", details.platform.clone()),
        ("Platform version", details.platform_version.clone()),
        ("SDK version", details.sdk_version.clone()),
        ("Language and region", details.locale.clone()),
        ("Country", details.country.clone()),
        ("Country in the newest event", details.event_country.clone()),
        ("Total spent", Some(dollars(Micros(details.total_spent_usd_micros)))),
        ("First event", details.first_event_at.map(Time::shown)),
    ];
    known.into_iter().filter_map(|(name, value)| Some(vec![name.to_owned(), value?])).collect()
}

fn of_attribute(attribute: &Attribute) -> Vec<String> {
    let value = attribute.value.clone().unwrap_or_else(|| "(deleted)".into());
    vec![attribute.key.clone(), value, attribute.updated_at.shown(), attribute.source.to_owned()]
}

fn of_purchase(purchase: &Purchase) -> Vec<String> {
    let named = purchase.product_name.as_deref().unwrap_or(&purchase.product_id);
    let product = if named.is_empty() { words(purchase.kind.as_str()) } else { named.to_owned() };
    vec![
        product,
        purchase.store.as_ref().map_or_else(String::new, |store| store.name().to_owned()),
        purchase.environment.as_str().to_owned(),
        Time(purchase.first_purchased_at).shown(),
        purchase.expires_at.map_or_else(|| "does not end".into(), |at| Time(at).shown()),
        dollars(purchase.revenue.net),
    ]
}

/// The row of an event, in the words of the protocol; `None` if it cannot be read.
pub fn of_event(event: &Event) -> Option<Vec<String>> {
    let Read { id, kind, environment, product_id, paid, event_at, .. } =
        Delivery::read_stored(event.body.get(), event.received_at.0).ok()?;
    Some(vec![
        Time(event_at).shown(),
        words(kind.as_str()),
        environment.map_or("", |environment| environment.as_str()).to_owned(),
        product_id.unwrap_or_default(),
        paid.as_ref().map(Money::shown).unwrap_or_default(),
        id,
    ])
}

fn dollars(amount: Micros) -> String {
    Money { amount, currency: "USD".into() }.shown()
}

/// `INITIAL_PURCHASE` becomes `Initial purchase`.
fn words(name: &str) -> String {
    capitalised(&name.to_lowercase().replace('_', " "))
}
