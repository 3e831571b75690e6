//! Pages with dialogs, flash messages and forms, and the one way to render them: in the time zone and the theme of the
//! person who sees them.

use actix_web::http::header::ContentType;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::opened::Opened;
use super::scope::{FormScope, Identity};
use crate::auth::PageRequest;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::web::{Dialog, Flash, Layout};
use crate::wording::Preferences;

/// The initial capacity of the buffer for a page in bytes, which is enough for most pages.
const USUAL_LENGTH: usize = 96 * 1024;

/// Who sees a page, and what its address asks for.
pub struct View<'a, S: FormScope> {
    pub who: &'a S::Who,
    pub request: &'a PageRequest,
    /// The query of the address.
    pub query: &'a str,
    /// The dialog that the address asks for, or the form that was refused. A page that has its forms in itself, not in
    /// dialogs, takes from it what they hold.
    pub opened: Option<&'a Opened>,
}

impl<S: FormScope> View<'_, S> {
    /// The form that was sent: refused, or answered with a secret that is shown once.
    pub fn sent(&self) -> Option<&Opened> {
        self.opened.filter(|opened| !opened.is_of_address)
    }
}

/// A page.
pub trait Page: Template + Sized + 'static {
    /// Who may see it: members of the project, or a person in their own account.
    type Scope: FormScope;

    /// Loads what the page shows.
    fn load(conn: &mut Conn, view: &View<'_, Self::Scope>) -> Result<Self, Error>;

    fn layout(&mut self) -> &mut Layout;

    /// The message about what has just been done.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn flash(&self, conn: &mut Conn, view: &View<'_, Self::Scope>) -> Result<Option<Flash>, Error> {
        Self::Scope::flash(conn, view)
    }

    /// Whether its forms are in dialogs. Otherwise they are in the page itself, which takes what they hold from
    /// [`View::sent`].
    fn has_dialogs() -> bool {
        true
    }

    /// Where the close button of a dialog leads.
    fn address(&self) -> String {
        String::new()
    }

    /// The dialog of this name; `None` when there is none for this person. The page then shows why the form was
    /// refused in its corner.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn dialog(
        &self,
        _conn: &mut Conn,
        _view: &View<'_, Self::Scope>,
        _opened: Opened,
    ) -> Result<Option<Dialog>, Error> {
        Ok(None)
    }

    /// Opens a dialog over the page.
    ///
    /// # Errors
    /// As [`Page::dialog`].
    fn open(
        &mut self,
        conn: &mut Conn,
        view: &View<'_, Self::Scope>,
        opened: Opened,
        preferences: Preferences,
    ) -> Result<(), Error> {
        let (problem, back) = (opened.all_problems(), self.address());
        let dialog = self.dialog(conn, view, opened.with_back(back))?;
        let dialog = dialog.map(|dialog| dialog.render(preferences)).transpose()?;
        self.layout().show_dialog(dialog, problem);
        Ok(())
    }
}

/// Renders a page; [`render`] of each page has this type.
pub type Renderer = fn(&mut Conn, &PageRequest, &str, Option<Opened>) -> Result<Bytes, Error>;

/// Renders the page, with a dialog over it if `opened` names one.
///
/// # Errors
/// Those of [`PageRequest::authorize`] or [`PageRequest::authenticate`], and those of the page.
pub fn render<P: Page>(
    conn: &mut Conn,
    request: &PageRequest,
    query: &str,
    opened: Option<Opened>,
) -> Result<Bytes, Error> {
    let who = P::Scope::find(request, conn)?;
    let Identity { is_proven, has_second_factor, preferences, .. } = P::Scope::identity(&who);
    let opened = opened.map(|opened| opened.by(is_proven, has_second_factor));
    let view = View { who: &who, request, query, opened: opened.as_ref() };
    let mut page = P::load(conn, &view)?;
    page.layout().flash = page.flash(conn, &view)?;
    if let Some(opened) = opened.clone().filter(|_| P::has_dialogs()) {
        page.open(conn, &view, opened, preferences)?;
    }
    let mut html = String::with_capacity(USUAL_LENGTH);
    page.render_into_with_values(&mut html, &preferences)?;
    Ok(Bytes::from(html))
}

/// Answers with the page `P` and the dialog that its address asks for.
pub async fn show<P: Page>(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let query = req.query_string().to_owned();
    let opened = Opened::from_query(&query)?;
    let html = db.read(move |conn| render::<P>(conn, &request, &query, opened)).await?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}
