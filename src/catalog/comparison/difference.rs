//! What differs between two catalogs. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, Key, Kind};
use crate::catalog::rows::ProductKind;
use crate::events::Store;
use crate::wording::text::{count, grouped};

/// What taking over the other catalog would do, and what it would leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// In the order in which they can be written.
    pub changes: Vec<Change>,
    pub only_here: Vec<OnlyHere>,
}

/// Something that is added or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place among the things of the other catalog.
    pub place: usize,
    pub is_new: bool,
    /// How it is afterwards.
    pub after: Item,
    /// What is attached to it or put into it.
    pub added_products: BTreeSet<String>,
    pub lines: Vec<Line>,
}

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub what: &'static str,
    /// Empty where there is none yet.
    pub before: String,
    pub after: String,
}

impl Line {
    /// Whether it is about the name of the thing.
    pub fn is_name(&self) -> bool {
        self.what == NAME
    }
}

/// Something that the other catalog does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyHere {
    pub key: Key,
    /// `None` when both have the thing itself, and these products of it are only here.
    pub name: Option<String>,
    pub products: BTreeSet<String>,
}

impl Difference {
    /// Compares the catalog here with another one, whose things are in the order of their keys.
    pub fn between(ours: &BTreeMap<Key, Item>, theirs: &[Item]) -> Difference {
        let places = places(ours, theirs);
        let mut difference = Difference::default();
        for (place, item) in theirs.iter().enumerate() {
            let item = Item { position: places.get(&item.key).copied().unwrap_or(item.position), ..item.clone() };
            let before = ours.get(&item.key);
            difference.changes.extend(Change::between(place, before, item));
        }
        let known: BTreeMap<&Key, &Item> = theirs.iter().map(|item| (&item.key, item)).collect();
        difference.only_here = ours.values().filter_map(|item| OnlyHere::of(item, known.get(&item.key))).collect();
        difference
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Keeps the changes at these places, with the offerings that new packages among them need.
    pub fn only(&mut self, places: &BTreeSet<usize>) {
        let chosen = self.changes.iter().filter(|change| places.contains(&change.place));
        let needed: BTreeSet<Key> = chosen
            .filter(|change| change.after.key.kind() == Kind::Package)
            .map(|change| Key::Offering(change.after.key.within().to_owned()))
            .collect();
        let is_needed = |change: &Change| change.is_new && needed.contains(&change.after.key);
        self.changes.retain(|change| places.contains(&change.place) || is_needed(change));
    }

    /// `2 products and 1 offering added, 3 packages changed`; `None` when nothing is.
    pub fn words(&self) -> Option<String> {
        let of = |is_new: bool, word: &str| {
            let each = Kind::ALL.into_iter().filter_map(|kind| {
                let is = |change: &&Change| change.is_new == is_new && change.after.key.kind() == kind;
                let number = i64::try_from(self.changes.iter().filter(is).count()).unwrap_or(i64::MAX);
                (number > 0).then(|| count(number, &kind.name().to_lowercase(), kind.plural()))
            });
            let each: Vec<String> = each.collect();
            (!each.is_empty()).then(|| format!("{} {word}", crate::wording::text::listed(&each)))
        };
        let both: Vec<String> = [of(true, "added"), of(false, "changed")].into_iter().flatten().collect();
        (!both.is_empty()).then(|| both.join("; "))
    }
}

/// The positions of packages. Those that are here keep theirs as long as that gives the order of the other catalog.
fn places(ours: &BTreeMap<Key, Item>, theirs: &[Item]) -> BTreeMap<Key, i64> {
    let mut offerings: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for item in theirs.iter().filter(|item| item.key.kind() == Kind::Package) {
        offerings.entry(item.key.within()).or_default().push(item);
    }
    let mut places = BTreeMap::new();
    for packages in offerings.values_mut() {
        packages.sort_by_key(|item| item.position);
        let kept = |item: &Item| ours.get(&item.key).map_or(item.position, |own| own.position);
        let order: Vec<(i64, &str)> = packages.iter().map(|item| (kept(item), item.key.identifier())).collect();
        let is_same_order = order.is_sorted();
        for item in packages {
            places.insert(item.key.clone(), if is_same_order { kept(item) } else { item.position });
        }
    }
    places
}

impl Change {
    /// `None` when nothing differs.
    fn between(place: usize, before: Option<&Item>, theirs: Item) -> Option<Change> {
        let after = before.map_or_else(|| theirs.clone(), |before| before.with(&theirs));
        let none = Item::new(after.key.clone());
        let was = before.unwrap_or(&none);
        let added_products: BTreeSet<String> = after.products.difference(&was.products).cloned().collect();
        let lines = lines(was, &after, before.is_none(), &added_products);
        (before.is_none() || !lines.is_empty()).then(|| Change {
            place,
            is_new: before.is_none(),
            after,
            added_products,
            lines,
        })
    }

    /// Whether it makes an offering the default that was not.
    pub fn becomes_default(&self) -> bool {
        self.after.is_default && self.lines.iter().any(|line| line.what == DEFAULT)
    }

    /// What differs as lines before and after, for the audit log.
    pub fn texts(&self) -> (String, String) {
        let lines = |value: fn(&Line) -> &String| {
            let some = self.lines.iter().filter(|line| !value(line).is_empty());
            some.map(|line| format!("{}: {}", line.what, value(line))).collect::<Vec<_>>().join("\n")
        };
        (lines(|line| &line.before), lines(|line| &line.after))
    }
}

const NAME: &str = "Name";
const DEFAULT: &str = "Default offering";

fn lines(was: &Item, after: &Item, is_new: bool, added: &BTreeSet<String>) -> Vec<Line> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let kind = |item: &Item| {
        let word = item.product_kind.as_deref();
        word.and_then(ProductKind::parse).map(|kind| kind.name().to_owned()).unwrap_or_default()
    };
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let metadata = |item: &Item| item.metadata.clone().filter(|text| text != "{}").unwrap_or_default();
    let place = |item: &Item| (item.position.saturating_add(1)).to_string();
    let mut all = vec![
        (NAME, text(&was.name), text(&after.name)),
        ("Type", kind(was), kind(after)),
        ("Duration", text(&was.duration), text(&after.duration)),
        ("Metadata", metadata(was), metadata(after)),
        (DEFAULT, yes(was.is_default), yes(after.is_default)),
        ("Archived", yes(was.is_archived), yes(after.is_archived)),
    ];
    if !is_new {
        all.push(("Position", place(was), place(after)));
    }
    let what = if after.key.kind() == Kind::Entitlement { "Products attached" } else { "Products put in" };
    all.push((what, String::new(), named(added)));
    let differing = all.into_iter().filter(|(_, before, after)| before != after);
    let blank = |before: String| if is_new { String::new() } else { before };
    differing.map(|(what, before, after)| Line { what, before: blank(before), after }).collect()
}

/// How many products are named before the rest is counted.
const NAMED: usize = 10;

/// The ids of products, or the first of them and how many follow.
pub(super) fn named(products: &BTreeSet<String>) -> String {
    let first: Vec<&str> = products.iter().take(NAMED).map(String::as_str).collect();
    match products.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {} more", first.join(", "), grouped(i64::try_from(more).unwrap_or(i64::MAX))),
    }
}

impl Item {
    /// What is here, with what another catalog says over it. Nothing is taken away.
    fn with(&self, theirs: &Item) -> Item {
        let either = |theirs: &Option<String>, ours: &Option<String>| theirs.clone().or_else(|| ours.clone());
        let is_archived = theirs.is_archived;
        Item {
            key: self.key.clone(),
            name: either(&theirs.name, &self.name),
            product_kind: kind(self.product_kind.as_ref(), theirs.product_kind.as_ref()),
            duration: either(&theirs.duration, &self.duration),
            // An offering stays the default until another one is; an archived one cannot be.
            is_default: (theirs.is_default || self.is_default) && !is_archived,
            is_archived,
            metadata: either(&theirs.metadata, &self.metadata),
            position: theirs.position,
            products: self.products.union(&theirs.products).cloned().collect(),
        }
    }
}

/// A one-time product may be known here more exactly.
fn kind(ours: Option<&String>, theirs: Option<&String>) -> Option<String> {
    let exact = [ProductKind::Consumable, ProductKind::NonConsumable].map(ProductKind::as_str);
    let is_exact = ours.is_some_and(|ours| exact.contains(&ours.as_str()));
    match theirs {
        Some(theirs) if theirs == ProductKind::OneTime.as_str() && is_exact => ours.cloned(),
        Some(theirs) => Some(theirs.clone()),
        None => ours.cloned(),
    }
}

impl OnlyHere {
    fn of(item: &Item, theirs: Option<&&Item>) -> Option<OnlyHere> {
        let Some(theirs) = theirs else {
            let name = Some(item.name.clone().unwrap_or_default());
            return Some(OnlyHere { key: item.key.clone(), name, products: BTreeSet::new() });
        };
        let products: BTreeSet<String> = item.products.difference(&theirs.products).cloned().collect();
        (!products.is_empty()).then(|| OnlyHere { key: item.key.clone(), name: None, products })
    }

    /// The products in words.
    pub fn products(&self) -> String {
        named(&self.products)
    }
}

impl Key {
    /// The store or the offering, as a page shows it.
    pub fn within_words(&self) -> String {
        match self {
            Key::Product { store, .. } => Store::from(store.clone()).name().to_owned(),
            Key::Package { offering, .. } => format!("in {offering}"),
            Key::Entitlement(_) | Key::Offering(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(identifier: &str, name: Option<&str>) -> Item {
        let key = Key::Product { store: "APP_STORE".into(), identifier: identifier.into() };
        let (name, product_kind) = (name.map(str::to_owned), Some("subscription".into()));
        Item { name, product_kind, ..Item::new(key) }
    }

    fn entitlement(products: &[&str]) -> Item {
        let products = products.iter().map(|one| (*one).to_owned()).collect();
        Item { name: Some("Pro".into()), products, ..Item::new(Key::Entitlement("pro".into())) }
    }

    fn offering(identifier: &str, is_default: bool) -> Item {
        let item = Item::new(Key::Offering(identifier.into()));
        Item { name: Some(identifier.into()), metadata: Some("{}".into()), is_default, ..item }
    }

    fn package(identifier: &str, position: i64) -> Item {
        let key = Key::Package { offering: "standard".into(), identifier: identifier.into() };
        Item { name: Some(identifier.into()), position, ..Item::new(key) }
    }

    fn between(ours: &[Item], theirs: &[Item]) -> Difference {
        Difference::between(&ours.iter().map(|item| (item.key.clone(), item.clone())).collect(), theirs)
    }

    fn lines(difference: &Difference) -> Vec<String> {
        let all = difference.changes.iter().flat_map(|change| &change.lines);
        all.map(|line| format!("{}: {} > {}", line.what, line.before, line.after)).collect()
    }

    #[test]
    fn what_is_new_is_added_what_differs_is_changed_and_what_is_only_here_stays() {
        let found =
            between(&[product("a", Some("A")), product("c", None)], &[product("a", Some("B")), product("b", None)]);
        assert_eq!(lines(&found), ["Name: A > B", "Type:  > Subscription"]);
        assert_eq!(found.words().as_deref(), Some("1 product added; 1 product changed"));
        assert_eq!(found.only_here.len(), 1);
        assert_eq!(found.only_here[0].key.identifier(), "c");
        assert!(
            between(&[product("a", Some("A"))], &[product("a", None)]).is_empty(),
            "what says nothing changes nothing"
        );
    }

    #[test]
    fn attachments_are_added_and_never_taken_away() {
        let found = between(&[entitlement(&["a", "b"])], &[entitlement(&["b", "c"])]);
        assert_eq!(lines(&found), ["Products attached:  > c"]);
        assert_eq!(found.changes[0].after.products.len(), 3);
        assert_eq!((found.only_here[0].name.as_ref(), found.only_here[0].products()), (None, "a".into()));
    }

    #[test]
    fn an_offering_stays_the_default_until_another_one_is() {
        let ours = [offering("old", true), offering("new", false)];
        assert!(between(&ours, &[offering("old", false)]).is_empty());
        let found = between(&ours, &[offering("new", true)]);
        assert_eq!(lines(&found), ["Default offering: no > yes"]);
        let archived = Item { is_archived: true, ..offering("old", false) };
        assert_eq!(lines(&between(&ours, &[archived])), ["Default offering: yes > no", "Archived: no > yes"]);
    }

    #[test]
    fn positions_change_only_where_the_order_does() {
        let ours = [package("a", 4), package("b", 9)];
        assert!(between(&ours, &[package("a", 0), package("b", 1)]).is_empty());
        let found = between(&ours, &[package("a", 1), package("b", 0)]);
        assert_eq!(lines(&found), ["Position: 5 > 2", "Position: 10 > 1"]);
        let found = between(&ours, &[package("a", 0), package("b", 1), package("c", 2)]);
        let after: Vec<i64> = found.changes.iter().map(|change| change.after.position).collect();
        assert_eq!(after, [0, 1, 2], "the new one would come first otherwise");
    }

    #[test]
    fn a_kind_that_is_known_more_exactly_stays() {
        let of = |kind: &str| Item { product_kind: Some(kind.into()), ..product("a", None) };
        assert!(between(&[of("consumable")], &[of("one_time")]).is_empty());
        assert_eq!(lines(&between(&[of("subscription")], &[of("one_time")])), ["Type: Subscription > One-time"]);
    }

    #[test]
    fn a_chosen_package_brings_the_offering_that_it_needs() {
        let mut found = between(&[], &[product("a", None), offering("standard", true), package("x", 0)]);
        found.only(&BTreeSet::from([2]));
        let kept: Vec<&str> = found.changes.iter().map(|change| change.after.key.identifier()).collect();
        assert_eq!(kept, ["standard", "x"]);
    }
}
