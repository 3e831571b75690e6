//! Inviting, changing roles, removing, and requiring a second factor. All of them require a fresh authentication.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::page::{PeoplePage, address};
use crate::actions::{ActionContext, ActionForm, Done, ShownOnce, forget_submissions};
use crate::audit::{self, Action, Positions, Trace};
use crate::auth::api_keys;
use crate::auth::invitations::Token;
use crate::auth::members::{self, FORMER, Line, may_leave_admins};
use crate::auth::names::Email;
use crate::auth::queries as people;
use crate::base::Role;
use crate::base::config::Config;
use crate::base::error::{Error, Refusal};
use crate::base::ids::{InvitationId, PersonId, RowId};
use crate::customers::stars;
use crate::operations::erasure::{self, cleanup};
use crate::web::form::NoFields;
use crate::wording::text::sentence;

type Outcome = Result<HttpResponse, Error>;

#[derive(Deserialize)]
pub struct Invited {
    email: String,
    role: String,
}

#[derive(Deserialize)]
pub struct NewRole {
    role: String,
    /// The role that the person saw.
    seen: String,
}

#[derive(Deserialize)]
pub struct Leaving {
    seen: String,
    #[serde(default)]
    erase: Option<String>,
}

#[derive(Deserialize)]
pub struct Required {
    required: bool,
}

pub async fn invite(form: ActionForm<Invited>, config: Data<Config>) -> Outcome {
    let work = move |action: &mut ActionContext<'_>, draft: Invited| {
        let email = Email::parse(&draft.email).map_err(|why| Refusal::new("email", sentence(&why)))?;
        let role = role(&draft.role)?;
        let project = action.who.project.id;
        if members::queries::list(action.conn, project)?.iter().any(|line| line.email == email.as_str()) {
            return Err(Refusal::new("email", "This person belongs to the project already.").into());
        }
        let token = Token::fresh()?;
        let (id, invited_by) = (action.ctx.next_id(), action.who.person.id);
        let new = crate::auth::invitations::queries::New { project, id, email: &email, role, invited_by };
        crate::auth::invitations::queries::insert(action.conn, &new, &token, action.ctx.now)?;
        let trace = Trace::new(Action::MemberInvited).about(email.as_str()).after(role.name());
        let link = config.address_of(&token.path());
        let shown = ShownOnce::new("invitation-link", &[("link", &link), ("email", email.as_str())]);
        Ok(Done::new(trace, format!("{} is invited.", email.as_str()), address(action.who)).showing(shown))
    };
    form.run::<PeoplePage, _>("member-invite", work).await
}

pub async fn withdraw(form: ActionForm<NoFields>) -> Outcome {
    let dialog = format!("invitation-withdraw.{}", form.parameter("i")?);
    let work = |action: &mut ActionContext<'_>, _| {
        let id: InvitationId = action.request.parameter("i")?.parse().map_err(|_| Error::NotFound)?;
        let project = action.who.project.id;
        let open = crate::auth::invitations::queries::list(action.conn, project, action.ctx.now)?;
        let invitation = open.into_iter().find(|one| one.id == id).ok_or(Error::NotFound)?;
        if !crate::auth::invitations::queries::take(action.conn, project, id)? {
            return Err(Error::NotFound);
        }
        let trace = Trace::new(Action::InvitationWithdrawn).about(&invitation.email).before(invitation.role.name());
        Ok(Done::new(trace, "The invitation is withdrawn.", address(action.who)))
    };
    form.run::<PeoplePage, _>(&dialog, work).await
}

pub async fn change_role(form: ActionForm<NewRole>) -> Outcome {
    let dialog = format!("member-role.{}", form.parameter("person")?);
    let work = |action: &mut ActionContext<'_>, draft: NewRole| {
        let (line, admins) = member_of(action)?;
        let role = role(&draft.role)?;
        must_be(&line, &draft.seen)?;
        if role == line.role {
            return Err(Refusal::new("role", "That is the role already.").into());
        }
        may_leave_admins(line.role, admins).map_err(|why| Refusal::new("role", why))?;
        let project = action.who.project.id;
        people::set_role(action.conn, project, line.id, role)?;
        members::queries::withdraw_invitations(action.conn, project, line.id)?;
        let trace = Trace::new(Action::MemberRoleChanged).about(&line.email);
        let trace = trace.before(line.role.name()).after(role.name());
        let message = format!("{} has the role {role} now.{}", line.name, keys_to_review(action, &line)?);
        Ok(Done::new(trace, message, onward(action, &line)))
    };
    form.run::<PeoplePage, _>(&dialog, work).await
}

pub async fn remove(form: ActionForm<Leaving>) -> Outcome {
    let dialog = format!("member-remove.{}", form.parameter("person")?);
    let work = |action: &mut ActionContext<'_>, draft: Leaving| {
        let (line, admins) = member_of(action)?;
        must_be(&line, &draft.seen)?;
        may_leave_admins(line.role, admins).map_err(|why| Refusal::new("", why))?;
        let project = action.who.project.id;
        stars::unmark_all(action.conn, project, line.id)?;
        members::queries::remove(action.conn, project, line.id)?;
        let is_closed = members::queries::close_if_alone(action.conn, line.id, action.ctx.now)?;
        let trace = Trace::new(Action::MemberRemoved).before(line.role.name());
        let (trace, message) = match draft.erase.is_some() {
            true => {
                let erased = erase(action, &line, is_closed)?;
                let free_space = cleanup::sentence(action.conn, action.ctx.now);
                (
                    trace.about(FORMER).erasing(erased),
                    format!("One person is removed, and their name is erased. {free_space}"),
                )
            }
            false => (trace.about(&line.email), format!("{} is removed.", line.name)),
        };
        let message = message + &keys_to_review(action, &line)?;
        Ok(Done::new(trace, message, onward(action, &line)))
    };
    form.run::<PeoplePage, _>(&dialog, work).await
}

pub async fn require_second_factor(form: ActionForm<Required>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, draft: Required| {
        if draft.required && !action.who.has_second_factor {
            return Err(Refusal::new("", "Set up your own second factor first, or you lock yourself out.").into());
        }
        let project = action.who.project.id;
        people::require_second_factor(action.conn, project, draft.required)?;
        let words = |is_required| if is_required { "required" } else { "optional" };
        let trace = Trace::new(Action::SecondFactorRequired);
        let trace = trace.before(words(action.who.project.requires_second_factor)).after(words(draft.required));
        let message = format!("A second factor is now {}.", words(draft.required));
        Ok(Done::new(trace, message, address(action.who)))
    };
    form.run::<PeoplePage, _>("factor-require", work).await
}

fn role(typed: &str) -> Result<Role, Error> {
    Role::parse(typed).ok_or_else(|| Refusal::new("role", "Choose one of the four roles.").into())
}

/// The member that the path names, and the number of admins. The project's lock keeps both unchanged until the write.
fn member_of(action: &mut ActionContext<'_>) -> Result<(Line, usize), Error> {
    let id: PersonId = action.request.parameter("person")?.parse().map_err(|_| Error::NotFound)?;
    let lines = members::queries::list(action.conn, action.who.project.id)?;
    let admins = lines.iter().filter(|line| line.role == Role::Admin).count();
    let line = lines.into_iter().find(|line| line.id == id).ok_or(Error::NotFound)?;
    Ok((line, admins))
}

/// # Errors
/// A stale [`Refusal`] when somebody else has changed the member's role meanwhile.
fn must_be(line: &Line, seen: &str) -> Result<(), Error> {
    if line.role.name() == seen { Ok(()) } else { Err(Refusal::stale().into()) }
}

/// Erases the name of a person. Returns the positions of the entries in the log whose details went with it.
fn erase(action: &mut ActionContext<'_>, line: &Line, is_closed: bool) -> Result<Positions, Error> {
    let project = action.who.project.id;
    members::queries::erase_name(action.conn, project, line.id)?;
    let names = [line.name.as_str(), line.email.as_str()];
    let blanked = audit::queries::forget_person(action.conn, project, line.id, &names)?;
    forget_submissions(action.conn, project, line.id, &names)?;
    if is_closed {
        members::queries::erase_account(action.conn, line.id)?;
    }
    erasure::request_cleanup(action.conn, RowId(line.id.0), action.ctx.now)?;
    Ok(blanked)
}

/// A sentence about the keys that a person made and may not make any more; empty when there are none.
fn keys_to_review(action: &mut ActionContext<'_>, line: &Line) -> Result<String, Error> {
    let keys = api_keys::queries::count_to_review(action.conn, action.who.project.id, line.id)?;
    Ok(match i64::try_from(keys).unwrap_or(i64::MAX) {
        0 => String::new(),
        1 => " 1 API key of theirs goes on working: review it under API keys.".into(),
        keys => format!(" {keys} API keys of theirs go on working: review them under API keys."),
    })
}

/// Where to go next: people who changed or removed their own membership may not see this page any more.
fn onward(action: &ActionContext<'_>, line: &Line) -> String {
    if line.id == action.who.person.id { "/".into() } else { address(action.who) }
}
