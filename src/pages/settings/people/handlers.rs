//! Inviting, changing roles, removing, and requiring a second factor. All of them require a fresh authentication.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::page::{address, rendered};
use crate::actions::{Act, Doing, Done, ShownOnce, forget_submissions};
use crate::audit::{self, Action, Trace};
use crate::auth::invitations::Token;
use crate::auth::members::{self, FORMER, Line, may_leave_admins};
use crate::auth::names::Email;
use crate::auth::queries as people;
use crate::base::Role;
use crate::base::config::Config;
use crate::base::error::{Error, Refusal};
use crate::base::ids::{InvitationId, PersonId, RowId};
use crate::customers::stars;
use crate::db::Db;
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

pub async fn invite(act: Act<Invited>, config: Data<Config>) -> Outcome {
    let work = move |doing: &mut Doing<'_>, draft: Invited| {
        let email = Email::parse(&draft.email).map_err(|why| Refusal::new("email", sentence(&why)))?;
        let role = role(&draft.role)?;
        let project = doing.member.project.id;
        if members::queries::list(doing.conn, project)?.iter().any(|line| line.email == email.as_str()) {
            return Err(Refusal::new("email", "This person belongs to the project already.").into());
        }
        let token = Token::fresh()?;
        let (id, invited_by) = (doing.ctx.next_id(), doing.member.person.id);
        let new = crate::auth::invitations::queries::New { project, id, email: &email, role, invited_by };
        crate::auth::invitations::queries::insert(doing.conn, &new, &token, doing.ctx.now)?;
        let trace = Trace::new(Action::MemberInvited).about(email.as_str()).after(role.name());
        let link = config.address_of(&token.path());
        let shown = ShownOnce::new("invitation-link", &[("link", &link), ("email", email.as_str())]);
        Ok(Done::new(trace, format!("{} is invited.", email.as_str()), address(doing.member)).showing(shown))
    };
    act.run("member-invite", rendered, work).await
}

pub async fn withdraw(act: Act<NoFields>) -> Outcome {
    let dialog = format!("invitation-withdraw.{}", act.parameter("i")?);
    let work = |doing: &mut Doing<'_>, _| {
        let id: InvitationId = doing.request.parameter("i")?.parse().map_err(|_| Error::NotFound)?;
        let project = doing.member.project.id;
        let open = crate::auth::invitations::queries::list(doing.conn, project, doing.ctx.now)?;
        let invitation = open.into_iter().find(|one| one.id == id).ok_or(Error::NotFound)?;
        if !crate::auth::invitations::queries::take(doing.conn, project, id)? {
            return Err(Error::NotFound);
        }
        let trace = Trace::new(Action::InvitationWithdrawn).about(&invitation.email).before(invitation.role.name());
        Ok(Done::new(trace, "The invitation is withdrawn.", address(doing.member)))
    };
    act.run(&dialog, rendered, work).await
}

pub async fn change_role(act: Act<NewRole>) -> Outcome {
    let dialog = format!("member-role.{}", act.parameter("person")?);
    let work = |doing: &mut Doing<'_>, draft: NewRole| {
        let (line, admins) = member_of(doing)?;
        let role = role(&draft.role)?;
        must_be(&line, &draft.seen)?;
        if role == line.role {
            return Err(Refusal::new("role", "That is the role already.").into());
        }
        may_leave_admins(line.role, admins).map_err(|why| Refusal::new("role", why))?;
        let project = doing.member.project.id;
        people::set_role(doing.conn, project, line.id, role)?;
        members::queries::withdraw_invitations(doing.conn, project, line.id)?;
        let trace = Trace::new(Action::MemberRoleChanged).about(&line.email);
        let trace = trace.before(line.role.name()).after(role.name());
        Ok(Done::new(trace, format!("{} is now {role}.", line.name), onward(doing, &line)))
    };
    act.run(&dialog, rendered, work).await
}

pub async fn remove(act: Act<Leaving>, db: Data<Db>) -> Outcome {
    let dialog = format!("member-remove.{}", act.parameter("person")?);
    let work = |doing: &mut Doing<'_>, draft: Leaving| {
        let (line, admins) = member_of(doing)?;
        must_be(&line, &draft.seen)?;
        may_leave_admins(line.role, admins).map_err(|why| Refusal::new("", why))?;
        let project = doing.member.project.id;
        stars::unmark_all(doing.conn, project, line.id)?;
        members::queries::remove(doing.conn, project, line.id)?;
        let is_closed = members::queries::close_if_alone(doing.conn, line.id, doing.ctx.now)?;
        let trace = Trace::new(Action::MemberRemoved).before(line.role.name());
        let (trace, message) = match draft.erase.is_some() {
            true => {
                erase(doing, &line, is_closed)?;
                (trace.about(FORMER), "One person is removed, and their name is erased.".to_owned())
            }
            false => (trace.about(&line.email), format!("{} is removed.", line.name)),
        };
        Ok(Done::new(trace, message, onward(doing, &line)))
    };
    let answer = act.run(&dialog, rendered, work).await?;
    cleanup::soon(&db).await;
    Ok(answer)
}

pub async fn require_second_factor(act: Act<Required>) -> Outcome {
    let work = |doing: &mut Doing<'_>, draft: Required| {
        if draft.required && !doing.member.has_second_factor {
            return Err(Refusal::new("", "Set up your own second factor first, or you lock yourself out.").into());
        }
        let project = doing.member.project.id;
        people::require_second_factor(doing.conn, project, draft.required)?;
        let words = |is_required| if is_required { "required" } else { "optional" };
        let trace = Trace::new(Action::SecondFactorRequired);
        let trace = trace.before(words(doing.member.project.requires_second_factor)).after(words(draft.required));
        let message = format!("A second factor is now {}.", words(draft.required));
        Ok(Done::new(trace, message, address(doing.member)))
    };
    act.run("factor-require", rendered, work).await
}

fn role(typed: &str) -> Result<Role, Error> {
    Role::parse(typed).ok_or_else(|| Refusal::new("role", "Choose one of the four roles.").into())
}

/// The member that the path names, and the number of admins. The project's lock keeps both unchanged until the write.
fn member_of(doing: &mut Doing<'_>) -> Result<(Line, usize), Error> {
    let id: PersonId = doing.request.parameter("person")?.parse().map_err(|_| Error::NotFound)?;
    let lines = members::queries::list(doing.conn, doing.member.project.id)?;
    let admins = lines.iter().filter(|line| line.role == Role::Admin).count();
    let line = lines.into_iter().find(|line| line.id == id).ok_or(Error::NotFound)?;
    Ok((line, admins))
}

/// # Errors
/// A stale [`Refusal`] when somebody else has changed the member's role meanwhile.
fn must_be(line: &Line, seen: &str) -> Result<(), Error> {
    if line.role.name() == seen { Ok(()) } else { Err(Refusal::stale().into()) }
}

fn erase(doing: &mut Doing<'_>, line: &Line, is_closed: bool) -> Result<(), Error> {
    let project = doing.member.project.id;
    members::queries::erase_name(doing.conn, project, line.id)?;
    let names = [line.name.as_str(), line.email.as_str()];
    audit::queries::forget_person(doing.conn, project, line.id, &names)?;
    forget_submissions(doing.conn, project, line.id, &names)?;
    if is_closed {
        members::queries::erase_account(doing.conn, line.id)?;
    }
    Ok(erasure::request_cleanup(doing.conn, RowId(line.id.0), doing.ctx.now)?)
}

/// Where to go next: people who changed or removed their own membership may not see this page any more.
fn onward(doing: &Doing<'_>, line: &Line) -> String {
    if line.id == doing.member.person.id { "/".into() } else { address(doing.member) }
}
