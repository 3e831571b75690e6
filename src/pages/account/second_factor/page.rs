//! The page: off, being set up, just switched on, or on.

use actix_web::http::header::ContentType;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::actions::Opened;
use crate::auth::second_factor::{Picture, Secret, queries};
use crate::auth::{LoggedIn, PageRequest, next};
use crate::base::config::Config;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::web::{Layout, filters, form};
use crate::wording::Preferences;
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "account/second_factor.html")]
struct FactorPage {
    layout: Layout,
    preferences: Preferences,
    form: Opened,
    /// Where to go afterwards.
    next: String,
    /// The projects that require it.
    required_by: Vec<String>,
    state: State,
}

enum State {
    Off,
    /// A secret exists and waits for its first code.
    Pending {
        picture: Picture,
        groups: Vec<String>,
    },
    /// New recovery codes, shown once.
    Codes(Vec<String>),
    On {
        since: Stamp,
        left: i64,
    },
}

pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let next = form::field(req.query_string(), "next").unwrap_or_default();
    let html = db.read(move |conn| FactorPage::load(conn, &request, Opened::default(), &next, "")?.html()).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

/// The page after one of its forms was sent.
pub fn rendered(
    config: &Config,
) -> impl FnOnce(&mut Conn, &PageRequest, Opened) -> Result<Bytes, Error> + Send + 'static {
    let host = config.public_url.host_str().unwrap_or_default().to_owned();
    move |conn, request, form| {
        let next = form.value("next", "").to_owned();
        FactorPage::load(conn, request, form, &next, &host)?.html()
    }
}

impl FactorPage {
    fn load(conn: &mut Conn, request: &PageRequest, form: Opened, next: &str, host: &str) -> Result<FactorPage, Error> {
        let logged_in = request.authenticate(conn)?;
        let requiring = logged_in.projects.iter().filter(|(project, _)| project.requires_second_factor);
        Ok(FactorPage {
            layout: logged_in.layout("Second factor"),
            preferences: logged_in.preferences,
            next: next::path(next).to_owned(),
            required_by: requiring.map(|(project, _)| project.name.clone()).collect(),
            state: state(conn, &logged_in, &form, host)?,
            form: form.by(logged_in.is_proven, logged_in.has_second_factor),
        })
    }

    fn html(self) -> Result<Bytes, Error> {
        Ok(Bytes::from(self.render_with_values(&self.preferences)?))
    }

    fn has_next(&self) -> bool {
        self.next != "/"
    }

    /// Why a form, or its one field, was refused.
    fn problem(&self, form: &str, field: &str) -> Option<&str> {
        if self.form.name == form { self.form.problem(field) } else { None }
    }
}

fn state(conn: &mut Conn, logged_in: &LoggedIn, form: &Opened, host: &str) -> Result<State, Error> {
    let id = logged_in.person.id;
    let since = queries::on_since(conn, id)?;
    match (form.name.as_str(), since) {
        ("shown", Some(_)) if form.is_shown_once => {
            Ok(State::Codes(form.value("codes", "").split_whitespace().map(str::to_owned).collect()))
        }
        (_, Some(since)) => Ok(State::On { since: Stamp::day(since), left: queries::count_codes(conn, id)? }),
        ("confirm", None) => match queries::secret(conn, id)? {
            Some(bytes) => pending(&Secret::new(bytes, &logged_in.person.email, host)?),
            None => Ok(State::Off),
        },
        (_, None) => Ok(State::Off),
    }
}

fn pending(secret: &Secret) -> Result<State, Error> {
    Ok(State::Pending { picture: Picture::draw(&secret.address()?)?, groups: secret.groups() })
}
