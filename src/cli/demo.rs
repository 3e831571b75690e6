//! `dossier demo`: makes a project of invented customers of every kind, prints one log-in per role, and serves it.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::demo_connected::{self, Second};
use super::{one_line, serve};
use crate::audit::Ctx;
use crate::auth::api_keys::{self, Holder, Maker, NewKey, Value, platform_of};
use crate::auth::password;
use crate::auth::queries::{NewPerson, NewProject, by_email, insert_person, insert_project, project_id, set_role};
use crate::base::clock::{Clock, Moment};
use crate::base::config::{Config, key_beside};
use crate::base::error::Error;
use crate::base::ids::{CustomerId, Ids, NoteId, PersonId, ProjectId};
use crate::base::master_key::MasterKeySource;
use crate::base::money::Micros;
use crate::base::{AppUserId, Role, lookup_key};
use crate::cli::demo_data::{self, Author, Contact, Customer, Note, Override};
use crate::customers::state::News;
use crate::customers::{Seen, identity, state};
use crate::db::schema::{app_user_ids, customers, notes, offering_overrides, projects};
use crate::db::{Conn, Db, Serving, migrate, secrets};
use crate::operations::requests::{self, Rule};
use crate::{catalog, ingest};

const SLUG: &str = "sundial";
/// The demo's database file if no database is named. Each start replaces it, so that "2 days ago" stays true.
pub const DEMO_FILE: &str = "dossier-demo.db";

const TEAM: [(&str, &str, Role); 4] = [
    ("Vera Lind", "vera@dossier.example", Role::Viewer),
    ("Sol Mbeki", "sol@dossier.example", Role::Support),
    ("Dev Anand", "dev@dossier.example", Role::Developer),
    ("Ada Okoye", "ada@dossier.example", Role::Admin),
];

/// # Errors
/// One line for standard error, when the database contains the demo project already or fails, or the server cannot
/// start.
pub fn run(config: Config) -> Result<(), String> {
    let (mut config, is_own) = with_own_database(config);
    let base_url = demo_connected::allow_own_address(&mut config);
    let serving = Serving::start(&config.database_url)?;
    if is_own {
        remove_own_database()?;
    }
    let db = Db::open(&config.database_url, config.connections)?;
    migrate::run(&db)?;
    secrets::unlock(&db, &config.master_key)?;
    let (password, secret) = (random_word(6)?, format!("Bearer {}", random_word(24)?));
    build(&db, Clock::Machine.now(), &password, &secret)?;
    let [app, server] = add_keys(&db, Clock::Machine.now()).map_err(one_line)?;
    add_connected(&db, Clock::Machine.now(), &config, &base_url)?;
    println!("\nA demo project of invented customers. Log in at {} as", config.address_of("/login"));
    for (name, email, role) in TEAM {
        println!("  {email:<24} {password}   {name}, {}", role.name());
    }
    println!("The project Sundial, connected is connected to Sundial: what is done in it happens there first.");
    println!("Webhooks: POST {} with Authorization: {secret}", config.address_of("/webhooks/revenuecat/sundial"));
    println!("SDKs: proxyURL {}, key {app} (Test Store)", config.address_of(""));
    println!("REST API: key {server} (secret)");
    println!("Paste an order number: GPA.3390-1182-5530-01234, or an e-mail address: lena@okafor.example");
    serve::run_holding(serving, config)
}

/// Adds the project that is connected to the first.
///
/// # Errors
/// One line for standard error, when the database fails.
fn add_connected(db: &Db, now: Moment, config: &Config, base_url: &str) -> Result<(), String> {
    let catalog = catalog::file::File::parse(&demo_data::catalog().to_string())?;
    let (customers, secret) = (demo_data::customers(now.millis()), format!("Bearer {}", random_word(24)?));
    let made = db.write_here(|conn| {
        let project = project_id(conn, SLUG)?.ok_or(Error::NotFound)?;
        let team = TEAM.into_iter().map(|(_, email, role)| {
            let account = by_email(conn, email)?.ok_or(Error::NotFound)?;
            Ok::<_, Error>((account.id, role))
        });
        let team: Vec<(PersonId, Role)> = team.collect::<Result<_, _>>()?;
        let second = Second {
            first: (project, SLUG),
            admin: maker_of(conn, Role::Admin)?,
            team: &team,
            catalog: &catalog,
            customers: &customers,
            base_url,
            secret: &secret,
        };
        second.build(conn, &Ids::random(), now, config)
    });
    made.map_err(one_line)
}

/// Adds a public key for an app that buys in the Test Store, and a secret key. Returns both values in this order.
fn add_keys(db: &Db, now: Moment) -> Result<[String; 2], Error> {
    let ids = Ids::random();
    let values = [Value::fresh(platform_of("TEST_STORE"))?, Value::fresh(None)?];
    let [app, server] = &values;
    db.write_here(|conn| {
        let project = project_id(conn, SLUG)?.ok_or(Error::NotFound)?;
        let keys = [
            (app, "Sundial for the web", Holder::App { store: "TEST_STORE" }, Role::Developer),
            (server, "Billing server", Holder::Server(Role::Admin), Role::Admin),
        ];
        for (value, name, holder, maker) in keys {
            let made_by = maker_of(conn, maker)?;
            let new = NewKey { project, id: ids.next(now), name, holder, made_by };
            api_keys::queries::insert(conn, &new, value, now)?;
        }
        Ok::<_, Error>(())
    })?;
    Ok(values.map(|value| value.as_str().to_owned()))
}

/// The member of the team with this role, as the maker of a key.
fn maker_of(conn: &mut Conn, role: Role) -> Result<Maker<'static>, Error> {
    let (name, email, _) = TEAM.into_iter().find(|(.., own)| *own == role).ok_or(Error::NotFound)?;
    let account = by_email(conn, email)?.ok_or(Error::NotFound)?;
    Ok(Maker::Person { id: account.id, name })
}

/// Uses [`DEMO_FILE`] and a master key of its own if no database is named, and returns whether it does. Logs only warnings, so
/// that the log-ins stay on the screen.
fn with_own_database(mut config: Config) -> (Config, bool) {
    if config.log == crate::base::config::DEFAULT_LOG {
        config.log = "warn".into();
    }
    let is_own = config.database_url == crate::base::config::DEFAULT_DATABASE_URL;
    if is_own {
        let is_default = config.master_key == MasterKeySource::File(key_beside(&config.database_url));
        config.database_url = format!("sqlite:{DEMO_FILE}");
        if is_default {
            config.master_key = MasterKeySource::File(key_beside(&config.database_url));
        }
    }
    (config, is_own)
}

fn remove_own_database() -> Result<(), String> {
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{DEMO_FILE}{suffix}");
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("cannot replace {file}: {error}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A random password of twice as many characters as `bytes`. Other users of this machine cannot guess it.
fn random_word(bytes: usize) -> Result<String, String> {
    let mut word = vec![0; bytes];
    getrandom::fill(&mut word).map_err(|error| error.to_string())?;
    Ok(crate::base::hex(&word))
}

/// From this amount on, in US dollars, somebody else has to agree to a refund of support.
const LARGE_REFUND: Micros = Micros(50_000_000);

/// Fills an empty database with the demo's project, people and customers.
///
/// # Errors
/// One line for standard error, when the project exists already or the database fails.
pub fn build(db: &Db, now: Moment, password: &str, webhook_secret: &str) -> Result<(), String> {
    let catalog = catalog::file::File::parse(&demo_data::catalog().to_string())?;
    let hash = password::hash(password)?;
    let ids = Ids::random();
    let made = db.write_here(|conn| {
        if project_id(conn, SLUG)?.is_some() {
            return Ok(false);
        }
        let project = project_of_team(conn, &ids, now, &hash, webhook_secret)?;
        catalog::queries::apply(conn, project, &catalog)?;
        let ctx = Ctx::operator(project, &ids, now);
        let people = demo_data::customers(now.millis());
        store_events(conn, &ctx, &people, now)?;
        for customer in &people {
            add_contact_notes_and_override(conn, &ctx, customer)?;
        }
        set_rule_and_reasons(conn, project)?;
        Ok::<_, Error>(true)
    });
    match made.map_err(one_line)? {
        true => Ok(()),
        false => Err(format!("the database contains a project {SLUG} already; name an empty database in DATABASE_URL")),
    }
}

fn project_of_team(conn: &mut Conn, ids: &Ids, now: Moment, hash: &str, secret: &str) -> Result<ProjectId, Error> {
    let project = ids.next(now);
    let webhook_secret_hash = &crate::base::hex(&Sha256::digest(secret.as_bytes()));
    let new = NewProject { id: project, slug: SLUG, name: "Sundial", webhook_secret_hash };
    insert_project(conn, &new, now)?;
    for (name, email, role) in TEAM {
        let id = ids.next(now);
        insert_person(conn, &NewPerson { id, email, name, password_hash: hash }, now)?;
        set_role(conn, project, id, role)?;
    }
    Ok(project)
}

/// Support needs a colleague for large refunds, and finds the usual reasons.
fn set_rule_and_reasons(conn: &mut Conn, project: ProjectId) -> QueryResult<()> {
    let rule = Rule { from: Some(LARGE_REFUND), per_day: None };
    requests::set_rule(conn, project, Role::Support, rule)?;
    let reasons = "Bought by mistake\nBought twice\nDoes not work for the customer";
    diesel::update(projects::table.find(project)).set(projects::refund_reasons.eq(reasons)).execute(conn)?;
    Ok(())
}

fn store_events(conn: &mut Conn, ctx: &Ctx, all: &[Customer], now: Moment) -> Result<(), Error> {
    let mut deliveries = Vec::new();
    for customer in all {
        deliveries.extend(customer.deliveries().map_err(Error::Internal)?);
    }
    // What happened a moment ago was received by now.
    deliveries.iter_mut().for_each(|delivery| delivery.received_at = delivery.received_at.min(now));
    ingest::take(conn, ctx, &deliveries.iter().collect::<Vec<_>>())?;
    Ok(())
}

fn add_contact_notes_and_override(conn: &mut Conn, ctx: &Ctx, customer: &Customer) -> Result<(), Error> {
    let id = AppUserId::parse(&customer.app_user_id).map_err(|why| Error::Internal(why.words().into()))?;
    let project = ctx.project;
    if identity::find(conn, project, id.as_str())?.is_none() {
        let first_seen = customer.contact.as_ref().map_or(Moment::EARLIEST, |contact| Moment(contact.first_seen_ms));
        ingest::introduce(conn, ctx, &[Seen { ids: vec![id.clone()], at: first_seen }])?;
    }
    let row = identity::find(conn, project, id.as_str())?.ok_or(Error::NotFound)?;
    if let Some(contact) = &customer.contact {
        put_contact(conn, project, row, &id, contact)?;
    }
    for note in &customer.notes {
        put_note(conn, row, ctx.next_id(), note)?;
    }
    customer.offering_override.as_ref().map_or(Ok(()), |set| put_override(conn, project, row, set))
}

fn put_contact(
    conn: &mut Conn,
    project: ProjectId,
    row: CustomerId,
    id: &AppUserId,
    contact: &Contact,
) -> Result<(), Error> {
    diesel::update(customers::table.find(row))
        .set((
            customers::last_seen_at.eq(contact.last_seen_ms),
            customers::app_version.eq(contact.app_version),
            customers::platform.eq(contact.platform),
            customers::platform_version.eq(contact.platform_version),
            customers::sdk_version.eq(contact.sdk),
            customers::locale.eq(contact.locale),
            customers::country.eq(contact.country),
        ))
        .execute(conn)?;
    let is_own_id = app_user_ids::project_id.eq(project).and(app_user_ids::key.eq(lookup_key(id.as_str())));
    diesel::update(app_user_ids::table.filter(is_own_id))
        .set((app_user_ids::since.eq(contact.first_seen_ms), app_user_ids::is_since_exact.eq(true)))
        .execute(conn)?;
    // The shown id and the position in lists depend on the dates of the contact, so they are derived again.
    state::settle(conn, project, News::afresh([row]))?;
    Ok(())
}

fn put_note(conn: &mut Conn, row: CustomerId, id: NoteId, note: &Note) -> Result<(), Error> {
    let (author, email, _) = person(note.author);
    diesel::insert_into(notes::table)
        .values((
            notes::customer_id.eq(row),
            notes::id.eq(id),
            notes::body.eq(note.body),
            notes::author.eq(author),
            notes::author_email.eq(email),
            notes::created_at.eq(note.at_ms),
            notes::edited_by.eq(note.edited.as_ref().map(|(author, _)| person(*author).0)),
            notes::edited_at.eq(note.edited.as_ref().map(|(_, at)| *at)),
        ))
        .execute(conn)?;
    Ok(())
}

fn put_override(conn: &mut Conn, project: ProjectId, row: CustomerId, set: &Override) -> Result<(), Error> {
    diesel::insert_into(offering_overrides::table)
        .values((
            offering_overrides::customer_id.eq(row),
            offering_overrides::project_id.eq(project),
            offering_overrides::is_end_recorded.eq(false),
            offering_overrides::offering.eq(set.offering),
            offering_overrides::set_by.eq(person(set.by).0),
            offering_overrides::set_at.eq(set.at_ms),
            offering_overrides::until.eq(set.until_ms),
            offering_overrides::reason.eq(set.reason),
        ))
        .execute(conn)?;
    Ok(())
}

fn person(author: Author) -> (&'static str, &'static str, Role) {
    let [vera, sol, dev, ada] = TEAM;
    match author {
        Author::Vera => vera,
        Author::Sol => sol,
        Author::Dev => dev,
        Author::Ada => ada,
    }
}
