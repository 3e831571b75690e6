//! The page: off, being set up, just switched on, or on.

use askama::Template;

use crate::actions::Opened;
use crate::actions::OwnAccount;
use crate::actions::Page;
use crate::actions::View;
use crate::auth::next;
use crate::auth::second_factor::{Picture, Secret, queries};
use crate::base::error::Error;
use crate::db::Conn;
use crate::web::{Layout, filters, form};
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "account/second_factor.html")]
pub struct FactorPage {
    layout: Layout,
    form: Opened,
    /// Where to go afterwards.
    next: String,
    /// The projects that require it.
    required_by: Vec<String>,
    state: State,
}

enum State {
    Off,
    /// A secret was just made and waits for its first code.
    Pending {
        picture: Picture,
        groups: Vec<String>,
    },
    /// The secret waits for its first code, after a wrong one. It is not shown again.
    Unconfirmed,
    /// New recovery codes, shown once.
    Codes(Vec<String>),
    On {
        since: Stamp,
        left: i64,
    },
}

impl Page for FactorPage {
    type Scope = OwnAccount;

    fn load(conn: &mut Conn, view: &View<'_, OwnAccount>) -> Result<FactorPage, Error> {
        let logged_in = view.who;
        let requiring = logged_in.projects.iter().filter(|(project, _)| project.requires_second_factor);
        // An address opens no form: the secret is shown only when it has just been made.
        let form = view.sent().cloned().unwrap_or_default();
        let next = match view.sent() {
            Some(sent) => sent.value("next", "").to_owned(),
            None => form::field(view.query, "next").unwrap_or_default(),
        };
        let host = view.request.config().public_url.host_str().unwrap_or_default();
        Ok(FactorPage {
            layout: logged_in.layout("Second factor"),
            next: next::path(&next).to_owned(),
            required_by: requiring.map(|(project, _)| project.name.clone()).collect(),
            state: state(conn, view, &form, host)?,
            form: form.by(logged_in.is_proven, logged_in.has_second_factor),
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn has_dialogs() -> bool {
        false
    }
}

impl FactorPage {
    fn has_next(&self) -> bool {
        self.next != "/"
    }

    /// Why a form, or its one field, was refused.
    fn problem(&self, form: &str, field: &str) -> Option<&str> {
        if self.form.name == form { self.form.problem(field) } else { None }
    }
}

fn state(conn: &mut Conn, view: &View<'_, OwnAccount>, form: &Opened, host: &str) -> Result<State, Error> {
    let (id, email) = (view.who.person.id, &view.who.person.email);
    let since = queries::on_since(conn, id)?;
    match (form.name.as_str(), since) {
        ("shown", Some(_)) if form.is_shown_once => {
            Ok(State::Codes(form.value("codes", "").split_whitespace().map(str::to_owned).collect()))
        }
        (_, Some(since)) => Ok(State::On { since: Stamp::day(since), left: queries::count_codes(conn, id)? }),
        ("confirm", None) if form.is_shown_once => match queries::secret(conn, id)? {
            Some(bytes) => pending(&Secret::new(bytes, email, host)?),
            None => Ok(State::Off),
        },
        ("confirm", None) if queries::is_begun(conn, id, view.request.now)? => Ok(State::Unconfirmed),
        (_, None) => Ok(State::Off),
    }
}

fn pending(secret: &Secret) -> Result<State, Error> {
    Ok(State::Pending { picture: Picture::draw(&secret.address()?)?, groups: secret.groups() })
}
