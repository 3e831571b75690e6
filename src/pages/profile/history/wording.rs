//! The first line of a row: a verb and its subject. Texts from outside are kept in separate fields, so that the page
//! can isolate them.

use super::category::Category;
use super::words;
use crate::base::app_user_id::is_anonymous;
use crate::catalog::Catalog;
use crate::events::history::Side;
use crate::events::{Adjustment, Store, Summary};
use crate::projection::is_lifetime;
use crate::wording::text;

/// `Renewed` · `` · a product, or `Purchases transferred to another customer` · `` · an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub verb: String,
    /// The word between the verb and the subject.
    pub joint: &'static str,
    pub subject: Subject,
    /// The words after the subject.
    pub tail: String,
}

/// The subject of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    None,
    Product(Product),
    /// A change from one product to another.
    Change {
        from: String,
        to: Product,
    },
    /// An App User ID of another customer, which becomes a link.
    Customer(String),
    /// Identifiers without links, and how many more there are.
    Ids {
        shown: Vec<String>,
        more: usize,
    },
    Currency {
        name: String,
    },
}

/// A product with its display name and its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub store: Option<Store>,
    pub name: String,
    /// The product id; `None` when it is shown as the name.
    pub id: Option<String>,
}

/// The most ids that a line names.
const IDS: usize = 3;

/// The lines of an event: one, or one for each change of a virtual currency.
pub fn lines(event: &Summary, side: Side, catalog: &Catalog) -> Vec<Line> {
    let category = Category::from_event(event);
    if category == Category::Currency && !event.adjustments.is_empty() {
        return event.adjustments.iter().map(|change| currency(event, change, catalog)).collect();
    }
    vec![line(event, category, side, catalog)]
}

fn line(event: &Summary, category: Category, side: Side, catalog: &Catalog) -> Line {
    // A verb, and the word that joins it to the product.
    let with_product = |verb: &str, joint: &'static str| Line {
        verb: verb.to_owned(),
        joint,
        subject: product_of(event, catalog),
        tail: String::new(),
    };
    match category {
        Category::Granted => granted(event, catalog),
        Category::Expired if event.is_promotional() => grant_over(event, catalog),
        Category::PreferenceChanged => changed(event, catalog),
        Category::Transferred => transferred(event, side),
        Category::Currency => bare("Changed a virtual currency balance"),
        Category::Enrolled => enrolled(event),
        Category::Alias => alias(event),
        Category::OverrideEnded => override_ended(event),
        Category::Trial => with_product("Started a trial", ""),
        Category::Intro => with_product("Started a subscription", "(introductory price)"),
        Category::Start => with_product("Started a subscription", ""),
        Category::Converted => with_product("Converted from a trial", ""),
        Category::Renewed => with_product("Renewed", ""),
        Category::Bought => with_product("Made a purchase", ""),
        Category::GrantRemoved => with_product("Had their granted entitlement removed", ""),
        Category::Refunded => with_product("Was issued a refund", "of"),
        Category::OptedOut if event.is_undated => with_product("Renewal was found switched off", "of"),
        Category::OptedOut => with_product("Opted out of renewal", "of"),
        Category::PriceIncrease => with_product("Cancelled due to not agreeing to a price increase", ""),
        Category::BillingCancel => with_product("Cancelled due to a billing error", ""),
        Category::DeveloperCancel => with_product("Cancelled by the developer", ""),
        Category::UnknownCancel => with_product("Cancelled due to unknown reasons", ""),
        Category::Resubscribed => with_product("Resubscribed", "to"),
        Category::Grace => with_product("Entered a grace period", ""),
        Category::BillingIssue => with_product("Had a billing issue", ""),
        Category::Expired => with_product("Subscription expired", ""),
        Category::PauseAsked => with_product("Scheduled a pause", "of"),
        Category::Extended => with_product("Subscription extended", ""),
        Category::RefundReversed => with_product("Refund reversed", ""),
        Category::Temporary => with_product("Temporary access granted", ""),
        Category::Invoice => with_product("Was issued an invoice", ""),
        Category::Details => details(event),
        Category::Unknown => with_product(event.kind.as_str(), ""),
    }
}

fn bare(verb: impl Into<String>) -> Line {
    Line { verb: verb.into(), joint: "", subject: Subject::None, tail: String::new() }
}

/// The product of an event, named by the catalog, else by the event. A grant is named by what it gives, never by its
/// artificial product id (§7.1).
fn product_of(event: &Summary, catalog: &Catalog) -> Subject {
    let Some(id) = event.product_id.as_deref() else { return Subject::None };
    if event.is_promotional() {
        let given = entitlements(event, catalog);
        let product = Product { store: event.store.clone(), name: text::listed(&given), id: None };
        return if given.is_empty() { Subject::None } else { Subject::Product(product) };
    }
    Subject::Product(named(event.store.as_ref(), id, event.product_display_name.as_deref(), catalog))
}

pub fn named(store: Option<&Store>, id: &str, own_name: Option<&str>, catalog: &Catalog) -> Product {
    let known = store.and_then(|store| catalog.product_name(store.as_str(), id));
    let name = known.or(own_name).filter(|name| *name != id);
    Product { store: store.cloned(), name: name.unwrap_or(id).to_owned(), id: name.map(|_| id.to_owned()) }
}

fn entitlements(event: &Summary, catalog: &Catalog) -> Vec<String> {
    event.entitlement_ids.iter().map(|id| catalog.entitlement_name(id).to_owned()).collect()
}

/// `Was granted the Pro access entitlement` · `for a month`
fn granted(event: &Summary, catalog: &Catalog) -> Line {
    let names = entitlements(event, catalog);
    let (the, noun) = match names.len() {
        0 => return bare("Was granted an entitlement"),
        1 => (text::listed(&names), "entitlement"),
        _ => (text::listed(&names), "entitlements"),
    };
    let from = event.purchased_at.unwrap_or(event.event_at);
    let tail = match event.expires_at {
        Some(end) if !is_lifetime(from, end) => format!("for {}", words::length(end.since(from))),
        _ => "without an end".to_owned(),
    };
    Line { tail, ..bare(format!("Was granted the {the} {noun}")) }
}

/// `Granted Pro access ended`
fn grant_over(event: &Summary, catalog: &Catalog) -> Line {
    let names = entitlements(event, catalog);
    bare(if names.is_empty() {
        "Granted access ended".into()
    } else {
        format!("Granted {} ended", text::listed(&names))
    })
}

/// `product_id` is the old product. The event does not always name the new one (§5.3).
fn changed(event: &Summary, catalog: &Catalog) -> Line {
    let verb = bare("Changed renewal preference");
    let old = product_of(event, catalog);
    let Some(new) = event.new_product_id.as_deref() else { return Line { joint: "of", subject: old, ..verb } };
    let to = named(event.store.as_ref(), new, None, catalog);
    match old {
        Subject::Product(old) => Line { joint: "from", subject: Subject::Change { from: old.name, to }, ..verb },
        Subject::None
        | Subject::Change { .. }
        | Subject::Customer(_)
        | Subject::Ids { .. }
        | Subject::Currency { .. } => Line { joint: "to", subject: Subject::Product(to), ..verb },
    }
}

/// Names the other customer, if possible by an id that the app chose.
fn transferred(event: &Summary, side: Side) -> Line {
    let (verb, others) = match side {
        Side::Lost => ("Purchases transferred to another customer", &event.transferred_to),
        Side::Own => ("Purchases transferred from another customer", &event.transferred_from),
    };
    let best = others.iter().find(|id| !is_anonymous(id)).or(others.first());
    Line { subject: best.map_or(Subject::None, |id| Subject::Customer(id.clone())), ..bare(verb) }
}

/// The words of a change of a balance that no purchase took away: `Granted 100 GEM`.
pub fn balance_changed(amount: i64, code: &str) -> String {
    let verb = if amount < 0 { "Spent" } else { "Granted" };
    format!("{verb} {} {code}", words::grouped(amount.unsigned_abs()))
}

/// How a balance was changed where no purchase did it. RevenueCat's events say no more.
pub const BY_HAND: &str = "by hand or via API";

/// `Granted 100 GEM` · `via purchase of Gem pack`. An amount that a purchase takes away is "removed", not "spent":
/// the purchase was refunded or changed.
fn currency(event: &Summary, change: &Adjustment, catalog: &Catalog) -> Line {
    let product = event.product_id.as_deref().map(|id| {
        let own_name = event.product_display_name.as_deref();
        named(event.store.as_ref(), id, own_name, catalog).name
    });
    let tail = match (event.source.as_deref(), product) {
        (Some("in_app_purchase") | None, Some(product)) if change.amount < 0 => format!("with a change of {product}"),
        (Some("in_app_purchase") | None, Some(product)) => format!("via purchase of {product}"),
        (Some("in_app_purchase"), None) => "via a purchase".to_owned(),
        (Some("admin_api"), _) => BY_HAND.to_owned(),
        (Some(source), _) => format!("via {source}"),
        (None, None) => String::new(),
    };
    let name = change.name.clone().filter(|name| *name != change.code);
    let is_of_store = event.source.as_deref() == Some("in_app_purchase");
    let verb = if is_of_store && change.amount < 0 {
        format!("Removed {} {}", words::grouped(change.amount.unsigned_abs()), change.code)
    } else {
        balance_changed(change.amount, &change.code)
    };
    Line { subject: name.map_or(Subject::None, |name| Subject::Currency { name }), tail, ..bare(verb) }
}

fn enrolled(event: &Summary) -> Line {
    let Some(enrolment) = event.experiments.first() else { return bare("Enrolled in an experiment") };
    let subject = Subject::Ids { shown: vec![enrolment.experiment_id.clone()], more: 0 };
    let tail = if enrolment.variant.is_empty() { String::new() } else { format!("variant {}", enrolment.variant) };
    Line { subject, tail, ..bare("Enrolled in an experiment") }
}

/// `Offering override ended` · `winback`
fn override_ended(event: &Summary) -> Line {
    let shown: Vec<String> = event.offering_id.iter().cloned().collect();
    let subject = if shown.is_empty() { Subject::None } else { Subject::Ids { shown, more: 0 } };
    Line { subject, ..bare("Offering override ended") }
}

/// `Customer details imported from an export`
fn details(event: &Summary) -> Line {
    bare(event.origin.map_or("Customer details".into(), |origin| format!("Customer details {}", origin.words())))
}

/// The ids that were added: all but the customer's first id.
fn alias(event: &Summary) -> Line {
    let first = event.original_app_user_id.as_deref();
    let mut ids: Vec<&str> = Vec::new();
    for id in event.aliases.iter().chain(&event.app_user_id).map(String::as_str) {
        if Some(id) != first && !ids.contains(&id) && ids.len() <= 100 {
            ids.push(id);
        }
    }
    let shown: Vec<String> = ids.iter().take(IDS).map(|id| (*id).to_owned()).collect();
    let more = ids.len() - shown.len();
    let subject = if shown.is_empty() { Subject::None } else { Subject::Ids { shown, more } };
    Line { subject, ..bare("Created a new alias") }
}
