//! Dialogs that an address opens. Anybody can write an address and have somebody with more rights open it, so it fills in
//! nothing but the fields that a dialog lists.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use dossier::base::Role;
use dossier::base::allowlist::Allowlist;
use dossier::base::error::Error;
use dossier::base::money::Micros;
use dossier::operations::requests::{Rule, set_rule};
use serde_json::json;

use crate::support::Desk;
use crate::support::cast::{ADA, LENA, SOL};
use crate::support::catalogs::apply_catalog;
use crate::support::events::{deliver_together, purchase};
use crate::support::forms::field_names;
use crate::support::refunds::{SALE, TRANSACTION, address, sell};

const CATALOG: &str = "/projects/sundial/catalog";
const SETTINGS: &str = "/projects/sundial/settings";
const TRANSFER: &str = "/projects/sundial/customers/lena/transfer";
const TEST_ACCOUNTS: &str = "/projects/sundial/settings/test-accounts";

/// A text that no page has by itself.
const PLANTED: &str = "planted-by-a-link";

/// What each dialog lets a link fill in. The others let it fill in nothing.
const LISTED: [(&str, &[&str]); 5] = [
    ("refund", &["transaction", "event"]),
    ("grant", &["entitlement", "duration"]),
    ("offering-choose", &["offering"]),
    ("entitlement-detach", &["product"]),
    ("package-detach", &["product"]),
];

/// The dialogs that the pages of [`desk`] link to, and `key-keep`, whose link stands at the keys of people who left.
const DIALOGS: [&str; 53] = [
    "approve",
    "attribute-add",
    "attribute-edit",
    "blocked-add",
    "blocked-end",
    "cancel",
    "endpoint-delete",
    "endpoint-edit",
    "endpoint-new",
    "endpoint-replace",
    "entitlement-add",
    "entitlement-attach",
    "entitlement-delete",
    "entitlement-detach",
    "entitlement-edit",
    "extend",
    "factor-require",
    "grant",
    "grant-revoke",
    "invitation-withdraw",
    "key-keep",
    "key-make",
    "key-revoke",
    "key-role",
    "manage-block",
    "manage-delete",
    "member-invite",
    "member-remove",
    "member-role",
    "note-add",
    "note-delete",
    "note-edit",
    "offering-add",
    "offering-archive",
    "offering-choose",
    "offering-default",
    "offering-delete",
    "offering-edit",
    "offering-unarchive",
    "package-add",
    "package-attach",
    "package-delete",
    "package-detach",
    "package-edit",
    "product-add",
    "product-delete",
    "product-edit",
    "project-edit",
    "refund",
    "refunds-edit",
    "refuse",
    "webhook-end",
    "webhook-replace",
];

/// A desk that has something of everything that a dialog is about.
async fn desk() -> Desk {
    let allowlist = Allowlist { allows_http: true, private: vec!["127.0.0.0/8".parse().expect("a network")] };
    let desk = Desk::open_with(|config| config.allowlist = allowlist).await;
    let offering = |id: &str, is_default: bool| {
        json!({ "id": id, "display_name": id, "default": is_default, "metadata": {}, "packages": [
            { "id": "$rc_annual", "display_name": "Annual", "products": ["pro_monthly"] },
        ]})
    };
    apply_catalog(
        &desk,
        &json!({
            "products": [{ "id": "pro_monthly", "store": "APP_STORE", "display_name": "Pro", "type": "subscription" }],
            "entitlements": [
                { "id": "pro", "display_name": "Pro access", "products": ["pro_monthly"] },
                { "id": "coach", "display_name": "Coach", "products": [] },
            ],
            "offerings": [offering("standard", true), offering("winback", false), offering("old", false)],
        }),
    );
    let test = json!({ "environment": "SANDBOX", "transaction_id": "s", "original_transaction_id": "s" });
    deliver_together(&desk, desk.project, &[purchase("lena", 3, json!({})), purchase("sandy", 2, test)]);
    sell(&desk, "lena", TRANSACTION, 1);
    let rule = Rule { from: Some(Micros(1)), per_day: None };
    let set = desk.db.write_here(|conn| Ok::<_, Error>(set_rule(conn, desk.project, Role::Support, rule)?));
    set.expect("a rule");
    let part = [("amount", "1"), ("reason", "a part")];
    assert_eq!(desk.post_form(&SOL, &address(LENA, SALE, "refund"), &part).await.status, StatusCode::SEE_OTHER);
    for (path, fields) in [
        (format!("{LENA}/notes"), &[("body", "Likes mornings.")][..]),
        (format!("{LENA}/grants"), &[("entitlement", "coach"), ("duration", "weekly"), ("reason", "sorry")]),
        (format!("{CATALOG}/offerings/old/archive"), &[]),
        (format!("{SETTINGS}/keys"), &[("name", "Server"), ("for", "server.developer")]),
        (format!("{SETTINGS}/invitations"), &[("email", "zoe@sundial.example"), ("role", "viewer")]),
        (format!("{SETTINGS}/blocked"), &[("app_user_id", "mallory"), ("lost", "1"), ("checked", "1")]),
        (format!("{SETTINGS}/webhook/secret"), &[("overlap", "24")]),
        (
            format!("{SETTINGS}/endpoints"),
            &[("name", "Ours"), ("url", "http://127.0.0.1:9/"), ("environment", "all"), ("authorization", "Bearer x")],
        ),
    ] {
        let answer = desk.post_form(&ADA, &path, fields).await;
        assert!(matches!(answer.status, StatusCode::OK | StatusCode::SEE_OTHER), "{path} {}", answer.body);
    }
    desk
}

/// The addresses on a page that open a dialog over it or over another page.
fn links_to_dialogs(html: &str) -> BTreeSet<String> {
    let links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let plain = |link: &str| link.replace("&#38;", "&").replace("&amp;", "&");
    links.filter(|link| link.contains("dialog=")).map(plain).collect()
}

/// Every link to a dialog that Ada finds.
async fn all_links(desk: &Desk) -> BTreeSet<String> {
    let endpoints = desk.page(&ADA, &format!("{SETTINGS}/endpoints")).await;
    let endpoint = endpoints.split(&format!("{SETTINGS}/endpoints/")).nth(1).and_then(|rest| rest.split('"').next());
    let mut pages = ["/keys", "/people", "/endpoints", "/blocked", ""].map(|page| format!("{SETTINGS}{page}")).to_vec();
    pages.push(format!("{SETTINGS}/endpoints/{}", endpoint.expect("an endpoint")));
    pages.extend([LENA, CATALOG, "/projects/sundial/requests"].map(str::to_owned));
    pages.extend(["standard", "winback", "old"].map(|id| format!("{CATALOG}/offerings/{id}")));
    let mut found = BTreeSet::new();
    for page in pages {
        found.extend(links_to_dialogs(&desk.page(&ADA, &page).await));
    }
    let kept: Vec<String> = found.iter().map(|link| link.replace("dialog=key-role.", "dialog=key-keep.")).collect();
    found.extend(kept);
    found
}

/// The name of the dialog that a link opens.
fn name_of(link: &str) -> &str {
    let dialog = link.split("dialog=").nth(1).unwrap_or_default();
    dialog.split(['.', '&', '#']).next().unwrap_or_default()
}

/// The part of a page between `<dialog` and its end, without the keys that differ each time.
fn dialog_of(html: &str) -> String {
    let dialog = html.split_once("<dialog").map_or("", |(_, rest)| rest);
    without_keys(dialog.split_once("</dialog>").map_or(dialog, |(dialog, _)| dialog))
}

/// HTML without the keys with which forms work once.
fn without_keys(html: &str) -> String {
    let mut parts = html.split("name=\"once\" value=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, rest| text + rest.split_once('"').map_or(rest, |(_, rest)| rest))
}

/// The value of an attribute in the inside of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split('"').next())
}

/// Every field of the forms in a piece of HTML, with the values that it offers.
fn fields_of(html: &str) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut last = String::new();
    for tag in html.split('<').filter_map(|piece| piece.split('>').next()) {
        let kind = tag.split_whitespace().next().unwrap_or_default();
        if let (true, Some(name)) = (["input", "select", "textarea", "button"].contains(&kind), attribute(tag, "name"))
        {
            last = name.to_owned();
            fields.entry(last.clone()).or_default();
        }
        let offers = kind == "option" || tag.contains("type=\"radio\"") || tag.contains("type=\"checkbox\"");
        if let (true, Some(value)) = (offers, attribute(tag, "value")) {
            fields.entry(last.clone()).or_default().push(value.to_owned());
        }
    }
    fields
}

/// Queries that together try to put a text into every field, and to make every choice.
fn attempts(html: &str, listed: &[&str]) -> Vec<String> {
    let offered = fields_of(html);
    let names: BTreeSet<String> = field_names().into_iter().chain(offered.keys().cloned()).collect();
    let read_by_pages = ["order", "topic", "ids", "sandbox", "after", "before", "once", "at", "language"];
    let own = |name: &&String| !listed.contains(&name.as_str()) && !read_by_pages.contains(&name.as_str());
    let rounds = offered.values().map(Vec::len).max().unwrap_or_default() + 1;
    let query = |round: usize| {
        let fields = names.iter().filter(own).map(|name| {
            let choice = round.checked_sub(1).and_then(|at| offered.get(name).and_then(|values| values.get(at)));
            format!("&{name}={}", choice.map_or(PLANTED, String::as_str))
        });
        fields.collect::<String>()
    };
    (0..rounds).map(query).collect()
}

#[actix_web::test]
async fn a_link_fills_in_nothing_that_a_dialog_does_not_list() {
    let desk = desk().await;
    let links = all_links(&desk).await;
    let names: BTreeSet<&str> = links.iter().map(|link| name_of(link)).collect();
    assert_eq!(names, DIALOGS.into_iter().collect());
    for link in &links {
        let plain = desk.page(&ADA, link).await;
        let dialog = dialog_of(&plain);
        assert!(!dialog.is_empty(), "{link} opens nothing");
        let listed = LISTED.iter().find(|(name, _)| *name == name_of(link)).map_or(&[][..], |(_, listed)| listed);
        for attempt in attempts(&dialog, listed) {
            let filled = desk.page(&ADA, &format!("{link}{attempt}")).await;
            assert_eq!(dialog_of(&filled), dialog, "{link}{attempt}");
            assert!(!filled.contains(PLANTED), "{link}{attempt}");
        }
    }
}

#[actix_web::test]
async fn a_link_makes_the_choices_that_a_dialog_lists_and_no_unknown_ones() {
    let desk = desk().await;
    let grant = dialog_of(&desk.page(&SOL, &format!("{LENA}?dialog=grant&entitlement=pro&duration=yearly")).await);
    for chosen in ["value=\"pro\" selected", "value=\"yearly\" selected"] {
        assert!(grant.contains(chosen), "{grant}");
    }
    let offering = dialog_of(&desk.page(&SOL, &format!("{LENA}?dialog=offering-choose&offering=winback")).await);
    assert!(offering.split("value=\"winback\"").nth(1).is_some_and(|rest| rest.trim_start().starts_with("checked")));
    for (page, dialog, listed) in [
        (LENA, "grant", "&entitlement={}&duration={}"),
        (LENA, "offering-choose", "&offering={}"),
        (CATALOG, "entitlement-detach.pro", "&product={}"),
        ("/projects/sundial/catalog/offerings/standard", "package-detach.$rc_annual", "&product={}"),
    ] {
        let address = format!("{page}?dialog={dialog}{}", listed.replace("{}", PLANTED));
        assert!(!desk.page(&ADA, &address).await.contains(PLANTED), "{address}");
    }
}

#[actix_web::test]
async fn a_dialog_that_shows_a_secret_once_is_opened_by_no_link() {
    let desk = desk().await;
    for (page, dialog) in [
        ("/keys", "key-shown&key="),
        ("/people", "invitation-link&link="),
        ("/endpoints", "endpoint-secret&secret="),
        ("", "webhook-secret&value="),
    ] {
        let answer = desk.page(&ADA, &format!("{SETTINGS}{page}?dialog={dialog}{PLANTED}")).await;
        assert!(!answer.contains("<dialog open") && !answer.contains(PLANTED), "{dialog}");
    }
}

#[actix_web::test]
async fn a_link_to_a_page_with_a_form_names_what_it_is_about_and_confirms_nothing() {
    let desk = desk().await;
    let cookie = desk.cookie(&ADA);
    let sandy = format!("{TEST_ACCOUNTS}/review?bought=sandbox&scope=all");
    let choice = ["bought", "ids", "before", "scope", "customer", "next", "to"];
    for (page, listed) in [
        (format!("{TRANSFER}?to=sandy"), &["to"][..]),
        (sandy, &choice[..5]),
        ("/account?dialog=name".to_owned(), &[]),
        ("/account?dialog=preferences".to_owned(), &[]),
        ("/account?dialog=password".to_owned(), &[]),
        ("/account/second-factor?dialog=shown".to_owned(), &["next"]),
        ("/account/second-factor?dialog=confirm".to_owned(), &["next"]),
        ("/account/proof?dialog=proof".to_owned(), &["next"]),
    ] {
        let plain = desk.get_with(&cookie, &page).await;
        assert_eq!(plain.status, StatusCode::OK, "{page}");
        let plain = without_keys(&plain.body);
        for attempt in attempts(&plain, listed) {
            let filled = without_keys(&desk.get_with(&cookie, &format!("{page}{attempt}")).await.body);
            assert_eq!(filled, plain, "{page}{attempt}");
        }
    }
}
