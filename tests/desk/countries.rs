//! The country of a caller: it comes from the address, and the address is stored nowhere.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::db::schema::customers;

use crate::support::{Desk, traces};

/// Calls as an app, from this peer and with these headers, and returns the country that is stored then.
async fn country(desk: &Desk, key: &str, peer: &str, headers: &[(&str, &str)]) -> Option<String> {
    let request =
        TestRequest::get().uri("/v1/subscribers/lena").peer_addr(format!("{peer}:4711").parse().expect("a peer"));
    let request =
        request.insert_header(("authorization", format!("Bearer {key}"))).insert_header(("x-platform", "web"));
    let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
    assert!(matches!(desk.call(request).await.status, StatusCode::OK | StatusCode::CREATED));
    desk.application.last_seen.settle();
    let country = customers::table.select(customers::country);
    desk.db.read_here(|conn| Ok::<_, Error>(country.first(conn)?)).expect("a customer")
}

#[actix_web::test]
async fn an_address_gives_the_country_and_is_stored_nowhere() {
    let desk = Desk::open().await;
    let key = desk.app("RC_BILLING").key;
    assert_eq!(country(&desk, &key, "80.156.0.1", &[]).await.as_deref(), Some("DE"));
    desk.clock.advance(1);
    assert_eq!(country(&desk, &key, "[2001:200::1]", &[]).await.as_deref(), Some("JP"));
    for address in ["80.156.0.1", "2001:200::"] {
        assert!(traces::find(&desk, address).is_empty(), "{address}");
    }
}

#[actix_web::test]
async fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let desk = Desk::open_with(|config| config.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")]).await;
    let key = desk.app("RC_BILLING").key;
    let forwarded = [("x-forwarded-for", "80.156.0.1")];
    assert_eq!(country(&desk, &key, "8.8.8.8", &forwarded).await.as_deref(), Some("US"));
    desk.clock.advance(1);
    assert_eq!(country(&desk, &key, "10.1.2.3", &forwarded).await.as_deref(), Some("DE"));
    desk.clock.advance(1);
    let forwarded = [("forwarded", "for=\"[2001:200::1]\";proto=https")];
    assert_eq!(country(&desk, &key, "10.1.2.3", &forwarded).await.as_deref(), Some("JP"));
    assert!(traces::find(&desk, "80.156.0.1").is_empty());
}

#[actix_web::test]
async fn the_country_of_the_store_is_used_where_the_address_has_none() {
    let desk = Desk::open().await;
    let key = desk.app("APP_STORE").key;
    assert_eq!(country(&desk, &key, "127.0.0.1", &[]).await, None);
    desk.clock.advance(1);
    assert_eq!(country(&desk, &key, "127.0.0.1", &[("x-storefront", "BRA")]).await.as_deref(), Some("BR"));
    desk.clock.advance(1);
    assert_eq!(country(&desk, &key, "80.156.0.1", &[("x-storefront", "BRA")]).await.as_deref(), Some("DE"));
}

#[actix_web::test]
async fn a_configured_table_replaces_the_built_in_one() {
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/src/base/countries/table.mmdb");
    let desk = Desk::open_with(|config| config.geoip = Some(table.into())).await;
    let key = desk.app("RC_BILLING").key;
    assert_eq!(country(&desk, &key, "80.156.0.1", &[]).await.as_deref(), Some("DE"));
}

#[actix_web::test]
async fn the_country_comes_from_the_address_and_the_address_is_stored_nowhere() {
    let desk =
        Desk::open_with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")]).await;
    let app = desk.web_app();
    let ask = |address: &str, peer: &str| {
        let request = TestRequest::get().uri("/v1/subscribers/lena").peer_addr(peer.parse().expect("an address"));
        let request = request.insert_header(("authorization", format!("Bearer {}", app.key)));
        request.insert_header(("x-platform", "web")).insert_header(("x-forwarded-for", address.to_owned()))
    };
    let country = || {
        let country = customers::table.select(customers::country);
        desk.application.last_seen.settle();
        desk.db.read_here(|conn| Ok::<_, Error>(country.first::<Option<String>>(conn)?)).expect("a customer")
    };
    desk.call(ask("133.11.93.7", "127.0.0.1:4000")).await;
    assert_eq!(country().as_deref(), Some("JP"));
    desk.clock.advance(60);
    // This peer is no trusted proxy, so its header does not count.
    desk.call(ask("133.11.93.7", "200.160.2.3:4000")).await;
    assert_eq!(country().as_deref(), Some("BR"));
    for address in ["133.11.93.7", "200.160.2.3"] {
        assert_eq!(traces::find(&desk, address), Vec::<String>::new());
    }
}
