//! `dossier user`: adds people to projects and switches second factors off. It reads the password from standard input:
//! in an argument it would appear in the list of processes and in the shell history.

use std::io::{IsTerminal, stdin};
use std::process::Command;

use super::one_line;
use crate::audit::{self, Ctx, Everywhere, Trace};
use crate::auth::members::{self, may_leave_admins};
use crate::auth::names::{Email, Name};
use crate::auth::password::GuessedWords;
use crate::auth::queries::{self, NewPerson};
use crate::auth::{account, password, second_factor, throttle};
use crate::base::Role;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::base::ids::{Ids, PersonId};
use crate::db::{Conn, secrets};
use crate::wording::text::uncapitalised;

#[derive(clap::Subcommand)]
pub enum Action {
    /// Add a person to a project, or give a member another role; the password is read from standard input
    Add(Person),
    /// Switch off a person's second factor, after they lost their phone and their recovery codes
    SecondFactorOff(Account),
}

#[derive(clap::Args)]
pub struct Account {
    /// The address the person logs in with
    #[arg(long)]
    email: String,
}

#[derive(clap::Args)]
pub struct Person {
    /// The project's slug
    #[arg(long)]
    project: String,
    /// The address the person logs in with
    #[arg(long)]
    email: String,
    /// The person's name, as other members see it
    #[arg(long)]
    name: String,
    /// The person's role in the project
    #[arg(long)]
    role: Role,
}

/// The result of `user add`.
enum Added {
    NoProject,
    NoPassword,
    /// The person is the project's last admin; the sentence says what to do first.
    LastAdmin(&'static str),
    NewPerson,
    KnownPerson,
}

/// # Errors
/// One line for standard error, when the project or the person does not exist, an argument or the password is refused,
/// or the database fails.
pub fn run(action: &Action, config: &Config) -> Result<(), String> {
    match action {
        Action::Add(person) => add_person(person, config),
        Action::SecondFactorOff(account) => second_factor_off(account, config),
    }
}

fn second_factor_off(account: &Account, config: &Config) -> Result<(), String> {
    let email = Email::parse(&account.email)?;
    let db = super::open(config)?;
    let found = db.write_here(|conn| {
        let Some(queries::OpenAccount { id, .. }) = queries::account(conn, email.as_str())? else { return Ok(false) };
        let everywhere = Everywhere::lock_by_operator(conn, id, &Ids::random(), Clock::Machine.now())?;
        second_factor::queries::switch_off(conn, id)?;
        let trace = Trace::new(audit::Action::SecondFactorDisabled).about(email.as_str());
        everywhere.append(conn, &trace)?;
        Ok::<_, Error>(true)
    });
    match found.map_err(one_line)? {
        true => {
            done(&format!("{} logs in with the password alone, and can set up a second factor again.", email.as_str()))
        }
        false => Err(format!("no account has the e-mail address {}", email.as_str())),
    }
}

fn add_person(person: &Person, config: &Config) -> Result<(), String> {
    let (email, name) = (Email::parse(&person.email)?, Name::parse(&person.name)?);
    let (email, name) = (email.as_str(), name.as_str());
    let db = super::open(config)?;
    let typed = typed_password()?;
    let project =
        db.read_here(|conn| Ok::<_, Error>(queries::project_name(conn, &person.project)?)).map_err(one_line)?;
    let project = project.ok_or_else(|| format!("there is no project {}", person.project))?;
    let guessed = GuessedWords::new(email, name, [project.as_str(), person.project.as_str()]);
    let hash = typed.as_deref().map(|typed| password_hash_of(typed, &guessed)).transpose()?;
    let added = db.write_here(|conn| add(conn, person, email, name, hash.as_deref()));
    match added.map_err(one_line)? {
        Added::NoProject => Err(format!("there is no project {}", person.project)),
        Added::LastAdmin(why) => Err(uncapitalised(why.trim_end_matches('.'))),
        Added::NoPassword => Err("a new person needs a password on standard input".into()),
        Added::NewPerson => done(&format!("{name} can log in as {email}, as {} of {}.", person.role, person.project)),
        Added::KnownPerson => done(&format!("{email} is now {} of {}.", person.role, person.project)),
    }
}

/// Everything is traced, as what people do on the page is.
fn add(conn: &mut Conn, person: &Person, email: &str, name: &str, hash: Option<&str>) -> Result<Added, Error> {
    let Some(project) = queries::project_id(conn, &person.project)? else { return Ok(Added::NoProject) };
    conn.lock_project(project)?;
    let ctx = Ctx::operator(project, &Ids::random(), Clock::Machine.now());
    let known = queries::by_email(conn, email)?;
    if let Some(queries::Account { id, is_open: true }) = known {
        return change(conn, &ctx, person, (id, email), hash);
    }
    let Some(password_hash) = hash else { return Ok(Added::NoPassword) };
    let id = known.map_or_else(|| ctx.next_id(), |account| account.id);
    let new = NewPerson { id, email, name, password_hash };
    match known {
        Some(_) => queries::reopen(conn, &new)?,
        None => queries::insert_person(conn, &new, ctx.now)?,
    }
    queries::set_role(conn, project, id, person.role)?;
    audit::append(conn, &ctx, added(email, person.role))?;
    Ok(Added::NewPerson)
}

/// Gives somebody who has an account a role in the project and, if there is a `hash`, another password.
fn change(
    conn: &mut Conn,
    ctx: &Ctx,
    person: &Person,
    (id, email): (PersonId, &str),
    hash: Option<&str>,
) -> Result<Added, Error> {
    let before = queries::role_of(conn, ctx.project, id)?;
    if let Some(before) = before.filter(|before| *before != person.role) {
        if let Err(why) = may_leave_admins(before, members::queries::count_admins(conn, ctx.project)?) {
            return Ok(Added::LastAdmin(why));
        }
        members::queries::withdraw_invitations(conn, ctx.project, id)?;
    }
    if let Some(hash) = hash {
        account::change_password(conn, id, hash)?;
        let key = secrets::load_or_create_in(conn, secrets::SESSION_KEY)?;
        throttle::forget_account(conn, &key, email)?;
        let everywhere = Everywhere::lock_by_operator(conn, id, &Ids::random(), ctx.now)?;
        everywhere.append(conn, &Trace::new(audit::Action::PasswordReplaced).about(email))?;
    }
    queries::set_role(conn, ctx.project, id, person.role)?;
    match before {
        Some(before) if before == person.role => {}
        Some(before) => {
            let changed = Trace::new(audit::Action::MemberRoleChanged).about(email);
            audit::append(conn, ctx, changed.before(before.name()).after(person.role.name()))?;
        }
        None => audit::append(conn, ctx, added(email, person.role))?,
    }
    Ok(Added::KnownPerson)
}

fn added(email: &str, role: Role) -> Trace {
    Trace::new(audit::Action::MemberAdded).about(email).after(role.name())
}

fn done(sentence: &str) -> Result<(), String> {
    println!("{sentence}");
    Ok(())
}

fn password_hash_of(typed: &str, guessed: &GuessedWords) -> Result<String, String> {
    password::accept_for(typed, guessed)?;
    password::hash(typed)
}

/// Reads one line. Returns `None` if it is empty; a known person then keeps their password.
fn typed_password() -> Result<Option<String>, String> {
    let is_typed = stdin().is_terminal();
    if is_typed {
        eprint!("Password (leave empty to keep the person's current one): ");
        echo("-echo");
    }
    let mut line = String::new();
    let read = stdin().read_line(&mut line);
    if is_typed {
        echo("echo");
        eprintln!();
    }
    read.map_err(|error| format!("the password cannot be read: {error}"))?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    Ok((!password.is_empty()).then(|| password.to_owned()))
}

/// Switches the terminal's echo off or on, so that the typed password is not shown.
fn echo(mode: &str) {
    if let Err(error) = Command::new("stty").arg(mode).status() {
        eprintln!("(the terminal will show the password, because stty could not be started: {error})");
    }
}
