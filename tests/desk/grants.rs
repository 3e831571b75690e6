//! Granting access and removing it: who may, which input is accepted, undo, concurrent posts, and what is logged.

use actix_web::http::StatusCode;
use dossier::projection::Status;
use dossier::wording::text::segment;
use serde_json::json;

use crate::support::acting::undo;
use crate::support::audit_log::audit_lines;
use crate::support::cast::{ADA, DEV, LENA, SOL, TEAM, VERA};
use crate::support::catalogs::{apply_catalog, desk_with_entitlements};
use crate::support::customers::{count_events, customer_id, grants_of, history_of};
use crate::support::events::{deliver, purchase};
use crate::support::{Answer, Desk, NOW};

/// Fields of a form.
type Typed<'a> = &'a [(&'a str, &'a str)];

async fn give(desk: &Desk, fields: &[(&str, &str)]) -> Answer {
    desk.post_form(&SOL, &format!("{LENA}/grants"), fields).await
}

async fn revoke(desk: &Desk, key: &str) -> Answer {
    desk.post_form(&SOL, &format!("{LENA}/grants/{}/revoke", segment(key)), &[("reason", "a mistake")]).await
}

/// The keys of Lena's grants that give access now.
fn running(desk: &Desk) -> Vec<String> {
    let now = desk.clock.now();
    grants_of(desk, "lena").into_iter().filter(|one| one.status(now) == Status::Granted).map(|one| one.key).collect()
}

#[actix_web::test]
async fn access_is_granted_shown_and_logged() {
    let desk = desk_with_entitlements().await;
    let answer = give(&desk, &[("entitlement", "coach"), ("duration", "weekly"), ("reason", "an outage")]).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, format!("{LENA}#entitlements")));
    let page = desk.get(&SOL, answer.header("location")).await.body;
    assert!(page.contains("<p>Coach granted for 7 days.</p>") && page.contains(">Undo</button>"), "the flash");
    assert!(
        page.contains("Granted entitlement") && page.contains("Was granted the Coach entitlement"),
        "card, history"
    );
    assert_eq!(
        audit_lines(&desk),
        ["entitlement_granted: coach | - | for 7 days, to 2026-11-30 at 05:00 PM UTC | an outage"]
    );
    let until = give(&desk, &[("entitlement", "pro"), ("duration", "until"), ("until", "2026-12-31")]).await;
    assert_eq!(until.status, StatusCode::SEE_OTHER);
    let products: Vec<String> = grants_of(&desk, "lena").into_iter().map(|one| one.product_id).collect();
    assert!(products.contains(&"rc_promo_pro_custom".to_owned()), "{products:?}");
    assert!(audit_lines(&desk)[1].contains("until 31 Dec 2026, to 2026-12-31 at 11:59 PM UTC"));
}

#[actix_web::test]
async fn everybody_but_viewers_may_grant_and_remove() {
    for person in &TEAM {
        let desk = desk_with_entitlements().await;
        let may = person.id != VERA.id;
        let wanted = if may { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
        let fields = [("entitlement", "pro"), ("duration", "daily")];
        let given = desk.post_form(person, &format!("{LENA}/grants"), &fields).await;
        assert_eq!(given.status, wanted, "{}", person.name);
        let seen = desk.post_form(person, &format!("{LENA}/grants/preview"), &fields).await;
        assert_eq!(seen.status, if may { StatusCode::OK } else { wanted }, "{}", person.name);
        give(&desk, &fields).await;
        let key = running(&desk).remove(0);
        let page = desk.get(person, LENA).await.body;
        assert_eq!(
            (page.contains("dialog=grant\""), page.contains("dialog=grant-revoke")),
            (may, may),
            "{}",
            person.name
        );
        let revoked = desk.post_form(person, &format!("{LENA}/grants/{}/revoke", segment(&key)), &[]).await;
        assert_eq!(revoked.status, wanted, "{}", person.name);
        for name in ["grant", &format!("grant-revoke.{key}")] {
            let dialog = desk.get(&VERA, &format!("{LENA}?dialog={}", segment(name))).await;
            assert!(dialog.status == StatusCode::OK && !dialog.body.contains("<dialog"), "{name}");
        }
    }
}

#[actix_web::test]
async fn an_unknown_customer_or_grant_is_404() {
    let desk = desk_with_entitlements().await;
    let nobody = "/projects/sundial/customers/nobody";
    let fields = [("entitlement", "pro"), ("duration", "daily")];
    for path in ["grants", "grants/preview", "grants/x/revoke"] {
        let answer = desk.post_form(&SOL, &format!("{nobody}/{path}"), &fields).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    // A purchase is no grant, and a grant belongs to one customer.
    assert_eq!(revoke(&desk, "APP_STORE:t-lena").await.status, StatusCode::NOT_FOUND);
    deliver(&desk, desk.project, &[purchase("mara", 1, json!({}))]);
    desk.post_form(&SOL, "/projects/sundial/customers/mara/grants", &fields).await;
    let key = grants_of(&desk, "mara").remove(0).key;
    assert_eq!(revoke(&desk, &key).await.status, StatusCode::NOT_FOUND);
    assert_eq!(grants_of(&desk, "mara").remove(0).status(NOW), Status::Granted);
}

#[actix_web::test]
async fn refused_input_comes_back_in_its_dialog() {
    let desk = desk_with_entitlements().await;
    let long = "é".repeat(256);
    let cases: [(Typed, &str, &str); 8] = [
        (&[("duration", "weekly")], "entitlement", "Choose an entitlement."),
        (&[("entitlement", "gold"), ("duration", "weekly")], "entitlement", "no such entitlement"),
        (&[("entitlement", "pro")], "duration", "Choose how long"),
        (&[("entitlement", "pro"), ("duration", "weekend")], "duration", "one of the lengths"),
        (&[("entitlement", "pro"), ("duration", "until")], "until", "the last day"),
        (&[("entitlement", "pro"), ("duration", "until"), ("until", "2026-11-22")], "until", "is over"),
        (&[("entitlement", "pro"), ("duration", "until"), ("until", "soon")], "until", "not a day"),
        (&[("entitlement", "pro"), ("duration", "weekly"), ("reason", &long)], "reason", "256 characters are too many"),
    ];
    for (fields, field, reason) in cases {
        let answer = give(&desk, &[fields, &[("more", "x")]].concat()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{reason}");
        assert!(answer.body.contains("<dialog") && answer.body.contains(reason), "{reason}");
        assert!(
            answer.body.contains(&format!("aria-invalid=\"true\" aria-describedby=\"{field}-reason\"")),
            "{reason}"
        );
    }
    let kept =
        give(&desk, &[("entitlement", "pro"), ("duration", "monthly"), ("until", "x<"), ("reason", "why <b>")]).await;
    for text in
        ["value=\"pro\" selected", "value=\"monthly\" selected", "value=\"x&#60;\"", "value=\"why &#60;b&#62;\""]
    {
        assert!(kept.body.contains(text), "{text} is kept");
    }
    assert_eq!((grants_of(&desk, "lena").len(), audit_lines(&desk).len()), (0, 0));
}

#[actix_web::test]
async fn a_second_grant_is_refused_with_the_offer_to_replace_the_first() {
    let desk = desk_with_entitlements().await;
    give(&desk, &[("entitlement", "pro"), ("duration", "weekly")]).await;
    desk.clock.advance(3_600);
    let fields = [("entitlement", "pro"), ("duration", "monthly")];
    let refused = give(&desk, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("already granted until 30 Nov 2026. Grants do not add up"), "why");
    assert!(refused.body.contains("name=\"replace\" value=\"1\""), "the offer");
    assert_eq!(running(&desk).len(), 1);
    let replaced = give(&desk, &[&fields[..], &[("replace", "1")]].concat()).await;
    assert_eq!(replaced.status, StatusCode::SEE_OTHER);
    assert_eq!((running(&desk).len(), grants_of(&desk, "lena").len()), (1, 2));
    let page = desk.get(&SOL, LENA).await.body;
    let history = page.split_once("id=\"history\"").expect("a history").1;
    let place = |words: &str| history.find(words).expect("a row");
    assert!(place("sprite.svg#grant") < place("sprite.svg#remove"), "the new grant comes first");
    let last = audit_lines(&desk).remove(1);
    assert!(
        last.starts_with("entitlement_granted: pro | granted to 2026-11-30 at 05:00 PM UTC | for 31 days"),
        "{last}"
    );
    // The dialog selects the entitlement without a grant.
    let dialog = desk.get(&SOL, &format!("{LENA}?dialog=grant")).await.body;
    assert!(dialog.contains("<option value=\"coach\" selected>Coach (coach)</option>"), "{dialog}");
    assert_eq!(undo(&desk, &replaced).await.status, StatusCode::SEE_OTHER);
    let ends: Vec<_> = grants_of(&desk, "lena").into_iter().filter(|one| one.is_active(desk.clock.now())).collect();
    assert_eq!(
        ends.iter().map(|one| one.expires_at).collect::<Vec<_>>(),
        [Some(NOW.plus_days(7))],
        "the first is back"
    );
}

#[actix_web::test]
async fn the_dialog_shows_the_access_before_and_after() {
    let desk = desk_with_entitlements().await;
    let dialog = desk.get(&SOL, &format!("{LENA}?dialog=grant&entitlement=pro&duration=yearly")).await.body;
    let dialog = dialog.split_once("<dialog").expect("a dialog").1;
    let (now, then) = dialog.split_once(">Then</p>").expect("both");
    assert!(now.contains("Renews <time datetime=\"2026-12-20") && !now.contains("Granted entitlement"), "{now}");
    assert!(
        then.contains("Renews <time datetime=\"2026-12-20") && then.contains("Expires <time datetime=\"2027-11-23"),
        "{then}"
    );
    assert!(dialog.contains("data-says=\"Grant Pro access for 365 days\"") && dialog.contains("Billing is untouched"));
    let seen =
        desk.post_form(&SOL, &format!("{LENA}/grants/preview"), &[("entitlement", "coach"), ("duration", "x")]).await;
    assert!(seen.status == StatusCode::OK && seen.body.contains("<dialog") && !seen.body.contains(">Then</p>"));
    assert_eq!((history_of(&desk, "lena").len(), audit_lines(&desk).len()), (1, 0), "nothing was done");
}

#[actix_web::test]
async fn a_grant_is_removed_from_its_menu_after_a_preview() {
    let desk = desk_with_entitlements().await;
    give(&desk, &[("entitlement", "coach"), ("duration", "weekly")]).await;
    let key = running(&desk).remove(0);
    desk.clock.advance(60);
    let page = desk.get(&SOL, LENA).await.body;
    let name = segment(&format!("grant-revoke.{key}")).to_string();
    assert!(page.contains(&format!("{LENA}?dialog={name}")), "the menu");
    let dialog = desk.get(&SOL, &format!("{LENA}?dialog={name}")).await.body;
    assert!(dialog.contains("Remove granted Coach</h2>") && dialog.contains(">Then</p><p>None</p>"), "{dialog}");
    let answer = revoke(&desk, &key).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, format!("{LENA}#entitlements")));
    assert!(running(&desk).is_empty());
    let page = desk.get(&SOL, answer.header("location")).await.body;
    assert!(page.contains("<p>Granted Coach removed.</p>") && page.contains("Removed by the team on <time"));
    assert_eq!(
        audit_lines(&desk)[1],
        "entitlement_revoked: coach | granted to 2026-11-30 at 05:00 PM UTC | - | a mistake"
    );
    let again = revoke(&desk, &key).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("This grant has already ended."), "the flash says so");
    let long = "x".repeat(256);
    give(&desk, &[("entitlement", "coach"), ("duration", "weekly")]).await;
    let path = format!("{LENA}/grants/{}/revoke", segment(&running(&desk)[0]));
    let refused = desk.post_form(&SOL, &path, &[("reason", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("too many") && refused.body.contains(&long) && refused.body.contains("<dialog"));
    assert_eq!(running(&desk).len(), 1);
}

#[actix_web::test]
async fn granting_and_removing_are_undone_unless_somebody_made_another_change() {
    let desk = desk_with_entitlements().await;
    let fields = [("entitlement", "pro"), ("duration", "weekly")];
    let given = give(&desk, &fields).await;
    desk.clock.advance(60);
    assert_eq!(undo(&desk, &given).await.status, StatusCode::SEE_OTHER);
    assert!(running(&desk).is_empty());
    give(&desk, &fields).await;
    let removed = revoke(&desk, &running(&desk)[0]).await;
    desk.clock.advance(60);
    assert_eq!(undo(&desk, &removed).await.status, StatusCode::SEE_OTHER);
    assert_eq!(running(&desk).len(), 1);
    assert_eq!(audit_lines(&desk).last().map(|line| line.split(':').next()), Some(Some("entitlement_granted")));
    // Somebody removes it and gives another one.
    let removed = revoke(&desk, &running(&desk)[0]).await;
    let other = desk.post_form(&DEV, &format!("{LENA}/grants"), &fields).await;
    assert_eq!(other.status, StatusCode::SEE_OTHER);
    let refused = undo(&desk, &removed).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("Somebody granted it again"));
    assert_eq!(running(&desk).len(), 1);
    let late = desk.post_form(&ADA, &format!("{LENA}/grants/{}/revoke", segment(&running(&desk)[0])), &[]).await;
    assert_eq!(late.status, StatusCode::SEE_OTHER);
    let path = format!("{LENA}/undo");
    let gone = desk.post_form(&DEV, &path, &[("submission", &other.submission())]).await;
    assert!(gone.status == StatusCode::UNPROCESSABLE_ENTITY && gone.body.contains("There is nothing to undo."));
}

#[actix_web::test]
async fn fifty_posts_at_once_make_one_grant() {
    let desk = desk_with_entitlements().await;
    let before = count_events(&desk);
    let path = format!("{LENA}/grants");
    let fields = [("entitlement", "pro"), ("duration", "weekly"), ("once", "k1")];
    let answers = desk.post_form_at_once(&SOL, &path, &fields, 50).await;
    assert!(answers.iter().all(|answer| answer.header("location") == answers[0].header("location")));
    assert_eq!((count_events(&desk), audit_lines(&desk).len(), running(&desk).len()), (before + 1, 1, 1));
    // Without a form key the rule of one grant still holds.
    let answers = desk.post_form_at_once(&SOL, &path, &[("entitlement", "coach"), ("duration", "weekly")], 50).await;
    let made = answers.iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    assert_eq!((made, running(&desk).len(), audit_lines(&desk).len()), (1, 2, 2));
    let key = running(&desk).remove(0);
    let path = format!("{LENA}/grants/{}/revoke", segment(&key));
    let answers = desk.post_form_at_once(&SOL, &path, &[], 50).await;
    let done = answers.iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    assert_eq!((done, running(&desk).len(), audit_lines(&desk).len()), (1, 1, 3));
}

#[actix_web::test]
async fn with_sandbox_data_shown_nothing_is_granted_or_removed() {
    let desk = desk_with_entitlements().await;
    give(&desk, &[("entitlement", "pro"), ("duration", "weekly")]).await;
    let page = desk.get(&SOL, &format!("{LENA}?sandbox=1")).await.body;
    assert!(!page.contains("dialog=grant") && page.contains("switch “Sandbox data” off to give or remove access"));
    let fields = [("entitlement", "coach"), ("duration", "weekly")];
    let refused = desk.post_form(&SOL, &format!("{LENA}/grants?sandbox=1"), &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Grants are production."), "the flash says so");
    let key = segment(&running(&desk)[0]).to_string();
    let refused = desk.post_form(&SOL, &format!("{LENA}/grants/{key}/revoke?sandbox=1"), &[]).await;
    assert_eq!((refused.status, running(&desk).len()), (StatusCode::UNPROCESSABLE_ENTITY, 1));
}

#[actix_web::test]
async fn without_a_configured_entitlement_there_is_nothing_to_grant() {
    let desk = Desk::open().await;
    deliver(&desk, desk.project, &[purchase("lena", 1, json!({}))]);
    let page = desk.get(&SOL, LENA).await.body;
    assert!(!page.contains("dialog=grant") && page.contains("once the catalog has an entitlement"));
    let answer = give(&desk, &[("entitlement", "pro"), ("duration", "weekly")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("no such entitlement"));
}

#[actix_web::test]
async fn an_entitlement_of_any_spelling_is_granted() {
    let desk = desk_with_entitlements().await;
    let odd = "Pro / “plus” 50% <b>\u{202E}";
    let file = json!({ "products": [], "offerings": [], "entitlements": [{ "id": odd, "display_name": odd, "products": [] }] });
    apply_catalog(&desk, &file);
    let answer = give(&desk, &[("entitlement", odd), ("duration", "weekly")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let grant = grants_of(&desk, "lena").remove(0);
    assert_eq!((grant.product_id, grant.entitlement_ids), (format!("rc_promo_{odd}_weekly"), vec![odd.to_owned()]));
    assert!(customer_id(&desk, "lena").0 > 0 && revoke(&desk, &grant.key).await.status == StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn an_unknown_dialog_opens_nothing_and_a_nul_in_any_parameter_is_refused() {
    let desk = desk_with_entitlements().await;
    for dialog in ["grant-revoke", "grant-more"] {
        let page = desk.get(&SOL, &format!("{LENA}?dialog={dialog}")).await;
        assert_eq!((page.status, page.body.contains("<dialog")), (StatusCode::OK, false), "{dialog}");
    }
    for query in ["?dialog=grant&entitlement=%00", "?dialog=grant-revoke.%00", "/transfer?to=%00"] {
        assert_eq!(desk.get(&SOL, &format!("{LENA}{query}")).await.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let fields = [("entitlement", "p\0"), ("duration", "weekly")];
    assert_eq!(give(&desk, &fields).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(revoke(&desk, "p\0").await.status, StatusCode::BAD_REQUEST);
}
