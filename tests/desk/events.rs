//! Bodies from the field: what a customer's profile must show after deliveries that are not as the reference has them.
//!
//! A case in `samples/cases/` lists bodies in the order in which they came, and what is expected. A text `@-3d` stands for so
//! many days (`h`: hours, `m`: minutes) before or after the present.

use std::collections::BTreeSet;

use dossier::base::ids::ProjectId;
use dossier::projection::{Purchase, Status};
use serde_json::{Value, json};

use crate::support::cast::VERA;
use crate::support::customers::{count_customers, count_events, ids_of_customers, purchases_of};
use crate::support::pages::{card_of, text_of};
use crate::support::{DAY, Desk, NOW};

/// Replaces the texts that stand for times.
fn dated(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(at) = text.strip_prefix('@').and_then(milliseconds) {
                *value = json!(NOW.millis() + at);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(dated),
        Value::Object(fields) => fields.values_mut().for_each(dated),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn milliseconds(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len() - 1)?;
    let unit = [("d", DAY), ("h", DAY / 24), ("m", 60_000)].into_iter().find(|(name, _)| *name == unit)?.1;
    Some(number.parse::<i64>().ok()? * unit)
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A case, once its bodies were delivered to a desk.
struct Delivered {
    desk: Desk,
    slug: String,
    expect: Value,
}

impl Delivered {
    async fn new(case: &str) -> Delivered {
        let mut case: Value = serde_json::from_str(case).expect("JSON");
        dated(&mut case);
        let mut desk = Desk::open().await;
        let slug = desk.project_of_the_cast();
        desk.project = ProjectId(slug.trim_start_matches('p').parse().expect("a number"));
        let mut statuses = Vec::new();
        for event in case["events"].as_array().expect("events") {
            let body = event.get("body").cloned().unwrap_or_else(|| json!({ "api_version": "1.0", "event": event }));
            statuses.push(desk.post_webhook(&slug, body.to_string()).await.status.as_u16());
        }
        let expect = case["expect"].take();
        let wanted = expect["statuses"].as_array().cloned().unwrap_or_else(|| vec![json!(200); statuses.len()]);
        for (status, wanted) in statuses.iter().zip(&wanted) {
            assert!(wanted.as_u64().map_or(*status < 500, |wanted| u64::from(*status) == wanted), "{statuses:?}");
        }
        let delivered = Delivered { desk, slug, expect };
        delivered.is_as_expected().await;
        delivered
    }

    fn id(&self) -> &str {
        self.expect["profile_id"].as_str().expect("an id")
    }

    async fn is_as_expected(&self) {
        let all = purchases_of(&self.desk, self.id());
        let unlocked = |is_active: bool| -> BTreeSet<String> {
            let of = all.iter().filter(|one| one.is_active(NOW) == is_active);
            of.flat_map(|one| one.entitlement_ids.clone()).collect()
        };
        assert_eq!(unlocked(true), texts(&self.expect["active_entitlements"]));
        assert_eq!(unlocked(false), texts(&self.expect["inactive_entitlements"]));
        for (entitlement, wanted) in self.expect["entitlements"].as_object().expect("entitlements") {
            let of = all.iter().find(|one| one.entitlement_ids.contains(entitlement)).expect("a purchase");
            is_as_wanted(of, wanted);
        }
        let ids = ids_of_customers(&self.desk, self.desk.project);
        assert_eq!(ids.into_iter().flatten().collect::<BTreeSet<_>>(), texts(&self.expect["ids"]));
        let page = self.profile().await;
        let total = self.expect["total_spent_usd"].as_str().expect("a total");
        assert!(text_of(&page).contains(&format!("Total spent USD {total} ")), "the total is {total}");
        let history = text_of(card_of(&page, "history")).to_lowercase();
        for wanted in texts(&self.expect["history_contains"]) {
            let is_there = wanted.split('|').any(|one| history.contains(&one.to_lowercase()));
            assert!(is_there, "{wanted} is not in {history}");
        }
        for unwanted in texts(&self.expect["history_absent"]) {
            assert!(!history.contains(&unwanted.to_lowercase()), "{unwanted} is in {history}");
        }
    }

    async fn profile(&self) -> String {
        let view = if self.expect["view"] == "sandbox" { "?sandbox=1" } else { "" };
        self.desk.page(&VERA, &format!("/projects/{}/customers/{}{view}", self.slug, self.id())).await
    }
}

fn is_as_wanted(purchase: &Purchase, wanted: &Value) {
    assert_eq!(json!(purchase.is_active(NOW)), wanted["active"]);
    assert_eq!(json!(purchase.access_ends_at()), wanted["expires"]);
    assert_eq!(json!(purchase.will_renew()), wanted["will_renew"]);
    if let Some(state) = wanted.get("state") {
        assert_eq!((state, purchase.status(NOW)), (&json!("trial"), Status::Trial));
    }
    if let Some(product) = wanted.get("product") {
        assert_eq!(
            (product, &wanted["pending_product"]),
            (&json!(purchase.product_id), &json!(purchase.pending_product))
        );
    }
}

#[actix_web::test]
async fn an_event_with_an_event_id_instead_of_an_id_is_kept_once() {
    let delivered = Delivered::new(include_str!("samples/cases/event-id-and-plain-attributes.json")).await;
    assert_eq!(count_events(&delivered.desk), 3);
    let again = json!({ "event": { "type": "PAYWALL_COMPONENT_INTERACTED", "event_id": "paywall-event-20" } });
    assert_eq!(delivered.desk.post_webhook(&delivered.slug, again.to_string()).await.status, 200);
    assert_eq!(count_events(&delivered.desk), 3);
    let page = delivered.profile().await;
    assert!(page.contains("@example.com") && !page.contains("{&#34;"), "an e-mail address, and no JSON");
}

#[actix_web::test]
async fn a_sandbox_trial_in_lower_case_is_neither_money_nor_a_paid_subscription() {
    let delivered = Delivered::new(include_str!("samples/cases/lower-case-enumerations.json")).await;
    assert_eq!((count_events(&delivered.desk), count_customers(&delivered.desk)), (1, 1));
    let page = delivered.profile().await;
    assert!(!text_of(card_of(&page, "history")).contains("USD"), "a free trial has no amount");
}

#[actix_web::test]
async fn a_renewal_into_a_free_trial_shows_no_price() {
    let delivered = Delivered::new(include_str!("samples/cases/renewal-into-a-trial.json")).await;
    let page = delivered.profile().await;
    assert!(text_of(card_of(&page, "history")).contains("a free trial"));
}
