//! The settings about refunds: the reason, and from when on a colleague has to agree.

use actix_web::http::StatusCode;

use crate::support::audit_log::audit_lines;
use crate::support::cast::{ADA, DEV, LENA, SOL};
use crate::support::refunds::{SALE, address, ask, desk_with_a_test_sale, refund, sell, states};
use crate::support::{Answer, Desk};

const SETTINGS: &str = "/projects/sundial/settings";

/// The version of the settings that Ada sees.
async fn seen(desk: &Desk) -> String {
    let page = desk.page(&ADA, &format!("{SETTINGS}?dialog=refunds-edit")).await;
    page.split("name=\"seen\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a version").to_owned()
}

async fn set(desk: &Desk, fields: &[(&str, &str)]) -> Answer {
    let seen = seen(desk).await;
    let mut all = vec![("seen", seen.as_str())];
    all.extend(fields);
    desk.post_form(&ADA, &format!("{SETTINGS}/refunds"), &all).await
}

#[actix_web::test]
async fn an_admin_says_from_when_on_a_colleague_has_to_agree_and_which_reasons_there_are() {
    let desk = desk_with_a_test_sale().await;
    let fields = [
        ("needs_reason", "1"),
        ("reasons", "Bought twice\n\nBy mistake"),
        ("support_from", "5"),
        ("admin_per_day", "3"),
    ];
    let answer = set(&desk, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let page = desk.page(&ADA, SETTINGS).await;
    assert!(page.contains("from USD 5") && page.contains("beyond 3 refunds a day"), "{page}");
    assert!(page.contains("Bought twice; By mistake"));
    let dialog = desk.page(&SOL, &format!("{LENA}?dialog=refund.{SALE}")).await;
    assert!(dialog.contains("<option value=\"By mistake\">"), "{dialog}");
    assert_eq!(ask(&desk, &SOL, "refund", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY, "a reason is needed");
    refund(&desk, &SOL).await;
    assert_eq!(states(&desk).iter().map(|state| state.name()).collect::<Vec<_>>(), ["waiting"]);
    assert!(audit_lines(&desk)[0].starts_with("project_updated"), "{:?}", audit_lines(&desk));
    assert_eq!(set(&desk, &[("support_from", "5")]).await.status, StatusCode::SEE_OTHER, "the reason is optional now");
    sell(&desk, "mara", "test_9", 1);
    let address = address("/projects/sundial/customers/mara", "TEST_STORE:test_9", "refund");
    assert_eq!(desk.post_form(&ADA, &address, &[]).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn wrong_values_are_refused_and_so_are_others_than_admins() {
    let desk = desk_with_a_test_sale().await;
    for (field, value) in
        [("support_from", "a lot"), ("admin_per_day", "-1"), ("developer_from", "1e9"), ("reasons", "\u{0}")]
    {
        let answer = set(&desk, &[(field, value)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(answer.body.contains(&format!("id=\"{field}-reason\"")), "{field}");
    }
    let stale = desk.post_form(&ADA, &format!("{SETTINGS}/refunds"), &[("seen", "x"), ("support_from", "5")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let dev = desk.post_form(&DEV, &format!("{SETTINGS}/refunds"), &[("support_from", "5")]).await;
    assert_eq!(dev.status, StatusCode::FORBIDDEN);
}
