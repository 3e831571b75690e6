//! The overview of a customer: what a row of a list, a find and a line of a file show. It takes at most two queries
//! besides the rows themselves, however many there are.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::money::{Micros, Money};
use crate::db::Conn;
use crate::db::schema::{customers, entitlements, products};
use crate::events::Environment;
use crate::pages::store_badge::StoreBadge;
use crate::projection::{Kind, Purchase, Status};
use crate::wording::country;
use crate::wording::sentence::Stamp;
use crate::wording::text::{count, listed, segment, visible};

/// The columns that an overview is made of.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = customers)]
pub struct Row {
    pub id: CustomerId,
    pub last_seen_at: Option<Moment>,
    pub country: Option<String>,
    pub event_country: Option<String>,
    /// The id to show: an identified one rather than an anonymous one.
    pub best_app_user_id: String,
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub spent_micros: i64,
    pub prices_missing: i64,
    pub ids_count: i64,
    pub active_at: Moment,
    pub latest: Option<String>,
    pub status_purchase: Option<String>,
    pub made_sandbox: bool,
}

/// A row with the names from other tables.
#[derive(Debug, Clone)]
pub struct Overview {
    pub row: Row,
    /// The latest purchase.
    pub latest: Option<Purchase>,
    /// The purchase that gives the customer a status (§13.1).
    pub status_purchase: Option<Purchase>,
    /// The catalog's name for the product of `latest`, or the words for a grant.
    product_name: Option<String>,
    now: Moment,
}

/// A word in a badge, and its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    pub word: &'static str,
    pub tone: &'static str,
}

/// The rows with their purchases and product names, in the same order.
pub fn complete(conn: &mut Conn, project: ProjectId, now: Moment, rows: Vec<Row>) -> QueryResult<Vec<Overview>> {
    let latest = rows.iter().map(|row| purchase_of(row, row.latest.as_deref().or(row.status_purchase.as_deref())));
    let latest: Vec<Option<Purchase>> = latest.collect();
    let names = product_names(conn, project, latest.iter().flatten())?;
    let given = entitlement_names(conn, project, latest.iter().flatten())?;
    let overviews = rows.into_iter().zip(latest).map(|(row, latest)| {
        let product_name = latest.as_ref().and_then(|latest| match latest.kind {
            Kind::Grant => Some(granted(latest, &given)),
            Kind::Subscription | Kind::OneTime | Kind::Temporary => names.get(&product_of(latest)).cloned(),
        });
        let status_purchase = match row.latest {
            Some(_) => purchase_of(&row, row.status_purchase.as_deref()),
            None => latest.clone(),
        };
        Overview { row, latest, status_purchase, product_name, now }
    });
    Ok(overviews.collect())
}

/// The rows of these customers. The caller has found their ids within the project: a filter by project would make
/// SQLite choose an index of all the project's customers.
pub fn rows_of(conn: &mut Conn, ids: &[CustomerId]) -> QueryResult<Vec<Row>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    customers::table.filter(customers::id.eq_any(ids)).select(Row::as_select()).load(conn)
}

/// The App User ID that names a customer in an address.
pub fn best_id(conn: &mut Conn, project: ProjectId, customer: CustomerId) -> QueryResult<Option<String>> {
    customers::table
        .filter(customers::id.eq(customer).and(customers::project_id.eq(project)))
        .select(customers::best_app_user_id)
        .first(conn)
        .optional()
}

/// A purchase that cannot be read is logged and left out: one bad row must not hide a list.
fn purchase_of(row: &Row, stored: Option<&str>) -> Option<Purchase> {
    let read = serde_json::from_str(stored?);
    read.inspect_err(|error| tracing::error!(customer = row.id.0, %error, "a stored purchase cannot be parsed")).ok()
}

type ProductKey = (String, String);

fn product_of(purchase: &Purchase) -> ProductKey {
    (purchase.store.as_ref().map_or("", |store| store.as_str()).to_owned(), purchase.product_id.clone())
}

fn product_names<'a>(
    conn: &mut Conn,
    project: ProjectId,
    purchases: impl Iterator<Item = &'a Purchase>,
) -> QueryResult<HashMap<ProductKey, String>> {
    let sold = purchases.filter(|purchase| purchase.kind != Kind::Grant);
    let (stores, ids): (BTreeSet<String>, BTreeSet<String>) = sold.map(product_of).unzip();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, String, Option<String>)> = products::table
        .filter(products::project_id.eq(project))
        .filter(products::store.eq_any(stores).and(products::identifier.eq_any(ids)))
        .select((products::store, products::identifier, products::display_name))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(store, id, name)| Some(((store, id), name?))).collect())
}

/// The names of the entitlements that grants give, by identifier.
fn entitlement_names<'a>(
    conn: &mut Conn,
    project: ProjectId,
    purchases: impl Iterator<Item = &'a Purchase>,
) -> QueryResult<HashMap<String, String>> {
    let grants = purchases.filter(|purchase| purchase.kind == Kind::Grant);
    let ids: BTreeSet<&String> = grants.flat_map(|grant| &grant.entitlement_ids).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, String)> = entitlements::table
        .filter(entitlements::project_id.eq(project).and(entitlements::identifier.eq_any(ids)))
        .select((entitlements::identifier, entitlements::display_name))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// `Granted Pro access`: a grant is called by what it gives, never by the product made up for it (§7.1).
fn granted(grant: &Purchase, names: &HashMap<String, String>) -> String {
    let given: Vec<String> = grant.entitlement_ids.iter().map(|id| names.get(id).unwrap_or(id).clone()).collect();
    if given.is_empty() { "Granted access".into() } else { format!("Granted {}", listed(&given)) }
}

impl Overview {
    /// The address of the profile.
    pub fn href(&self, project: &str) -> String {
        profile_address(project, &self.row.best_app_user_id)
    }

    /// The name, or the e-mail address; `None` for a customer known only by ids.
    pub fn name(&self) -> Option<String> {
        let known = |text: &Option<String>| text.as_deref().filter(|text| !text.trim().is_empty()).map(visible);
        known(&self.row.display_name).or_else(|| known(&self.row.email))
    }

    /// The App User ID, with hidden characters made visible.
    pub fn id(&self) -> String {
        visible(&self.row.best_app_user_id)
    }

    /// The name, or the App User ID of a customer without one.
    pub fn name_or_id(&self) -> String {
        self.name().unwrap_or_else(|| self.id())
    }

    /// ISO 3166-1 alpha-2: where the app was last seen, else what the newest event names.
    pub fn country(&self) -> Option<&str> {
        let row = &self.row;
        row.country.as_deref().or(row.event_country.as_deref()).map(str::trim).filter(|code| !code.is_empty())
    }

    /// What is shown in place of a flag: the code of the country, or a question mark.
    pub fn flag(&self) -> &str {
        self.country().filter(|code| code.chars().count() <= 3).unwrap_or("?")
    }

    pub fn country_name(&self) -> String {
        match self.country() {
            Some(code) => country::name(code),
            None => "Country unknown".into(),
        }
    }

    /// The status of §13.1; `None` for a customer without one, such as the owner of a lifetime purchase.
    pub fn badge(&self) -> Option<Badge> {
        match &self.status_purchase {
            Some(purchase) => Badge::new(purchase.status(self.now)),
            None if self.row.made_sandbox => Some(Badge { word: "Sandbox only", tone: "quiet" }),
            None => None,
        }
    }

    /// The words in place of a status.
    pub fn without_status(&self) -> &'static str {
        without_status(self.status_purchase.as_ref(), self.now)
    }

    /// What the total leaves out; `None` when it is complete.
    pub fn unpriced(&self) -> Option<String> {
        let missing = self.row.prices_missing;
        (missing > 0).then(|| format!("{} came without a price", count(missing, "payment", "payments")))
    }

    /// Whether the latest purchase was made in the sandbox.
    pub fn is_test(&self) -> bool {
        self.latest.as_ref().is_some_and(|latest| latest.environment == Environment::Sandbox)
    }

    /// `USD 106.95`
    pub fn spent(&self) -> String {
        Money { amount: Micros(self.row.spent_micros), currency: "USD".into() }.shown()
    }

    /// The product bought last: its name in the catalog or in the events, or its id.
    pub fn product(&self) -> Option<String> {
        let latest = self.latest.as_ref()?;
        let name = self.product_name.as_ref().or(latest.product_name.as_ref()).unwrap_or(&latest.product_id);
        Some(if name.is_empty() { "Unknown product".into() } else { visible(name) })
    }

    pub fn store(&self) -> StoreBadge {
        StoreBadge::new(self.latest.as_ref().and_then(|latest| latest.store.as_ref()))
    }

    pub fn bought(&self) -> Option<Stamp> {
        self.latest.as_ref().map(|latest| Stamp::relative(latest.period_start, self.now).inside())
    }

    pub fn seen(&self) -> Option<Stamp> {
        self.row.last_seen_at.map(|at| Stamp::relative(at, self.now))
    }

    /// When the newest event happened, for a customer whose app was never in contact; `None` without events.
    pub fn newest_event(&self) -> Option<Stamp> {
        (self.row.active_at > Moment(0)).then(|| Stamp::relative(self.row.active_at, self.now).inside())
    }
}

impl Badge {
    pub fn new(status: Status) -> Option<Badge> {
        let word = status.list_word()?;
        let tone = match status {
            Status::Active | Status::Prepaid => "good",
            Status::Trial | Status::Intro => "trial",
            Status::Granted => "gift",
            Status::Paused | Status::Refunded | Status::Expired => "quiet",
            Status::TrialCancelled
            | Status::Cancelled
            | Status::Grace
            | Status::GraceInTrial
            | Status::BillingRetry
            | Status::Owned
            | Status::Temporary
            | Status::GrantOver => "warn",
        };
        Some(Badge { word, tone })
    }
}

/// The words for a customer who owns access for ever.
pub const LIFETIME: &str = "Lifetime purchase";

/// The words for a purchase that has no status in lists (§13.1). `purchase` is `None` for a customer without
/// purchases.
pub fn without_status(purchase: Option<&Purchase>, now: Moment) -> &'static str {
    let Some(purchase) = purchase else { return "No purchase" };
    let unlocks = !purchase.entitlement_ids.is_empty();
    match purchase.status(now) {
        Status::Owned if unlocks && purchase.is_lifetime(now) => LIFETIME,
        Status::Temporary => "Temporary access",
        Status::Owned
        | Status::Trial
        | Status::TrialCancelled
        | Status::Intro
        | Status::Active
        | Status::Cancelled
        | Status::Prepaid
        | Status::Grace
        | Status::GraceInTrial
        | Status::Granted
        | Status::BillingRetry
        | Status::Paused
        | Status::Refunded
        | Status::Expired
        | Status::GrantOver => "No subscription",
    }
}

/// The address of the profile that has this id.
pub fn profile_address(project: &str, app_user_id: &str) -> String {
    format!("/projects/{project}/customers/{}", segment(app_user_id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::projection::testing::{NOW, purchase};

    fn overview(row: Row) -> Overview {
        Overview { row, latest: None, status_purchase: None, product_name: None, now: Moment(0) }
    }

    fn row() -> Row {
        Row {
            id: CustomerId(1),
            last_seen_at: None,
            country: None,
            event_country: None,
            best_app_user_id: "team/42".into(),
            display_name: None,
            email: None,
            spent_micros: -9_990_000,
            prices_missing: 0,
            ids_count: 1,
            active_at: Moment(0),
            latest: None,
            status_purchase: None,
            made_sandbox: false,
        }
    }

    #[test]
    fn an_empty_row_still_has_its_texts() {
        let overview = overview(row());
        assert_eq!((overview.flag(), overview.country_name().as_str()), ("?", "Country unknown"));
        assert_eq!((overview.name(), overview.badge(), overview.without_status()), (None, None, "No purchase"));
        assert_eq!(overview.spent(), "\u{2212}USD 9.99");
        assert_eq!(overview.href("sundial"), "/projects/sundial/customers/team%2F42");
        assert!(overview.newest_event().is_none());
    }

    #[test]
    fn the_country_of_the_app_comes_before_the_country_of_events() {
        let overview = overview(Row { country: Some("FR".into()), event_country: Some("DE".into()), ..row() });
        assert_eq!((overview.flag(), overview.country_name().as_str()), ("FR", "France"));
    }

    #[test]
    fn an_empty_name_is_replaced_by_the_address() {
        let named = Row { display_name: Some(" ".into()), email: Some("a@b.example".into()), ..row() };
        assert_eq!(overview(named).name().as_deref(), Some("a@b.example"));
    }

    #[test]
    fn a_lifetime_purchase_is_named_and_so_is_what_a_grant_gives() {
        let for_good = json!({ "kind": "one_time", "expires_at": null });
        let called = |changes| without_status(Some(&purchase(changes)), NOW);
        assert_eq!(called(for_good), "Lifetime purchase");
        assert_eq!(called(json!({ "kind": "one_time", "expires_at": null, "entitlement_ids": [] })), "No subscription");
        let grant = purchase(json!({ "kind": "grant", "product_id": "rc_promo_pro_monthly" }));
        let names = HashMap::from([("pro".to_owned(), "Pro access".to_owned())]);
        assert_eq!(granted(&grant, &names), "Granted Pro access");
        assert_eq!(granted(&grant, &HashMap::new()), "Granted pro");
    }

    #[test]
    fn a_total_that_leaves_something_out_says_so() {
        assert_eq!(overview(row()).unpriced(), None);
        let unpriced = overview(Row { prices_missing: 5, ..row() }).unpriced();
        assert_eq!(unpriced.as_deref(), Some("5 payments came without a price"));
    }

    #[test]
    fn a_customer_with_only_test_purchases_is_called_sandbox_only() {
        let overview = overview(Row { made_sandbox: true, ..row() });
        assert_eq!(overview.badge(), Some(Badge { word: "Sandbox only", tone: "quiet" }));
    }
}
