//! Taking over the catalog of RevenueCat: what differs is shown first, what exists only here stays, and it can be kept in step. In
//! RevenueCat's place stands a stand-in, or another installation.

use std::collections::BTreeMap;

use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::catalog::comparison::{Item, Key, read};
use dossier::db::schema::{catalog_comparisons, connections, products};
use serde_json::{Value, json};

use crate::support::audit_log::{audit_entries, audit_lines};
use crate::support::cast::{ADA, DEV, SOL, VERA};
use crate::support::catalogs::apply_catalog;
use crate::support::connected::{Pair, catch_up, connect_to, local_addresses, run, run_well, until};
use crate::support::jobs::run_jobs;
use crate::support::pages::{seen_version, text_of};
use crate::support::stand_in::StandIn;
use crate::support::{Answer, Desk};

const PAGE: &str = "/projects/sundial/settings/connections";
const CATALOG: &str = "/projects/sundial/settings/connections/revenuecat/catalog";
/// An hour and a little, in seconds.
const AN_HOUR: i64 = 3_700;

fn app(id: &str, kind: &str) -> Value {
    json!({ "object": "app", "id": id, "name": format!("App {id}"), "type": kind })
}

fn product(id: &str, app: &str, identifier: &str, name: &str) -> Value {
    json!({ "object": "product", "id": id, "store_identifier": identifier, "type": "subscription", "state": "active",
            "display_name": name, "subscription": { "duration": "P1M" }, "one_time": null, "app_id": app })
}

fn entitlement(id: &str, key: &str, name: &str) -> Value {
    json!({ "object": "entitlement", "id": id, "lookup_key": key, "display_name": name, "state": "active" })
}

/// A stand-in that sells a little.
fn shop() -> StandIn {
    let upstream = StandIn::open();
    let monthly = || product("prod1", "app1", "pro_month", "Pro, a month");
    let play = || product("prod2", "app2", "pro:month", "Pro, a month");
    upstream.sells("apps", vec![app("app1", "app_store"), app("app2", "play_store"), app("app3", "galaxy")]);
    upstream.sells("products", vec![monthly(), play(), product("prod3", "app3", "far", "Far")]);
    upstream.sells("entitlements", vec![entitlement("entl1", "pro", "Pro")]);
    upstream.sells("entitlements/entl1/products", vec![monthly(), play()]);
    let offering = json!({ "object": "offering", "id": "ofrng1", "lookup_key": "standard", "display_name": "Standard",
                           "is_current": true, "state": "active", "metadata": { "badge": "new" } });
    upstream.sells("offerings", vec![offering]);
    let package = json!({ "object": "package", "id": "pkge1", "lookup_key": "$rc_monthly", "display_name": "Monthly", "position": 1 });
    upstream.sells("offerings/ofrng1/packages", vec![package]);
    let sale = |product: Value| json!({ "product": product, "eligibility_criteria": "all" });
    upstream.sells("packages/pkge1/products", vec![sale(monthly()), sale(play())]);
    upstream
}

/// A desk that is connected, with a catalog of its own.
async fn desk(upstream: &StandIn) -> Desk {
    let desk = Desk::open_with(|config| config.allowlist = local_addresses()).await;
    connect_to(&desk, upstream);
    let own = json!({
        "products": [
            { "id": "pro_month", "store": "APP_STORE", "display_name": "Old name", "type": "subscription",
              "price": { "amount": "4.99", "currency": "EUR" } },
            { "id": "web_month", "store": "STRIPE", "display_name": "On the web", "type": "subscription" },
        ],
        "entitlements": [{ "id": "pro", "display_name": "Pro", "products": ["pro_month", "web_month"] }],
        "offerings": [{ "id": "spring", "display_name": "Spring", "default": true }],
    });
    apply_catalog(&desk, &own);
    desk
}

/// Has the catalog compared as Ada, and waits until it is.
async fn compare(desk: &Desk) -> String {
    let asked = desk.post_form(&ADA, CATALOG, &[]).await;
    assert_eq!((asked.status.as_u16(), asked.location().trim_end_matches('#')), (303, CATALOG), "{}", asked.body);
    until("it is compared", || (!is_running(desk)).then_some(())).await;
    desk.page(&ADA, CATALOG).await
}

fn is_running(desk: &Desk) -> bool {
    let lease = catalog_comparisons::table.select((catalog_comparisons::due_at, catalog_comparisons::lease_until));
    let (due, lease): (Option<i64>, Option<i64>) = desk.read(|conn| lease.first(conn));
    due.is_some_and(|due| due <= desk.clock.now().millis()) || lease.is_some()
}

async fn take(desk: &Desk, page: &str, scope: &str, places: &[&str]) -> Answer {
    let mut fields = vec![("seen", seen_version(page)), ("scope", scope)];
    fields.extend(places.iter().map(|place| ("take", *place)));
    desk.post_form(&ADA, &format!("{CATALOG}/take"), &fields).await
}

fn catalog(desk: &Desk) -> BTreeMap<Key, Item> {
    desk.read(|conn| read(conn, desk.project))
}

fn find(desk: &Desk, identifier: &str) -> Option<Item> {
    catalog(desk).into_values().find(|item| item.key.identifier() == identifier)
}

/// The places of what can be ticked, with the identifiers.
fn boxes(page: &str) -> BTreeMap<String, String> {
    let boxes = page.split("name=\"take\" value=\"").skip(1).map(|rest| {
        let place = rest.split('"').next().unwrap_or_default().to_owned();
        // The name, the identifier, and in what it is.
        let part =
            |number| rest.split("<bdi>").nth(number).and_then(|part| part.split("</bdi>").next()).unwrap_or_default();
        (format!("{} {}", part(2), part(3)).trim().to_owned(), place)
    });
    boxes.collect()
}

#[actix_web::test]
async fn what_differs_is_shown_before_it_is_taken_over_and_what_is_only_here_stays() {
    let upstream = shop();
    let desk = desk(&upstream).await;
    let before = catalog(&desk);
    let page = compare(&desk).await;
    assert_eq!(catalog(&desk), before, "looking changes nothing");
    let text = text_of(&page);
    for part in [
        "1 product, 1 offering and 1 package added; 1 product and 1 entitlement changed",
        "Pro, a month pro_month App Store Name: Old name becomes → Pro, a month Duration: P1M Changed",
        "Pro, a month pro:month Google Play Type: Subscription Duration: P1M New",
        "Products attached: pro:month",
        "Default offering: yes",
        "Metadata: {&quot;badge&quot;:&quot;new&quot;}",
        "Products put in: pro:month, pro_month",
        "App App app3 Apps of the type &quot;galaxy&quot; are not known here",
        "Product On the web web_month Stripe",
        "Offering Spring spring",
        "Products that only here belong to it: web_month",
    ] {
        let part = part.replace("&quot;", "&#34;");
        assert!(text.contains(&part), "{part}: {text}");
    }
    let taken = take(&desk, &page, "all", &[]).await;
    assert_eq!(taken.status, 303, "{}", taken.body);
    let month = find(&desk, "pro_month").expect("the product");
    assert_eq!(month.name.as_deref(), Some("Pro, a month"));
    let price = products::table.filter(products::identifier.eq("pro_month")).select(products::price_micros);
    assert_eq!(desk.read(|conn| price.first::<Option<i64>>(conn)), Some(4_990_000), "prices stay");
    let pro = find(&desk, "pro").expect("the entitlement");
    assert_eq!(Vec::from_iter(pro.products), ["pro:month", "pro_month", "web_month"]);
    let (standard, spring) = (find(&desk, "standard").expect("new"), find(&desk, "spring").expect("old"));
    assert!(standard.is_default && !spring.is_default && find(&desk, "web_month").is_some());
    assert_eq!(find(&desk, "$rc_monthly").map(|package| package.products.len()), Some(2));
    let text = text_of(&desk.page(&ADA, CATALOG).await);
    assert!(text.contains("Nothing differs.") && text.contains("On the web"), "{text}");
    let lines = audit_lines(&desk);
    assert!(lines.iter().any(|line| line.starts_with("catalog_compared: RevenueCat")), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("catalog_taken: RevenueCat")).count(), 1, "{lines:?}");
    assert!(upstream.changes().is_empty(), "nothing is changed there");
}

#[actix_web::test]
async fn only_what_is_ticked_is_taken_over() {
    let upstream = shop();
    let desk = desk(&upstream).await;
    let page = compare(&desk).await;
    let none = take(&desk, &page, "ticked", &[]).await;
    assert!(none.status == 422 && none.body.contains("Nothing is ticked."), "{}", none.body);
    let boxes = boxes(&page);
    let package = boxes.get("$rc_monthly in standard").unwrap_or_else(|| panic!("a box: {boxes:?}"));
    assert_eq!(take(&desk, &page, "ticked", &[package]).await.status, 303);
    assert!(
        find(&desk, "$rc_monthly").is_some() && find(&desk, "standard").is_some(),
        "with the offering that it needs"
    );
    assert_eq!(find(&desk, "pro_month").and_then(|product| product.name).as_deref(), Some("Old name"));
    assert!(find(&desk, "pro:month").is_none());
}

#[actix_web::test]
async fn what_was_read_again_meanwhile_is_looked_at_again() {
    let upstream = shop();
    let desk = desk(&upstream).await;
    let page = compare(&desk).await;
    desk.clock.advance(60);
    compare(&desk).await;
    let before = catalog(&desk);
    let stale = take(&desk, &page, "all", &[]).await;
    assert!(stale.status == 409 && stale.body.contains("was read again meanwhile"), "{}", stale.body);
    assert_eq!(catalog(&desk), before);
}

/// Lists that may not be read, lists that never end, what every call is answered, and what the page says.
type Fault<'a> = (&'a [&'a str], &'a [&'a str], Option<&'a [u8]>, &'a str);

#[actix_web::test]
async fn half_a_catalog_is_none_and_the_page_says_which_list_failed() {
    let upstream = shop();
    let desk = desk(&upstream).await;
    let before = catalog(&desk);
    let html = b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n<html>Welcome".to_vec();
    let cases: [Fault<'_>; 5] = [
        (&["entitlements"], &[], None, "The list of entitlements is not open to the key: This key lacks a scope."),
        (&["packages/pkge1/products"], &[], None, "The list of products of packages is not open to the key"),
        (&[], &["products"], None, "The list of products repeats a page and does not end."),
        (&[], &["offerings/ofrng1/packages"], None, "The list of packages of offerings repeats a page"),
        (&[], &[], Some(&html), "RevenueCat’s apps could not be read: It answered 200 with something else than JSON"),
    ];
    for (denied, endless, raw, words) in cases {
        upstream.fails(denied, endless);
        upstream.says(raw);
        let text = text_of(&compare(&desk).await);
        assert!(text.contains(words) && text.contains("Nothing was changed."), "{words}: {text}");
        assert!(!text.contains("Take over"), "{words}");
        let card = text_of(&desk.page(&ADA, PAGE).await);
        assert!(card.contains("could not be read at RevenueCat") && card.contains(words), "{card}");
        desk.clock.advance(1);
    }
    assert_eq!(catalog(&desk), before);
    upstream.says(None);
    upstream.fails(&[], &[]);
    assert!(text_of(&compare(&desk).await).contains("Take over all"));
}

#[actix_web::test]
async fn tens_of_thousands_of_products_are_taken_over() {
    let upstream = shop();
    let desk = desk(&upstream).await;
    let many = |number: usize| product(&format!("prod{number:05}"), "app1", &format!("level.{number:05}"), "Level");
    upstream.sells("products", (0..20_000).map(many).collect());
    upstream.sells("entitlements/entl1/products", (0..5_000).map(many).collect());
    let page = compare(&desk).await;
    let text = text_of(&page);
    assert!(text.contains("20,000 products, 1 offering and 1 package added; 1 entitlement changed"), "{text}");
    assert!(text.contains("1 to 100 of 20,003"), "{text}");
    assert!(page.len() < 400_000, "{}", page.len());
    let last = text_of(&desk.page(&ADA, &format!("{CATALOG}?from=20000")).await);
    assert!(last.contains("20,001 to 20,003 of 20,003") && last.contains("level.00009 and 4,990 more"), "{last}");
    assert_eq!(take(&desk, &page, "all", &[]).await.status, 303);
    assert_eq!(find(&desk, "pro").map(|pro| pro.products.len()), Some(5_002));
    assert_eq!(catalog(&desk).len(), 20_002 + 4);
    assert!(text_of(&desk.page(&ADA, CATALOG).await).contains("Nothing differs."));
}

#[actix_web::test]
async fn a_catalog_that_is_kept_in_step_follows_about_once_an_hour() {
    let upstream = shop();
    let desk = desk(&upstream).await;
    let dialog = text_of(&desk.page(&ADA, &format!("{PAGE}?dialog=revenuecat-step")).await);
    assert!(dialog.contains("About once an hour Dossier reads the catalog"), "{dialog}");
    let step = async |to: &str| desk.post_form(&ADA, &format!("{CATALOG}/step"), &[("to", to)]).await.status.as_u16();
    assert_eq!((step("off").await, step("on").await), (409, 303), "it is off");
    run_jobs(&desk);
    assert!(find(&desk, "pro:month").is_some() && find(&desk, "web_month").is_some());
    let by_program = |action: &str| {
        let all = audit_entries(&desk);
        all.iter().filter(|entry| entry.action == action && entry.actor_kind == "system").count()
    };
    let written = || ["product_created", "product_updated", "entitlement_updated", "package_created"].map(by_program);
    assert_eq!(written(), [1, 1, 1, 1]);
    let text = text_of(&desk.page(&ADA, PAGE).await);
    assert!(text.contains("Last taken over by itself 1 product, 1 offering and 1 package added"), "{text}");

    upstream.sells("entitlements", vec![entitlement("entl1", "pro", "Pro for all")]);
    let calls = upstream.calls().len();
    desk.clock.advance(30 * 60);
    run_jobs(&desk);
    assert_eq!(upstream.calls().len(), calls, "half an hour is not enough");
    desk.clock.advance(AN_HOUR - 30 * 60);
    run_jobs(&desk);
    assert_eq!(find(&desk, "pro").and_then(|pro| pro.name).as_deref(), Some("Pro for all"));
    assert_eq!(written(), [1, 1, 2, 1]);

    upstream.fails(&["offerings"], &[]);
    desk.clock.advance(AN_HOUR);
    run_jobs(&desk);
    let text = text_of(&desk.page(&ADA, PAGE).await);
    assert!(text.contains("The list of offerings is not open to the key"), "{text}");
    upstream.fails(&[], &[]);
    desk.clock.advance(11 * 60);
    run_jobs(&desk);
    let text = text_of(&desk.page(&ADA, PAGE).await);
    assert!(!text.contains("is not open to the key") && text.contains("Nothing differed."), "{text}");

    assert_eq!(step("off").await, 303);
    let calls = upstream.calls().len();
    desk.clock.advance(AN_HOUR);
    run_jobs(&desk);
    assert_eq!(upstream.calls().len(), calls);
    let lines = audit_lines(&desk);
    assert_eq!(lines.iter().filter(|line| line.starts_with("catalog_step_changed")).count(), 2, "{lines:?}");
}

#[actix_web::test]
async fn a_suspended_connection_compares_nothing() {
    let upstream = shop();
    let desk = desk(&upstream).await;
    assert_eq!(desk.post_form(&ADA, &format!("{CATALOG}/step"), &[("to", "on")]).await.status, 303);
    let suspended = connections::suspended_at.eq(1);
    let updated =
        desk.db.write_here(|conn| Ok::<_, Error>(diesel::update(connections::table).set(suspended).execute(conn)?));
    assert_eq!(updated.ok(), Some(1));
    run_jobs(&desk);
    let refused = desk.post_form(&ADA, CATALOG, &[]).await;
    assert!(refused.status == 422 && refused.body.contains("The connection is suspended"), "{}", refused.body);
    assert!(upstream.calls().is_empty());
}

#[actix_web::test]
async fn only_admins_of_a_connected_project_compare_catalogs() {
    let desk = Desk::open().await;
    for person in [&VERA, &SOL, &DEV] {
        assert_eq!(desk.get(person, CATALOG).await.status, 403, "{}", person.name);
        for path in [CATALOG.to_owned(), format!("{CATALOG}/take"), format!("{CATALOG}/step")] {
            let fields = [("seen", "1"), ("scope", "all"), ("to", "on")];
            assert_eq!(desk.post_form(person, &path, &fields).await.status, 403, "{} {path}", person.name);
        }
    }
    assert_eq!(desk.post_form(&ADA, CATALOG, &[]).await.status, 422, "it is not connected");
    let text = text_of(&desk.page(&ADA, CATALOG).await);
    assert!(text.contains("Nothing was read yet."), "{text}");
}

#[actix_web::test]
async fn the_command_takes_over_as_well() {
    let upstream = shop();
    let desk = desk(&upstream).await;
    let before = catalog(&desk);
    let printed = run_well(&desk, &["catalog", "take", "--project", "sundial", "--dry-run"], "");
    for line in [
        "+ product pro:month Google Play",
        "~ product pro_month App Store",
        "    Name: \"Old name\" > \"Pro, a month\"",
        "= product web_month Stripe exists only here and stays",
        "= entitlement pro: only here, and stays: web_month",
        "! App App app3: Apps of the type",
        "Nothing was changed.",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert_eq!(catalog(&desk), before);
    let printed = run_well(&desk, &["catalog", "take", "--project", "sundial"], "");
    assert!(printed.ends_with("added; 1 product and 1 entitlement changed.\n"), "{printed}");
    let again = run_well(&desk, &["catalog", "take", "--project", "sundial"], "");
    assert!(again.ends_with("Nothing differs.\n"), "{again}");
    let taken = audit_entries(&desk);
    let taken: Vec<_> = taken.iter().filter(|entry| entry.action == "catalog_taken").collect();
    assert_eq!((taken.len(), taken[0].actor_kind.as_str()), (1, "operator"));
    upstream.fails(&["apps"], &[]);
    let failed = run(&desk, &["catalog", "take", "--project", "sundial"], "");
    assert!(!failed.status.success());
    let line = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(line.contains("The list of apps is not open to the key") && line.lines().count() == 1, "{line}");
}

#[actix_web::test]
async fn the_catalog_of_another_installation_is_taken_over_and_followed() {
    let pair = Pair::open().await;
    let there = json!({
        "products": [
            { "id": "pro:month", "store": "PLAY_STORE", "display_name": "Month", "type": "subscription", "duration": "P1M" },
            { "id": "both", "store": "PLAY_STORE", "type": "consumable" }, { "id": "both", "store": "APP_STORE", "type": "consumable" },
        ],
        "entitlements": [{ "id": "gym", "display_name": "Gym", "products": ["pro:month", "both"] }],
        "offerings": [{ "id": "main", "display_name": "Main", "default": true, "metadata": { "a": 1 }, "packages": [
            { "id": "$rc_monthly", "display_name": "Monthly", "products": ["pro:month"] },
            { "id": "coins", "display_name": "Coins", "products": ["both"] },
        ] }],
    });
    apply_catalog(&pair.upstream, &there);
    let printed = run_well(&pair.desk, &["catalog", "take", "--project", "sundial"], "");
    assert!(!printed.contains('!'), "everything can be held here: {printed}");
    assert_eq!(catalog(&pair.desk), catalog(&pair.upstream));

    let change = json!({
        "products": [{ "id": "pro:year", "store": "PLAY_STORE", "display_name": "Year", "type": "subscription", "duration": "P1Y" }],
        "entitlements": [{ "id": "gym", "display_name": "Gym and pool", "products": ["pro:year"] }],
        "offerings": [{ "id": "summer", "display_name": "Summer", "default": true, "packages": [
            { "id": "$rc_annual", "display_name": "Annual", "products": ["pro:year"] } ] }],
    });
    apply_catalog(&pair.upstream, &change);
    catch_up(&pair.desk);
    let switched = pair.desk.post_form(&ADA, &format!("{CATALOG}/step"), &[("to", "on")]).await;
    assert_eq!(switched.status, 303, "{}", switched.body);
    until("the server follows", || (catalog(&pair.desk) == catalog(&pair.upstream)).then_some(())).await;
    let entries = audit_entries(&pair.desk);
    let followed = |action: &str| entries.iter().any(|entry| entry.action == action && entry.actor_kind == "system");
    assert!(
        ["product_created", "entitlement_updated", "offering_created", "package_created"].into_iter().all(followed)
    );
}
