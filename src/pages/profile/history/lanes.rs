//! The lanes of the picture: the state of each purchase over time, as bars and in words. One-time purchases that
//! unlock nothing are marks, with one lane per product.

use super::axis;
use super::marker::Marker;
use crate::base::clock::Moment;
use crate::catalog::Catalog;
use crate::customers::stored_purchases::SOME;
use crate::events::Store;
use crate::pages::profile::visit::Visit;
use crate::projection::{Kind, Phase, Purchase, RETRY_DAYS, Span, is_lifetime};
use crate::wording::text::{count, grouped, listed, visible};
use crate::wording::times;

/// A bar on a lane, or a mark if both ends are the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    pub marker: Marker,
    pub from: Moment,
    /// [`Moment::NEVER`] if no end is known.
    pub to: Moment,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lane {
    pub name: String,
    pub bars: Vec<Bar>,
    /// The content of the lane as a sentence.
    pub words: String,
    pub is_active: bool,
}

/// The most lanes that the picture draws, and the most bars on one lane. The newest bars are drawn.
pub const MOST: usize = 12;
const BARS: usize = 60;

/// All lanes, the most important first: purchases that give access, then those that ended last.
pub fn draw(visit: &Visit) -> Vec<Lane> {
    let (marked, drawn): (Vec<&Purchase>, Vec<&Purchase>) =
        visit.purchases.iter().partition(|purchase| is_mark(purchase, &visit.catalog));
    let mut lanes: Vec<Lane> = drawn.into_iter().filter_map(|purchase| of_purchase(purchase, visit)).collect();
    lanes.extend(by_product(&marked, visit));
    lanes.sort_by_key(|lane| std::cmp::Reverse((lane.is_active, lane.end(), lane.start())));
    lanes
}

impl Lane {
    pub fn start(&self) -> Moment {
        self.bars.first().map_or(Moment::NEVER, |bar| bar.from)
    }

    /// Whether the picture draws the lane. Implausible dates are only described in words.
    pub fn is_drawn(&self) -> bool {
        !self.bars.is_empty()
    }

    fn end(&self) -> Moment {
        self.bars.last().map_or(Moment::EARLIEST, |bar| bar.to)
    }
}

/// Whether a purchase is drawn as a mark: a one-time purchase without an end that unlocks nothing.
fn is_mark(purchase: &Purchase, catalog: &Catalog) -> bool {
    purchase.kind == Kind::OneTime && purchase.expires_at.is_none() && catalog.unlocked_by(purchase).is_empty()
}

/// The lane of one purchase; `None` when nothing is known about its time.
fn of_purchase(purchase: &Purchase, visit: &Visit) -> Option<Lane> {
    let mut bars: Vec<Bar> = purchase.spans.iter().flat_map(|span| bars(purchase, *span, visit.ctx.now)).collect();
    bars.extend(temporary(purchase).or_else(|| pause_ahead(purchase, visit.ctx.now)));
    if bars.is_empty() {
        return None;
    }
    let skipped = bars.len().saturating_sub(BARS);
    let bars: Vec<Bar> = bars.into_iter().skip(skipped).collect();
    let name = name(purchase, visit);
    let in_words: Vec<String> = bars.iter().map(bar_in_words).collect();
    let words = format!("{name}{}: {}.", store(purchase), in_words.join(", "));
    let seen = bars.into_iter().filter(|bar| axis::is_in_sight(bar.from, visit.ctx.now)).collect();
    Some(Lane { name, bars: seen, words, is_active: purchase.is_active(visit.ctx.now) })
}

/// The bar of temporary access, which has no spans: it runs from the grant until the store answers or access ends.
fn temporary(purchase: &Purchase) -> Option<Bar> {
    let (from, to) = (purchase.period_start, purchase.access_ends_at());
    (purchase.kind == Kind::Temporary && from < to).then_some(Bar { marker: Marker::Temporary, from, to })
}

/// The bar of a scheduled pause, which begins when the paid time ends. It is drawn only if its end is known.
fn pause_ahead(purchase: &Purchase, now: Moment) -> Option<Bar> {
    let from = purchase.expires_at.filter(|end| *end > now && purchase.pause_asked_at.is_some())?;
    let to = purchase.auto_resume_at.filter(|to| *to > from && purchase.will_renew())?;
    Some(Bar { marker: Marker::Paused, from, to })
}

fn name(purchase: &Purchase, visit: &Visit) -> String {
    let unlocked = visit.catalog.unlocked_by(purchase);
    let entitlements: Vec<String> = unlocked.iter().map(|id| visit.catalog.entitlement_name(id).to_owned()).collect();
    visible(&match purchase.kind {
        Kind::Grant if entitlements.is_empty() => "Granted".to_owned(),
        Kind::Grant => format!("Granted: {}", listed(&entitlements)),
        Kind::Temporary if !purchase.product_id.is_empty() => {
            format!("Temporary: {}", visit.product_name(purchase))
        }
        Kind::Temporary | Kind::Subscription | Kind::OneTime => visit.product_name(purchase).to_owned(),
    })
}

fn store(purchase: &Purchase) -> String {
    let store = purchase.store.as_ref().filter(|store| **store != Store::Promotional);
    store.map(|store| format!(", {}", store.name())).unwrap_or_default()
}

/// The bars of a span. What is paid ahead and will not renew has its own bar.
fn bars(purchase: &Purchase, span: Span, now: Moment) -> Vec<Bar> {
    let to = end(purchase, span, now);
    if to <= span.from {
        return Vec::new();
    }
    let marker = match span.phase {
        _ if purchase.kind == Kind::Temporary => return Vec::new(),
        Phase::Trial => Marker::Trial,
        Phase::Paid => Marker::Paid,
        Phase::Grace => Marker::Grace,
        Phase::Retry => Marker::Retry,
        Phase::Paused => Marker::Paused,
        Phase::Refunded => Marker::Refunded,
        Phase::Granted => Marker::Granted,
    };
    let ending = match marker {
        Marker::Trial => Marker::TrialEnding,
        Marker::Paid => Marker::Ending,
        other => other,
    };
    if purchase.will_renew() || to == Moment::NEVER || to <= now || ending == marker {
        return vec![Bar { marker, from: span.from, to }];
    }
    let split = now.max(span.from);
    let past = Bar { marker, from: span.from, to: split };
    let ahead = Bar { marker: ending, from: split, to };
    [past, ahead].into_iter().filter(|bar| bar.from < bar.to).collect()
}

/// Where a span ends, or is drawn to end while its end is unknown.
fn end(purchase: &Purchase, span: Span, now: Moment) -> Moment {
    let is_open = span.to == Moment::NEVER;
    match span.phase {
        Phase::Retry if is_open => now.min(span.from.plus_days(RETRY_DAYS)),
        Phase::Retry => span.to.min(span.from.plus_days(RETRY_DAYS)),
        Phase::Paused if is_open => purchase.auto_resume_at.map_or(now, |resumes| resumes.max(now)),
        Phase::Paused | Phase::Trial | Phase::Paid | Phase::Grace | Phase::Refunded | Phase::Granted => {
            if is_lifetime(now, span.to) { Moment::NEVER } else { span.to }
        }
    }
}

fn bar_in_words(bar: &Bar) -> String {
    let (from, to) = (times::day(bar.from), times::day(bar.to));
    let what = bar.marker.words();
    match bar.to {
        Moment::NEVER => format!("{what} since {from}, without an end"),
        _ if from == to => format!("{what} on {from}"),
        _ => format!("{what} from {from} to {to}"),
    }
}

/// Marks, with one lane per product and store.
fn by_product(purchases: &[&Purchase], visit: &Visit) -> Vec<Lane> {
    let mut lanes: Vec<(&Purchase, Vec<Bar>)> = Vec::new();
    for purchase in purchases {
        let at = purchase.first_purchased_at;
        let marker = if purchase.refunded_at.is_some() { Marker::BoughtRefunded } else { Marker::Bought };
        let mark = Bar { marker, from: at, to: at };
        let is_same = |one: &Purchase| (&one.store, &one.product_id) == (&purchase.store, &purchase.product_id);
        match lanes.iter_mut().find(|(one, _)| is_same(one)) {
            Some((_, marks)) => marks.push(mark),
            None => lanes.push((purchase, vec![mark])),
        }
    }
    let are_all = !leaves_some_out(visit);
    lanes.into_iter().map(|(purchase, marks)| of_marks(purchase, marks, are_all, visit)).collect()
}

/// Whether the page may not have loaded all one-time purchases that are marks.
pub fn leaves_some_out(visit: &Visit) -> bool {
    let marked = visit.purchases.iter().filter(|purchase| is_mark(purchase, &visit.catalog));
    marked.count() as i64 >= SOME
}

fn of_marks(purchase: &Purchase, mut marks: Vec<Bar>, are_all: bool, visit: &Visit) -> Lane {
    marks.sort_by_key(|mark| mark.from);
    let name = name(purchase, visit);
    let days: (String, String) = match (marks.first(), marks.last()) {
        (Some(first), Some(last)) => (times::day(first.from), times::day(last.from)),
        _ => (String::new(), String::new()),
    };
    let when = if days.0 == days.1 { format!("on {}", days.0) } else { format!("from {} to {}", days.0, days.1) };
    let times =
        if marks.len() == 1 { String::new() } else { format!("{} ", count(marks.len() as i64, "time", "times")) };
    let back = marks.iter().filter(|mark| mark.marker == Marker::BoughtRefunded).count();
    let back = if back == 0 { String::new() } else { format!(", {back} refunded") };
    let before = if are_all { "" } else { ", and maybe before" };
    let words = format!("{name}{}: bought {times}{when}{before}{back}.", store(purchase));
    let name = if marks.len() == 1 { name } else { format!("{name} \u{d7}{}", grouped(marks.len() as i64)) };
    marks.retain(|mark| axis::is_in_sight(mark.from, visit.ctx.now));
    Lane { name, bars: marks, words, is_active: false }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::pages::profile::testing::stranger;
    use crate::projection::testing::{NOW, purchase};

    fn lanes_of(purchases: Vec<Purchase>) -> Vec<Lane> {
        draw(&Visit { purchases, ..stranger() })
    }

    fn drawn(purchase: Purchase) -> Vec<(Marker, i64, i64)> {
        let days = |at: Moment| if at == Moment::NEVER { i64::MAX } else { at.since(NOW) / 86_400_000 };
        let lane = lanes_of(vec![purchase]).pop().expect("a lane");
        lane.bars.iter().map(|bar| (bar.marker, days(bar.from), days(bar.to))).collect()
    }

    fn span(phase: &str, from: i64, to: i64) -> Value {
        let to = if to == i64::MAX { Moment::NEVER } else { NOW.plus_days(to) };
        json!({"phase": phase, "from": NOW.plus_days(from), "to": to})
    }

    #[test]
    fn what_is_paid_ahead_is_dashed_only_when_it_will_not_renew() {
        let spans = json!([span("trial", -30, -23), span("paid", -23, 18)]);
        let renewing = purchase(json!({"spans": spans}));
        assert_eq!(drawn(renewing), [(Marker::Trial, -30, -23), (Marker::Paid, -23, 18)]);
        let ending = purchase(json!({"spans": spans, "unsubscribed_at": NOW}));
        assert_eq!(drawn(ending), [(Marker::Trial, -30, -23), (Marker::Paid, -23, 0), (Marker::Ending, 0, 18)]);
        let trial = purchase(json!({"spans": [span("trial", -3, 4)], "unsubscribed_at": NOW, "period_type": "TRIAL"}));
        assert_eq!(drawn(trial), [(Marker::Trial, -3, 0), (Marker::TrialEnding, 0, 4)]);
    }

    #[test]
    fn open_spans_end_at_the_last_known_time() {
        let open = |phase: &str, from: i64| drawn(purchase(json!({"spans": [span(phase, from, i64::MAX)]})));
        assert_eq!(open("retry", -20), [(Marker::Retry, -20, 0)]);
        assert_eq!(open("retry", -200), [(Marker::Retry, -200, -140)]);
        assert_eq!(open("paused", -9), [(Marker::Paused, -9, 0)]);
        assert_eq!(open("granted", -9), [(Marker::Granted, -9, i64::MAX)]);
        let lifetime = purchase(json!({"spans": [span("granted", -9, 200 * 365)]}));
        assert_eq!(drawn(lifetime), [(Marker::Granted, -9, i64::MAX)]);
    }

    #[test]
    fn a_scheduled_pause_is_drawn_until_the_day_it_ends() {
        let paused = json!({"spans": [span("paused", -9, i64::MAX)], "auto_resume_at": NOW.plus_days(40)});
        assert_eq!(drawn(purchase(paused)), [(Marker::Paused, -9, 40)]);
        let asked = |resumes: Value| {
            let spans = json!([span("paid", -30, 18)]);
            drawn(purchase(json!({"spans": spans, "pause_asked_at": NOW, "auto_resume_at": resumes})))
        };
        assert_eq!(asked(json!(NOW.plus_days(50))), [(Marker::Paid, -30, 18), (Marker::Paused, 18, 50)]);
        assert_eq!(asked(json!(null)), [(Marker::Paid, -30, 18)]);
    }

    #[test]
    fn temporary_access_has_its_own_bar() {
        let temporary = |product: &str| {
            let fields = json!({
                "kind": "temporary", "product_id": product, "period_start": NOW, "expires_at": NOW.plus_days(1),
            });
            lanes_of(vec![purchase(fields)]).pop().expect("a lane")
        };
        let lane = temporary("");
        assert_eq!(lane.bars, [Bar { marker: Marker::Temporary, from: NOW, to: NOW.plus_days(1) }]);
        let words = "Temporary access, App Store: temporary access from 23 Nov 2026 to 24 Nov 2026.";
        assert_eq!((lane.name.as_str(), lane.words.as_str()), ("Temporary access", words));
        assert_eq!(temporary("pro_annual").name, "Temporary: Pro annual");
        assert_eq!(lanes_of(vec![purchase(json!({}))]), [], "a purchase of no known time has no lane");
    }

    #[test]
    fn consumables_of_one_product_are_marks_on_one_lane() {
        let bought = |days: i64, key: &str, refunded: Value| {
            purchase(json!({
                "kind": "one_time", "key": key, "expires_at": null, "entitlement_ids": [], "product_id": "gems",
                "product_name": "Gems", "first_purchased_at": NOW.plus_days(days), "refunded_at": refunded,
                "spans": [span("paid", days, i64::MAX)],
            }))
        };
        let lanes =
            lanes_of(vec![bought(-3, "a", json!(null)), bought(-9, "b", json!(NOW)), bought(-5, "c", json!(null))]);
        assert_eq!(lanes.len(), 1);
        assert_eq!(lanes[0].name, "Gems ×3");
        let markers: Vec<Marker> = lanes[0].bars.iter().map(|bar| bar.marker).collect();
        assert_eq!(markers, [Marker::BoughtRefunded, Marker::Bought, Marker::Bought]);
        assert_eq!(lanes[0].words, "Gems, App Store: bought 3 times from 14 Nov 2026 to 20 Nov 2026, 1 refunded.");
        let lifetime = purchase(json!({"kind": "one_time", "expires_at": null, "spans": [span("paid", -3, i64::MAX)]}));
        assert_eq!(drawn(lifetime), [(Marker::Paid, -3, i64::MAX)]);
    }

    #[test]
    fn what_gives_access_comes_first() {
        let named = |name: &str, to: i64| {
            let ends = json!({"product_name": name, "key": name, "expires_at": NOW.plus_days(to), "spans": [span("paid", -90, to)]});
            purchase(ends)
        };
        let lanes = lanes_of(vec![named("old", -60), named("now", 5), named("recent", -1)]);
        assert_eq!(lanes.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(), ["now", "recent", "old"]);
    }

    #[test]
    fn implausible_dates_are_described_but_not_drawn() {
        let absurd = json!({"phase": "paid", "from": 253_402_300_799_000_i64, "to": i64::MAX});
        let lane = lanes_of(vec![purchase(json!({"spans": [absurd]}))]).pop().expect("a lane");
        assert_eq!(lane.bars, []);
        assert_eq!(lane.words, "Pro annual, App Store: paid since 31 Dec 9999, without an end.");
        let backwards = json!({"phase": "paid", "from": 5, "to": -5});
        assert_eq!(lanes_of(vec![purchase(json!({"spans": [backwards]}))]), []);
    }

    #[test]
    fn a_grant_is_named_by_what_it_gives() {
        let grant = purchase(json!({"kind": "grant", "store": "PROMOTIONAL", "spans": [span("granted", -9, 9)]}));
        let lane = lanes_of(vec![grant]).pop().expect("a lane");
        assert_eq!(lane.words, "Granted: pro: granted from 14 Nov 2026 to 2 Dec 2026.");
    }
}
