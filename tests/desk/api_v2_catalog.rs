//! What the project sells, over v2: apps, products, entitlements, offerings and packages (§C6).

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::db::schema::offerings;
use serde_json::{Value, json};

use crate::support::Desk;
use crate::support::catalogs::{apply_catalog, desk_with_products};
use crate::support::client::Client;
use crate::support::seed::MOONRISE_ID;

const PROJECT: &str = "/v2/projects/sundial";

async fn get(server: &Client<'_>, path: &str) -> Value {
    let answer = server.get(&format!("{PROJECT}{path}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.json()
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).collect()
}

#[actix_web::test]
async fn each_store_of_the_project_is_an_app() {
    let desk = desk_with_products().await;
    let server = desk.server_as(Role::Viewer);
    desk.app("AMAZON");
    let apps = get(&server, "/apps").await;
    assert_eq!(ids(&apps), ["amazon", "app_store", "play_store", "rc_billing"]);
    let google = get(&server, "/apps/play_store").await;
    assert_eq!(google, apps["items"][2]);
    assert_eq!(
        (&google["object"], &google["name"], &google["type"]),
        (&json!("app"), &json!("Google Play"), &json!("play_store"))
    );
    assert!(google["created_at"].is_i64() && google["project_id"] == "sundial");
}

#[actix_web::test]
async fn products_have_their_store_as_app_and_their_period() {
    let desk = desk_with_products().await;
    let server = desk.server();
    let all = get(&server, "/products").await;
    assert_eq!(ids(&all), ["coins", "plus_18m", "plus_1m", "plus_ios", "premium:monthly", "unpriced"]);
    let plus = get(&server, "/products/plus_18m").await;
    let made_at = plus["created_at"].clone();
    let wanted = json!({
        "object": "product", "id": "plus_18m", "store_identifier": "plus_18m", "type": "subscription", "state": "active",
        "display_name": "Name of plus_18m", "app_id": "rc_billing", "one_time": null, "created_at": made_at,
        "subscription": { "duration": "P1Y6M", "grace_period_duration": null, "trial_duration": null },
    });
    assert_eq!(plus, wanted);
    let coins = get(&server, "/products/coins?expand=app").await;
    assert_eq!((&coins["type"], &coins["one_time"]), (&json!("consumable"), &json!({ "is_consumable": true })));
    assert_eq!((&coins["app"]["id"], &coins["subscription"]), (&json!("rc_billing"), &Value::Null));
    assert_eq!(ids(&get(&server, "/products?app_id=play_store").await), ["premium:monthly"]);
    assert!(ids(&get(&server, "/products?app_id=roku").await).is_empty());
    let page = get(&server, "/products?limit=2&expand=items.app").await;
    assert_eq!(page["items"][0]["app"]["type"], "rc_billing");
    let next = page["next_page"].as_str().and_then(|next| next.strip_prefix(PROJECT)).expect("another page");
    let next = get(&server, next).await;
    assert_eq!((ids(&next), &next["items"][1]["app"]["id"]), (vec!["plus_1m", "plus_ios"], &json!("app_store")));
}

#[actix_web::test]
async fn an_identifier_that_two_stores_sell_is_two_products() {
    let desk = Desk::open().await;
    let product = |store: &str| json!({ "id": "pro", "store": store, "type": "subscription", "duration": "P1M" });
    let sold = json!({
        "products": [product("PLAY_STORE"), product("APP_STORE")], "offerings": [],
        "entitlements": [{ "id": "pro", "display_name": "Pro", "products": ["pro"] }],
    });
    apply_catalog(&desk, &sold);
    let server = desk.server();
    assert_eq!(ids(&get(&server, "/products").await), ["pro@app_store", "pro@play_store"]);
    assert_eq!(ids(&get(&server, "/products?limit=1&starting_after=pro%40app_store").await), ["pro@play_store"]);
    assert_eq!(get(&server, "/products/pro@play_store").await["app_id"], "play_store");
    assert_eq!(get(&server, "/products/pro").await["app_id"], "app_store", "the first of them");
    assert_eq!(ids(&get(&server, "/entitlements/pro/products").await), ["pro@app_store", "pro@play_store"]);
}

#[actix_web::test]
async fn entitlements_have_the_products_that_unlock_them() {
    let desk = desk_with_products().await;
    let server = desk.server();
    let all = get(&server, "/entitlements").await;
    let plus = &all["items"][0];
    assert_eq!(
        (&plus["object"], &plus["id"], &plus["lookup_key"]),
        (&json!("entitlement"), &json!("plus"), &json!("plus"))
    );
    assert_eq!(
        (&plus["display_name"], &plus["state"], &plus["products"]),
        (&json!("Plus"), &json!("active"), &Value::Null)
    );
    assert_eq!(get(&server, "/entitlements/plus").await, *plus);
    let products = get(&server, "/entitlements/plus/products").await;
    assert_eq!(ids(&products), ["plus_1m", "plus_ios", "premium:monthly"]);
    assert_eq!(get(&server, "/entitlements/plus?expand=product").await["products"], products);
    assert_eq!(get(&server, "/entitlements?expand=items.product").await["items"][0]["products"], products);
    assert_eq!(get(&server, "/entitlements?expand=product").await["items"][0], *plus, "lists say `items.`");
}

#[actix_web::test]
async fn offerings_have_their_packages_and_these_their_products() {
    let desk = desk_with_products().await;
    let archived = desk.db.write_here(|conn| {
        let old = offerings::table.filter(offerings::identifier.eq("winback"));
        Ok::<_, Error>(diesel::update(old).set(offerings::is_archived.eq(true)).execute(conn)?)
    });
    archived.expect("an archived offering");
    let server = desk.server();
    let all = get(&server, "/offerings").await;
    let (standard, winback) = (&all["items"][0], &all["items"][1]);
    assert_eq!(
        (&standard["id"], &standard["is_current"], &standard["state"]),
        (&json!("standard"), &json!(true), &json!("active"))
    );
    assert_eq!((&winback["state"], &winback["metadata"]), (&json!("inactive"), &json!({ "badge": "-50%" })));
    assert_eq!((&standard["metadata"], &standard["packages"]), (&Value::Null, &Value::Null));
    assert_eq!(get(&server, "/offerings/standard").await, *standard);
    let packages = get(&server, "/offerings/standard/packages").await;
    let monthly = &packages["items"][0];
    assert_eq!((&monthly["lookup_key"], &monthly["position"]), (&json!("$rc_monthly"), &json!(1)));
    assert_eq!(get(&server, "/offerings/standard?expand=package").await["packages"], packages);
    let id = monthly["id"].as_str().expect("an id");
    assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{id}");
    assert_eq!(get(&server, &format!("/packages/{id}")).await, *monthly);
    let sales = get(&server, &format!("/packages/{id}/products")).await;
    let sold: Vec<&Value> =
        sales["items"].as_array().expect("items").iter().map(|sale| &sale["product"]["id"]).collect();
    assert_eq!(sold, ["plus_1m", "plus_ios", "premium:monthly"]);
    assert_eq!(sales["items"][0]["eligibility_criteria"], "all");
    let next = get(&server, &format!("/packages/{id}/products?limit=1&starting_after=plus_1m")).await;
    assert_eq!(next["items"][0]["product"]["id"], "plus_ios");
    assert_eq!(get(&server, &format!("/packages/{id}?expand=product")).await["products"], sales);
    for path in
        ["/offerings/standard?expand=package.product", "/offerings/standard?expand=package&expand=package.product"]
    {
        assert_eq!(get(&server, path).await["packages"]["items"][0]["products"], sales, "{path}");
    }
    let full = get(&server, "/offerings?limit=1&expand=items.package.product").await;
    assert_eq!(full["items"][0]["packages"]["items"][0]["products"], sales);
    assert!(full["next_page"].as_str().is_some_and(|next| next.ends_with("&expand=items.package.product")), "{full}");
    let full = get(&server, "/offerings/standard/packages?expand=items.product").await;
    assert_eq!(full["items"][0]["products"], sales);
    assert!(ids(&get(&server, "/offerings/winback/packages").await).is_empty());
}

#[actix_web::test]
async fn what_is_not_in_the_catalog_is_unknown() {
    let desk = desk_with_products().await;
    let (server, other) = (desk.server(), desk.client(MOONRISE_ID, "Other", None));
    let package =
        get(&server, "/offerings/standard/packages").await["items"][0]["id"].as_str().expect("an id").to_owned();
    let own = [
        "/apps/play_store".to_owned(),
        "/products/coins".into(),
        "/entitlements/plus".into(),
        "/entitlements/plus/products".into(),
        "/offerings/standard".into(),
        "/offerings/standard/packages".into(),
        format!("/packages/{package}"),
        format!("/packages/{package}/products"),
    ];
    for path in own {
        assert_eq!(server.get(&format!("{PROJECT}{path}")).await.status, StatusCode::OK, "{path}");
        let foreign = other.get(&format!("/v2/projects/moonrise{path}")).await;
        assert_eq!(
            (foreign.status, &foreign.json()["type"]),
            (StatusCode::NOT_FOUND, &json!("resource_missing")),
            "{path}"
        );
        let app = desk.web_app().get(&format!("{PROJECT}{path}")).await;
        assert_eq!(app.status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in
        ["/apps/roku", "/products/gold", "/entitlements/gold/products", "/offerings/gold/packages", "/packages/pkge"]
    {
        assert_eq!(server.get(&format!("{PROJECT}{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/products?limit=0", "/entitlements?starting_after=gold", "/offerings/standard/packages?limit=x"] {
        let answer = server.get(&format!("{PROJECT}{path}")).await;
        assert_eq!(
            (answer.status, &answer.json()["type"]),
            (StatusCode::BAD_REQUEST, &json!("parameter_error")),
            "{path}"
        );
    }
}
