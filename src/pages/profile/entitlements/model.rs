//! Purchases grouped by what they unlock: current ones first, ended ones apart, and those that unlock nothing last.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use askama::Template;
use askama::filters::HtmlSafe;

use super::menu::Menu;
use super::owners::{self, Owner};
use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::events::Environment;
use crate::explanation::Explanations;
use crate::explanation::status_line::{self, StatusLine, is_unsettled};
use crate::operations::trail::Transfer;
use crate::pages::profile::badge::Badge;
use crate::pages::profile::explained::Why;
use crate::pages::profile::visit::Visit;
use crate::pages::request_line::RequestLine;
use crate::pages::store_badge::StoreBadge;
use crate::projection::{Kind, Purchase, Status};
use crate::web::filters;
use crate::wording::sentence::Sentence;
use crate::wording::text;

/// How many consumables are listed one by one.
const CONSUMABLES: usize = 3;

/// The heading of temporary access of which no event has named the entitlement.
const TEMPORARY: &str = "Temporary access";

/// The content of the card, and the source of the answer strip.
#[derive(Debug, Default)]
pub struct Grouped {
    /// Entitlements that are active, or that need attention because they may come back.
    pub current: Vec<Group>,
    /// Entitlements that have ended.
    pub past: Vec<Group>,
}

/// An entitlement and the purchases that unlock it; or those that unlock nothing.
#[derive(Debug, Template)]
#[template(path = "profile/entitlements/group.html")]
pub struct Group {
    pub title: String,
    /// `None` for purchases that unlock nothing.
    pub identifier: Option<String>,
    pub badge: Badge,
    pub sources: Vec<Source>,
    /// A note about all sources of the group.
    pub note: Option<String>,
    /// Whether the purchases are of the sandbox and do not unlock for this customer (§17).
    pub is_locked: bool,
    /// Why it gives access or not; the card sets it.
    pub why: Option<(Sentence, Why)>,
}

/// One purchase under an entitlement.
#[derive(Debug, Template)]
#[template(path = "profile/entitlements/source.html")]
pub struct Source {
    pub key: String,
    pub store: StoreBadge,
    pub store_name: String,
    pub name: String,
    /// The product id; `None` when it is shown as the name.
    pub product_id: Option<String>,
    pub line: StatusLine,
    pub badges: Vec<Badge>,
    pub status: Status,
    pub ends_at: Moment,
    pub is_lifetime: bool,
    pub is_current: bool,
    /// Whether the store charges again at the end, and no pause begins there.
    pub renews: bool,
    /// What can be done with it, and what cannot; the card sets it.
    pub menu: Option<Menu>,
    /// What was asked of its store lately; the card sets it.
    pub request: Option<RequestLine>,
    /// Who had it; the card sets it. Empty where it never moved.
    pub owners: Vec<Owner>,
}

impl HtmlSafe for Group {}
impl HtmlSafe for Source {}

impl Grouped {
    pub fn new(visit: &Visit) -> Grouped {
        Grouped::with(visit, &visit.purchases)
    }

    /// Groups purchases other than the customer's current ones, for previews.
    pub fn with(visit: &Visit, purchases: &[Purchase]) -> Grouped {
        let mut unlocking: BTreeMap<String, (usize, Vec<&Purchase>)> = BTreeMap::new();
        let mut others = Vec::new();
        for purchase in purchases {
            let entitlements = visit.catalog.unlocked_by(purchase);
            if entitlements.is_empty() {
                others.push(purchase);
            }
            for (place, entitlement) in entitlements.into_iter().enumerate() {
                let (first, unlocked_by) = unlocking.entry(entitlement).or_insert((place, Vec::new()));
                *first = place.min(*first);
                unlocked_by.push(purchase);
            }
        }
        let mut grouped = Grouped::default();
        let mut unlocking: Vec<_> = unlocking.into_iter().collect();
        unlocking.sort_by_key(|(entitlement, (place, _))| {
            (*place, visit.catalog.entitlement_name(entitlement).to_lowercase())
        });
        for (entitlement, (_, purchases)) in unlocking {
            grouped.add(visit, &entitlement, &purchases);
        }
        grouped.sort();
        grouped.add_others(visit, others);
        grouped.show_hints_once();
        grouped
    }

    /// The number of entitlements that give access.
    pub fn active(&self) -> usize {
        self.current.iter().filter(|group| group.is_active()).count()
    }

    /// `3 expired`, `4 expired or refunded`
    pub fn past_counted(&self) -> String {
        let count: usize = self.past.iter().map(|group| group.sources.len()).sum();
        let is_refunded = |source: &Source| source.status == Status::Refunded;
        let has_refunds = self.past.iter().flat_map(|group| &group.sources).any(is_refunded);
        format!("{count} {}", if has_refunds { "expired or refunded" } else { "expired" })
    }

    pub fn is_empty(&self) -> bool {
        self.current.is_empty() && self.past.is_empty()
    }

    /// Gives every purchase its menu. One that unlocks two entitlements stands here twice, and so has two.
    pub fn offer_menus(&mut self, visit: &Visit) {
        let known: HashMap<&str, &Purchase> = visit.purchases.iter().map(|one| (one.key.as_str(), one)).collect();
        let sources = self.current.iter_mut().chain(&mut self.past).flat_map(|group| &mut group.sources);
        for (number, source) in sources.enumerate() {
            source.menu = known.get(source.key.as_str()).and_then(|purchase| Menu::new(visit, purchase, number));
            source.request = visit.requests.of_purchase(visit.environment, &source.key).cloned();
        }
    }

    /// Says at each purchase that moved who had it.
    pub fn name_owners(&mut self, visit: &Visit, transfers: &HashMap<EventId, Transfer>) {
        let known: HashMap<&str, &Purchase> = visit.purchases.iter().map(|one| (one.key.as_str(), one)).collect();
        for source in self.current.iter_mut().chain(&mut self.past).flat_map(|group| &mut group.sources) {
            let trail = known.get(source.key.as_str()).map(|purchase| owners::trail(visit, purchase, transfers));
            source.owners = trail.unwrap_or_default();
        }
    }

    /// Says at each entitlement why it gives access or not, except at the first, of which the answer says it. One that has
    /// current and ended purchases is explained once.
    pub fn explain(&mut self, visit: &Visit, explanations: &Explanations) {
        for one in &explanations.others {
            let identifier = one.entitlement.as_ref().map(|own| &own.identifier);
            let is_it = |group: &&mut Group| group.identifier.is_some() && group.identifier.as_ref() == identifier;
            if let Some(group) = self.current.iter_mut().chain(&mut self.past).find(is_it) {
                group.why = Some((one.reason.clone(), Why::folded(visit, one)));
            }
        }
    }

    fn add(&mut self, visit: &Visit, entitlement: &str, purchases: &[&Purchase]) {
        let mut sources: Vec<Source> = purchases.iter().map(|purchase| Source::new(visit, purchase)).collect();
        sources.sort_by_key(Source::rank);
        let (current, past): (Vec<Source>, Vec<Source>) = sources.into_iter().partition(|source| source.is_current);
        let title = visit.catalog.entitlement_name(entitlement);
        for (sources, groups) in [(current, &mut self.current), (past, &mut self.past)] {
            if !sources.is_empty() {
                groups.push(Group::unlocked(title, entitlement, sources).locked(visit.locked_by.is_some()));
            }
        }
    }

    /// Sorts active groups first, then by the furthest end. The sort is stable, so that among equals the entitlements
    /// of a product stay before those of its add-ons.
    fn sort(&mut self) {
        let rank = |group: &Group| {
            let best = group.sources.first();
            let ends_at =
                best.map_or(Moment::EARLIEST, |source| if source.is_lifetime { Moment::NEVER } else { source.ends_at });
            (!group.is_active(), Reverse(ends_at))
        };
        self.current.sort_by_key(rank);
        self.past.sort_by_key(rank);
    }

    /// Adds groups for purchases that unlock nothing, of which only the newest consumables are listed, and for
    /// temporary access to an unknown entitlement.
    fn add_others(&mut self, visit: &Visit, others: Vec<&Purchase>) {
        let (temporary, others): (Vec<&Purchase>, Vec<&Purchase>) =
            others.into_iter().partition(|purchase| purchase.kind == Kind::Temporary);
        for purchase in temporary {
            let source = Source::new(visit, purchase);
            let groups = if source.is_current { &mut self.current } else { &mut self.past };
            groups.push(Group::temporary(source));
        }
        let (mut used, lasting): (Vec<&Purchase>, Vec<&Purchase>) =
            others.into_iter().partition(|purchase| purchase.kind == Kind::OneTime && purchase.expires_at.is_none());
        used.sort_by_key(|purchase| (Reverse(purchase.period_start), purchase.key.clone()));
        let mut sources: Vec<Source> = lasting.into_iter().map(|purchase| Source::new(visit, purchase)).collect();
        sources.sort_by_key(Source::rank);
        let (mut current, past): (Vec<Source>, Vec<Source>) = sources.into_iter().partition(|source| source.is_current);
        let hidden = used.len().saturating_sub(CONSUMABLES);
        current.extend(used.into_iter().take(CONSUMABLES).map(|purchase| Source::used_up(visit, purchase)));
        if !current.is_empty() {
            self.current.push(Group::others(current, hidden));
        }
        if !past.is_empty() {
            self.past.push(Group::others(past, 0));
        }
    }

    /// Keeps a hint only beside the first purchase that it applies to.
    fn show_hints_once(&mut self) {
        let mut shown = HashSet::new();
        let groups = self.current.iter_mut().chain(&mut self.past);
        for source in groups.flat_map(|group| &mut group.sources) {
            source.line.hint = source.line.hint.take().filter(|hint| shown.insert(hint.plain()));
        }
    }
}

impl Source {
    /// The badge of an entitlement that comes from this purchase before all others.
    fn badge(&self) -> Badge {
        match self.status {
            Status::Trial
            | Status::TrialCancelled
            | Status::Intro
            | Status::Active
            | Status::Cancelled
            | Status::Prepaid
            | Status::Grace
            | Status::GraceInTrial
            | Status::Granted
            | Status::Owned
            | Status::Temporary => Badge::new("Active", "tone-good"),
            Status::Refunded => Badge::new("Refunded", "tone-bad"),
            Status::BillingRetry if self.is_current => Badge::new("Billing issue", "tone-bad"),
            Status::Paused if self.is_current => Badge::new("Paused", "tone-warn"),
            Status::BillingRetry | Status::Paused | Status::Expired | Status::GrantOver => {
                Badge::new("Expired", "tone-quiet")
            }
        }
    }
}

impl Group {
    fn unlocked(title: &str, identifier: &str, sources: Vec<Source>) -> Group {
        let badge = sources.first().map_or_else(|| Badge::new("Expired", "tone-quiet"), Source::badge);
        let has = |is_grant: bool| {
            sources.iter().any(|source| source.status.gives_access() && (source.status == Status::Granted) == is_grant)
        };
        let note = (has(true) && has(false))
            .then(|| "The grant runs beside the purchase: its time is not added to the end.".to_owned());
        let (title, identifier) = (title.to_owned(), Some(identifier.to_owned()));
        Group { title, identifier, badge, sources, note, is_locked: false, why: None }
    }

    /// The group as it is where sandbox purchases do not unlock: apps get no access.
    fn locked(self, is_locked: bool) -> Group {
        let has_badge = is_locked && self.is_active();
        let badge = if has_badge { Badge::new("Does not unlock", "tone-warn") } else { self.badge };
        Group { badge, is_locked, ..self }
    }

    fn temporary(source: Source) -> Group {
        let badge = match source.is_current {
            true => Badge::new("Active", "tone-warn"),
            false => Badge::new("Expired", "tone-quiet"),
        };
        let note = Some("No event has named the entitlement it gives.".to_owned());
        let sources = vec![source];
        Group { title: TEMPORARY.into(), identifier: None, badge, sources, note, is_locked: false, why: None }
    }

    fn others(sources: Vec<Source>, hidden: usize) -> Group {
        let hidden = i64::try_from(hidden).unwrap_or(i64::MAX);
        let note = (hidden > 0).then(|| format!("And {} more, all in the history.", text::grouped(hidden)));
        let badge = Badge::new("unlock nothing", "tone-quiet");
        Group { title: "Other purchases".into(), identifier: None, badge, sources, note, is_locked: false, why: None }
    }

    /// Whether it is an entitlement that gives access.
    pub fn is_active(&self) -> bool {
        let has_access = !self.is_locked && self.identifier.is_some();
        has_access && self.sources.iter().any(|source| source.status.gives_access())
    }
}

impl Source {
    fn new(visit: &Visit, purchase: &Purchase) -> Source {
        let name_of = |product: &str| {
            let store = purchase.store.as_ref().map_or("", |store| store.as_str());
            visit.catalog.product_name(store, product).unwrap_or(product).to_owned()
        };
        let line = status_line::Seen { purchase, now: visit.ctx.now, name_of: &name_of }.line();
        Source::with(visit, purchase, line)
    }

    fn used_up(visit: &Visit, purchase: &Purchase) -> Source {
        let line = status_line::Seen { purchase, now: visit.ctx.now, name_of: &str::to_owned }.bought();
        Source::with(visit, purchase, line)
    }

    fn with(visit: &Visit, purchase: &Purchase, line: StatusLine) -> Source {
        let name = visit.product_name(purchase);
        let shows_id = purchase.kind != Kind::Grant && name != purchase.product_id && !purchase.product_id.is_empty();
        let status = purchase.status(visit.ctx.now);
        Source {
            key: purchase.key.clone(),
            store: StoreBadge::new(purchase.store.as_ref()),
            store_name: purchase.store.as_ref().map_or("store unknown", |store| store.name()).to_owned(),
            name: name.to_owned(),
            product_id: shows_id.then(|| purchase.product_id.clone()),
            line,
            badges: badges(purchase),
            status,
            ends_at: purchase.access_ends_at(),
            is_lifetime: purchase.is_lifetime(visit.ctx.now),
            renews: purchase.will_renew() && purchase.pause_asked_at.is_none() && status.gives_access(),
            is_current: status.gives_access() || is_unsettled(purchase, visit.ctx.now),
            menu: None,
            request: None,
            owners: Vec::new(),
        }
    }

    /// Sorts active purchases first, then those that may come back, each by the furthest end.
    fn rank(&self) -> (bool, bool, Reverse<Moment>, String) {
        let ends_at = if self.is_lifetime { Moment::NEVER } else { self.ends_at };
        (!self.status.gives_access(), !self.is_current, Reverse(ends_at), self.name.clone())
    }

    /// `Pro annual, App Store. Expires in 18 days, cancelled on 2 Nov.`
    pub fn sentence(&self) -> Sentence {
        let who = Sentence::default().name(&self.name);
        let who = if self.store_name == "Granted" { who } else { who.words(format!(", {}", self.store_name)) };
        who.words(". ").then(self.line.lead.clone()).then(self.line.rest.clone()).words(".")
    }
}

fn badges(purchase: &Purchase) -> Vec<Badge> {
    let shared = purchase.is_family_share.then(|| Badge::new("family shared", "tone-quiet"));
    let unknown = purchase.unknown_environment.as_deref().map(Badge::unknown_environment);
    let sandbox = unknown.or_else(|| (purchase.environment == Environment::Sandbox).then(Badge::sandbox));
    shared.into_iter().chain(sandbox).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::pages::profile::testing;
    use crate::projection::testing::NOW;

    fn grouped(purchases: Vec<Value>) -> Grouped {
        let mut visit = testing::lena();
        let keyed = purchases.into_iter().enumerate().map(|(index, mut changes)| {
            changes["key"] = json!(format!("APP_STORE:{index}"));
            crate::projection::testing::purchase(changes)
        });
        visit.purchases = keyed.collect();
        Grouped::new(&visit)
    }

    fn rows(groups: &[Group]) -> Vec<String> {
        let source = |source: &Source| format!("{}: {}", source.name, source.line.lead.plain());
        let group = |group: &Group| {
            let sources: Vec<String> = group.sources.iter().map(source).collect();
            format!("{} [{}] {}", group.title, group.badge.text, sources.join("; "))
        };
        groups.iter().map(group).collect()
    }

    fn ended(days: i64) -> Value {
        json!({ "expires_at": NOW.plus_days(-days), "expiration_reason": "UNSUBSCRIBE", "product_name": format!("Over {days}") })
    }

    #[test]
    fn active_entitlements_come_first_by_their_furthest_end_and_ended_ones_apart() {
        let grouped = grouped(vec![
            ended(90),
            json!({ "product_name": "Near", "expires_at": NOW.plus_days(3) }),
            json!({ "product_name": "Far", "expires_at": NOW.plus_days(300) }),
            json!({ "product_name": "Both", "entitlement_ids": ["coach", "pro"] }),
            json!({ "product_name": "For good", "kind": "one_time", "expires_at": null, "entitlement_ids": ["archive"] }),
            ended(30),
        ]);
        assert_eq!(
            rows(&grouped.current),
            [
                "archive [Active] For good: Does not expire",
                "pro [Active] Far: Renews in 10 months; Both: Renews in 18 days; Near: Renews in 3 days",
                "coach [Active] Both: Renews in 18 days",
            ]
        );
        assert_eq!(rows(&grouped.past), ["pro [Expired] Over 30: Expired a month ago; Over 90: Expired 3 months ago"]);
        assert_eq!((grouped.active(), grouped.past_counted().as_str()), (3, "2 expired"));
    }

    #[test]
    fn what_may_come_back_is_not_folded_away() {
        let grouped = grouped(vec![
            json!({ "expires_at": NOW.plus_days(-4), "expiration_reason": "BILLING_ERROR", "entitlement_ids": ["coach"] }),
            json!({ "expires_at": NOW.plus_days(-5), "expiration_reason": "SUBSCRIPTION_PAUSED" }),
            json!({ "expires_at": NOW.plus_days(-6), "refunded_at": NOW.plus_days(-6), "entitlement_ids": ["archive"] }),
        ]);
        let badges: Vec<&str> = grouped.current.iter().map(|group| group.badge.text.as_str()).collect();
        assert_eq!(badges, ["Billing issue", "Paused", "Refunded"]);
        assert_eq!((grouped.active(), grouped.past.len()), (0, 0));
    }

    #[test]
    fn purchases_that_unlock_nothing_are_summed_up() {
        let coins = |days: i64| {
            let at = NOW.plus_days(-days);
            json!({ "kind": "one_time", "product_name": "Coins", "expires_at": null, "entitlement_ids": [], "period_start": at })
        };
        let running = json!({ "product_name": "Legacy", "entitlement_ids": [] });
        let grouped = grouped(vec![coins(9), coins(2), coins(5), coins(7), coins(8), running]);
        assert_eq!(
            rows(&grouped.current),
            [
                "Other purchases [unlock nothing] Legacy: Renews in 18 days; Coins: Bought on 21 Nov; Coins: Bought on 18 Nov; \
              Coins: Bought on 16 Nov"
            ]
        );
        let note = grouped.current.first().and_then(|group| group.note.as_deref());
        assert_eq!(note, Some("And 2 more, all in the history."));
        assert_eq!(grouped.active(), 0);
    }

    #[test]
    fn temporary_access_is_not_called_a_purchase_that_unlocks_nothing() {
        let access = |ids: Value| json!({ "kind": "temporary", "product_id": "", "expires_at": NOW.plus_days(1), "entitlement_ids": ids });
        let known = grouped(vec![access(json!(["pro"]))]);
        assert_eq!(rows(&known.current), ["pro [Active] Temporary access: Temporary access until 24 Nov, 17:00 UTC"]);
        let unknown = grouped(vec![access(json!([]))]);
        assert_eq!(
            rows(&unknown.current),
            ["Temporary access [Active] Temporary access: Temporary access until 24 Nov, 17:00 UTC"]
        );
        assert_eq!((known.active(), unknown.active()), (1, 0));
    }

    #[test]
    fn a_grant_beside_a_subscription_is_explained_and_labelled() {
        let grant = json!({ "kind": "grant", "store": "PROMOTIONAL", "product_id": "rc_promo_pro_monthly", "product_name": null });
        let grouped = grouped(vec![json!({}), grant]);
        let group = grouped.current.first().expect("one group");
        assert!(group.note.as_deref().is_some_and(|note| note.contains("not added")), "{:?}", group.note);
        let names: Vec<_> =
            group.sources.iter().map(|source| (source.name.as_str(), source.product_id.as_deref())).collect();
        assert_eq!(names, [("Granted entitlement", None), ("Pro annual", Some("pro_annual"))]);
    }

    #[test]
    fn purchases_that_do_not_unlock_are_not_called_active() {
        let mut visit = testing::lena();
        visit.purchases = vec![crate::projection::testing::purchase(json!({ "environment": "sandbox" }))];
        visit.locked_by = Some(crate::customers::SandboxAccess::Nobody);
        let grouped = Grouped::new(&visit);
        assert_eq!(rows(&grouped.current), ["pro [Does not unlock] Pro annual: Renews in 18 days"]);
        assert_eq!(grouped.active(), 0);
    }

    #[test]
    fn rows_of_shared_and_sandbox_purchases_carry_badges() {
        let grouped = grouped(vec![json!({ "is_family_share": true, "environment": "sandbox" })]);
        let badges = grouped.current.iter().flat_map(|group| &group.sources).flat_map(|source| &source.badges);
        assert_eq!(badges.map(|badge| badge.text.as_str()).collect::<Vec<_>>(), ["family shared", "Sandbox"]);
    }

    #[test]
    fn a_purchase_of_an_unknown_environment_names_it() {
        let grouped = grouped(vec![json!({ "environment": "sandbox", "unknown_environment": "STAGING" })]);
        let badges = grouped.current.iter().flat_map(|group| &group.sources).flat_map(|source| &source.badges);
        assert_eq!(badges.map(|badge| badge.text.as_str()).collect::<Vec<_>>(), ["unknown environment “STAGING”"]);
    }

    #[test]
    fn the_same_hint_is_shown_once() {
        let cancelled = json!({ "unsubscribed_at": NOW.plus_days(-1) });
        let grouped = grouped(vec![cancelled.clone(), cancelled]);
        let hints = grouped.current.iter().flat_map(|group| &group.sources).filter(|source| source.line.hint.is_some());
        assert_eq!(hints.count(), 1);
    }
}
