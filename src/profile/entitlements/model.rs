//! Purchases by what they unlock: current ones first, what is over apart, and what unlocks nothing last.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use crate::clock::Moment;
use crate::events::Environment;
use crate::page::sentence::Sentence;
use crate::page::text;
use crate::profile::badge::Badge;
use crate::profile::status_line::{StatusLine, Teller, is_unsettled};
use crate::profile::store_badge::StoreBadge;
use crate::profile::visit::Visit;
use crate::state::{Kind, Purchase, Status};

/// How many used-up purchases are listed one by one.
const CONSUMABLES: usize = 3;

/// The card's content, and what the answer at the top of the page is drawn from.
#[derive(Debug, Default)]
pub struct Grouped {
    /// Entitlements that are active, or that a person should look at.
    pub current: Vec<Group>,
    /// What is over.
    pub past: Vec<Group>,
}

/// An entitlement and the purchases that unlock it; or those that unlock nothing.
#[derive(Debug)]
pub struct Group {
    pub title: String,
    /// `None` for purchases that unlock nothing.
    pub identifier: Option<String>,
    pub badge: Badge,
    pub sources: Vec<Source>,
    /// What is true of all of them.
    pub note: Option<String>,
}

/// One purchase under an entitlement.
#[derive(Debug)]
pub struct Source {
    pub store: StoreBadge,
    pub store_name: String,
    pub name: String,
    /// Where the name is not the id itself.
    pub product_id: Option<String>,
    pub line: StatusLine,
    pub badges: Vec<Badge>,
    pub status: Status,
    pub ends_at: Moment,
    pub is_lifetime: bool,
    pub is_current: bool,
}

impl Grouped {
    pub fn of(visit: &Visit) -> Grouped {
        let mut unlocking: BTreeMap<String, Vec<&Purchase>> = BTreeMap::new();
        let mut others = Vec::new();
        for purchase in &visit.purchases {
            let entitlements = visit.catalog.unlocked_by(purchase);
            if entitlements.is_empty() {
                others.push(purchase);
            }
            for entitlement in entitlements {
                unlocking.entry(entitlement).or_default().push(purchase);
            }
        }
        let mut grouped = Grouped::default();
        for (entitlement, purchases) in unlocking {
            grouped.add(visit, &entitlement, &purchases);
        }
        grouped.sort();
        grouped.add_others(visit, others);
        grouped.say_hints_once();
        grouped
    }

    /// How many entitlements give access.
    pub fn active(&self) -> usize {
        self.current.iter().filter(|group| group.is_active()).count()
    }

    /// How many purchases are over.
    pub fn past_count(&self) -> usize {
        self.past.iter().map(|group| group.sources.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.current.is_empty() && self.past.is_empty()
    }

    fn add(&mut self, visit: &Visit, entitlement: &str, purchases: &[&Purchase]) {
        let mut sources: Vec<Source> = purchases.iter().map(|purchase| Source::of(visit, purchase)).collect();
        sources.sort_by_key(Source::rank);
        let (current, past): (Vec<Source>, Vec<Source>) = sources.into_iter().partition(|source| source.is_current);
        let title = visit.catalog.entitlement_name(entitlement);
        for (sources, groups) in [(current, &mut self.current), (past, &mut self.past)] {
            if !sources.is_empty() {
                groups.push(Group::unlocked(title, entitlement, sources));
            }
        }
    }

    fn sort(&mut self) {
        let rank = |group: &Group| {
            let best = group.sources.first();
            let ends_at = best.map_or(Moment::DAWN, |source| if source.is_lifetime { Moment::NEVER } else { source.ends_at });
            (!group.is_active(), Reverse(ends_at), group.title.to_lowercase())
        };
        self.current.sort_by_key(rank);
        self.past.sort_by_key(rank);
    }

    /// Purchases that unlock nothing stand under a heading of their own, used-up ones counted.
    fn add_others(&mut self, visit: &Visit, others: Vec<&Purchase>) {
        let (mut used, lasting): (Vec<&Purchase>, Vec<&Purchase>) =
            others.into_iter().partition(|purchase| purchase.kind == Kind::OneTime && purchase.expires_at.is_none());
        used.sort_by_key(|purchase| (Reverse(purchase.period_start), purchase.key.clone()));
        let mut sources: Vec<Source> = lasting.into_iter().map(|purchase| Source::of(visit, purchase)).collect();
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

    /// The same explanation is said beside the first purchase it is true of, not beside each.
    fn say_hints_once(&mut self) {
        let mut said = HashSet::new();
        let groups = self.current.iter_mut().chain(&mut self.past);
        for source in groups.flat_map(|group| &mut group.sources) {
            source.line.hint = source.line.hint.take().filter(|hint| said.insert(hint.plain()));
        }
    }
}

impl Group {
    fn unlocked(title: &str, identifier: &str, sources: Vec<Source>) -> Group {
        let badge = match sources.first().map(|source| source.status) {
            Some(status) if status.gives_access() => Badge::new("Active", "tone-good"),
            Some(Status::BillingRetry) => Badge::new("Billing issue", "tone-bad"),
            Some(Status::Paused) => Badge::new("Paused", "tone-warn"),
            Some(Status::Refunded) => Badge::new("Refunded", "tone-bad"),
            _ => Badge::new("Expired", "tone-quiet"),
        };
        let has = |is_grant: bool| {
            sources.iter().any(|source| source.status.gives_access() && (source.status == Status::Granted) == is_grant)
        };
        let note = (has(true) && has(false))
            .then(|| "The grant runs beside the purchase: its time is not added to the end.".to_owned());
        Group { title: title.to_owned(), identifier: Some(identifier.to_owned()), badge, sources, note }
    }

    fn others(sources: Vec<Source>, hidden: usize) -> Group {
        let hidden = i64::try_from(hidden).unwrap_or(i64::MAX);
        let note = (hidden > 0).then(|| format!("And {} more, all in the history.", text::grouped(hidden)));
        let badge = Badge::new("unlock nothing", "tone-quiet");
        Group { title: "Other purchases".into(), identifier: None, badge, sources, note }
    }

    /// Whether it is an entitlement that gives access.
    pub fn is_active(&self) -> bool {
        self.identifier.is_some() && self.sources.iter().any(|source| source.status.gives_access())
    }
}

impl Source {
    fn of(visit: &Visit, purchase: &Purchase) -> Source {
        let name_of = |product: &str| {
            let store = purchase.store.as_ref().map_or("", |store| store.as_str());
            visit.catalog.product_name(store, product).unwrap_or(product).to_owned()
        };
        let line = Teller { purchase, now: visit.now, name_of: &name_of }.line();
        Source::with(visit, purchase, line)
    }

    fn used_up(visit: &Visit, purchase: &Purchase) -> Source {
        let line = Teller { purchase, now: visit.now, name_of: &str::to_owned }.bought();
        Source::with(visit, purchase, line)
    }

    fn with(visit: &Visit, purchase: &Purchase, line: StatusLine) -> Source {
        let name = visit.product_name(purchase);
        let shows_id = purchase.kind != Kind::Grant && name != purchase.product_id && !purchase.product_id.is_empty();
        let status = purchase.status(visit.now);
        Source {
            store: StoreBadge::of(purchase.store.as_ref()),
            store_name: purchase.store.as_ref().map_or("store unknown", |store| store.name()).to_owned(),
            name: name.to_owned(),
            product_id: shows_id.then(|| purchase.product_id.clone()),
            line,
            badges: badges(purchase),
            status,
            ends_at: purchase.access_ends_at(),
            is_lifetime: purchase.is_lifetime(visit.now),
            is_current: status.gives_access() || is_unsettled(purchase, visit.now),
        }
    }

    /// Active first, then what may come back, each by the furthest end.
    fn rank(&self) -> (bool, bool, Reverse<Moment>, String) {
        let ends_at = if self.is_lifetime { Moment::NEVER } else { self.ends_at };
        (!self.status.gives_access(), !self.is_current, Reverse(ends_at), self.name.clone())
    }

    /// `Pro annual, App Store. Expires in 18 days, cancelled on 2 Nov.`
    pub fn told(&self) -> Sentence {
        let who = Sentence::default().name(&self.name);
        let who = if self.store_name == "Granted" { who } else { who.words(format!(", {}", self.store_name)) };
        who.words(". ").then(self.line.lead.clone()).then(self.line.rest.clone()).words(".")
    }
}

fn badges(purchase: &Purchase) -> Vec<Badge> {
    let shared = purchase.is_family_share.then(|| Badge::new("family shared", "tone-quiet"));
    let sandbox = (purchase.environment == Environment::Sandbox).then(Badge::sandbox);
    shared.into_iter().chain(sandbox).collect()
}
