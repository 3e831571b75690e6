//! Setting, changing and clearing attributes: who may, which input is accepted, what changes at once, concurrent edits.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::customers::attributes::{Source, Stored};
use dossier::db::schema::attributes;
use serde_json::json;

use crate::support::acting::undo;
use crate::support::audit_log::audit_lines;
use crate::support::cast::{DEV, LENA, SOL, TEAM, VERA};
use crate::support::events::{attributes_set_at, deliver_together, purchase};
use crate::support::lengths::{LETTERS, around, text};
use crate::support::pages::{card_of, text_of};
use crate::support::{Answer, Desk, NOW, form};

/// A desk with Lena; an event set these values an hour ago.
async fn desk_with(values: &[(&str, &str)]) -> Desk {
    let desk = Desk::open().await;
    deliver_attributes(&desk, "e1", values, NOW.millis() - 3_600_000);
    desk
}

fn deliver_attributes(desk: &Desk, id: &str, values: &[(&str, &str)], at: i64) {
    let sent = attributes_set_at(at, values.iter().copied().collect());
    let event = json!({ "id": id, "type": "TRIAL_STARTED", "app_user_id": "lena", "subscriber_attributes": sent,
        "event_timestamp_ms": 1_790_000_000_000_i64 });
    deliver_together(desk, desk.project, &[json!({ "event": event }).to_string()]);
}

fn stored(desk: &Desk) -> Vec<Stored> {
    let all = attributes::table.order(attributes::key).select(Stored::as_select());
    desk.db.read_here(|conn| Ok::<_, Error>(all.load(conn)?)).expect("attributes")
}

/// Keys and values that are set.
fn values(desk: &Desk) -> Vec<(String, String)> {
    let set = stored(desk).into_iter().filter(|one| !one.is_deleted);
    set.map(|one| (one.key, one.value)).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn set(desk: &Desk, key: &str, value: &str) -> Answer {
    desk.post_form(&SOL, &format!("{LENA}/attributes"), &[("key", key), ("value", value)]).await
}

async fn clear(desk: &Desk, key: &str) -> Answer {
    desk.post_form(&SOL, &format!("{LENA}/attributes/delete"), &[("key", key)]).await
}

#[actix_web::test]
async fn an_attribute_is_set_changed_and_cleared_shown_and_logged() {
    let desk = desk_with(&[]).await;
    let answer = set(&desk, "plan", "gold").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, format!("{LENA}#attributes")));
    let page = desk.get(&SOL, answer.header("location")).await.body;
    assert!(page.contains("<p>plan set.</p>") && page.contains(">Undo</button>"), "the flash");
    assert!(page.contains("<bdi>plan</bdi></dt><dd><bdi>gold</bdi>"), "the card");
    desk.clock.advance(60);
    set(&desk, "plan", "silver").await;
    assert_eq!(values(&desk), pairs(&[("plan", "silver")]));
    let cleared = clear(&desk, "plan").await;
    assert!(desk.get(&SOL, cleared.header("location")).await.body.contains("<p>plan cleared.</p>"));
    let [tombstone] = stored(&desk).try_into().expect("one row");
    assert!(tombstone.is_deleted && tombstone.source == Source::Team && tombstone.updated_at >= desk.clock.now());
    assert_eq!(
        audit_lines(&desk),
        [
            "attribute_set: plan | - | gold | -",
            "attribute_set: plan | gold | silver | -",
            "attribute_deleted: plan | silver | - | -"
        ]
    );
}

#[actix_web::test]
async fn everybody_but_viewers_may_edit() {
    let desk = desk_with(&[("plan", "gold")]).await;
    for person in &TEAM {
        let wanted = if person.id == VERA.id { StatusCode::FORBIDDEN } else { StatusCode::SEE_OTHER };
        let form = |path: &str| format!("{LENA}/attributes{path}");
        assert_eq!(desk.post_form(person, &form(""), &[("key", "a"), ("value", "x")]).await.status, wanted);
        assert_eq!(desk.post_form(person, &form("/delete"), &[("key", "a")]).await.status, wanted, "{}", person.name);
        let page = desk.get(person, LENA).await.body;
        assert_eq!(page.contains("dialog=attribute-"), person.id != VERA.id, "{}", person.name);
    }
    let dialog = desk.get(&VERA, &format!("{LENA}?dialog=attribute-edit.plan")).await.body;
    assert!(!dialog.contains("<dialog"), "a viewer gets no dialog");
}

#[actix_web::test]
async fn an_unknown_customer_or_value_is_404() {
    let desk = desk_with(&[]).await;
    let nobody = "/projects/sundial/customers/nobody/attributes";
    for path in [nobody, "/projects/moonrise/customers/lena/attributes"] {
        for path in [path.to_owned(), format!("{path}/delete")] {
            let answer = desk.post_form(&SOL, &path, &[("key", "a"), ("value", "x")]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    set(&desk, "gone", "x").await;
    clear(&desk, "gone").await;
    for key in ["plan", "gone", "", "a\0b"] {
        assert_eq!(clear(&desk, key).await.status, StatusCode::NOT_FOUND, "{key:?}");
    }
    assert_eq!(audit_lines(&desk).len(), 2);
}

#[actix_web::test]
async fn refused_input_comes_back_with_its_reason_beside_its_field() {
    let desk = desk_with(&[("$idfa", "6D92078A-8246-4BA4-AE5B-76104861E7DC")]).await;
    let long = "🧜".repeat(501);
    for (key, value, field, reason) in [
        ("", "x", "key", "Type a name"),
        ("a b", "x", "key", "no spaces"),
        ("$plan", "x", "key", "are reserved"),
        ("$Email", "x", "key", "did you mean $email?"),
        (&"k".repeat(41), "x", "key", "1 too many"),
        ("plan", "", "value", "Type a value."),
        ("plan", &long, "value", "501 characters are 1 too many"),
        ("plan", "a\0b", "value", "NUL"),
        ("$email", "lena at okafor", "value", "not an e-mail address"),
        ("$attConsentStatus", "yes", "value", "restricted, denied, authorized, unknown"),
        ("$idfa", "00000000-0000-0000-0000-000000000000", "value", "clear it first"),
        ("$ip", "true", "value", "Only the app can send true"),
    ] {
        let answer = set(&desk, key, value).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{key} {value}");
        let body = &answer.body;
        assert!(body.contains("<dialog") && body.contains(reason), "{reason}");
        assert!(body.contains(&format!("id=\"{field}-reason\"")), "{reason}");
        assert!(body.contains(&format!("aria-invalid=\"true\" aria-describedby=\"{field}-reason\"")), "{reason}");
        let kept = if value.contains('\0') { "name=\"value\"".to_owned() } else { format!("value=\"{value}\"") };
        assert!(body.contains(&kept), "{key} {value} is kept");
    }
    assert!(audit_lines(&desk).is_empty());
    for (key, value) in [("k".repeat(40).as_str(), "é\r\n".repeat(250).as_str()), ("$email", "lena@okafor.example")] {
        assert_eq!(set(&desk, key, value).await.status, StatusCode::SEE_OTHER, "{key}");
    }
    assert!(values(&desk).contains(&("k".repeat(40), "é\n".repeat(250))));
}

#[actix_web::test]
async fn a_kept_value_is_replaced_by_clearing_it_first() {
    let desk = desk_with(&[("$campaign", "autumn")]).await;
    let dialog = desk.get(&SOL, &format!("{LENA}?dialog=attribute-edit.%24campaign")).await.body;
    assert!(dialog.contains("clear it first") && dialog.contains(">Clear the value</button>"));
    assert!(!dialog.contains(">Save the value</button>"));
    assert_eq!(set(&desk, "$campaign", "winter").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(clear(&desk, "$campaign").await.status, StatusCode::SEE_OTHER);
    let page = desk.get(&SOL, LENA).await.body;
    assert!(!page.contains("id=\"attribution\""), "the attribution follows at once");
    assert_eq!(set(&desk, "$campaign", "winter").await.status, StatusCode::SEE_OTHER);
    let page = desk.get(&SOL, LENA).await.body;
    let attribution = page.split("id=\"attribution\"").nth(1).expect("the card");
    assert!(attribution.contains("winter"));
}

#[actix_web::test]
async fn names_lists_and_the_search_follow_at_once() {
    let desk = desk_with(&[("$displayName", "Lena Okafor"), ("$email", "lena@okafor.example")]).await;
    set(&desk, "$displayName", "Lena Weber").await;
    set(&desk, "$email", "lena@weber.example").await;
    set(&desk, "$phoneNumber", "+49 151 2345678").await;
    let page = desk.get(&SOL, LENA).await.body;
    assert!(page.contains("<title>Lena Weber · Dossier</title>") && page.contains("lena@weber.example"));
    let list = desk.get(&SOL, "/projects/sundial/customers").await.body;
    assert!(list.contains("Lena Weber") && !list.contains("Okafor"));
    let find = |text: &str| format!("/projects/sundial/customers?q={}", dossier::wording::text::segment(text));
    for text in ["lena@weber.example", "Weber", "00491512345678"] {
        let answer = desk.get(&SOL, &find(text)).await;
        assert!(answer.status == StatusCode::SEE_OTHER || answer.body.contains("One customer matches"), "{text}");
    }
    assert!(desk.get(&SOL, &find("lena@okafor.example")).await.body.contains("Nobody matches"));
    clear(&desk, "$email").await;
    assert!(desk.get(&SOL, &find("lena@weber.example")).await.body.contains("Nobody matches"));
}

#[actix_web::test]
async fn a_late_event_does_not_bring_back_what_was_changed_or_cleared() {
    let desk = desk_with(&[("plan", "gold"), ("goal", "sleep")]).await;
    set(&desk, "plan", "silver").await;
    clear(&desk, "goal").await;
    let late = NOW.millis() - 1_000;
    deliver_attributes(&desk, "e2", &[("plan", "bronze"), ("goal", "run")], late);
    assert_eq!(values(&desk), pairs(&[("plan", "silver")]));
    // The app's clock is ahead, so the time of arrival counts.
    desk.clock.advance(60);
    deliver_attributes(&desk, "e3", &[("plan", "newest"), ("goal", "swim")], NOW.millis() + 3_600_000);
    assert_eq!(values(&desk), pairs(&[("goal", "swim"), ("plan", "newest")]));
    // What a person types at the same moment is still the newest value.
    set(&desk, "plan", "by hand").await;
    assert_eq!(values(&desk), pairs(&[("goal", "swim"), ("plan", "by hand")]));
}

#[actix_web::test]
async fn two_who_edit_at_once_see_both_versions() {
    let desk = desk_with(&[("plan", "gold")]).await;
    let path = format!("{LENA}/attributes");
    let seen = (NOW.millis() - 3_600_000).to_string();
    let dialog = desk.get(&SOL, &format!("{LENA}?dialog=attribute-edit.plan")).await.body;
    assert!(dialog.contains(&format!("name=\"seen\" value=\"{seen}\"")) && dialog.contains("value=\"gold\""));
    let first = desk.post_form(&DEV, &path, &[("key", "plan"), ("value", "by Dev"), ("seen", &seen)]).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    let second = desk.post_form(&SOL, &path, &[("key", "plan"), ("value", "by Sol"), ("seen", &seen)]).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.body.contains("A colleague changed this value") && second.body.contains("by Dev</pre>"));
    assert!(second.body.contains("value=\"by Sol\""), "the text is kept");
    deliver_attributes(&desk, "e2", &[("plan", "by the app")], NOW.millis() + 5_000);
    let cleared = desk.post_form(&SOL, &format!("{path}/delete"), &[("key", "plan"), ("seen", &seen)]).await;
    assert_eq!(cleared.status, StatusCode::CONFLICT, "a changed value is not cleared unseen");
    assert!(cleared.body.contains("The app changed this value") && cleared.body.contains("by the app</pre>"));
    let unset = desk.post_form(&SOL, &path, &[("key", "plan"), ("value", "x"), ("seen", "0")]).await;
    assert_eq!(unset.status, StatusCode::CONFLICT, "it had no value when the dialog was opened");
    assert_eq!(values(&desk), pairs(&[("plan", "by the app")]));
}

#[actix_web::test]
async fn setting_changing_and_clearing_are_undone_and_logged() {
    let desk = desk_with(&[("plan", "gold")]).await;
    let before = stored(&desk);
    let added = set(&desk, "goal", "sleep").await;
    assert_eq!(undo(&desk, &added).await.status, StatusCode::SEE_OTHER);
    assert_eq!(stored(&desk), before);
    let changed = set(&desk, "plan", "silver").await;
    undo(&desk, &changed).await;
    assert_eq!(stored(&desk), before);
    let cleared = clear(&desk, "plan").await;
    let shown = undo(&desk, &cleared).await;
    assert!(desk.get(&SOL, shown.header("location")).await.body.contains("<p>plan is as before.</p>"));
    assert_eq!(stored(&desk), before);
    let lines = audit_lines(&desk);
    assert_eq!(lines[1], "attribute_deleted: goal | sleep | - | undone");
    assert_eq!((lines[5].as_str(), lines.len()), ("attribute_set: plan | - | gold | undone", 6));
    let again = set(&desk, "plan", "silver").await;
    desk.post_form(&DEV, &format!("{LENA}/attributes"), &[("key", "plan"), ("value", "by Dev")]).await;
    let refused = undo(&desk, &again).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("was changed meanwhile"));
}

#[actix_web::test]
async fn undo_restores_a_newer_value_from_the_app() {
    let desk = desk_with(&[("plan", "gold")]).await;
    let changed = set(&desk, "plan", "silver").await;
    // Newer than the value before the change, older than the typed value.
    deliver_attributes(&desk, "e2", &[("plan", "bronze")], NOW.millis() - 1_000);
    assert_eq!(values(&desk), pairs(&[("plan", "silver")]));
    undo(&desk, &changed).await;
    assert_eq!(values(&desk), pairs(&[("plan", "bronze")]));
}

#[actix_web::test]
async fn a_customer_has_at_most_fifty_custom_attributes() {
    let desk = desk_with(&[("$email", "lena@okafor.example"), ("$new", "x")]).await;
    for number in 0..49 {
        assert_eq!(set(&desk, &format!("key{number}"), "x").await.status, StatusCode::SEE_OTHER);
    }
    let path = format!("{LENA}/attributes");
    let cookie = desk.cookie(&SOL);
    let adding = |number: usize| {
        let fields = [("key", format!("late{number}")), ("value", "x".to_owned())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        form(&path, &fields).insert_header(("cookie", cookie.clone()))
    };
    let answers = desk.call_at_once((0..50).map(adding).collect()).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(StatusCode::SEE_OTHER), count(StatusCode::UNPROCESSABLE_ENTITY)), (1, 49));
    assert_eq!(values(&desk).len(), 52);
    let refused = set(&desk, "one_more", "x").await;
    assert!(refused.body.contains("has 50 attributes") && refused.body.contains("id=\"key-reason\""));
    assert_eq!(set(&desk, "key0", "y").await.status, StatusCode::SEE_OTHER, "changing adds none");
    assert_eq!(set(&desk, "$displayName", "Lena").await.status, StatusCode::SEE_OTHER, "reserved ones do not count");
    let cleared = clear(&desk, "key1").await;
    assert_eq!(set(&desk, "one_more", "x").await.status, StatusCode::SEE_OTHER);
    let full = undo(&desk, &cleared).await;
    assert!(full.status == StatusCode::UNPROCESSABLE_ENTITY && full.body.contains("has 50 attributes"));
}

#[actix_web::test]
async fn a_form_works_once() {
    let desk = desk_with(&[]).await;
    let fields = [("key", "plan"), ("value", "gold"), ("once", "k1")];
    let answers = desk.post_form_at_once(&SOL, &format!("{LENA}/attributes"), &fields, 50).await;
    assert!(answers.iter().all(|answer| answer.header("location") == answers[0].header("location")));
    assert_eq!(audit_lines(&desk).len(), 1);
}

#[actix_web::test]
async fn keys_that_only_the_app_can_set_can_be_cleared() {
    let desk = desk_with(&[("plan name", "gold"), ("$new", "x")]).await;
    for key in ["plan%20name", "%24new"] {
        let dialog = desk.get(&SOL, &format!("{LENA}?dialog=attribute-edit.{key}")).await.body;
        assert!(dialog.contains("Only the app can set this attribute") && !dialog.contains(">Save the value<"));
    }
    assert_eq!(set(&desk, "plan name", "x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(clear(&desk, "plan name").await.status, StatusCode::SEE_OTHER);
    assert_eq!(values(&desk), pairs(&[("$new", "x")]));
}

#[actix_web::test]
async fn a_dialog_fits_the_key_it_is_about() {
    let desk = desk_with(&[("note", "two\nlines")]).await;
    let dialog = async |key: &str| desk.get(&SOL, &format!("{LENA}?dialog=attribute-edit.{key}")).await.body;
    let consent = dialog("%24attConsentStatus").await;
    assert!(consent.contains("<select") && consent.contains("<option>authorized</option>"));
    assert!(consent.contains("Set <bdi>ATT Consent</bdi>") && consent.contains("name=\"seen\" value=\"0\""));
    assert!(dialog("%24email").await.contains("type=\"email\""));
    assert!(dialog("note").await.contains("<textarea") && dialog("note").await.contains("two\nlines</textarea>"));
    let add = desk.get(&SOL, &format!("{LENA}?dialog=attribute-add")).await.body;
    assert!(add.contains("<option value=\"$email\" label=\"E-mail\"></option>"));
    for key in ["", "a%20b", "%00"] {
        assert!(!dialog(key).await.contains("<dialog"), "{key}");
    }
    let emptied = desk.post_form(&SOL, &format!("{LENA}/attributes"), &[("key", "note"), ("value", "")]).await;
    assert_eq!(emptied.status, StatusCode::SEE_OTHER, "an empty value clears");
    assert!(values(&desk).is_empty());
}

#[actix_web::test]
async fn adding_a_key_that_has_a_value_already_is_refused_and_shows_the_value() {
    let desk = desk_with(&[("plan", "gold")]).await;
    let add = desk.get(&SOL, &format!("{LENA}?dialog=attribute-add")).await.body;
    assert!(add.contains("name=\"new\" value=\"1\""));
    let fields = [("key", "plan"), ("value", "silver"), ("new", "1")];
    let refused = desk.post_form(&SOL, &format!("{LENA}/attributes"), &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("plan already has a value: gold.") && refused.body.contains("value=\"silver\""));
    assert_eq!(values(&desk), pairs(&[("plan", "gold")]));
    clear(&desk, "plan").await;
    assert_eq!(desk.post_form(&SOL, &format!("{LENA}/attributes"), &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(values(&desk), pairs(&[("plan", "silver")]));
}

/// The statuses of a key and a value that the team types, and that v1 and v2 of the API are sent.
async fn statuses(desk: &Desk, key: &str, value: &str) -> [bool; 3] {
    let server = desk.server();
    let v1 = json!({ "attributes": { key: { "value": value } } });
    let v2 = json!({ "attributes": [{ "name": key, "value": value }] });
    let taken = [
        set(desk, key, value).await.status == StatusCode::SEE_OTHER,
        server.post("/v1/subscribers/lena/attributes", v1).await.status == StatusCode::OK,
        server.post("/v2/projects/sundial/customers/lena/attributes", v2).await.status == StatusCode::OK,
    ];
    desk.db.write_here(|conn| Ok::<_, Error>(diesel::delete(attributes::table).execute(conn)?)).expect("none is left");
    taken
}

#[actix_web::test]
async fn the_lengths_of_keys_and_values_are_counted_in_characters_whatever_brings_them() {
    let desk = desk_with(&[]).await;
    for length in around(40) {
        let fits = (1..=40).contains(&length);
        assert_eq!(statuses(&desk, &text("k", length), "x").await, [fits; 3], "a key of {length}");
    }
    for letter in LETTERS {
        assert_eq!(statuses(&desk, &text("k", 1), &text(letter, 1)).await, [true; 3], "{letter}");
        if letter != "a" {
            assert_eq!(statuses(&desk, &text(letter, 2), "x").await, [false; 3], "a key of {letter}");
        }
        for length in around(500) {
            // An empty value clears the attribute. The team is told when there is none.
            let fits = [(1..=500).contains(&length), length <= 500, length <= 500];
            assert_eq!(statuses(&desk, "plan", &text(letter, length)).await, fits, "{length} of {letter}");
        }
    }
}

const REFUNDS: &str = "$appleRefundHandlingPreference";

#[actix_web::test]
async fn what_apple_is_told_of_a_refund_is_chosen_in_plain_words_where_the_customer_bought_from_apple() {
    let desk = Desk::open().await;
    let of_play = json!({ "store": "PLAY_STORE", "id": "p" });
    deliver_together(&desk, desk.project, &[purchase("lena", 3, json!({})), purchase("mara", 3, of_play)]);
    let card = async |person, path: &str| text_of(card_of(&desk.page(person, path).await, "attributes"));
    let offered = "Refunds Handling Preference As the app's setting says";
    let lenas = card(&SOL, LENA).await.replace("&#39;", "'");
    assert!(lenas.contains(offered), "{lenas}");
    let maras = card(&SOL, "/projects/sundial/customers/mara").await.replace("&#39;", "'");
    assert!(!maras.contains(offered), "{maras}");
    assert!(!card(&VERA, LENA).await.contains("setting says"));

    let path = format!("{LENA}?dialog=attribute-edit.%24appleRefundHandlingPreference");
    let dialog = desk.page(&SOL, &path).await;
    for value in ["", "GRANT_REFUND", "DECLINE_REFUND", "LET_APPLE_DECIDE", "DO_NOT_HANDLE"] {
        assert_eq!(dialog.matches(&format!("<option value=\"{value}\"")).count(), 1, "{value}: {dialog}");
    }
    for words in
        ["before the customer asks Apple", "if handling refund requests is switched on", "RevenueCat must be told"]
    {
        assert!(dialog.contains(words), "{words}: {dialog}");
    }
    let profile = desk.page(&SOL, LENA).await;
    let menu = profile.split('"').find(|href| href.contains("dialog=refund")).expect("a link in a menu");
    let refund = desk.page(&SOL, &menu.replace("&amp;", "&").replace("&#38;", "&")).await;
    let link = "dialog=attribute-edit.%24appleRefundHandlingPreference\">Choose what Apple is told";
    assert!(refund.contains(link), "{refund}");

    assert_eq!(set(&desk, REFUNDS, "GRANT_REFUND").await.status, StatusCode::SEE_OTHER);
    assert_eq!(values(&desk), pairs(&[(REFUNDS, "GRANT_REFUND")]));
    let chosen = desk.page(&SOL, &path).await;
    assert!(chosen.contains("<option value=\"GRANT_REFUND\" selected>"), "{chosen}");
    assert_eq!(set(&desk, REFUNDS, "").await.status, StatusCode::SEE_OTHER, "as the app's setting says");
    assert!(values(&desk).is_empty());
    let again = set(&desk, REFUNDS, "").await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("setting counts already"), "{}", again.body);
}

#[actix_web::test]
async fn another_word_for_apple_is_refused_with_the_four_that_there_are() {
    let desk = desk_with(&[]).await;
    for value in ["no", "grant_refund", "GRANT_REFUND ", "ＧRANT_REFUND"] {
        let fields = [("key", REFUNDS), ("value", value), ("new", "1")];
        let answer = desk.post_form(&SOL, &format!("{LENA}/attributes"), &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{value}");
        let four = "Choose one of DO_NOT_HANDLE, GRANT_REFUND, DECLINE_REFUND, LET_APPLE_DECIDE.";
        assert!(answer.body.contains(four) && answer.body.contains(&format!("value=\"{value}\"")), "{}", answer.body);
    }
    assert!(values(&desk).is_empty());
}
