//! Invitations: a link makes one member, once, and reveals nothing to strangers.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::auth::queries::role_of;
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::base::ids::PersonId;
use dossier::db::schema::{invitations, memberships, people};

use crate::support::audit_log::audit_entries;
use crate::support::cast::{ADA, DEV, PASSWORD, SOL, VERA};
use crate::support::{Answer, Desk, form};

const INVITE: &str = "/projects/sundial/settings/invitations";
const PEOPLE: &str = "/projects/sundial/settings/people";
const EMAIL: &str = "nia@sundial.example";

/// The path of the link that the page shows.
async fn link(desk: &Desk, email: &str, role: &str) -> String {
    let page = desk.post_form(&ADA, INVITE, &[("email", email), ("role", role)]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let found = page.body.split("http://desk.example/invitations/").nth(1).and_then(|rest| rest.get(..64));
    format!("/invitations/{}", found.expect("a link"))
}

async fn join(desk: &Desk, link: &str, name: &str, password: &str) -> Answer {
    desk.anonymous_post_form(link, &[("name", name), ("password", password)]).await
}

fn role(desk: &Desk, email: &str) -> Option<Role> {
    let project = desk.project;
    let found = desk.db.read_here(|conn| {
        let id: Option<PersonId> =
            people::table.filter(people::email.eq(email)).select(people::id).first(conn).optional()?;
        id.map_or(Ok(None), |id| Ok::<_, Error>(role_of(conn, project, id)?))
    });
    found.expect("a role")
}

fn remove_memberships(desk: &Desk, person: PersonId) {
    let gone = memberships::table.filter(memberships::person_id.eq(person));
    desk.db.write_here(|conn| Ok::<_, Error>(diesel::delete(gone).execute(conn)?)).expect("gone");
}

#[actix_web::test]
async fn a_link_makes_an_account_and_a_member_once() {
    let desk = Desk::open().await;
    let link = link(&desk, " Nia@Sundial.example ", "support").await;
    let page = desk.anonymous_get(&link).await;
    assert!(page.status == StatusCode::OK && page.body.contains("Join Sundial") && page.body.contains("Ada Okoye"));
    assert!(page.body.contains("nia@sundial.example to help as support"));
    let joined = join(&desk, &link, "Nia Owusu", PASSWORD).await;
    assert_eq!((joined.status, joined.header("location")), (StatusCode::SEE_OTHER, "/projects/sundial/customers"));
    assert_eq!(desk.get_with(&joined.cookie(), "/projects/sundial/customers").await.status, StatusCode::OK);
    assert_eq!(role(&desk, EMAIL), Some(Role::Support));
    assert_eq!(join(&desk, &link, "Eve", PASSWORD).await.status, StatusCode::NOT_FOUND);
    let again = desk.anonymous_post_form("/login", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn the_link_is_shown_once_and_only_its_hash_is_kept() {
    let desk = Desk::open().await;
    let link = link(&desk, EMAIL, "viewer").await;
    let token = link.trim_start_matches("/invitations/");
    let page = desk.get(&ADA, PEOPLE).await.body;
    assert!(page.contains(EMAIL) && !page.contains(token));
    let forged = desk.get(&ADA, &format!("{PEOPLE}?dialog=invitation-link&link=https://evil.example&email=x")).await;
    assert!(!forged.body.contains("<dialog") && !forged.body.contains("evil"), "an address cannot show a link");
    let hash: String = desk
        .db
        .read_here(|conn| Ok::<_, Error>(invitations::table.select(invitations::token_hash).first(conn)?))
        .expect("a row");
    assert_eq!(hash, dossier::base::hex(&<sha2::Sha256 as sha2::Digest>::digest(token)));
}

#[actix_web::test]
async fn only_admins_may_invite_and_each_refusal_has_its_reason() {
    let desk = Desk::open().await;
    for person in [&VERA, &SOL, &DEV] {
        let answer = desk.post_form(person, INVITE, &[("email", EMAIL), ("role", "admin")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", person.name);
    }
    let cases = [
        ("nobody", "support", "email", "Nobody is not an e-mail address."),
        (SOL.email, "support", "email", "belongs to the project already"),
        (EMAIL, "owner", "role", "Choose one of the four roles."),
    ];
    for (email, role, field, reason) in cases {
        let answer = desk.post_form(&ADA, INVITE, &[("email", email), ("role", role)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{reason}");
        assert!(answer.body.contains(reason) && answer.body.contains(&format!("id=\"{field}-reason\"")), "{reason}");
        assert!(answer.body.contains("<dialog") && answer.body.contains(&format!("value=\"{email}\"")), "{reason}");
    }
    let unknown =
        desk.post_form(&ADA, "/projects/moonrise/settings/invitations", &[("email", EMAIL), ("role", "admin")]);
    assert_eq!(unknown.await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn every_invalid_link_gets_the_same_answer() {
    let desk = Desk::open().await;
    let (old, used, withdrawn) = (
        link(&desk, "a@x.example", "viewer").await,
        link(&desk, "b@x.example", "viewer").await,
        link(&desk, "c@x.example", "viewer").await,
    );
    desk.clock.advance(7 * 86_400 - 1);
    assert_eq!(desk.anonymous_get(&old).await.status, StatusCode::OK, "a second before its end");
    assert_eq!(join(&desk, &used, "Bea", PASSWORD).await.status, StatusCode::SEE_OTHER);
    let open = desk.get(&ADA, PEOPLE).await.body;
    let id = open.split("dialog=invitation-withdraw.").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
    assert_eq!(desk.post_form(&ADA, &format!("{INVITE}/{id}/delete"), &[]).await.status, StatusCode::SEE_OTHER);
    desk.clock.advance(1);
    let unknown = desk.anonymous_get(&format!("/invitations/{}", "0".repeat(64))).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    for path in [&old, &used, &withdrawn, "/invitations/x", "/invitations/%FF"] {
        let answer = desk.anonymous_get(path).await;
        assert_eq!((answer.status, &answer.body), (unknown.status, &unknown.body), "{path}");
        let answer = join(&desk, path, "Eve", PASSWORD).await;
        assert_eq!((answer.status, &answer.body), (unknown.status, &unknown.body), "{path}");
    }
}

#[actix_web::test]
async fn guessing_links_is_limited_and_a_valid_one_still_opens() {
    let desk = Desk::open().await;
    let good = link(&desk, EMAIL, "viewer").await;
    for guess in 0..31 {
        let status = desk.anonymous_get(&format!("/invitations/{guess:064}")).await.status;
        let expected = if guess == 30 { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::NOT_FOUND };
        assert_eq!(status, expected, "{guess}");
    }
    assert_eq!(desk.anonymous_get(&good).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn refused_names_and_passwords_come_back_with_the_reason() {
    let desk = Desk::open().await;
    let link = link(&desk, EMAIL, "viewer").await;
    let cases = [
        ("", PASSWORD, "name"),
        ("Nia", "short", "password"),
        ("Nia", "password1", "password"),
        ("Nia Owusu", EMAIL, "password"),
    ];
    for (name, password, field) in cases {
        let answer = join(&desk, &link, name, password).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{password}");
        assert!(answer.body.contains(&format!("id=\"{field}-reason\"")), "{password}");
        assert!(answer.body.contains(&format!("name=\"name\" value=\"{name}\"")) && !answer.body.contains(PASSWORD));
    }
    assert_eq!(role(&desk, EMAIL), None);
    assert_eq!(join(&desk, &link, "Nia", PASSWORD).await.status, StatusCode::SEE_OTHER, "the link is still valid");
}

#[actix_web::test]
async fn somebody_with_an_account_logs_in_and_joins() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    remove_memberships(&desk, SOL.id);
    let fields = [("email", SOL.email), ("role", "support")];
    let page = desk.post_form(&ADA, &format!("/projects/{slug}/settings/invitations"), &fields).await.body;
    let token = page
        .split("/invitations/")
        .find_map(|part| part.get(..64).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit())));
    let link = format!("/invitations/{}", token.expect("a link"));
    let stranger = desk.anonymous_get(&link).await.body;
    assert!(stranger.contains(&format!("href=\"/login?next={link}\"")) && !stranger.contains("name=\"password\""));
    let posted = join(&desk, &link, "Eve", PASSWORD).await;
    assert_eq!((posted.status, posted.header("location")), (StatusCode::SEE_OTHER, link.as_str()), "no new password");
    let other = desk.get(&VERA, &link).await.body;
    assert!(other.contains("You are logged in as <bdi>Vera Lind</bdi>") && !other.contains(">Join</button>"));
    assert_eq!(desk.post_form(&VERA, &link, &[]).await.header("location"), link);
    assert!(desk.get(&SOL, &link).await.body.contains(">Join</button>"));
    let joined = desk.post_form(&SOL, &link, &[]).await;
    assert_eq!(joined.header("location"), format!("/projects/{slug}/customers"));
    assert_eq!(desk.get(&SOL, &format!("/projects/{slug}/customers")).await.status, StatusCode::OK);
    assert_eq!(desk.get(&SOL, &link).await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn of_many_who_accept_at_once_one_joins() {
    let desk = Desk::open().await;
    let link = link(&desk, EMAIL, "viewer").await;
    let (name, fields) = ("Nia", [("name", "Nia"), ("password", PASSWORD)]);
    let answers = desk.call_at_once((0..8).map(|_| form(&link, &fields)).collect()).await;
    let joined = answers.iter().filter(|answer| !answer.cookie().is_empty()).count();
    assert_eq!(joined, 1, "{name}");
    assert!(answers.iter().all(|answer| !answer.status.is_server_error()));
    let count = people::table.filter(people::email.eq(EMAIL)).count();
    assert_eq!(desk.db.read_here(|conn| Ok::<i64, Error>(count.get_result(conn)?)).expect("a count"), 1);
}

#[actix_web::test]
async fn a_link_makes_no_more_than_ten_hashes_in_three_minutes() {
    let desk = Desk::open().await;
    let link = link(&desk, EMAIL, "viewer").await;
    let fields = [("name", "Nia"), ("password", PASSWORD)];
    let answers = desk.call_at_once((0..14).map(|_| form(&link, &fields)).collect()).await;
    let refused = answers.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!((refused, answers.iter().filter(|answer| !answer.cookie().is_empty()).count()), (4, 1));
}

#[actix_web::test]
async fn inviting_and_joining_are_logged() {
    let desk = Desk::open().await;
    let link = link(&desk, EMAIL, "developer").await;
    join(&desk, &link, "Nia", PASSWORD).await;
    let lines: Vec<_> = audit_entries(&desk).into_iter().map(|entry| (entry.action, entry.role)).collect();
    let named = |name: &str, role: &str| (name.to_owned(), role.to_owned());
    assert_eq!(lines, [named("member_invited", "admin"), named("member_joined", "developer")]);
}

#[actix_web::test]
async fn inviting_asks_for_a_fresh_log_in() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&ADA);
    desk.clock.advance(16 * 60);
    let fields = [("email", EMAIL), ("role", "support")];
    let asked = desk.post_with(&cookie, INVITE, &fields).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.body.contains("id=\"password-reason\"") && asked.body.contains(&format!("value=\"{EMAIL}\"")));
    let fields = [("email", EMAIL), ("role", "support"), ("password", PASSWORD)];
    let done = desk.post_with(&cookie, INVITE, &fields).await;
    assert!(done.status == StatusCode::OK && done.body.contains("http://desk.example/invitations/"));
}

#[actix_web::test]
async fn the_link_is_not_sent_to_other_sites() {
    let desk = Desk::open().await;
    let link = link(&desk, EMAIL, "viewer").await;
    let page = desk.anonymous_get(&link).await;
    assert_eq!((page.header("referrer-policy"), page.header("cache-control")), ("same-origin", "no-store"));
}
