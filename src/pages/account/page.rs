//! `GET /account`: everything on one page, each part with its own form.

use askama::Template;

use super::changed;
use crate::actions::Opened;
use crate::actions::OwnAccount;
use crate::actions::Page;
use crate::actions::View;
use crate::auth::account::{self, OpenSession};
use crate::auth::{LoggedIn, PageRequest, Person, second_factor};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::Conn;
use crate::web::{Flash, Layout};
use crate::wording::Preferences;
use crate::wording::preferences::{Theme, places};
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "account/page.html")]
pub struct AccountPage {
    layout: Layout,
    person: Person,
    /// The name of each project, and the person's role in it.
    projects: Vec<(String, &'static str)>,
    preferences: Preferences,
    /// The form that was sent and refused.
    form: Opened,
    second_factor: Option<Stamp>,
    codes_left: i64,
    sessions: Vec<Line>,
}

/// A session as the page shows it.
struct Line {
    row: String,
    browser: String,
    began: Stamp,
    used: Stamp,
    is_this: bool,
}

/// The places of one continent: values and names.
struct Continent {
    name: &'static str,
    places: Vec<(&'static str, String)>,
}

impl Page for AccountPage {
    type Scope = OwnAccount;

    fn load(conn: &mut Conn, view: &View<'_, OwnAccount>) -> Result<AccountPage, Error> {
        let (logged_in, request) = (view.who, view.request);
        let id = logged_in.person.id;
        let since = second_factor::queries::on_since(conn, id)?;
        let (used_since, made_since) = request.open_since();
        let open = account::sessions(conn, id, used_since, made_since)?;
        Ok(AccountPage {
            layout: logged_in.layout("Your account"),
            projects: projects(logged_in),
            preferences: logged_in.preferences,
            form: view.sent().cloned().unwrap_or_default(),
            second_factor: since.map(Stamp::day),
            codes_left: second_factor::queries::count_codes(conn, id)?,
            sessions: open.into_iter().map(|session| Line::new(session, request, request.now)).collect(),
            person: logged_in.person.clone(),
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn flash(&self, conn: &mut Conn, view: &View<'_, OwnAccount>) -> Result<Option<Flash>, Error> {
        Ok(changed::message(conn, view.who.person.id, view.query)?.map(Flash::success))
    }

    fn has_dialogs() -> bool {
        false
    }
}

fn projects(logged_in: &LoggedIn) -> Vec<(String, &'static str)> {
    logged_in.projects.iter().map(|(project, role)| (project.name.clone(), role.name())).collect()
}

impl AccountPage {
    /// The value of a field of one of the forms.
    fn value<'a>(&'a self, form: &str, field: &str, current: &'a str) -> &'a str {
        if self.form.name == form { self.form.value(field, current) } else { current }
    }

    fn themes(&self) -> [(&'static str, &'static str, bool); 3] {
        let chosen = self.value("preferences", "theme", self.preferences.theme.name());
        let words = |theme| match theme {
            Theme::System => "As the system",
            Theme::Light => "Light",
            Theme::Dark => "Dark",
        };
        Theme::ALL.map(|theme| (theme.name(), words(theme), theme.name() == chosen))
    }

    fn zone(&self) -> &str {
        self.value("preferences", "zone", self.preferences.zone_name())
    }

    /// A zone that the list does not name, kept as it is.
    fn other_zone(&self) -> Option<&str> {
        Some(self.zone()).filter(|zone| !zone.is_empty() && !places().any(|place| place == *zone))
    }

    fn continents(&self) -> Vec<Continent> {
        let mut all: Vec<Continent> = Vec::new();
        for place in places() {
            let (name, city) = place.split_once('/').unwrap_or((place, place));
            let city = (place, city.replace('_', " ").replace('/', ", "));
            match all.last_mut().filter(|continent| continent.name == name) {
                Some(continent) => continent.places.push(city),
                None => all.push(Continent { name, places: vec![city] }),
            }
        }
        all
    }

    fn has_others(&self) -> bool {
        self.sessions.iter().any(|line| !line.is_this)
    }
}

impl Line {
    fn new(session: OpenSession, request: &PageRequest, now: Moment) -> Line {
        Line {
            is_this: session.row == request.session_row(),
            browser: if session.browser.is_empty() { "An unknown browser".into() } else { session.browser },
            began: Stamp::day_and_time(session.created_at, now),
            used: Stamp::relative(session.used_at, now),
            row: session.row,
        }
    }
}
