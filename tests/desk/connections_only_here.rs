//! What existed before a project was connected: it is listed, pushed or kept, one by one or all at once; and what becomes of requests
//! when the connection ends.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use dossier::audit::{Actor, Ctx};
use dossier::base::error::Error;
use dossier::base::ids::RequestId;
use dossier::db::schema::{attributes, connections, kept_here, requests as request_rows};
use dossier::events::Environment;
use dossier::operations::grants::Preset;
use dossier::operations::requests::CustomerAsk;
use dossier::projection::Status;
use dossier::requests::{State, queries};
use dossier::stores::CustomerAct;
use serde_json::json;

use crate::support::audit_log::audit_lines;
use crate::support::cast::{ADA, DEV, SOL, VERA};
use crate::support::catalogs::apply_catalog;
use crate::support::connected::{MARA, Pair, catch_up, connect_to, local_addresses, until};
use crate::support::customers::{customer_id, grants_of};
use crate::support::events::{attributes_set_at, deliver, deliver_together, purchase};
use crate::support::jobs::run_jobs;
use crate::support::operations::grant;
use crate::support::pages::text_of;
use crate::support::stand_in::{KEY, StandIn};
use crate::support::{Answer, Desk};

const PAGE: &str = "/projects/sundial/settings/connections";
const ONLY_HERE: &str = "/projects/sundial/settings/connections/revenuecat/only-here";

/// A desk where Mara has a grant, an override and an attribute, as Noor has; nothing is connected.
async fn desk() -> Desk {
    let desk = Desk::open_with(|config| config.allowlist = local_addresses()).await;
    let sold = json!({
        "entitlements": [{ "id": "pro", "display_name": "Pro access" }, { "id": "gym", "display_name": "Gym" }],
        "offerings": [{ "id": "spring", "display_name": "Spring" }],
    });
    apply_catalog(&desk, &sold);
    deliver_together(&desk, desk.project, &[purchase("mara", 3, json!({})), purchase("noor", 3, json!({ "id": "n" }))]);
    fill(&desk, "mara").await;
    desk.clock.advance(60);
    desk
}

async fn fill(desk: &Desk, id: &str) {
    grant(desk, id, "pro", Preset::Weekly);
    let at = format!("/projects/sundial/customers/{id}");
    let set =
        desk.post_form(&SOL, &format!("{at}/attributes"), &[("key", "plan"), ("value", "gold"), ("new", "1")]).await;
    assert_eq!(set.status, 303, "{}", set.body);
    let chosen = desk.post_form(&SOL, &format!("{at}/offering"), &[("offering", "spring")]).await;
    assert_eq!(chosen.status, 303, "{}", chosen.body);
}

async fn connect(desk: &Desk, upstream: &StandIn) -> Answer {
    let fields = [("project", "proj1"), ("v2_key", KEY), ("v1_key", ""), ("base_url", upstream.url.as_str())];
    let connected = desk.post_form(&ADA, &format!("{PAGE}/revenuecat"), &fields).await;
    desk.clock.advance(60);
    connected
}

async fn listed(desk: &Desk, kind: &str) -> String {
    text_of(&desk.page(&ADA, &format!("{ONLY_HERE}?kind={kind}")).await)
}

async fn decide(desk: &Desk, kind: &str, act: &str, facts: &[&str]) -> Answer {
    let mut fields = vec![("kind", kind), ("act", act)];
    fields.extend(facts.iter().map(|fact| ("fact", *fact)));
    desk.post_form(&ADA, &format!("{ONLY_HERE}?kind={kind}"), &fields).await
}

/// Waits until nothing is left to push.
async fn pushed(desk: &Desk) {
    let left = || desk.count(|conn| kept_here::table.filter(kept_here::choice.eq("push")).count().get_result(conn));
    until("it is asked for", || (left() == 0).then_some(())).await;
}

#[actix_web::test]
async fn what_is_older_than_the_connection_is_listed_after_connecting() {
    let (desk, upstream) = (desk().await, StandIn::open());
    // What events say, and a grant by RevenueCat, exist there.
    let told = json!({ "id": "said", "subscriber_attributes": attributes_set_at(5, json!({ "color": "red" })) });
    deliver(&desk, desk.project, &[purchase("noor", 2, told)]);
    let given = json!({ "id": "g", "type": "NON_RENEWING_PURCHASE", "store": "PROMOTIONAL", "period_type": "PROMOTIONAL",
                        "product_id": "rc_promo_pro_yearly", "entitlement_ids": ["pro"], "transaction_id": "t-g" });
    deliver(&desk, desk.project, &[purchase("noor", 1, given)]);
    let connected = connect(&desk, &upstream).await;
    assert_eq!(connected.location().trim_end_matches('#'), format!("{ONLY_HERE}?kind=grant"));
    let card = text_of(&desk.page(&ADA, PAGE).await);
    assert!(card.contains("only here: 1 grant, 1 offering override and 1 attribute ."), "{card}");
    let grants = listed(&desk, "grant").await;
    assert!(
        grants.contains("Grants (1) Offering overrides (1) Attributes (1)") && grants.contains("pro mara"),
        "{grants}"
    );
    assert!(listed(&desk, "override").await.contains("spring mara"));
    let of_team = listed(&desk, "attribute").await;
    assert!(of_team.contains("plan = gold mara") && !of_team.contains("color"), "{of_team}");
    // What is changed since is changed there first.
    let set =
        desk.post_form(&SOL, &format!("{MARA}/attributes"), &[("key", "seat"), ("value", "4"), ("new", "1")]).await;
    assert_eq!(set.status, 303, "{}", set.body);
    run_jobs(&desk);
    assert_eq!(upstream.customer("mara").and_then(|mara| mara.attributes.get("seat").cloned()).as_deref(), Some("4"));
    assert!(!listed(&desk, "attribute").await.contains("seat"));
}

#[actix_web::test]
async fn what_is_pushed_is_asked_for_and_what_is_kept_is_not_listed_again() {
    let (desk, upstream) = (desk().await, StandIn::open());
    fill(&desk, "noor").await;
    desk.clock.advance(60);
    connect(&desk, &upstream).await;
    let mara = customer_id(&desk, "mara");
    let kept = decide(&desk, "attribute", "keep", &[&format!("{mara}:plan")]).await;
    assert_eq!(kept.status, 303, "{}", kept.body);
    let of_team = listed(&desk, "attribute").await;
    assert!(!of_team.contains("plan = gold mara") && of_team.contains("plan = gold noor"), "{of_team}");
    let none = decide(&desk, "attribute", "push", &[]).await;
    assert!(none.status == 422 && none.body.contains("Nothing is ticked"), "{}", none.body);

    let grant_key = grants_of(&desk, "mara").remove(0).key;
    assert_eq!(decide(&desk, "grant", "push", &[&format!("{mara}:{grant_key}")]).await.status, 303);
    pushed(&desk).await;
    let grants = listed(&desk, "grant").await;
    assert!(!grants.contains("mara") && grants.contains("noor"), "{grants}");
    run_jobs(&desk);
    assert_eq!(upstream.customer("mara").map(|mara| mara.grants.len()), Some(1));
    let now = desk.clock.now().plus_seconds(1);
    let running = || grants_of(&desk, "mara").into_iter().filter(|one| one.status(now) == Status::Granted).count();
    assert_eq!(running(), 1, "here it is one grant as well");
    assert!(!listed(&desk, "grant").await.contains("mara"));

    assert_eq!(decide(&desk, "override", "push-all", &[]).await.status, 303);
    pushed(&desk).await;
    run_jobs(&desk);
    let offering = |id: &str| upstream.customer(id).and_then(|one| one.offering);
    assert_eq!((offering("mara").as_deref(), offering("noor").as_deref()), (Some("ofrng1"), Some("ofrng1")));
    assert!(listed(&desk, "override").await.contains("No offering overrides exist only here."));
    assert_eq!(decide(&desk, "attribute", "keep-all", &[]).await.status, 303);
    assert_eq!(decide(&desk, "grant", "keep-all", &[]).await.status, 303);
    let card = text_of(&desk.page(&ADA, PAGE).await);
    assert!(card.contains("Nothing that was done before the project was connected waits"), "{card}");
    assert_eq!(upstream.customer("mara").map(|mara| mara.attributes.len()), Some(0));
    let lines = audit_lines(&desk);
    for line in [
        "only_here_kept: 1 attribute",
        "only_here_pushed: 1 grant",
        "only_here_pushed: 2 offering overrides",
        "store_action_asked: pro",
    ] {
        assert!(lines.iter().any(|known| known.starts_with(line)), "{line}: {lines:?}");
    }

    // Kept is kept, also when the project is connected again.
    desk.post_form(&ADA, &format!("{PAGE}/revenuecat/disconnect"), &[]).await;
    connect(&desk, &upstream).await;
    assert!(!listed(&desk, "attribute").await.contains("plan"));
}

#[actix_web::test]
async fn what_is_refused_there_comes_back_to_the_list_with_the_reason() {
    let (desk, upstream) = (desk().await, StandIn::open());
    grant(&desk, "noor", "gym", Preset::Weekly);
    desk.clock.advance(60);
    connect(&desk, &upstream).await;
    assert_eq!(decide(&desk, "grant", "push-all", &[]).await.status, 303);
    pushed(&desk).await;
    run_jobs(&desk);
    let grants = listed(&desk, "grant").await;
    assert!(grants.contains("gym noor RevenueCat did not do it: RevenueCat has no entitlement gym."), "{grants}");
    assert!(!grants.contains("mara"), "{grants}");
    assert_eq!(decide(&desk, "grant", "keep-all", &[]).await.status, 303);
    assert!(!listed(&desk, "grant").await.contains("gym"));
}

#[actix_web::test]
async fn thousands_are_pushed_or_kept_with_one_click_and_listed_in_pages() {
    let (desk, upstream) = (desk().await, StandIn::open());
    let many: Vec<String> =
        (0..2_500).map(|number| purchase(&format!("c{number:04}"), 3, json!({ "id": format!("c{number}") }))).collect();
    deliver_together(&desk, desk.project, &many);
    let plan = "INSERT INTO attributes (customer_id, key, value, updated_at, is_deleted, source) \
                SELECT id, 'vip', 'yes', 1, FALSE, 'team' FROM customers";
    let added = desk.db.write_here(|conn| Ok::<_, Error>(conn.batch_execute(plan)?));
    added.expect("they are added");
    connect_to(&desk, &upstream);
    let page = desk.page(&ADA, &format!("{ONLY_HERE}?kind=attribute")).await;
    assert_eq!((page.matches("type=\"checkbox\"").count(), page.contains("Push all 2,503")), (50, true));
    let next = crate::support::pages::pager_link(&page, "next").expect("more");
    assert_eq!(desk.page(&ADA, &next).await.matches("type=\"checkbox\"").count(), 50);
    assert_eq!(decide(&desk, "attribute", "push-all", &[]).await.status, 303);
    pushed(&desk).await;
    let asked = || desk.count(|conn| request_rows::table.count().get_result(conn));
    assert_eq!(asked(), 2_503);
    assert!(listed(&desk, "attribute").await.contains("No attributes exist only here."));
    // None of it was sent: it goes when the project is disconnected.
    let told = text_of(&desk.page(&ADA, &format!("{PAGE}?dialog=revenuecat-disconnect")).await);
    assert!(told.contains("2,503 requests are not sent yet."), "{told}");
    let ended = desk.post_form(&ADA, &format!("{PAGE}/revenuecat/disconnect"), &[("waiting", "withdraw")]).await;
    assert_eq!(ended.status, 303, "{}", ended.body);
    let open = request_rows::table.filter(request_rows::state.ne("withdrawn")).count();
    assert_eq!(desk.count(|conn| open.get_result(conn)), 0);
    assert!(upstream.changes().is_empty());
}

#[actix_web::test]
async fn only_admins_decide_and_only_in_a_connected_project() {
    let desk = desk().await;
    for person in [&VERA, &SOL, &DEV] {
        assert_eq!(desk.get(person, ONLY_HERE).await.status, 403, "{}", person.name);
        let fields = [("kind", "grant"), ("act", "push-all")];
        assert_eq!(desk.post_form(person, ONLY_HERE, &fields).await.status, 403, "{}", person.name);
    }
    assert!(listed(&desk, "grant").await.contains("The project is not connected to RevenueCat."));
    let upstream = StandIn::open();
    connect(&desk, &upstream).await;
    assert_eq!(desk.get(&ADA, &format!("{ONLY_HERE}?after=x")).await.status, 404);
    assert_eq!(decide(&desk, "grant", "burn", &[]).await.status, 400);
    assert_eq!(decide(&desk, "purse", "push", &[]).await.status, 400);
    assert_eq!(decide(&desk, "attribute", "push", &["x", "1:a\0b", "999:plan"]).await.status, 422);
}

/// Asks for something as Sol, without sending it.
fn ask(desk: &Desk, id: &str, act: CustomerAct) -> RequestId {
    let ctx = Ctx::new(desk.project, &desk.ids, desk.clock.now(), Actor::person(SOL.id, "support"));
    let stored = desk.db.write_here(|conn| {
        conn.lock_project(desk.project)?;
        let (customer, environment, reason) = (customer_id(desk, id), Environment::Production, Some("asked".into()));
        let ask =
            CustomerAsk { customer, app_user_id: id, environment, act, inverse: None, reason, waits: true, once: None };
        Ok::<_, Error>(ask.store(conn, &ctx)?.expect("it is connected").expect("it can be asked for").request)
    });
    stored.expect("it is stored")
}

fn set(key: &str, value: &str) -> CustomerAct {
    CustomerAct::Attributes { values: vec![(key.into(), Some(value.into()))] }
}

fn state(desk: &Desk, id: RequestId) -> (State, bool) {
    let request = desk.read(|conn| queries::find(conn, (desk.project, id))).expect("a request");
    (request.state, request.needs_person())
}

fn value(desk: &Desk, id: &str, key: &str) -> Option<String> {
    let own = attributes::table.find((customer_id(desk, id), key)).select(attributes::value);
    desk.read(|conn| own.first(conn).optional())
}

/// Marks a request as sent, with no answer known.
fn lose(desk: &Desk, id: RequestId) {
    let sent = (
        request_rows::state.eq("unknown"),
        request_rows::attempts.eq(1),
        request_rows::sent_at.eq(desk.clock.now()),
        request_rows::due_at.eq(desk.clock.now()),
    );
    let row = request_rows::table.find((desk.project, id));
    let updated = desk.db.write_here(|conn| Ok::<_, Error>(diesel::update(row).set(sent).execute(conn)?));
    assert_eq!(updated.ok(), Some(1));
}

#[actix_web::test]
async fn disconnecting_asks_what_becomes_of_what_was_not_sent() {
    for (waiting, expected, here) in
        [("withdraw", State::Withdrawn, None), ("here", State::Confirmed, Some("silver".to_owned()))]
    {
        let (desk, upstream) = (desk().await, StandIn::open());
        connect(&desk, &upstream).await;
        let waits = ask(&desk, "mara", set("tier", "silver"));
        let lost = ask(&desk, "noor", set("tier", "silver"));
        lose(&desk, lost);
        let dialog = text_of(&desk.page(&ADA, &format!("{PAGE}?dialog=revenuecat-disconnect")).await);
        assert!(dialog.contains("1 request is not sent yet. What becomes of it?"), "{dialog}");
        assert!(dialog.contains("1 request may have been sent, and what came of it is not known."), "{dialog}");
        let path = format!("{PAGE}/revenuecat/disconnect");
        let silent = desk.post_form(&ADA, &path, &[]).await;
        assert!(silent.status == 422 && silent.body.contains("Say what becomes of them."), "{}", silent.body);
        assert_eq!(state(&desk, waits), (State::Asked, false));
        let ended = desk.post_form(&ADA, &path, &[("waiting", waiting)]).await;
        assert_eq!(ended.status, 303, "{}", ended.body);
        assert_eq!((state(&desk, waits), value(&desk, "mara", "tier")), ((expected, false), here));
        assert_eq!(state(&desk, lost), (State::Unknown, true), "a person says what came of it");
        assert_eq!(value(&desk, "noor", "tier"), None);
        desk.clock.advance(25 * 3_600);
        run_jobs(&desk);
        assert_eq!(state(&desk, lost), (State::Unknown, true));
        let text = text_of(&desk.page(&ADA, "/projects/sundial/requests").await);
        assert!(text.contains("Say what came of it"), "{text}");
        assert!(upstream.changes().iter().all(|call| call.path.contains("dossier-check-")), "nothing was sent");
    }
}

#[actix_web::test]
async fn a_copy_that_is_disconnected_still_reads_what_the_original_may_have_sent() {
    let (desk, upstream) = (desk().await, StandIn::open());
    connect(&desk, &upstream).await;
    let held = ask(&desk, "mara", set("tier", "silver"));
    let now = desk.clock.now();
    let suspended = desk
        .db
        .write_here(|conn| dossier::operations::copies::suspend(conn, &desk.ids, now, vec!["Another machine.".into()]));
    suspended.expect("it is suspended");
    let dialog = text_of(&desk.page(&ADA, &format!("{PAGE}?dialog=revenuecat-disconnect")).await);
    assert!(dialog.contains("They were left alone when this database was copied"), "{dialog}");
    let ended = desk.post_form(&ADA, &format!("{PAGE}/revenuecat/disconnect"), &[]).await;
    assert_eq!(ended.status, 303, "{}", ended.body);
    assert_eq!(state(&desk, held), (State::Unknown, false));
    assert_eq!(desk.count(|conn| connections::table.count().get_result(conn)), 0);
}

#[actix_web::test]
async fn another_installation_gets_what_existed_only_here() {
    let pair = Pair::open_apart().await;
    let offerings = json!({ "offerings": [{ "id": "spring", "display_name": "Spring" }] });
    [&pair.upstream, &pair.desk].into_iter().for_each(|desk| apply_catalog(desk, &offerings));
    pair.deliver(&purchase("mara", 3, json!({ "id": "mara-1" })));
    let knows =
        |desk: &Desk| desk.read(|conn| dossier::customers::identity::find(conn, desk.project, "mara")).is_some();
    until("both know her", || (knows(&pair.desk) && knows(&pair.upstream)).then_some(())).await;
    catch_up(&pair.desk);
    fill(&pair.desk, "mara").await;
    pair.connect();
    catch_up(&pair.desk);
    for kind in ["grant", "override", "attribute"] {
        assert!(listed(&pair.desk, kind).await.contains("mara"), "{kind}");
        assert_eq!(decide(&pair.desk, kind, "push-all", &[]).await.status, 303, "{kind}");
    }
    let there = || {
        let mara = customer_id(&pair.upstream, "mara");
        let offering = pair.upstream.read(|conn| dossier::customers::overrides::queries::find(conn, mara));
        let given = grants_of(&pair.upstream, "mara").len();
        (given == 1 && offering.is_some() && value(&pair.upstream, "mara", "plan").is_some()).then_some(())
    };
    until("it is there", there).await;
    for kind in ["grant", "override", "attribute"] {
        until("it is not listed any more", || {
            let open = request_rows::table.filter(request_rows::state.ne("confirmed")).count();
            (pair.desk.count(|conn| open.get_result(conn)) == 0).then_some(())
        })
        .await;
        assert!(!listed(&pair.desk, kind).await.contains("mara"), "{kind}");
    }
}
