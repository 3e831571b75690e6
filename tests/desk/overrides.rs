//! The page of all offering overrides of a project.

use actix_web::http::StatusCode;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::customers::overrides::Override;
use serde_json::json;

use crate::support::NOW;
use crate::support::cast::{LENA, SOL, VERA};
use crate::support::catalogs::desk_with_offerings;
use crate::support::customers::customer_id;
use crate::support::events::{deliver_together, purchase};
use crate::support::pages::pager_link;

const OVERRIDES: &str = "/projects/sundial/overrides";

#[actix_web::test]
async fn the_page_lists_overrides_by_their_end_and_can_clear_them() {
    let desk = desk_with_offerings().await;
    let empty = desk.get(&VERA, OVERRIDES).await;
    assert!(empty.status == StatusCode::OK && empty.body.contains("No customer has an offering override"));
    let ids = ["ana", "bo", "cy", "di"];
    deliver_together(&desk, desk.project, &ids.map(|id| purchase(id, 1, json!({}))));
    for (id, until) in [("ana", ""), ("bo", "2026-12-24"), ("cy", "2026-11-30"), ("di", "")] {
        let fields = [("offering", "winback"), ("until", until), ("reason", id)];
        desk.post_form(&SOL, &format!("/projects/sundial/customers/{id}/offering"), &fields).await;
        desk.clock.advance(60);
    }
    desk.post_form(&SOL, &format!("{LENA}/offering"), &[("offering", "zen"), ("until", "2026-11-23")]).await;
    desk.clock.advance(8 * 3_600);
    let order = |html: &str| -> Vec<String> {
        let found = html.split("name=\"customer\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
        found.map(str::to_owned).collect()
    };
    let page = desk.get(&SOL, OVERRIDES).await.body;
    assert_eq!(order(&page), ["cy", "bo", "ana", "di"], "an ended override is not listed");
    assert!(page.contains("aria-current=\"page\">Offering overrides</a>") && page.contains("Win-back"));
    let viewer = desk.get(&VERA, OVERRIDES).await.body;
    assert!(viewer.contains("customers/cy#offering") && order(&viewer).is_empty(), "a viewer reads");
    let list = desk.get(&VERA, "/projects/sundial/customers").await.body;
    assert!(list.contains(&format!("href=\"{OVERRIDES}\"")), "the lists lead there");
    let fields = [("customer", "bo"), ("seen", "5")];
    let stale = desk.post_form(&SOL, &format!("{OVERRIDES}/clear"), &fields).await;
    assert!(stale.status == StatusCode::CONFLICT && stale.body.contains("Somebody changed this override"));
    let seen = (NOW.millis() + 60_000).to_string();
    let cleared = desk.post_form(&SOL, &format!("{OVERRIDES}/clear"), &[("customer", "bo"), ("seen", &seen)]).await;
    assert_eq!(cleared.status, StatusCode::SEE_OTHER);
    let page = desk.get(&SOL, cleared.header("location")).await.body;
    assert_eq!(order(&page), ["cy", "ana", "di"]);
    assert!(page.contains("action=\"/projects/sundial/customers/bo/undo\""), "the flash offers to undo it");
    let path = "/projects/sundial/customers/bo/undo";
    let back = desk.post_form(&SOL, path, &[("submission", &cleared.submission())]).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert_eq!(order(&desk.get(&SOL, OVERRIDES).await.body), ["cy", "bo", "ana", "di"]);
    let again = desk.post_form(&SOL, &format!("{OVERRIDES}/clear"), &[("customer", "lena")]).await;
    assert!(again.status == StatusCode::UNPROCESSABLE_ENTITY && again.body.contains("already gets the project"));
}

#[actix_web::test]
async fn the_page_shows_fifty_overrides_at_a_time() {
    let desk = desk_with_offerings().await;
    let ids: Vec<String> = (0..120).map(|number| format!("u{number:03}")).collect();
    deliver_together(&desk, desk.project, &ids.iter().map(|id| purchase(id, 1, json!({}))).collect::<Vec<_>>());
    let set = |number: i64, id: &str| Override {
        customer_id: customer_id(&desk, id),
        project_id: desk.project,
        offering: "winback".into(),
        set_by: "Sol Mbeki".into(),
        set_by_id: None,
        set_at: NOW.plus_seconds(number / 4),
        until: (number < 70).then(|| NOW.plus_days(1 + number / 3)),
        reason: None,
        is_end_recorded: false,
    };
    let sets: Vec<Override> = ids.iter().zip(0..).map(|(id, number)| set(number, id)).collect();
    let put = desk.db.write_here(|conn| {
        sets.iter().try_for_each(|set| dossier::customers::overrides::queries::put(conn, set)).map_err(Error::from)
    });
    put.expect("they are set");
    let (mut address, mut seen) = (OVERRIDES.to_owned(), Vec::new());
    for wanted in [50, 50, 20] {
        let page = desk.get(&SOL, &address).await.body;
        let rows: Vec<&str> = page.split("#offering\"><bdi").skip(1).collect();
        assert_eq!(rows.len(), wanted);
        let ids = page.split("name=\"customer\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
        seen.extend(ids.map(str::to_owned));
        address = pager_link(&page, "next").unwrap_or_default();
    }
    let mut wanted = sets.clone();
    wanted.sort_by_key(|set| (set.until.unwrap_or(Moment::NEVER), set.set_at, set.customer_id));
    let number = |set: &Override| sets.iter().position(|one| one.customer_id == set.customer_id).expect("one of them");
    let wanted: Vec<String> = wanted.iter().map(|set| ids[number(set)].clone()).collect();
    assert_eq!(seen, wanted);
    for place in ["x", "1.2", "none.1.x"] {
        assert_eq!(desk.get(&SOL, &format!("{OVERRIDES}?after={place}")).await.status, StatusCode::BAD_REQUEST);
    }
}
