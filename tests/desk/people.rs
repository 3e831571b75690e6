//! The people of a project: roles, leaving, and that a project keeps an admin.

use std::io::Write;
use std::process::Stdio;

use actix_web::http::StatusCode;
use diesel::prelude::*;
use dossier::auth::queries::{role_of, set_role};
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::db::schema::{invitations, notes, offering_overrides, sessions};

use crate::support::audit_log::{audit_entries, verify_audit_chain};
use crate::support::canary::add_customer_with_everything;
use crate::support::cast::{ADA, DEV, LENA, PASSWORD, Person, SOL, SUNDIAL, TEAM, VERA};
use crate::support::desks::add_lena;
use crate::support::jobs::clean_up;
use crate::support::pages::seen_version;
use crate::support::server::dossier;
use crate::support::{Desk, form, traces};

const PEOPLE: &str = "/projects/sundial/settings/people";

fn role_path(person: &Person) -> String {
    format!("{PEOPLE}/{}/role", person.id)
}

fn delete_path(person: &Person) -> String {
    format!("{PEOPLE}/{}/delete", person.id)
}

fn role(desk: &Desk, person: &Person) -> Option<Role> {
    let project = desk.project;
    desk.db.read_here(|conn| Ok::<_, Error>(role_of(conn, project, person.id)?)).expect("a role")
}

fn give_role(desk: &Desk, person: &Person, role: Role) {
    let project = desk.project;
    desk.db.write_here(|conn| Ok::<_, Error>(set_role(conn, project, person.id, role)?)).expect("a role");
}

/// Makes Lena, a note about her by Sol, and a note by Dev that Sol edited.
async fn write_notes(desk: &Desk) {
    add_lena(desk);
    for person in [&SOL, &DEV] {
        let added = desk.post_form(person, &format!("{LENA}/notes"), &[("body", "Hello")]).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER);
    }
    let newest = notes::table.order(notes::id.desc()).select(notes::id);
    let id: i64 = desk.db.read_here(|conn| Ok::<_, Error>(newest.first(conn)?)).expect("a note");
    let dialog = desk.get(&SOL, &format!("{LENA}?dialog=note-edit.{id}")).await.body;
    let seen = seen_version(&dialog);
    let fields = [("body", "Hello!"), ("seen", seen)];
    let edited = desk.post_form(&SOL, &format!("{LENA}/notes/{id}"), &fields).await;
    assert_eq!(edited.status, StatusCode::SEE_OTHER);
}

/// Sets another offering for Lena, as Sol.
fn override_offering(desk: &Desk) {
    let set = desk.db.write_here(|conn| {
        let lena: i64 = notes::table.select(notes::customer_id).first(conn)?;
        diesel::insert_into(offering_overrides::table)
            .values((
                offering_overrides::customer_id.eq(lena),
                offering_overrides::project_id.eq(desk.project),
                offering_overrides::offering.eq("sale"),
                offering_overrides::set_by.eq(SOL.name),
                offering_overrides::set_by_id.eq(SOL.id),
                offering_overrides::set_at.eq(desk.clock.now()),
                offering_overrides::is_end_recorded.eq(false),
            ))
            .execute(conn)?;
        Ok::<_, Error>(())
    });
    set.expect("an override");
}

/// Ada deletes the note by Sol, and could undo that.
async fn delete_first_note(desk: &Desk) {
    let first = notes::table.order(notes::id).select(notes::id);
    let id: i64 = desk.db.read_here(|conn| Ok::<_, Error>(first.first(conn)?)).expect("a note");
    let dialog = desk.get(&ADA, &format!("{LENA}?dialog=note-delete.{id}")).await.body;
    let seen = seen_version(&dialog);
    let deleted = desk.post_form(&ADA, &format!("{LENA}/notes/{id}/delete"), &[("seen", seen)]).await;
    assert_eq!(deleted.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn admins_see_who_belongs_to_the_project_and_nobody_else_does() {
    let desk = Desk::open().await;
    desk.set_up_second_factor(&SOL).await;
    let page = desk.get(&ADA, PEOPLE).await.body;
    for person in &TEAM {
        assert!(page.contains(person.name) && page.contains(person.email), "{}", person.name);
    }
    assert!(
        page.matches("<span class=\"badge tone-good\">On</span>").count() == 1 && page.contains("3 of 4 have none")
    );
    assert!(page.contains("dialog=member-invite") && page.contains("Nobody is invited at the moment."));
    for person in [&VERA, &SOL, &DEV] {
        assert_eq!(desk.get(person, PEOPLE).await.status, StatusCode::FORBIDDEN, "{}", person.name);
    }
}

#[actix_web::test]
async fn the_page_shows_when_somebody_was_last_active() {
    let desk = Desk::open().await;
    desk.anonymous_post_form("/login", &[("email", SOL.email), ("password", PASSWORD)]).await;
    desk.clock.advance(7_200);
    let page = desk.get(&ADA, PEOPLE).await.body;
    assert!(page.contains(">2 hours ago</time>") && page.contains("<span class=\"quiet\">Never</span>"), "{page}");
}

#[actix_web::test]
async fn a_role_is_changed_and_counts_from_the_next_request() {
    let desk = Desk::open().await;
    let cookie = desk.cookie(&SOL);
    let dialog = desk.get(&ADA, &format!("{PEOPLE}?dialog=member-role.{}", SOL.id)).await.body;
    assert!(dialog.contains("Change the role of Sol Mbeki") && dialog.contains("value=\"support\" checked"));
    let answer = desk.post_form(&ADA, &role_path(&SOL), &[("role", "developer"), ("seen", "support")]).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, format!("{PEOPLE}#")));
    assert!(desk.get(&ADA, answer.header("location")).await.body.contains("Sol Mbeki has the role developer now."));
    assert_eq!(role(&desk, &SOL), Some(Role::Developer));
    assert_eq!(desk.get_with(&cookie, "/projects/sundial/settings").await.status, StatusCode::OK);
    let log = audit_entries(&desk);
    assert_eq!(log[0].action, "member_role_changed");
    assert!(
        log[0].details.contains(r#""about":"sol@sundial.example","before":"support","after":"developer""#),
        "{}",
        log[0].details
    );
}

#[actix_web::test]
async fn only_admins_change_roles() {
    let desk = Desk::open().await;
    for person in [&VERA, &SOL, &DEV] {
        for subject in &TEAM {
            let fields = [("role", "admin"), ("seen", subject.role.name())];
            assert_eq!(desk.post_form(person, &role_path(subject), &fields).await.status, StatusCode::FORBIDDEN);
            assert_eq!(desk.post_form(person, &delete_path(subject), &fields).await.status, StatusCode::FORBIDDEN);
        }
        let required = desk.post_form(person, &format!("{PEOPLE}/second-factor"), &[("required", "true")]).await;
        assert_eq!(required.status, StatusCode::FORBIDDEN);
    }
    assert!(TEAM.iter().all(|person| role(&desk, person) == Some(person.role)));
    let log = audit_entries(&desk);
    assert_eq!(log.len(), 3, "the first refusal of each is logged, and the others are counted");
    assert!(log.iter().all(|entry| entry.action == "authorization_refused"), "{log:?}");
}

#[actix_web::test]
async fn a_refused_role_has_its_reason_in_the_dialog() {
    let desk = Desk::open().await;
    for (typed, reason) in [("owner", "Choose one of the four"), ("support", "That is the role already.")] {
        let answer = desk.post_form(&ADA, &role_path(&SOL), &[("role", typed), ("seen", "support")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(answer.body.contains("<dialog") && answer.body.contains(reason), "{typed}");
    }
    let stale = desk.post_form(&ADA, &role_path(&SOL), &[("role", "viewer"), ("seen", "developer")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(
        stale.body.contains("Somebody else changed it meanwhile.") && stale.body.contains("value=\"viewer\" checked")
    );
    for path in [format!("{PEOPLE}/99/role"), format!("{PEOPLE}/x/role"), format!("{PEOPLE}/99/delete")] {
        let answer = desk.post_form(&ADA, &path, &[("role", "viewer"), ("seen", "support")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(role(&desk, &SOL), Some(Role::Support));
}

#[actix_web::test]
async fn the_last_admin_can_neither_step_down_nor_leave() {
    let desk = Desk::open().await;
    let down = desk.post_form(&ADA, &role_path(&ADA), &[("role", "viewer"), ("seen", "admin")]).await;
    let gone = desk.post_form(&ADA, &delete_path(&ADA), &[("seen", "admin")]).await;
    for answer in [down, gone] {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("last admin"), "{}", answer.body);
    }
    assert_eq!(role(&desk, &ADA), Some(Role::Admin));
}

#[actix_web::test]
async fn two_admins_who_remove_each_other_at_once_leave_one() {
    for round in 0..5 {
        let desk = Desk::open().await;
        give_role(&desk, &DEV, Role::Admin);
        let (dev, ada) = (delete_path(&DEV), delete_path(&ADA));
        let (one, other) = futures_util::future::join(
            desk.post_form(&ADA, &dev, &[("seen", "admin")]),
            desk.post_form(&DEV, &ada, &[("seen", "admin")]),
        )
        .await;
        let left = [&ADA, &DEV].into_iter().filter(|person| role(&desk, person) == Some(Role::Admin)).count();
        assert_eq!(left, 1, "round {round}: {} {}", one.status, other.status);
    }
}

#[actix_web::test]
async fn many_admins_who_step_down_at_once_leave_one() {
    let desk = Desk::open().await;
    for person in &TEAM {
        give_role(&desk, person, Role::Admin);
    }
    let steps = TEAM.iter().map(|person| {
        let fields = [("role", "viewer"), ("seen", "admin")];
        form(&role_path(person), &fields).insert_header(("cookie", desk.cookie(person)))
    });
    let answers = desk.call_at_once(steps.collect()).await;
    let statuses: Vec<StatusCode> = answers.iter().map(|answer| answer.status).collect();
    let left = TEAM.iter().filter(|person| role(&desk, person) == Some(Role::Admin)).count();
    assert_eq!(left, 1, "{statuses:?}");
}

#[actix_web::test]
async fn a_removed_person_loses_access_at_once_and_the_account_closes_with_the_last_project() {
    let desk = Desk::open().await;
    let (cookie, password) = (desk.cookie(&SOL), PASSWORD);
    let answer = desk.post_form(&ADA, &delete_path(&SOL), &[("seen", "support")]).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, format!("{PEOPLE}#")));
    assert_eq!(desk.get_with(&cookie, "/projects/sundial/customers").await.status, StatusCode::SEE_OTHER);
    let fields = [("email", SOL.email), ("password", password)];
    let closed = desk.anonymous_post_form("/login", &fields).await;
    let unknown = desk.anonymous_post_form("/login", &[("email", "eve@sundial.example"), ("password", password)]).await;
    assert_eq!(closed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(closed.body.replace(SOL.email, "eve@sundial.example"), unknown.body);
    let kept: i64 = desk
        .db
        .read_here(|conn| {
            let own = sessions::table.filter(sessions::person_id.eq(SOL.id));
            Ok::<_, Error>(own.count().get_result(conn)?)
        })
        .expect("a count");
    assert_eq!(kept, 0);
    assert!(
        audit_entries(&desk).iter().any(|entry| entry.action == "member_removed" && entry.details.contains(SOL.email))
    );
}

#[actix_web::test]
async fn a_person_removed_from_one_project_keeps_the_other() {
    let desk = Desk::open().await;
    let slug = desk.project_of_the_cast();
    let cookie = desk.cookie(&SOL);
    desk.post_form(&ADA, &delete_path(&SOL), &[("seen", "support")]).await;
    assert_eq!(desk.get_with(&cookie, "/projects/sundial/customers").await.status, StatusCode::NOT_FOUND);
    assert_eq!(desk.get_with(&cookie, &format!("/projects/{slug}/customers")).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_closed_account_is_opened_again_by_an_invitation() {
    let desk = Desk::open().await;
    desk.post_form(&ADA, &delete_path(&SOL), &[("seen", "support")]).await;
    let fields = [("email", SOL.email), ("role", "viewer")];
    let page = desk.post_form(&ADA, "/projects/sundial/settings/invitations", &fields).await.body;
    let link = page
        .split("http://desk.example")
        .find(|part| part.starts_with("/invitations/"))
        .and_then(|part| part.get(..77));
    let joined =
        desk.anonymous_post_form(link.expect("a link"), &[("name", "Sol"), ("password", "a new beginning")]).await;
    assert_eq!(joined.status, StatusCode::SEE_OTHER);
    assert_eq!(role(&desk, &SOL), Some(Role::Viewer));
    let fields = [("email", SOL.email), ("password", "a new beginning")];
    assert_eq!(desk.anonymous_post_form("/login", &fields).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn invitations_by_somebody_who_stops_being_admin_are_withdrawn() {
    let desk = Desk::open().await;
    give_role(&desk, &DEV, Role::Admin);
    let fields = [("email", "eve@x.example"), ("role", "admin")];
    assert_eq!(desk.post_form(&DEV, "/projects/sundial/settings/invitations", &fields).await.status, StatusCode::OK);
    desk.post_form(&ADA, &role_path(&DEV), &[("role", "support"), ("seen", "admin")]).await;
    let left = invitations::table.count();
    assert_eq!(desk.db.read_here(|conn| Ok::<i64, Error>(left.get_result(conn)?)).expect("a count"), 0);
}

#[actix_web::test]
async fn notes_keep_the_name_of_a_removed_person_unless_it_is_erased() {
    let desk = Desk::open().await;
    write_notes(&desk).await;
    desk.post_form(&ADA, &delete_path(&SOL), &[("seen", "support")]).await;
    let page = desk.get(&ADA, LENA).await.body;
    assert!(page.contains("Sol Mbeki") && page.contains("edited by <bdi>Sol Mbeki</bdi>"));
}

#[actix_web::test]
async fn an_erased_name_is_stored_nowhere_and_the_chain_is_still_valid() {
    let desk = Desk::open().await;
    desk.anonymous_post_form("/login", &[("email", SOL.email), ("password", PASSWORD)]).await;
    write_notes(&desk).await;
    override_offering(&desk);
    delete_first_note(&desk).await;
    add_customer_with_everything(&desk).await;
    desk.post_form(&ADA, &role_path(&SOL), &[("role", "viewer"), ("seen", "support")]).await;
    let answer = desk.post_form(&ADA, &delete_path(&SOL), &[("seen", "viewer"), ("erase", "1")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let page = desk.get(&ADA, LENA).await.body;
    assert!(page.contains("A former member") && !page.contains("Sol Mbeki") && !page.contains(SOL.email));
    clean_up(&desk);
    for text in [SOL.name, SOL.email] {
        assert_eq!(traces::find(&desk, text), Vec::<String>::new(), "{text}");
    }
    assert!(verify_audit_chain(&desk).is_ok(), "the chain");
}

#[actix_web::test]
async fn removing_and_changing_ask_for_a_fresh_log_in() {
    let desk = Desk::open().await;
    let posts = [
        (role_path(&SOL), vec![("role", "viewer"), ("seen", "support")]),
        (delete_path(&SOL), vec![("seen", "support")]),
        (format!("{PEOPLE}/second-factor"), vec![("required", "false")]),
    ];
    let cookie = desk.cookie(&ADA);
    desk.clock.advance(16 * 60);
    for (path, fields) in &posts {
        let answer = desk.post_with(&cookie, path, fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(answer.body.contains("id=\"password-reason\""), "{path}");
    }
    assert_eq!(role(&desk, &SOL), Some(Role::Support));
    let (path, fields) = &posts[0];
    let fields: Vec<_> = fields.iter().copied().chain([("password", PASSWORD)]).collect();
    assert_eq!(desk.post_with(&cookie, path, &fields).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn a_second_factor_is_required_only_by_an_admin_who_has_one() {
    let desk = Desk::open().await;
    let path = format!("{PEOPLE}/second-factor");
    let refused = desk.post_form(&ADA, &path, &[("required", "true")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("<dialog") && refused.body.contains("lock yourself out"));
    assert_eq!(desk.post_form(&ADA, &path, &[("required", "maybe")]).await.status, StatusCode::BAD_REQUEST);
    desk.set_up_second_factor(&ADA).await;
    assert_eq!(desk.post_form(&ADA, &path, &[("required", "true")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.get(&SOL, LENA).await.status, StatusCode::SEE_OTHER);
    assert!(desk.get(&ADA, PEOPLE).await.body.contains("badge tone-warn\">Off"));
    assert_eq!(desk.post_form(&ADA, &path, &[("required", "false")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.get(&SOL, "/projects/sundial/customers").await.status, StatusCode::OK);
    let changes: Vec<_> =
        audit_entries(&desk).into_iter().filter(|entry| entry.action == "second_factor_required").collect();
    assert!(
        changes.len() == 2 && changes[0].details.contains(r#""before":"optional","after":"required""#),
        "{changes:?}"
    );
}

/// Runs `dossier user add` in the project Sundial with a password on standard input; returns whether it worked, and its words.
fn user_add(desk: &Desk, email: &str, role: &str, password: &str) -> (bool, String) {
    let mut command = dossier();
    command.args(["user", "add", "--project", SUNDIAL, "--email", email, "--name", "Eve Adebayo", "--role", role]);
    command.env("DATABASE_URL", &desk.application.config.database_url);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    writeln!(child.stdin.take().expect("an input"), "{password}").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// The command line does what the page does: with an entry in the audit log, and never without an admin.
#[actix_web::test]
async fn the_command_line_leaves_traces_and_keeps_the_last_admin() {
    let desk = Desk::open().await;
    let (is_refused, words) = user_add(&desk, ADA.email, "viewer", "");
    assert!(
        !is_refused && words.contains("this is the project's last admin. Make somebody else an admin first"),
        "{words}"
    );
    assert!(audit_entries(&desk).is_empty());
    assert!(user_add(&desk, "eve@sundial.example", "admin", "a password of her own").0);
    assert!(user_add(&desk, "eve@sundial.example", "admin", "").0, "nothing changes");
    assert!(user_add(&desk, SOL.email, "developer", "another one for Sol").0);
    assert!(user_add(&desk, ADA.email, "support", "").0, "there is another admin");
    let entries = audit_entries(&desk);
    let lines: Vec<(&str, &str)> =
        entries.iter().map(|entry| (entry.action.as_str(), entry.actor_kind.as_str())).collect();
    let by_operator = |action| (action, "operator");
    let actions = ["member_added", "password_replaced", "member_role_changed", "member_role_changed"];
    assert_eq!(lines, actions.map(by_operator));
    assert!(entries[0].details.contains("eve@sundial.example") && entries[0].details.contains("admin"));
    assert!(entries[2].details.contains("support") && entries[2].details.contains("developer"));
    assert!(verify_audit_chain(&desk).is_ok());
}
