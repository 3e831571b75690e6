//! The page behind an invitation's link. It depends on who opens the link.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use crate::actions::Opened;
use crate::auth::LoggedIn;
use crate::auth::invitations::{DAYS, Invitation, OpenInvitation};
use crate::auth::queries::{self, Account};
use crate::base::error::{Error, address_with_next};
use crate::base::ids::PersonId;
use crate::db::Conn;
use crate::web::{Layout, filters, html};
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "invitations/page.html")]
pub struct InvitationPage {
    layout: Layout,
    action: String,
    found: OpenInvitation,
    guest: Guest,
    form: Opened,
}

#[derive(Template)]
#[template(path = "invitations/gone.html")]
struct Gone {
    layout: Layout,
}

impl Gone {
    /// How many days an invitation lasts.
    fn days(&self) -> i64 {
        DAYS
    }
}

/// The person who opens the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guest {
    /// Nobody is logged in, and the invited address has no account, or one that was closed.
    New { closed: Option<PersonId> },
    /// Nobody is logged in, and the invited address has an account.
    Unknown { log_in: String },
    /// The invited person is logged in.
    Invited { id: PersonId },
    /// Somebody else is logged in.
    Other { name: String },
    /// The person is a member already.
    Member,
}

impl Guest {
    pub fn load(
        conn: &mut Conn,
        invitation: &Invitation,
        logged_in: Option<LoggedIn>,
        path: &str,
    ) -> Result<Guest, Error> {
        let account = queries::by_email(conn, &invitation.email)?;
        Ok(match (account, logged_in) {
            (_, Some(logged_in)) if logged_in.person.email != invitation.email => {
                Guest::Other { name: logged_in.person.name }
            }
            (_, Some(logged_in)) if queries::role_of(conn, invitation.project, logged_in.person.id)?.is_some() => {
                Guest::Member
            }
            (_, Some(logged_in)) => Guest::Invited { id: logged_in.person.id },
            (Some(Account { is_open: true, .. }), None) => Guest::Unknown { log_in: address_with_next("/login", path) },
            (Some(Account { id, is_open: false }), None) => Guest::New { closed: Some(id) },
            (None, None) => Guest::New { closed: None },
        })
    }
}

impl InvitationPage {
    pub fn new(path: &str, found: OpenInvitation, guest: Guest, form: Opened) -> InvitationPage {
        let layout = Layout::bare(format!("Join {}", found.project.name));
        InvitationPage { layout, action: path.to_owned(), found, guest, form }
    }

    fn last_day(&self) -> Stamp {
        Stamp::day(self.found.invitation.expires_at)
    }

    pub fn answer(&self, status: StatusCode) -> Result<HttpResponse, Error> {
        html(status, self)
    }
}

/// The answer to a link that is not valid, the same whatever the reason.
pub fn gone() -> Result<HttpResponse, Error> {
    html(StatusCode::NOT_FOUND, &Gone { layout: Layout::bare("This invitation is not valid") })
}
