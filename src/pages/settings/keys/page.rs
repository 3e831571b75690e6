//! The list of all keys, revoked ones included.

use askama::Template;

use super::dialog::dialog;
use crate::actions::InProject;
use crate::actions::Opened;
use crate::actions::Page;
use crate::actions::View;
use crate::auth::Member;
use crate::auth::api_keys::{Line, platform_of, queries};
use crate::base::Permission::ManageSecretKeys;
use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::PersonId;
use crate::db::Conn;
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::Dialog;
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::Stamp;
use crate::wording::text::count;

#[derive(Template)]
#[template(path = "settings/keys.html")]
pub struct KeysPage {
    layout: Layout,
    nav: Nav,
    slug: String,
    /// The address that clients call: the value of an app's `proxyURL`.
    origin: String,
    /// How many keys are not revoked.
    active: usize,
    to_review: usize,
    may_manage_secret: bool,
    keys: Vec<Row>,
    /// What can come of a Test Store key beside keys of real stores.
    warning: Option<String>,
}

struct Row {
    line: Line,
    kind: String,
    made: Stamp,
    used: Option<Stamp>,
    revoked: Option<Stamp>,
    /// The admin who answers for a key that somebody else has made.
    kept_by: Option<String>,
    /// Whether nobody answers for it any more.
    is_to_review: bool,
    /// Whether the member may revoke it.
    may_manage: bool,
}

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/keys", member.project.slug)
}

impl Page for KeysPage {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<KeysPage, Error> {
        let (member, now) = (view.who, view.request.now);
        let lines = queries::list(conn, member.project.id)?;
        let beside = queries::test_keys_beside(conn, Some(member.project.id))?;
        let members = queries::members_of(conn, member.project.id)?;
        let owners = queries::owners_of(conn, &lines)?;
        let keys: Vec<Row> = lines.into_iter().map(|line| Row::new(line, member, &members, &owners, now)).collect();
        Ok(KeysPage {
            layout: member.layout("API keys", Section::Settings),
            nav: nav(conn, member, "keys")?,
            slug: member.project.slug.clone(),
            origin: view.request.config().address_of(""),
            active: keys.iter().filter(|row| row.line.counts()).count(),
            to_review: keys.iter().filter(|row| row.is_to_review).count(),
            may_manage_secret: member.may(ManageSecretKeys),
            keys,
            warning: beside.first().map(queries::TestKeyBeside::warning),
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn address(&self) -> String {
        format!("{}/keys", self.nav.base)
    }

    fn dialog(&self, _: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        let lines: Vec<&Line> = self.keys.iter().map(|row| &row.line).collect();
        dialog(view.who, opened, &lines, &self.origin)
    }
}

impl KeysPage {
    /// `2 keys`
    fn to_review(&self) -> String {
        count(i64::try_from(self.to_review).unwrap_or(i64::MAX), "key", "keys")
    }

    fn opens(&self, dialog: &str) -> String {
        format!("{}/keys?dialog={dialog}", self.nav.base)
    }
}

impl Row {
    fn new(
        line: Line,
        member: &Member,
        members: &[(PersonId, Role)],
        owners: &[(PersonId, String)],
        now: Moment,
    ) -> Row {
        let relative = |at| Stamp::relative(at, now);
        let owner = owners.iter().find(|(id, name)| line.owner_id == Some(*id) && *name != line.created_by);
        Row {
            is_to_review: line.is_to_review(members),
            may_manage: member.may(line.managed_by()),
            kind: kind(&line),
            kept_by: owner.map(|(_, name)| name.clone()),
            made: relative(line.created_at),
            used: line.used_at.map(relative),
            revoked: line.revoked_at.map(relative),
            line,
        }
    }
}

/// `Secret, support`, `Public, App Store`
pub fn kind(line: &Line) -> String {
    match (line.store.as_deref(), line.role) {
        (Some(store), _) => format!("Public, {}", platform_of(store).map_or(store, |platform| platform.name)),
        (None, Some(role)) => format!("Secret, {role}"),
        (None, None) => "Secret".into(),
    }
}
