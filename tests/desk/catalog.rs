//! The catalog pages: products, entitlements and offerings, how many customers have them, and at most one default.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::{offering_overrides, offerings, packages};
use dossier::wording::text::segment;
use serde_json::json;

use crate::support::audit_log::{audit_actions, audit_entries};
use crate::support::cast::{ADA, DEV, LENA, Person, SOL, TEAM, VERA};
use crate::support::catalogs::apply_catalog;
use crate::support::events::{deliver_together, purchase};
use crate::support::pages::{card_of, seen_version, text_of};
use crate::support::{Answer, Desk, NOW, form};

const CATALOG: &str = "/projects/sundial/catalog";

/// A desk with two products, two entitlements and three offerings. Lena has bought `pro`, which unlocks Pro.
async fn desk_that_sells() -> Desk {
    let desk = Desk::open().await;
    let product =
        |id: &str, store: &str| json!({ "id": id, "store": store, "display_name": "Pro", "type": "subscription" });
    let offering = |id: &str, default: bool| json!({ "id": id, "display_name": id.to_uppercase(), "default": default });
    let mut standard = offering("standard", true);
    standard["packages"] = json!([
        { "id": "$rc_monthly", "display_name": "Monthly", "products": ["pro"] },
        { "id": "$rc_annual", "display_name": "Annual" },
    ]);
    let sold = json!({
        "products": [product("pro", "APP_STORE"), product("sun/pro:monthly", "PLAY_STORE")],
        "entitlements": [
            { "id": "pro", "display_name": "Pro access", "products": ["pro"] },
            { "id": "coach", "display_name": "Coach" },
        ],
        "offerings": [standard, offering("winback", false), offering("old", false)],
    });
    apply_catalog(&desk, &sold);
    let bought =
        json!({ "product_id": "pro", "entitlement_ids": ["vip"], "expiration_at_ms": NOW.plus_days(9).millis() });
    deliver_together(&desk, desk.project, &[purchase("lena", 1, bought)]);
    desk
}

async fn post(desk: &Desk, person: &Person, path: &str, fields: &[(&str, &str)]) -> Answer {
    desk.post_form(person, &format!("{CATALOG}{path}"), fields).await
}

/// Posts as Dev, who may change the catalog; returns the page that follows.
async fn done(desk: &Desk, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = post(desk, &DEV, path, fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path} {}", answer.body);
    let page = desk.get(&DEV, answer.header("location")).await;
    assert_eq!(page.status, StatusCode::OK, "{path}");
    page.body
}

async fn refused(desk: &Desk, path: &str, fields: &[(&str, &str)], reason: &str) -> String {
    let answer = post(desk, &DEV, path, fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {fields:?}");
    assert!(answer.body.contains(reason), "{path} {fields:?}: {reason}");
    answer.body
}

async fn dialog(desk: &Desk, page: &str, name: &str) -> String {
    let html = desk.get(&DEV, &format!("{CATALOG}{page}?dialog={name}")).await.body;
    html.split_once("<dialog").map_or_else(|| panic!("no dialog {name}"), |(_, dialog)| dialog.to_owned())
}

async fn seen(desk: &Desk, page: &str, name: &str) -> String {
    seen_version(&dialog(desk, page, name).await).to_owned()
}

fn defaults(desk: &Desk) -> Vec<String> {
    let own = offerings::project_id.eq(desk.project).and(offerings::is_default.eq(true));
    let ids = offerings::table.filter(own).select(offerings::identifier);
    desk.db.read_here(|conn| Ok::<_, Error>(ids.load(conn)?)).expect("offerings")
}

/// The entitlements on Lena's card.
async fn entitlements(desk: &Desk) -> String {
    let html = desk.get(&SOL, LENA).await.body;
    let card = text_of(card_of(&html, "entitlements"));
    let names = ["Pro access", "Coach", "vip"].into_iter().filter(|name| card.contains(name));
    names.collect::<Vec<_>>().join(", ")
}

#[actix_web::test]
async fn the_catalog_is_read_by_developers_and_changed_with_a_trace() {
    let desk = desk_that_sells().await;
    for person in &TEAM {
        let may = person.id == DEV.id || person.id == ADA.id;
        for path in ["", "/offerings/standard"] {
            let status = desk.get(person, &format!("{CATALOG}{path}")).await.status;
            assert_eq!(status, if may { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{} {path}", person.name);
        }
        let added = post(&desk, person, "/entitlements", &[("identifier", person.email), ("name", "x")]).await;
        assert_eq!(added.status == StatusCode::SEE_OTHER, may, "{}", person.name);
    }
    let (made, refused): (Vec<String>, Vec<String>) =
        audit_actions(&desk).into_iter().partition(|action| action != "authorization_refused");
    assert_eq!((made, refused.len()), (vec!["entitlement_created".to_owned(); 2], 4));
    let page = desk.get(&DEV, CATALOG).await.body;
    for shown in ["sun/pro:monthly", "Google Play", "Subscription", "1 customer", "0 customers", "Default"] {
        assert!(page.contains(shown), "{shown}");
    }
    assert_eq!(desk.get(&DEV, "/projects/moonrise/catalog").await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn what_is_not_in_the_catalog_is_404() {
    let desk = desk_that_sells().await;
    let fields = [("name", "x"), ("product", "pro"), ("kind", "consumable"), ("place", "1")];
    for path in [
        "/products/APP_STORE/nothing",
        "/products/PLAY_STORE/pro/delete",
        "/entitlements/nothing",
        "/entitlements/nothing/delete",
        "/entitlements/nothing/attach",
        "/entitlements/nothing/detach",
        "/offerings/nothing",
        "/offerings/nothing/default",
        "/offerings/nothing/archive",
        "/offerings/nothing/unarchive",
        "/offerings/nothing/delete",
        "/offerings/nothing/packages/$rc_monthly",
        "/offerings/standard/packages/nothing",
        "/offerings/standard/packages/nothing/delete",
        "/offerings/standard/packages/nothing/attach",
        "/offerings/standard/packages/nothing/detach",
        "/offerings/winback/packages/$rc_monthly/delete",
    ] {
        assert_eq!(post(&desk, &DEV, path, &fields).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        post(&desk, &DEV, "/offerings/nothing/packages", &[("identifier", "a"), ("name", "a")]).await.status,
        404
    );
    assert_eq!(desk.get(&DEV, &format!("{CATALOG}/offerings/nothing")).await.status, StatusCode::NOT_FOUND);
    assert!(audit_entries(&desk).is_empty());
}

#[actix_web::test]
async fn a_product_is_added_changed_and_deleted() {
    let desk = desk_that_sells().await;
    let new = [
        ("store", "STRIPE"),
        ("identifier", " prod/1 "),
        ("name", "Pro <b>"),
        ("kind", "subscription"),
        ("duration", "p3m"),
        ("amount", "24.990"),
        ("currency", "usd"),
    ];
    let page = done(&desk, "/products", &new).await;
    assert!(page.contains("prod/1 is added.") && page.contains("Pro &#60;b&#62;") && page.contains("USD 24.99"));
    refused(&desk, "/products", &new, "This store has a product of that id already.").await;
    let key = segment("STRIPE/prod/1");
    let version = seen(&desk, "", &format!("product-edit.{key}")).await;
    let change = [("kind", "consumable"), ("name", ""), ("seen", &version)];
    done(&desk, "/products/STRIPE/prod%2F1", &change).await;
    let stale = post(&desk, &DEV, "/products/STRIPE/prod%2F1", &[("kind", "one_time"), ("seen", &version)]).await;
    assert!(
        stale.status == StatusCode::CONFLICT && stale.body.contains("Type: <bdi>Consumable</bdi>"),
        "both versions"
    );
    let gone = done(&desk, "/products/STRIPE/prod%2F1/delete", &[]).await;
    assert!(gone.contains("prod/1 is deleted.") && !gone.contains(">prod/1</bdi>"));
    let lines = audit_entries(&desk);
    assert_eq!(audit_actions(&desk), ["product_created", "product_updated", "product_deleted"]);
    assert!(
        lines[1].details.contains("Type: Subscription") && lines[1].details.contains("Type: Consumable"),
        "{}",
        lines[1].details
    );
}

#[actix_web::test]
async fn a_refused_product_comes_back_with_every_reason() {
    let desk = desk_that_sells().await;
    let long = "a".repeat(201);
    let wrong = [
        ("store", "a b"),
        ("identifier", ".."),
        ("name", &long),
        ("kind", "thing"),
        ("duration", "1M"),
        ("amount", "4,99"),
        ("currency", "USD"),
    ];
    let html = refused(&desk, "/products", &wrong, "is not a store").await;
    for reason in
        ["An identifier has 1 to 200", "A name has 1 to 200", "A product is one of", "A duration", "not a decimal"]
    {
        assert!(html.contains(reason), "{reason}");
    }
    assert!(html.contains("value=\"4,99\"") && html.contains(&long), "the text is kept");
    let edge = "語".repeat(200);
    let most = [("store", "ROKU"), ("identifier", &edge), ("name", &edge), ("kind", "consumable")];
    done(&desk, "/products", &most).await;
}

#[actix_web::test]
async fn deleting_a_product_takes_nothing_from_its_buyers() {
    let desk = desk_that_sells().await;
    let shown = dialog(&desk, "", "product-delete.APP_STORE/pro").await;
    assert!(
        shown.contains("1 customer bought it.") && shown.contains("attached to <span class=\"mono\">pro</span>"),
        "{shown}"
    );
    done(&desk, "/products/APP_STORE/pro/delete", &[]).await;
    assert_eq!(entitlements(&desk).await, "Pro access");
    assert!(dialog(&desk, "", "product-delete.PLAY_STORE/sun%2Fpro:monthly").await.contains("Nobody bought it."));
}

#[actix_web::test]
async fn attaching_and_detaching_count_for_everybody_who_ever_bought_it() {
    let desk = desk_that_sells().await;
    assert_eq!(entitlements(&desk).await, "Pro access");
    let shown = dialog(&desk, "", "entitlement-attach.coach").await;
    assert!(
        shown.contains("Everybody who ever bought the product gets") && shown.contains("Pro, App Store, 1 customer")
    );
    let page = done(&desk, "/entitlements/coach/attach", &[("product", " pro ")]).await;
    assert!(page.contains("pro unlocks Coach. 1 customer has it running now."));
    assert_eq!(entitlements(&desk).await, "Pro access, Coach");
    refused(&desk, "/entitlements/coach/attach", &[("product", "pro")], "It is attached to Coach already.").await;
    let shown = dialog(&desk, "", "entitlement-detach.pro&product=pro").await;
    assert!(shown.contains("1 customer") && !shown.contains("attached to nothing else"), "{shown}");
    done(&desk, "/entitlements/pro/detach", &[("product", "pro")]).await;
    assert_eq!(entitlements(&desk).await, "Coach");
    let shown = dialog(&desk, "", "entitlement-detach.coach&product=pro").await;
    assert!(shown.contains("attached to nothing else"), "{shown}");
    done(&desk, "/entitlements/coach/detach", &[("product", "pro")]).await;
    assert_eq!(entitlements(&desk).await, "vip", "what its events say");
    refused(&desk, "/entitlements/coach/detach", &[("product", "pro")], "not attached any more").await;
    let list = desk.get(&SOL, "/projects/sundial/customers?list=active").await.body;
    assert!(list.contains(">lena<"), "lists follow purchases, not the catalog");
    assert_eq!(audit_actions(&desk), ["product_attached", "product_detached", "product_detached"]);
}

#[actix_web::test]
async fn an_unknown_product_can_be_attached_before_it_is_sold() {
    let desk = desk_that_sells().await;
    for (product, is_good) in [("later", true), ("", false), ("..", false), (&"a".repeat(201), false)] {
        let answer = post(&desk, &DEV, "/entitlements/coach/attach", &[("product", product)]).await;
        assert_eq!(answer.status == StatusCode::SEE_OTHER, is_good, "{product}");
        assert!(is_good || answer.body.contains("An identifier has 1 to 200"), "{product}");
    }
    assert!(desk.get(&DEV, CATALOG).await.body.contains("Detach later from Coach"));
}

#[actix_web::test]
async fn an_entitlement_is_added_renamed_and_deleted() {
    let desk = desk_that_sells().await;
    done(&desk, "/entitlements", &[("identifier", "plus/1"), ("name", "Plus")]).await;
    let taken = [("identifier", "plus/1"), ("name", "Plus")];
    refused(&desk, "/entitlements", &taken, "There is an entitlement of that identifier already.").await;
    let html = refused(&desk, "/entitlements", &[("identifier", ""), ("name", " ")], "An identifier has").await;
    assert!(html.contains("A name has 1 to 200 characters."));
    let version = seen(&desk, "", "entitlement-edit.plus%2F1").await;
    let page = done(&desk, "/entitlements/plus%2F1", &[("name", "Plus!"), ("seen", &version)]).await;
    assert!(page.contains("plus/1 is called Plus! now."));
    let late = post(&desk, &DEV, "/entitlements/plus%2F1", &[("name", "Minus"), ("seen", &version)]).await;
    assert!(late.status == StatusCode::CONFLICT && late.body.contains("Name: <bdi>Plus!</bdi>"));
    let shown = dialog(&desk, "", "entitlement-delete.pro").await;
    assert!(shown.contains("1 customer") && shown.contains("Grants made by hand"), "{shown}");
    done(&desk, "/entitlements/pro/delete", &[]).await;
    assert_eq!(entitlements(&desk).await, "vip");
    assert_eq!(audit_actions(&desk), ["entitlement_created", "entitlement_updated", "entitlement_deleted"]);
    assert!(audit_entries(&desk)[2].details.contains("Pro access\\npro"), "what it unlocked is in the log");
}

#[actix_web::test]
async fn the_default_offering_can_be_neither_archived_nor_deleted() {
    let desk = desk_that_sells().await;
    let shown = dialog(&desk, "/offerings/winback", "offering-default").await;
    assert!(shown.contains("<bdi>WINBACK</bdi> instead of <bdi>STANDARD</bdi>"), "{shown}");
    done(&desk, "/offerings/winback/default", &[]).await;
    assert_eq!(defaults(&desk), ["winback"]);
    assert!(desk.get(&SOL, LENA).await.body.contains("WINBACK"));
    for (path, reason) in [
        ("/offerings/winback/default", "It is the default already."),
        ("/offerings/winback/archive", "Choose another default first."),
        ("/offerings/winback/delete", "Choose another default first."),
        ("/offerings/winback/unarchive", "It is out of the archive already."),
    ] {
        refused(&desk, path, &[], reason).await;
    }
    done(&desk, "/offerings/old/archive", &[]).await;
    refused(&desk, "/offerings/old/default", &[], "Take it out of the archive first.").await;
    refused(&desk, "/offerings/old/archive", &[], "It is in the archive already.").await;
    done(&desk, "/offerings/old/unarchive", &[]).await;
    done(&desk, "/offerings/old/delete", &[]).await;
    assert_eq!(desk.get(&DEV, &format!("{CATALOG}/offerings/old")).await.status, StatusCode::NOT_FOUND);
    let wanted = ["default_offering_changed", "offering_archived", "offering_unarchived", "offering_deleted"];
    assert_eq!(audit_actions(&desk), wanted);
    assert_eq!(defaults(&desk), ["winback"]);
}

#[actix_web::test]
async fn fifty_choices_of_a_default_at_once_leave_one() {
    let desk = desk_that_sells().await;
    for number in 0..5 {
        done(&desk, "/offerings", &[("identifier", &format!("o{number}")), ("name", "x"), ("metadata", "")]).await;
    }
    let paths: Vec<String> = (0..50).map(|number| format!("/offerings/o{}/default", number % 5)).collect();
    let cookie = desk.cookie(&DEV);
    let choosing = |path: &String| form(&format!("{CATALOG}{path}"), &[]).insert_header(("cookie", cookie.clone()));
    let answers = desk.call_at_once(paths.iter().map(choosing).collect()).await;
    let done = answers.iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    assert!(done >= 1 && answers.iter().all(|answer| !answer.status.is_server_error()));
    assert_eq!(defaults(&desk).len(), 1);
    assert_eq!(audit_actions(&desk).iter().filter(|action| *action == "default_offering_changed").count(), done);
    let sql = "UPDATE offerings SET is_default = (1 = 1) WHERE project_id = 11";
    assert!(desk.db.batch(sql).is_err(), "the database itself allows one");
}

#[actix_web::test]
async fn the_first_offering_is_the_default_and_the_last_may_be_deleted() {
    let desk = Desk::open().await;
    let empty = desk.get(&DEV, CATALOG).await.body;
    assert!(empty.contains("No offerings yet.") && empty.contains("No entitlements yet."));
    let page = done(&desk, "/offerings", &[("identifier", "a"), ("name", "A"), ("metadata", "{\"x\": 1}")]).await;
    assert!(page.contains("It is the default, as there was none."));
    done(&desk, "/offerings", &[("identifier", "b"), ("name", "B")]).await;
    assert_eq!(defaults(&desk), ["a"]);
    refused(&desk, "/offerings/a/delete", &[], "Choose another default first.").await;
    done(&desk, "/offerings/b/delete", &[]).await;
    done(&desk, "/offerings/a/delete", &[]).await;
    assert!(defaults(&desk).is_empty());
}

#[actix_web::test]
async fn an_offerings_metadata_is_a_json_object_of_at_most_4000_characters() {
    let desk = desk_that_sells().await;
    let object = |length: usize| format!("{{\"a\": \"{}\"}}", "語".repeat(length - 8));
    let version = seen(&desk, "/offerings/winback", "offering-edit").await;
    let most = object(4_000);
    done(&desk, "/offerings/winback", &[("name", "Win-back"), ("metadata", &most), ("seen", &version)]).await;
    for (metadata, reason) in
        [("[]", "not a JSON object"), ("{", "not a JSON object"), (&object(4_001), "4001 characters")]
    {
        let fields = [("name", "Win-back"), ("metadata", metadata), ("seen", "")];
        let html = refused(&desk, "/offerings/winback", &fields, reason).await;
        assert!(html.contains("aria-invalid=\"true\" aria-describedby=\"metadata-reason\""), "{reason}");
    }
    let late = [("name", "Late"), ("metadata", "{}"), ("seen", &version)];
    let late = post(&desk, &DEV, "/offerings/winback", &late).await;
    assert!(late.status == StatusCode::CONFLICT && late.body.contains("Name: <bdi>Win-back</bdi>"));
    refused(&desk, "/offerings", &[("identifier", "winback"), ("name", "x")], "of that identifier already").await;
}

#[actix_web::test]
async fn archiving_says_for_how_many_customers_an_offering_is_set() {
    let desk = desk_that_sells().await;
    let set = |until: Option<i64>| {
        desk.db.write_here(|conn| {
            let lena = dossier::customers::identity::find(conn, desk.project, "lena")?.ok_or(Error::NotFound)?;
            diesel::delete(offering_overrides::table).execute(conn)?;
            diesel::insert_into(offering_overrides::table)
                .values((
                    offering_overrides::customer_id.eq(lena),
                    offering_overrides::project_id.eq(desk.project),
                    offering_overrides::is_end_recorded.eq(false),
                    offering_overrides::offering.eq("winback"),
                    offering_overrides::set_by.eq("Dev Anand"),
                    offering_overrides::set_at.eq(NOW.millis()),
                    offering_overrides::until.eq(until),
                ))
                .execute(conn)?;
            Ok::<_, Error>(())
        })
    };
    for (until, shown) in [
        (None, "It is set for 1 customer, who get the default instead."),
        (Some(NOW.millis() + 1), "It is set for 1 customer"),
        (Some(NOW.millis()), "It is set for no customer."),
    ] {
        set(until).expect("an override");
        let dialog = dialog(&desk, "/offerings/winback", "offering-archive").await;
        assert!(dialog.contains(shown), "{shown}: {dialog}");
    }
}

#[actix_web::test]
async fn packages_are_added_filled_moved_and_deleted() {
    let desk = desk_that_sells().await;
    let base = "/offerings/standard/packages";
    done(&desk, base, &[("identifier", "$rc_weekly"), ("name", "Weekly")]).await;
    refused(&desk, base, &[("identifier", "$rc_weekly"), ("name", "Weekly")], "of that identifier already").await;
    refused(&desk, base, &[("identifier", "x"), ("name", "")], "A name has 1 to 200 characters.").await;
    done(&desk, &format!("{base}/$rc_weekly/attach"), &[("product", "sun/pro:monthly")]).await;
    let taken = [("product", "sun/pro:monthly")];
    refused(&desk, &format!("{base}/$rc_weekly/attach"), &taken, "It is in this package already.").await;
    let version = seen(&desk, "/offerings/standard", "package-edit.%24rc_weekly").await;
    let path = format!("{base}/%24rc_weekly");
    done(&desk, &path, &[("name", "Each week"), ("place", "1"), ("seen", &version)]).await;
    let order = packages::table.order(packages::position).select((packages::identifier, packages::display_name));
    let stored: Vec<(String, String)> = desk.db.read_here(|conn| Ok::<_, Error>(order.load(conn)?)).expect("packages");
    let ids: Vec<&str> = stored.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!((ids.as_slice(), stored[0].1.as_str()), (&["$rc_weekly", "$rc_monthly", "$rc_annual"][..], "Each week"));
    let late = post(&desk, &DEV, &path, &[("name", "x"), ("place", "1"), ("seen", &version)]).await;
    assert!(late.status == StatusCode::CONFLICT && late.body.contains("Place: <bdi>1</bdi>"));
    refused(&desk, &path, &[("name", "x"), ("place", "4"), ("seen", "")], "Choose one of the places.").await;
    let shown = dialog(&desk, "/offerings/standard", "package-detach.%24rc_weekly&product=sun/pro:monthly").await;
    assert!(shown.contains("Take sun/pro:monthly out of Each week"), "{shown}");
    done(&desk, &format!("{path}/detach"), &taken).await;
    refused(&desk, &format!("{path}/detach"), &taken, "not in the package any more").await;
    done(&desk, &format!("{path}/delete"), &[]).await;
    let wanted = ["package_created", "package_updated", "package_updated", "package_updated", "package_deleted"];
    assert_eq!(audit_actions(&desk), wanted);
}

#[actix_web::test]
async fn customers_are_counted_once_in_their_own_project_and_as_long_as_they_have_it() {
    let desk = desk_that_sells().await;
    let bought = |id: &str, n: i64, extra: serde_json::Value| {
        let mut event = json!({ "product_id": "pro", "transaction_id": format!("{id}{n}"),
            "original_transaction_id": format!("{id}{n}"), "expiration_at_ms": NOW.plus_days(9).millis() });
        event.as_object_mut().expect("an object").extend(extra.as_object().cloned().unwrap_or_default());
        purchase(id, n, event)
    };
    let over = json!({ "expiration_at_ms": NOW.plus_days(-1).millis() });
    let granted =
        json!({ "product_id": "rc_promo_pro_monthly", "store": "PROMOTIONAL", "type": "NON_RENEWING_PURCHASE" });
    let other_store = json!({ "store": "MAC_APP_STORE" });
    let sandbox = json!({ "environment": "SANDBOX" });
    deliver_together(
        &desk,
        desk.project,
        &[
            bought("lena", 2, json!({})),
            bought("mara", 3, over),
            bought("noor", 4, granted),
            bought("omid", 5, other_store),
            bought("sandy", 6, sandbox),
        ],
    );
    let other = desk.project_of_its_own();
    deliver_together(&desk, other, &[bought("pia", 7, json!({}))]);
    let page = desk.get(&DEV, CATALOG).await.body;
    let row = page.split("<tr role=\"row\">").skip(1).find(|row| row.contains(">pro</bdi>")).expect("the product");
    assert!(row.contains("3 customers"), "lena, mara and sandy in the App Store: {row}");
    let li = page.split("<li>").find(|li| li.contains("Pro access")).expect("the entitlement");
    assert!(li.contains(">4 customers<"), "lena, noor, omid and sandy have it now: {li}");
    assert!(dialog(&desk, "", "product-delete.APP_STORE/pro").await.contains("4 customers bought it."), "in any store");
}

#[actix_web::test]
async fn pages_have_no_control_that_would_be_refused() {
    let desk = desk_that_sells().await;
    for person in [&VERA, &SOL] {
        assert!(!desk.get(person, LENA).await.body.contains("/catalog"), "{}", person.name);
    }
    let default = desk.get(&DEV, &format!("{CATALOG}/offerings/standard")).await.body;
    assert!(!default.contains("dialog=offering-archive") && !default.contains("dialog=offering-delete"));
    for name in ["offering-archive", "offering-delete", "offering-default", "offering-unarchive", "package-edit.x"] {
        let html = desk.get(&DEV, &format!("{CATALOG}/offerings/standard?dialog={name}")).await.body;
        assert!(!html.contains("<dialog"), "{name}");
    }
}

#[actix_web::test]
async fn the_page_asks_the_same_number_of_queries_for_any_catalog() {
    let desk = desk_that_sells().await;
    let asked = async || {
        let cookie = desk.cookie(&DEV);
        let before = desk.db.statements();
        assert_eq!(desk.get_with(&cookie, CATALOG).await.status, StatusCode::OK);
        desk.db.statements() - before
    };
    let small = asked().await;
    let many: Vec<_> =
        (0..60).map(|n| json!({ "id": format!("p{n}"), "store": "ROKU", "type": "consumable" })).collect();
    let more: Vec<_> =
        (0..30).map(|n| json!({ "id": format!("e{n}"), "display_name": "E", "products": ["p1"] })).collect();
    apply_catalog(&desk, &json!({ "products": many, "entitlements": more }));
    assert_eq!(asked().await, small);
}
