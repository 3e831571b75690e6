//! Tests of the table in §4.2, row by row: the first line of an event, its second line, its icon and its colour.

use serde_json::{Value, json};

use super::category::Category;
use super::wording::{Line, Product, Subject, lines};
use super::{amount, facts};
use crate::catalog::Catalog;
use crate::events::history::Side;
use crate::events::{Delivery, Summary};
use crate::projection::testing::NOW;

/// An event of a type with further fields, about the product `pro_annual` unless the fields name another.
fn event(kind: &str, fields: Value) -> Summary {
    let mut all = json!({
        "id": "e", "type": kind, "event_timestamp_ms": NOW, "store": "APP_STORE", "product_id": "pro_annual",
        "product_display_name": "Pro annual", "app_user_id": "lena.okafor_4471",
    });
    let more = fields.as_object().expect("an object").clone();
    all.as_object_mut().expect("an object").extend(more);
    Summary::new(&Delivery::read_stored(&json!({ "event": all }).to_string(), NOW).expect("an event"))
}

fn text(line: &Line) -> String {
    let product = |one: &Product| match &one.id {
        Some(id) => format!("[{}] ({id})", one.name),
        None => format!("[{}]", one.name),
    };
    let subject = match &line.subject {
        Subject::None => String::new(),
        Subject::Product(one) => product(one),
        Subject::Change { from, to } => format!("{from} to {}", product(to)),
        Subject::Customer(id) => format!("<{id}>"),
        Subject::Ids { shown, more: 0 } => format!("({})", shown.join(", ")),
        Subject::Ids { shown, more } => format!("({} and {more} more)", shown.join(", ")),
        Subject::Currency { name } => format!("({name})"),
    };
    let parts = [line.verb.as_str(), line.joint, &subject, &line.tail];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// First lines, joined; icon; colour; the second line without its time.
fn row_text(event: &Summary, side: Side) -> (String, &'static str, &'static str, String) {
    let category = Category::from_event(event);
    let (icon, tone) = category.icon_and_tone();
    let lines: Vec<String> = lines(event, side, &Catalog::default()).iter().map(text).collect();
    let facts = facts::in_words(event, category, NOW).into_iter().chain(facts::offering(event, category));
    let facts: Vec<String> = facts.map(|fact| fact.plain()).collect();
    (lines.join(" | "), icon, tone, facts.join(" · "))
}

fn check(kind: &str, fields: Value, line: &str, icon_and_tone: (&str, &str), second: &str) {
    let (row_text, icon, tone, facts) = row_text(&event(kind, fields.clone()), Side::Own);
    assert_eq!(
        (row_text.as_str(), icon, tone, facts.as_str()),
        (line, icon_and_tone.0, icon_and_tone.1, second),
        "{kind} {fields}"
    );
}

const PRO: &str = "[Pro annual] (pro_annual)";

#[test]
fn purchases_and_renewals_have_their_words() {
    let good = |icon| (icon, "tone-good");
    let week = json!({"period_type": "TRIAL", "purchased_at_ms": NOW, "expiration_at_ms": NOW.plus_days(7)});
    check("INITIAL_PURCHASE", week, &format!("Started a trial {PRO}"), ("trial", "tone-trial"), "7 days");
    let intro = json!({"period_type": "INTRO", "presented_offering_id": "standard"});
    let line = format!("Started a subscription (introductory price) {PRO}");
    check("INITIAL_PURCHASE", intro, &line, good("start"), "shown offering: standard");
    let line = format!("Started a subscription {PRO}");
    check("INITIAL_PURCHASE", json!({"period_type": "NORMAL"}), &line, good("start"), "");
    check("INITIAL_PURCHASE", json!({"period_type": "PREPAID"}), &line, good("start"), "prepaid");
    check("INITIAL_PURCHASE", json!({"is_family_share": true}), &line, good("start"), "Family Sharing");
    check("INITIAL_PURCHASE", json!({"offer_code": "SPRING"}), &line, good("start"), "offer code SPRING");
    let line = format!("Converted from a trial {PRO}");
    check("RENEWAL", json!({"is_trial_conversion": true}), &line, good("convert"), "");
    check("RENEWAL", json!({}), &format!("Renewed {PRO}"), good("renew"), "");
    check("NON_RENEWING_PURCHASE", json!({}), &format!("Made a purchase {PRO}"), good("purchase"), "");
    check(
        "SUBSCRIPTION_EXTENDED",
        json!({"expiration_at_ms": NOW.plus_days(30)}),
        &format!("Subscription extended {PRO}"),
        good("extend"),
        "now until 23 Dec",
    );
    check("REFUND_REVERSED", json!({}), &format!("Refund reversed {PRO}"), good("refund-reversed"), "");
    let until = json!({"expiration_at_ms": NOW.plus_days(1), "product_id": null});
    check(
        "TEMPORARY_ENTITLEMENT_GRANT",
        until,
        "Temporary access granted",
        good("temporary"),
        "while the store was unavailable · until 24 Nov · App Store",
    );
    check(
        "INVOICE_ISSUANCE",
        json!({}),
        &format!("Was issued an invoice {PRO}"),
        ("invoice", "tone-quiet"),
        "an invoice is not yet a payment",
    );
}

#[test]
fn grants_name_the_entitlement() {
    let granted = json!({
        "store": "PROMOTIONAL", "entitlement_ids": ["pro"], "product_id": "rc_promo_pro_monthly",
        "purchased_at_ms": NOW, "expiration_at_ms": NOW.plus_days(31),
    });
    check(
        "NON_RENEWING_PURCHASE",
        granted,
        "Was granted the pro entitlement for 1 month",
        ("grant", "tone-gift"),
        "until 24 Dec",
    );
    let forever = json!({
        "store": "PROMOTIONAL", "entitlement_ids": ["pro", "coach"], "expiration_at_ms": NOW.plus_days(200 * 365),
    });
    let line = "Was granted the pro and coach entitlements without an end";
    check("NON_RENEWING_PURCHASE", forever, line, ("grant", "tone-gift"), "");
    let removed = json!({"store": "PROMOTIONAL", "entitlement_ids": ["pro"], "cancel_reason": "DEVELOPER_INITIATED", "price": -1});
    let line = "Had their granted entitlement removed [pro]";
    check("CANCELLATION", removed, line, ("remove", "tone-bad"), "access ended");
}

#[test]
fn cancellations_differ_by_their_reason() {
    let ahead = NOW.plus_days(18);
    let warn = ("cancel", "tone-warn");
    let reason = |reason: &str| json!({"cancel_reason": reason, "expiration_at_ms": ahead});
    let until = "access continues until 11 Dec";
    check("CANCELLATION", reason("UNSUBSCRIBE"), &format!("Opted out of renewal of {PRO}"), warn, until);
    let trial = json!({"cancel_reason": "UNSUBSCRIBE", "period_type": "TRIAL"});
    check("CANCELLATION", trial, &format!("Opted out of renewal of {PRO}"), warn, "during the trial");
    let line = format!("Cancelled due to not agreeing to a price increase {PRO}");
    check("CANCELLATION", reason("PRICE_INCREASE"), &line, warn, until);
    let line = format!("Cancelled due to a billing error {PRO}");
    let second = "part of the billing issue, not a second problem";
    check("CANCELLATION", reason("BILLING_ERROR"), &line, ("billing", "tone-bad"), second);
    check("CANCELLATION", reason("DEVELOPER_INITIATED"), &format!("Cancelled by the developer {PRO}"), warn, until);
    let line = format!("Cancelled due to unknown reasons {PRO}");
    let unknown = "the store gave no reason";
    check("CANCELLATION", reason("UNKNOWN"), &line, warn, &format!("{unknown} · {until}"));
    check("CANCELLATION", json!({}), &line, warn, unknown);
    check("CANCELLATION", json!({"cancel_reason": "MOON_PHASE"}), &line, warn, "the store says MOON_PHASE");
    let line = format!("Was issued a refund of {PRO}");
    check(
        "CANCELLATION",
        json!({"cancel_reason": "CUSTOMER_SUPPORT"}),
        &line,
        ("refund", "tone-bad"),
        "by customer support",
    );
    let negative = json!({"cancel_reason": "UNSUBSCRIBE", "price": -9.99});
    check("CANCELLATION", negative, &line, ("refund", "tone-bad"), "renewal was switched off");
    check(
        "UNCANCELLATION",
        json!({}),
        &format!("Resubscribed to {PRO}"),
        ("resubscribe", "tone-good"),
        "renewal is on again",
    );
}

#[test]
fn trouble_and_ends_say_why_and_until_when() {
    let grace = json!({"grace_period_expiration_at_ms": NOW.plus_days(16)});
    let second = "the store is retrying · access continues until 9 Dec";
    check("BILLING_ISSUE", grace, &format!("Entered a grace period {PRO}"), ("grace", "tone-warn"), second);
    let line = format!("Had a billing issue {PRO}");
    check("BILLING_ISSUE", json!({}), &line, ("billing", "tone-warn"), "the store is retrying");
    let line = format!("Subscription expired {PRO}");
    check("EXPIRATION", json!({"expiration_reason": "BILLING_ERROR"}), &line, ("expire", "tone-bad"), "billing error");
    let grant = json!({"store": "PROMOTIONAL", "entitlement_ids": ["pro"], "product_id": "rc_promo_pro_weekly"});
    check("EXPIRATION", grant, "Granted pro ended", ("expire", "tone-bad"), "its time was over");
    let unnamed = json!({"store": "PROMOTIONAL", "product_id": "rc_promo_pro_weekly"});
    check("EXPIRATION", unnamed.clone(), "Granted access ended", ("expire", "tone-bad"), "its time was over");
    check("NON_RENEWING_PURCHASE", unnamed, "Was granted an entitlement", ("grant", "tone-gift"), "");
    let prepaid = json!({"period_type": "PREPAID", "expiration_reason": "UNSUBSCRIBE"});
    check("EXPIRATION", prepaid, &line, ("expire", "tone-bad"), "prepaid time was over");
    check("EXPIRATION", json!({}), &line, ("expire", "tone-bad"), "the store gave no reason");
    let line = format!("Scheduled a pause of {PRO}");
    let pause = json!({"expiration_at_ms": NOW.plus_days(1), "auto_resume_at_ms": NOW.plus_days(60)});
    check("SUBSCRIPTION_PAUSED", pause, &line, ("pause", "tone-warn"), "begins 24 Nov, resumes 22 Jan 2027");
    let second = "begins when the period ends, no date to resume";
    check("SUBSCRIPTION_PAUSED", json!({}), &line, ("pause", "tone-warn"), second);
}

#[test]
fn a_changed_preference_names_both_products() {
    let icon_and_tone = ("change", "tone-accent");
    let second = "takes effect with the next renewal or purchase";
    let new = json!({"new_product_id": "pro_monthly"});
    check("PRODUCT_CHANGE", new, "Changed renewal preference from Pro annual to [pro_monthly]", icon_and_tone, second);
    check("PRODUCT_CHANGE", json!({}), &format!("Changed renewal preference of {PRO}"), icon_and_tone, second);
    let only_new = json!({"new_product_id": "pro_monthly", "product_id": null});
    let second = format!("{second} · App Store");
    check("PRODUCT_CHANGE", only_new, "Changed renewal preference to [pro_monthly]", icon_and_tone, &second);
}

#[test]
fn a_transfer_names_the_other_customer_by_the_best_id() {
    let ids = json!({
        "product_id": null, "transferred_from": ["$RCAnonymousID:1", "lena-old-phone"], "transferred_to": ["$RCAnonymousID:2"],
    });
    let event = event("TRANSFER", ids);
    let icon_and_tone = ("transfer", "tone-accent", "App Store".to_owned());
    let (line, icon, tone, facts) = row_text(&event, Side::Own);
    assert_eq!(line, "Purchases transferred from another customer <lena-old-phone>");
    assert_eq!((icon, tone, facts), icon_and_tone);
    let (line, ..) = row_text(&event, Side::Lost);
    assert_eq!(line, "Purchases transferred to another customer <$RCAnonymousID:2>");
}

#[test]
fn each_change_of_a_currency_has_a_line() {
    let icon_and_tone = ("coins", "tone-accent");
    let gem = |amount: i64| json!({"amount": amount, "currency": {"code": "GEM", "name": "Gems"}});
    let gold = json!({"amount": -1500, "currency": {"code": "GLD"}});
    let kind = "VIRTUAL_CURRENCY_TRANSACTION";
    let both = json!({"adjustments": [gem(100), gold], "source": "admin_api"});
    check(
        kind,
        both,
        "Granted 100 GEM (Gems) by hand or via API | Spent 1,500 GLD by hand or via API",
        icon_and_tone,
        "",
    );
    let bought = json!({"adjustments": [gem(100)], "source": "in_app_purchase"});
    check(kind, bought, "Granted 100 GEM (Gems) via purchase of Pro annual", icon_and_tone, "");
    let back = json!({"adjustments": [gem(-100)], "source": "in_app_purchase"});
    check(kind, back, "Removed 100 GEM (Gems) with a change of Pro annual", icon_and_tone, "");
    let expired = json!({"adjustments": [gem(-100)], "source": "expiration", "product_id": null, "store": null});
    check(kind, expired, "Spent 100 GEM (Gems) via expiration", icon_and_tone, "");
    check(kind, json!({"adjustments": "none"}), "Changed a virtual currency balance", icon_and_tone, "");
}

#[test]
fn identities_and_experiments_show_their_ids() {
    let bare = json!({"product_id": null, "store": null});
    let with = |mut more: Value| {
        more.as_object_mut().expect("an object").extend(bare.as_object().expect("an object").clone());
        more
    };
    let enrolled = with(json!({"experiment_id": "prexp_1", "experiment_variant": "b"}));
    let icon_and_tone = ("experiment", "tone-accent");
    check("EXPERIMENT_ENROLLMENT", enrolled, "Enrolled in an experiment (prexp_1) variant b", icon_and_tone, "");
    let alias =
        with(json!({"aliases": ["lena-ipad", "first"], "original_app_user_id": "first", "app_user_id": "lena-ipad"}));
    check("SUBSCRIBER_ALIAS", alias, "Created a new alias (lena-ipad)", ("alias", "tone-quiet"), "");
    let many = with(json!({"aliases": ["a", "b", "c", "d", "a"], "app_user_id": null}));
    check("SUBSCRIBER_ALIAS", many, "Created a new alias (a, b, c and 1 more)", ("alias", "tone-quiet"), "");
    let unknown = "a kind of event this version does not know";
    check("PAYWALL_IMPRESSION", with(json!({})), "PAYWALL_IMPRESSION", ("unknown", "tone-quiet"), unknown);
}

#[test]
fn the_end_of_an_override_names_the_offering() {
    let ended = json!({"product_id": null, "store": null, "offering_id": "winback"});
    let default = "the project's default applies again";
    check("OFFERING_OVERRIDE_ENDED", ended, "Offering override ended (winback)", ("change", "tone-quiet"), default);
}

#[test]
fn a_product_without_a_name_is_its_id_alone() {
    let unnamed = json!({"product_display_name": null, "product_id": "com.x.pro:monthly"});
    check("RENEWAL", unnamed, "Renewed [com.x.pro:monthly]", ("renew", "tone-good"), "");
    check("RENEWAL", json!({"product_id": null}), "Renewed", ("renew", "tone-good"), "App Store");
}

#[test]
fn every_icon_is_in_the_sprite() {
    let sprite = include_str!("../../../../static/icons/sprite.svg");
    let kinds = crate::events::EventType::KNOWN.iter().chain(&["NEW"]);
    for kind in kinds {
        let (icon, _) = Category::from_event(&event(kind, json!({}))).icon_and_tone();
        assert!(sprite.contains(&format!("id=\"{icon}\"")), "{icon}");
    }
    for icon in ["last-opened", "first-seen", "grace", "trial", "convert", "refund", "remove", "grant"] {
        assert!(sprite.contains(&format!("id=\"{icon}\"")), "{icon}");
    }
}

#[test]
fn only_rows_about_money_carry_an_amount() {
    let price = json!({"price": 9.99, "currency": "USD", "price_in_purchased_currency": 9.99});
    let has_amount = |kind: &str| {
        let event = event(kind, price.clone());
        amount::in_event(&event, Category::from_event(&event)).is_some()
    };
    for kind in ["INITIAL_PURCHASE", "RENEWAL", "NON_RENEWING_PURCHASE", "REFUND_REVERSED", "INVOICE_ISSUANCE"] {
        assert!(has_amount(kind), "{kind}");
    }
    for kind in ["CANCELLATION", "EXPIRATION", "BILLING_ISSUE", "PRODUCT_CHANGE", "SUBSCRIPTION_EXTENDED", "NEW"] {
        assert!(!has_amount(kind), "{kind}");
    }
}

#[test]
fn a_refund_that_was_read_somewhere_says_that_it_is_the_sum_of_all() {
    let second_line = |fields: Value| row_text(&event("CANCELLATION", fields), Side::Own).3;
    let own = json!({"cancel_reason": "CUSTOMER_SUPPORT", "price": -3});
    let read = |price: Value| {
        let (reason, origin) = ("CUSTOMER_SUPPORT", "import");
        json!({"cancel_reason": reason, "price": price, "dossier_origin": origin, "dossier_as_of_ms": NOW})
    };
    assert_eq!(second_line(own), "by customer support");
    let words = "by customer support · imported from an export";
    assert_eq!(second_line(read(json!(-5))), format!("{words} · all that was given back of this payment by then"));
    assert_eq!(second_line(read(Value::Null)), words);
}
