//! A project that is connected to RevenueCat: what is done here happens there. In RevenueCat's place stands another installation.

use diesel::prelude::*;
use dossier::base::ids::EventId;
use dossier::customers::identity;
use dossier::customers::overrides::queries as overrides;
use dossier::db::schema::{attributes, balances};
use dossier::events::Environment;
use dossier::projection::Status;
use dossier::requests::{State, queries};
use dossier::wording::text::segment;
use serde_json::json;

use crate::support::Desk;
use crate::support::audit_log::audit_lines;
use crate::support::cast::{ADA, SOL};
use crate::support::catalogs::apply_catalog;
use crate::support::connected::{MARA, Pair, catch_up, post, until};
use crate::support::customers::{customer_id, grants_of, purchases_of, store_purchases_of, told_of};
use crate::support::events::purchase;
use crate::support::pages::text_of;
use crate::support::refunds::spent;
use crate::support::test_store::{new_key, receipt, test_token};

const DONE: &str = "RevenueCat confirmed it.";

/// Whether a desk knows a customer.
fn knows(desk: &Desk, id: &str) -> bool {
    desk.read(|conn| identity::find(conn, desk.project, id)).is_some()
}

/// Both installations, which know Mara and Noor.
async fn pair() -> Pair {
    let pair = Pair::open().await;
    pair.deliver(&purchase("mara", 3, json!({ "id": "mara-1" })));
    pair.deliver(&purchase("noor", 4, json!({ "id": "noor-1" })));
    until("both are known", || (knows(&pair.desk, "mara") && knows(&pair.desk, "noor")).then_some(())).await;
    pair
}

/// The ends of the running grants of a customer.
fn running(desk: &Desk, id: &str) -> Vec<i64> {
    // As of a moment later: servers go by the machine's clock.
    catch_up(desk);
    let now = desk.clock.now().plus_seconds(1);
    let running = grants_of(desk, id).into_iter().filter(|one| one.status(now) == Status::Granted);
    running.filter_map(|one| one.expires_at.map(|at| at.millis())).collect()
}

/// Waits until the newest request about Mara has its echo.
async fn echo(pair: &Pair) -> EventId {
    let newest = || pair.desk.read(|conn| queries::of_customer(conn, customer_id(&pair.desk, "mara"), 1)).pop();
    until("its event comes back", || newest().and_then(|request| request.echo_event)).await
}

/// Grants Mara Pro for a week, and waits for the event of it.
async fn grant(pair: &Pair) {
    let fields = [("entitlement", "pro"), ("duration", "weekly"), ("reason", "an outage")];
    assert_eq!(pair.ask("grants", &fields).await, (State::Confirmed, DONE.to_owned()));
    echo(pair).await;
}

#[actix_web::test]
async fn a_grant_is_made_there_first_and_its_event_is_the_same_row() {
    let pair = pair().await;
    grant(&pair).await;
    let there = running(&pair.upstream, "mara");
    assert_eq!((there.len(), running(&pair.desk, "mara")), (1, there), "one grant with the same end");
    assert_eq!(told_of(&pair.desk, "mara"), told_of(&pair.upstream, "mara"));
    let lines = audit_lines(&pair.desk);
    assert!(lines.iter().any(|line| line.starts_with("store_action_asked: pro")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("entitlement_granted: pro")), "{lines:?}");
}

#[actix_web::test]
async fn a_grant_is_removed_there_first_and_what_follows_is_said_once() {
    let pair = pair().await;
    grant(&pair).await;
    let key = segment(&grants_of(&pair.desk, "mara").remove(0).key);
    let revoked = pair.ask(&format!("grants/{key}/revoke"), &[("reason", "a mistake")]).await;
    assert_eq!(revoked, (State::Confirmed, DONE.to_owned()));
    assert!(running(&pair.upstream, "mara").is_empty() && running(&pair.desk, "mara").is_empty());
    let ended = || told_of(&pair.upstream, "mara").len() == told_of(&pair.desk, "mara").len();
    until("both tell the same", || ended().then_some(())).await;
    assert_eq!(told_of(&pair.desk, "mara"), told_of(&pair.upstream, "mara"));
}

#[actix_web::test]
async fn undoing_is_asked_for_there_as_well() {
    let pair = pair().await;
    let fields = [("entitlement", "pro"), ("duration", "weekly"), ("reason", "an outage")];
    let granted = pair.post(&SOL, "grants", &fields).await;
    assert_eq!(pair.settled("mara").await.0, State::Confirmed);
    let undone = pair.desk.post_form(&SOL, &format!("{MARA}/undo"), &[("submission", &granted.submission())]).await;
    assert_eq!(undone.status, 303, "{}", undone.body);
    assert_eq!(pair.settled("mara").await.0, State::Confirmed);
    assert!(running(&pair.upstream, "mara").is_empty() && running(&pair.desk, "mara").is_empty());
}

#[actix_web::test]
async fn offering_attributes_and_balances_are_changed_there_first() {
    let pair = pair().await;
    let standard = json!({ "id": "standard", "display_name": "Standard", "default": true });
    let offerings = json!([standard, { "id": "spring", "display_name": "Spring" }]);
    [&pair.upstream, &pair.desk].into_iter().for_each(|desk| apply_catalog(desk, &json!({ "offerings": offerings })));
    let gold = json!({
        "id": "gold", "type": "VIRTUAL_CURRENCY_TRANSACTION", "source": "in_app_purchase", "environment": null,
        "purchase_environment": "PRODUCTION", "virtual_currency_transaction_id": "vatx-1",
        "adjustments": [{ "amount": 30, "currency": { "code": "GLD", "name": "Gold" } }],
    });
    pair.deliver(&purchase("mara", 3, gold));
    let balance = |desk: &Desk| {
        let customer = customer_id(desk, "mara");
        desk.read(|conn| {
            let held = balances::table.find((customer, Environment::Production, "GLD"));
            held.select(balances::amount).first::<i64>(conn).optional()
        })
    };
    until("the gold is known", || balance(&pair.desk).filter(|held| *held == 30)).await;

    let changed = pair.ask("currencies/GLD", &[("change", "+12"), ("reason", "a lost level")]).await;
    assert_eq!(changed, (State::Confirmed, DONE.to_owned()));
    assert_eq!((balance(&pair.upstream), balance(&pair.desk)), (Some(42), Some(42)));
    echo(&pair).await;
    assert_eq!(balance(&pair.desk), Some(42), "its event is not counted again");

    let set = pair.ask("attributes", &[("key", "plan"), ("value", "gold / 50 %"), ("new", "1")]).await;
    assert_eq!(set, (State::Confirmed, DONE.to_owned()));
    let plan = |desk: &Desk| {
        let own = attributes::customer_id.eq(customer_id(desk, "mara")).and(attributes::key.eq("plan"));
        desk.read(|conn| attributes::table.filter(own).select(attributes::value).first::<String>(conn).optional())
    };
    assert_eq!((plan(&pair.upstream), plan(&pair.desk)), (Some("gold / 50 %".into()), Some("gold / 50 %".into())));

    let chosen = pair.ask("offering", &[("offering", "spring")]).await;
    assert_eq!(chosen, (State::Confirmed, DONE.to_owned()));
    let offering =
        |desk: &Desk| desk.read(|conn| overrides::find(conn, customer_id(desk, "mara"))).map(|set| set.offering);
    assert_eq!((offering(&pair.upstream), offering(&pair.desk)), (Some("spring".into()), Some("spring".into())));

    pair.desk.db.batch("UPDATE offering_overrides SET until = 1").expect("its time is over");
    until("its end arrives there", || offering(&pair.upstream).is_none().then_some(())).await;
}

#[actix_web::test]
async fn a_purchase_of_the_test_store_is_refunded_cancelled_and_extended_there() {
    let pair = Pair::open().await;
    let key = new_key(&pair.upstream, Some("TEST_STORE"));
    let body = receipt("mara", "month", &test_token(1)).to_string();
    let bought = post(&pair.upstream_server, "/v1/receipts", &format!("Bearer {key}"), &body);
    assert!(bought.starts_with("HTTP/1.1 200"), "{bought}");
    until("the purchase is known", || knows(&pair.desk, "mara").then_some(())).await;
    until("the purchase is known", || (!store_purchases_of(&pair.desk, "mara").is_empty()).then_some(())).await;
    let x = segment(&format!("sandbox.{}", store_purchases_of(&pair.desk, "mara").remove(0)));
    let one = |desk: &Desk| purchases_of(desk, "mara").remove(0);

    let extended =
        pair.ask(&format!("purchases/{x}/extend?sandbox=1"), &[("days", "3"), ("reason", "an outage")]).await;
    assert_eq!(extended, (State::Confirmed, DONE.to_owned()));
    assert_eq!(one(&pair.desk).expires_at, one(&pair.upstream).expires_at);
    let cancelled = pair.ask(&format!("purchases/{x}/cancel?sandbox=1"), &[("reason", "they asked")]).await;
    assert_eq!(cancelled, (State::Confirmed, DONE.to_owned()));
    assert!(one(&pair.upstream).unsubscribed_at.is_some() && one(&pair.desk).unsubscribed_at.is_some());
    let refunded = pair.ask(&format!("purchases/{x}/refund?sandbox=1"), &[("reason", "they asked")]).await;
    assert_eq!(refunded, (State::Confirmed, DONE.to_owned()));
    assert!(one(&pair.upstream).refunded_at.is_some() && one(&pair.desk).refunded_at.is_some());
    echo(&pair).await;
    until("both tell the same", || (told_of(&pair.desk, "mara") == told_of(&pair.upstream, "mara")).then_some(()))
        .await;
    assert_eq!(one(&pair.desk).revenue, one(&pair.upstream).revenue);
}

#[actix_web::test]
async fn purchases_move_and_customers_go_there_first() {
    let pair = pair().await;
    assert_eq!(pair.ask("transfer", &[("to", "noor")]).await, (State::Confirmed, DONE.to_owned()));
    let held = |desk: &Desk, id: &str| store_purchases_of(desk, id).len();
    assert_eq!((held(&pair.upstream, "mara"), held(&pair.upstream, "noor")), (0, 2));
    assert_eq!((held(&pair.desk, "mara"), held(&pair.desk, "noor")), (0, 2));
    echo(&pair).await;
    assert_eq!((held(&pair.desk, "mara"), held(&pair.desk, "noor")), (0, 2));
    assert_eq!(spent(&pair.desk, "noor"), spent(&pair.upstream, "noor"));
    assert_eq!(told_of(&pair.desk, "mara"), told_of(&pair.upstream, "mara"));

    let dialog = pair.desk.page(&ADA, &format!("{MARA}?dialog=manage-delete")).await;
    assert!(dialog.contains("Erased here as soon as RevenueCat has deleted the customer"), "{dialog}");
    let deleted = pair.post(&ADA, "delete", &[("confirm", "mara")]).await;
    assert_eq!(deleted.status, 303, "{}", deleted.body);
    until("she is gone from both", || (!knows(&pair.upstream, "mara") && !knows(&pair.desk, "mara")).then_some(()))
        .await;
    let noor = [("confirm", "noor"), ("lost", "1"), ("checked", "1")];
    let blocked = pair.desk.post_form(&ADA, "/projects/sundial/customers/noor/block", &noor).await;
    assert_eq!(blocked.status, 303, "{}", blocked.body);
    until("Noor too", || (!knows(&pair.upstream, "noor") && !knows(&pair.desk, "noor")).then_some(())).await;
    let page = pair.desk.page(&ADA, "/projects/sundial/settings/blocked").await;
    assert!(page.contains("noor"), "and the id is blocked here");
    let requests = pair.desk.page(&ADA, "/projects/sundial/requests").await;
    let text = text_of(&requests);
    assert!(text.contains("Deleting a customer · done, ") && text.contains(", asked by Ada Okoye"), "{text}");
    assert!(text.contains("Deleting a customer and blocking their ids · done, "), "{text}");
    assert!(!requests.contains("mara") && !requests.contains("noor"), "{requests}");
}

#[actix_web::test]
async fn what_is_refused_there_changes_nothing_here_and_is_shown_in_its_own_words() {
    let pair = pair().await;
    apply_catalog(&pair.desk, &json!({ "entitlements": [{ "id": "gym", "display_name": "Gym" }] }));
    let fields = [("entitlement", "gym"), ("duration", "weekly"), ("reason", "an outage")];
    let refused = pair.ask("grants", &fields).await;
    assert_eq!(refused, (State::Refused, "RevenueCat has no entitlement gym.".to_owned()));
    assert!(running(&pair.desk, "mara").is_empty());
    let page = pair.desk.page(&SOL, MARA).await;
    let request = page.split("data-request=").nth(1).and_then(|rest| rest.split("<details").next()).expect("a request");
    assert!(request.contains("RevenueCat has no entitlement gym.") && request.contains("not done"), "{request}");
    let list = text_of(&pair.desk.page(&ADA, "/projects/sundial/requests").await);
    assert!(list.contains("mara · gym Granting gym until"), "what it is about, and no store: {list}");
    assert!(!list.contains("Unknown store") && !list.contains("· ·"), "{list}");
}
