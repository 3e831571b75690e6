//! What is said of the most common cases, each made of the events that a webhook brings; and what holds for all of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::base::ids::{CustomerId, EventId};
use crate::catalog::Catalog;
use crate::customers::SandboxAccess;
use crate::events::{Delivery, Environment, Event, Summary};
use crate::operations::evidence::{Act, Evidence, Moved};
use crate::projection::testing::NOW;
use crate::projection::{Fact, fold};

const LENA: CustomerId = CustomerId(1);
const ZOFIA: CustomerId = CustomerId(2);

fn day(day: i64) -> i64 {
    NOW.plus_days(day).millis()
}

/// A customer's events, and what else is known of them.
#[derive(Clone)]
struct Story {
    name: &'static str,
    events: Vec<Value>,
    environment: Environment,
    evidence: Evidence,
    locked: Option<SandboxAccess>,
    has_others: bool,
}

fn story(name: &'static str, events: &[Value]) -> Story {
    Story {
        name,
        events: events.to_vec(),
        environment: Environment::Production,
        evidence: Evidence::default(),
        locked: None,
        has_others: false,
    }
}

impl Story {
    /// Somebody did what the event of this day tells.
    fn by(mut self, at: i64, who: &str, reason: &str) -> Story {
        let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        self.evidence.acts.push(Act { at: NOW.plus_days(at), who: who.into(), reason });
        self
    }

    fn moved(mut self, is_lost: bool, other: &str, at: i64) -> Story {
        let event = "moved".to_owned();
        self.evidence.moved = Some(Moved { is_lost, other: Some(other.into()), event, at: NOW.plus_days(at) });
        self
    }

    fn in_sandbox(mut self, locked: Option<SandboxAccess>) -> Story {
        self.environment = Environment::Sandbox;
        self.locked = locked;
        self
    }

    fn facts(&self) -> Vec<Fact> {
        let place = |number: usize| EventId(i64::try_from(number).unwrap_or_default() + 1);
        self.events.iter().enumerate().map(|(number, fields)| fact(place(number), fields)).collect()
    }

    fn explain(&self, facts: Vec<Fact>) -> Explanations {
        let mut evidence = self.evidence.clone();
        let own = facts.iter().filter(|fact| fact.customer == LENA);
        evidence.events = own.map(|fact| (fact.row, Summary::new(&fact.event))).collect();
        let state = fold(facts).remove(&LENA).unwrap_or_default();
        let of_environment = |purchase: &Purchase| purchase.environment == self.environment;
        let purchases: Vec<Purchase> = state.purchases.into_iter().filter(of_environment).collect();
        explain(&Known {
            now: NOW,
            environment: self.environment,
            catalog: &Catalog::example(),
            purchases: &purchases,
            evidence: &evidence,
            locked: self.locked,
            connected: None,
            has_others: self.has_others,
        })
    }

    fn told(&self) -> String {
        let all = self.explain(self.facts());
        let mut told = format!("## {}\n", self.name);
        for one in all.iter() {
            told += &show(one);
        }
        told
    }
}

fn fact(row: EventId, fields: &Value) -> Fact {
    let body = json!({ "event": fields }).to_string();
    let event: Event = Delivery::read_stored(&body, Moment::NEVER).expect("the event reads");
    let is_transfer = event.kind == crate::events::EventType::Transfer;
    let customer = if fields["app_user_id"] == "zofia" { ZOFIA } else { LENA };
    Fact { row, event: Arc::new(event), customer, lost_by: is_transfer.then_some(ZOFIA) }
}

fn show(one: &Explanation) -> String {
    let mut lines = vec![format!("{} ({}, {})", one.headline.plain(), one.case.name(), one.rule), one.reason.plain()];
    lines.extend(one.also.iter().map(|also| format!("also: {}", also.plain())));
    lines.extend(one.steps.iter().map(|step| {
        let at = step.at.map(|at| crate::wording::times::day(at) + ": ").unwrap_or_default();
        format!("- {at}{} [{}]", step.text.plain(), step.mark.name())
    }));
    lines.extend(one.would_change.iter().map(|change| format!("changes: {}", change.plain())));
    lines.extend(one.next.iter().map(|next| format!("next: {}", next.words)));
    lines.extend(one.tell.iter().map(|tell| format!("tell: {}", tell.text(&Writing::of(None, None)))));
    lines.join("\n") + "\n"
}

/// An event about Pro monthly in Google Play, `at` days from now, about the period between two days.
fn google(at: i64, kind: &str, period: (i64, i64), more: Value) -> Value {
    let fields = json!({
        "id": format!("{kind}-{at}"), "type": kind, "event_timestamp_ms": day(at), "store": "PLAY_STORE",
        "product_id": "pro_monthly", "period_type": "NORMAL", "environment": "PRODUCTION",
        "purchased_at_ms": day(period.0), "expiration_at_ms": day(period.1), "entitlement_ids": ["pro"],
        "transaction_id": format!("GPA.1..{}", period.0), "original_transaction_id": "GPA.1", "app_user_id": "lena",
        "price": 0, "currency": "EUR",
    });
    with(fields, more)
}

/// As [`google`], of Pro annual in the App Store.
fn apple(at: i64, kind: &str, period: (i64, i64), more: Value) -> Value {
    let (first, second) = (format!("{}", 10_000 + period.0), "10000");
    let fields = json!({
        "store": "APP_STORE", "product_id": "pro_annual", "transaction_id": first, "original_transaction_id": second,
    });
    google(at, kind, period, with(fields, more))
}

fn with(mut fields: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
        fields.extend(more);
    }
    fields
}

fn paid(euros: f64) -> Value {
    json!({ "price": euros, "price_in_purchased_currency": euros })
}

fn bought(at: i64, end: i64) -> Value {
    google(at, "INITIAL_PURCHASE", (at, end), paid(8.99))
}

fn renewed(at: i64, end: i64) -> Value {
    google(at, "RENEWAL", (at, end), paid(8.99))
}

fn trial(at: i64, end: i64) -> Value {
    google(at, "INITIAL_PURCHASE", (at, end), json!({ "period_type": "TRIAL" }))
}

fn opted_out(at: i64, period: (i64, i64), reason: &str) -> Value {
    google(at, "CANCELLATION", period, json!({ "cancel_reason": reason }))
}

fn expired(at: i64, period: (i64, i64), reason: &str) -> Value {
    google(at, "EXPIRATION", period, json!({ "expiration_reason": reason }))
}

/// The same event, in a period of this type.
fn in_period(event: Value, period_type: &str) -> Value {
    with(event, json!({ "period_type": period_type }))
}

fn granted(at: i64, end: i64) -> Value {
    let grant = json!({
        "store": "PROMOTIONAL", "product_id": "rc_promo_pro_custom", "transaction_id": "grant",
        "original_transaction_id": "grant", "period_type": "PROMOTIONAL",
    });
    google(at, "NON_RENEWING_PURCHASE", (at, end), grant)
}

fn one_time(at: i64, more: Value) -> Value {
    let fields = json!({ "type": "NON_RENEWING_PURCHASE", "product_id": "lifetime", "expiration_at_ms": null,
        "product_display_name": "Pro for good", "price": 99.0, "price_in_purchased_currency": 99.0 });
    google(at, "NON_RENEWING_PURCHASE", (at, at), with(fields, more))
}

fn refund(at: i64, period: (i64, i64)) -> Value {
    let back = json!({ "cancel_reason": "CUSTOMER_SUPPORT", "price": -53.99, "price_in_purchased_currency": -53.99,
        "expiration_at_ms": day(at) });
    apple(at, "CANCELLATION", period, back)
}

fn moved(at: i64) -> Value {
    json!({ "id": format!("moved-{at}"), "type": "TRANSFER", "event_timestamp_ms": day(at), "environment": "PRODUCTION",
        "transferred_from": ["zofia"], "transferred_to": ["lena"], "store": "PLAY_STORE" })
}

/// The most common cases, and then some.
fn stories() -> Vec<Story> {
    let sandbox = |event: Value| with(event, json!({ "environment": "SANDBOX" }));
    let annual = |at: i64, end: i64| apple(at, "INITIAL_PURCHASE", (at, end), paid(53.99));
    let failing = json!({ "grace_period_expiration_at_ms": day(12) });
    let in_trial = json!({ "period_type": "TRIAL", "grace_period_expiration_at_ms": day(12) });
    let family = json!({ "is_family_share": true });
    vec![
        story("renewing", &[bought(-40, -10), renewed(-10, 20)]),
        story("renewing, paid by a family member", &[with(annual(-40, 325), family)]),
        story("introductory price", &[with(bought(-5, 25), json!({ "period_type": "INTRO" }))]),
        story("trial", &[trial(-3, 4)]),
        story("trial, renewal off", &[trial(-3, 4), in_period(opted_out(-1, (-3, 4), "UNSUBSCRIBE"), "TRIAL")]),
        story("opted out and running", &[bought(-10, 20), opted_out(-2, (-10, 20), "UNSUBSCRIBE")]),
        story(
            "renewal switched off and on again",
            &[
                bought(-10, 20),
                opted_out(-4, (-10, 20), "UNSUBSCRIBE"),
                google(-2, "UNCANCELLATION", (-10, 20), json!({})),
            ],
        ),
        story(
            "change of product asked for",
            &[bought(-10, 20), google(-2, "PRODUCT_CHANGE", (-10, 20), json!({ "new_product_id": "pro_annual" }))],
        ),
        story("prepaid", &[with(bought(-10, 20), json!({ "period_type": "PREPAID" }))]),
        story(
            "charge failed, paid time runs",
            &[bought(-28, 2), google(-1, "BILLING_ISSUE", (-28, 2), failing.clone())],
        ),
        story("grace", &[bought(-32, -2), google(-2, "BILLING_ISSUE", (-32, -2), failing)]),
        story("grace after a trial", &[trial(-9, -2), google(-2, "BILLING_ISSUE", (-9, -2), in_trial)]),
        story(
            "billing retry",
            &[
                bought(-34, -4),
                google(-4, "BILLING_ISSUE", (-34, -4), json!({})),
                opted_out(-4, (-34, -4), "BILLING_ERROR"),
                expired(-4, (-34, -4), "BILLING_ERROR"),
            ],
        ),
        story(
            "retrying given up",
            &[
                bought(-134, -104),
                google(-104, "BILLING_ISSUE", (-134, -104), json!({})),
                expired(-104, (-134, -104), "BILLING_ERROR"),
            ],
        ),
        story(
            "pause asked for",
            &[bought(-10, 20), google(-1, "SUBSCRIPTION_PAUSED", (-10, 20), json!({ "auto_resume_at_ms": day(50) }))],
        ),
        story(
            "paused",
            &[
                bought(-40, -10),
                google(-20, "SUBSCRIPTION_PAUSED", (-40, -10), json!({ "auto_resume_at_ms": day(20) })),
                expired(-10, (-40, -10), "SUBSCRIPTION_PAUSED"),
            ],
        ),
        story("refunded, renewal on", &[annual(-40, 325), refund(-30, (-40, 325))]),
        story(
            "refunded, renewal off",
            &[
                annual(-40, 325),
                refund(-30, (-40, 325)),
                apple(-30, "EXPIRATION", (-40, 325), json!({ "expiration_reason": "CUSTOMER_SUPPORT" })),
                apple(-29, "CANCELLATION", (-40, 325), json!({ "cancel_reason": "UNSUBSCRIBE" })),
            ],
        ),
        story("refunded by the team", &[annual(-40, 325), refund(-30, (-40, 325))]).by(
            -30,
            "Sol Mbeki",
            "bought twice",
        ),
        story(
            "refunded, access left",
            &[annual(-40, 325), with(refund(-30, (-40, 325)), json!({ "expiration_at_ms": day(325) }))],
        ),
        story(
            "refund reversed",
            &[annual(-40, 325), refund(-30, (-40, 325)), apple(-20, "REFUND_REVERSED", (-40, 325), json!({}))],
        ),
        story(
            "trial over",
            &[
                trial(-54, -47),
                in_period(opted_out(-50, (-54, -47), "UNSUBSCRIBE"), "TRIAL"),
                in_period(expired(-47, (-54, -47), "UNSUBSCRIBE"), "TRIAL"),
            ],
        ),
        story(
            "trial over, first charge failed",
            &[
                trial(-100, -93),
                in_period(google(-93, "BILLING_ISSUE", (-100, -93), json!({})), "TRIAL"),
                in_period(expired(-93, (-100, -93), "BILLING_ERROR"), "TRIAL"),
            ],
        ),
        story(
            "ended",
            &[bought(-70, -40), opted_out(-60, (-70, -40), "UNSUBSCRIBE"), expired(-40, (-70, -40), "UNSUBSCRIBE")],
        ),
        story("price not agreed to", &[bought(-70, -40), expired(-40, (-70, -40), "PRICE_INCREASE")]),
        story("end that nobody reported", &[bought(-70, -40)]),
        story(
            "prepaid over",
            &[in_period(bought(-70, -40), "PREPAID"), in_period(expired(-40, (-70, -40), "UNKNOWN"), "PREPAID")],
        ),
        story(
            "replaced by another product, which has ended too",
            &[
                bought(-80, -50),
                google(-70, "PRODUCT_CHANGE", (-80, -50), json!({ "new_product_id": "coach_annual" })),
                with(
                    bought(-70, -60),
                    json!({ "id": "annual", "product_id": "coach_annual", "entitlement_ids": ["coach"],
                    "transaction_id": "GPA.2", "original_transaction_id": "GPA.2" }),
                ),
            ],
        ),
        story(
            "a pass for a month",
            &[one_time(-10, json!({ "expiration_at_ms": day(20), "product_display_name": "Month pass" }))],
        ),
        story(
            "temporary access that was never confirmed",
            &[google(
                -3,
                "TEMPORARY_ENTITLEMENT_GRANT",
                (-3, -2),
                json!({ "transaction_id": null, "original_transaction_id": null }),
            )],
        ),
        story(
            "two stores report a contradiction: renewed after an end",
            &[bought(-70, -40), expired(-40, (-70, -40), "BILLING_ERROR"), renewed(-39, 20)],
        ),
        story("granted", &[granted(-10, 20)]).by(-10, "Sol Mbeki", "an outage."),
        story("granted by a key", &[granted(-10, 20)]),
        story(
            "grant beside a subscription that ends",
            &[bought(-10, 20), opted_out(-2, (-10, 20), "UNSUBSCRIBE"), granted(-1, 60)],
        ),
        story("grant over", &[granted(-40, -10)]).by(-40, "Sol Mbeki", "an outage"),
        story(
            "grant removed",
            &[
                granted(-10, 20),
                with(
                    granted(-5, -5),
                    json!({ "id": "removed", "type": "CANCELLATION", "cancel_reason": "DEVELOPER_INITIATED" }),
                ),
            ],
        )
        .by(-10, "Sol Mbeki", "an outage")
        .by(-5, "Ada Okoye", "by mistake"),
        story("bought once", &[one_time(-100, json!({}))]),
        story(
            "bought once and refunded",
            &[
                one_time(-100, json!({})),
                one_time(
                    -90,
                    json!({ "id": "back", "type": "CANCELLATION",
            "purchased_at_ms": day(-100), "transaction_id": "GPA.1..-100", "cancel_reason": "CUSTOMER_SUPPORT", "price": -99.0,
            "price_in_purchased_currency": -99.0 }),
                ),
            ],
        ),
        story(
            "temporary",
            &[google(
                0,
                "TEMPORARY_ENTITLEMENT_GRANT",
                (0, 1),
                json!({ "transaction_id": null, "original_transaction_id": null }),
            )],
        ),
        story(
            "attached to nothing",
            &[with(bought(-10, 20), json!({ "product_id": "calm_monthly", "entitlement_ids": [] }))],
        ),
        story(
            "bought something that unlocks nothing",
            &[one_time(-10, json!({ "product_id": "pack", "entitlement_ids": [] }))],
        ),
        story(
            "a consumable, which unlocks nothing",
            &[one_time(
                -10,
                json!({ "product_id": "breaths_100", "product_display_name": "100 Breaths", "entitlement_ids": [],
                    "price": 1.99, "price_in_purchased_currency": 1.99 }),
            )],
        ),
        story("the end was moved", &[bought(-25, 5), google(-3, "SUBSCRIPTION_EXTENDED", (-25, 20), json!({}))]).by(
            -3,
            "Sol Mbeki",
            "an outage",
        ),
        story(
            "trial refunded",
            &[
                trial(-3, 4),
                in_period(
                    google(-1, "CANCELLATION", (-3, -1), json!({ "cancel_reason": "CUSTOMER_SUPPORT" })),
                    "TRIAL",
                ),
            ],
        ),
        story(
            "trial, first charge failing",
            &[
                trial(-12, -5),
                in_period(google(-5, "BILLING_ISSUE", (-12, -5), json!({})), "TRIAL"),
                in_period(expired(-5, (-12, -5), "BILLING_ERROR"), "TRIAL"),
            ],
        ),
        story("trial whose end nobody reported", &[trial(-40, -33)]),
        story("grant beside a subscription that renews", &[bought(-10, 20), granted(-1, 60)]),
        story("grant without an end beside a subscription that renews", &[bought(-10, 20), granted(-1, 73_000)]),
        story(
            "replaced and running",
            &[
                bought(-10, 20),
                google(-2, "PRODUCT_CHANGE", (-10, 20), json!({ "new_product_id": "coach_annual" })),
                with(
                    bought(-2, 300),
                    json!({ "id": "annual", "product_id": "coach_annual", "entitlement_ids": ["coach"],
                        "transaction_id": "GPA.2", "original_transaction_id": "GPA.2" }),
                ),
            ],
        ),
        story(
            "an entitlement and a product without names",
            &[with(bought(-10, 20), json!({ "product_id": "coach_basic", "entitlement_ids": ["archive"] }))],
        ),
        story("moved here", &[with(bought(-13, 17), json!({ "app_user_id": "zofia" })), moved(-12)]),
        story("moved away", &[]).moved(true, "zofia.nowak", -12),
        story("moved away by the team", &[]).moved(true, "zofia.nowak", -12).by(-12, "Sol Mbeki", "two accounts"),
        story("came and not named since", &[]).moved(false, "jakub.nowak", -12),
        story("sandbox only", &[sandbox(bought(-1, 2))]).others(),
        story("real purchases only, seen in the sandbox", &[bought(-10, 20)]).others().in_sandbox(None),
        story("sandbox that does not unlock", &[sandbox(bought(-1, 2))]).in_sandbox(Some(SandboxAccess::Nobody)),
        story("never bought", &[]),
        story("never bought, with a namesake", &[]).namesake("lena-2"),
    ]
}

impl Story {
    fn others(mut self) -> Story {
        self.has_others = true;
        self
    }

    fn namesake(mut self, id: &str) -> Story {
        self.evidence.namesakes.push(id.into());
        self
    }
}

#[test]
fn each_case_is_told_as_it_is() {
    let all: Vec<String> = stories().iter().map(Story::told).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn what_is_not_folded_has_at_most_forty_five_words() {
    for story in stories() {
        for one in story.explain(story.facts()).iter() {
            let also: String = one.also.iter().map(|also| format!(" Also: {}", also.plain())).collect();
            let text = format!("{} {}{also}", one.headline.plain(), one.reason.plain());
            let words = text.split_whitespace().count();
            assert!(words <= 45, "{}: {words} words: {text}", story.name);
        }
    }
}

#[test]
fn every_step_is_an_event_of_the_customer_on_its_day() {
    for story in stories() {
        let facts = story.facts();
        let events: HashMap<&str, Moment> =
            facts.iter().map(|fact| (fact.event.id.as_str(), Summary::new(&fact.event).event_at)).collect();
        for one in story.explain(facts.clone()).iter() {
            assert!(one.steps.len() <= 5, "{}", story.name);
            for step in one.steps.iter().filter(|step| step.event.as_deref() != Some("moved")) {
                match step.event.as_deref() {
                    Some(id) => assert_eq!(step.at, events.get(id).copied(), "{}", story.name),
                    None => assert!(step.at.is_none() || story.name == "moved here", "{}", story.name),
                }
            }
        }
    }
}

#[test]
fn the_order_in_which_events_come_changes_nothing() {
    for story in stories() {
        let facts = story.facts();
        let told = story.explain(facts.clone());
        for turn in 1..facts.len().max(1) {
            let mut turned = facts.clone();
            turned.rotate_left(turn);
            assert_eq!(story.explain(turned), told, "{}", story.name);
        }
        let mut reversed = facts;
        reversed.reverse();
        assert_eq!(story.explain(reversed), told, "{}", story.name);
    }
}

/// Ids and names of others, and identifiers that no customer has seen.
const SECRETS: [&str; 16] = [
    "zofia",
    "jakub",
    "lena",
    "Sol Mbeki",
    "Ada Okoye",
    "outage",
    "GPA",
    "pro_monthly",
    "pro_annual",
    "rc_promo",
    "calm_monthly",
    "coach_annual",
    "coach_basic",
    "archive",
    "pack",
    "breaths_100",
];

fn in_all_languages(answer: &Answer) -> Vec<String> {
    Language::ALL.map(|language| answer.text(&Writing::of(Some(language.code()), None))).to_vec()
}

#[test]
fn an_answer_has_one_to_four_sentences_of_the_set_and_is_whole_in_every_language() {
    for story in stories() {
        for answer in story.explain(story.facts()).iter().filter_map(|one| one.tell.as_ref()) {
            assert!((1..=4).contains(&answer.0.len()), "{}: {answer:?}", story.name);
            for (language, text) in Language::ALL.iter().zip(in_all_languages(answer)) {
                assert!(answer.faults(*language).is_empty(), "{}: {:?}", story.name, answer.faults(*language));
                assert!(!text.contains(['{', '}', '$']), "{}: {text}", story.name);
            }
        }
    }
}

#[test]
fn the_customer_is_told_nothing_of_others_and_no_internal_id() {
    for story in stories() {
        for one in story.explain(story.facts()).iter() {
            let told = one.tell.iter().flat_map(in_all_languages).collect::<Vec<_>>().join("\n");
            for secret in SECRETS {
                assert!(!told.contains(secret), "{}: {secret} in {told}", story.name);
            }
        }
    }
}

#[test]
fn nearly_every_case_has_a_story() {
    let told: BTreeSet<Case> = stories()
        .iter()
        .flat_map(|story| story.explain(story.facts()).iter().map(|one| one.case).collect::<Vec<_>>())
        .collect();
    assert!(told.len() >= 35, "{} cases: {told:?}", told.len());
}

#[test]
fn what_the_product_itself_unlocks_comes_before_its_add_ons() {
    let bundle = with(bought(-10, 20), json!({ "product_id": "bundle", "entitlement_ids": ["pro", "coach"] }));
    let story = story("a bundle", &[bundle]);
    let explained = story.explain(story.facts());
    let named: Vec<String> =
        explained.iter().filter_map(|one| Some(one.entitlement.as_ref()?.identifier.clone())).collect();
    assert_eq!(named, ["pro", "coach"]);
}
