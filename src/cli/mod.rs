//! The command line. Each command is in its own file.

pub mod audit;
mod backup;
mod catalog;
mod compare;
mod connect;
pub mod demo;
mod demo_connected;
pub mod demo_data;
mod endpoint;
pub mod import;
mod key;
mod master_key;
mod project;
pub mod rebuild;
mod restore;
pub mod serve;
pub mod settle;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::base::config::{Config, Flags};
use crate::base::error::Error;
use crate::db::{Db, migrate, secrets};

/// A self-hosted customer profile for apps that sell subscriptions
#[derive(Parser)]
#[command(name = "dossier", version)]
struct CommandLine {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the pages; the default if no command is given
    Serve,
    /// Serve a project of invented customers; it prints one log-in per role
    Demo,
    /// Projects
    #[command(subcommand)]
    Project(project::Action),
    /// People
    #[command(subcommand)]
    User(user::Action),
    /// Keys of the client API, for apps and servers
    #[command(subcommand)]
    Key(key::Action),
    /// Webhook endpoints, to which events are sent
    #[command(subcommand)]
    Endpoint(endpoint::Action),
    /// Connect a project to where its purchases are managed; keys on standard input
    Connect(connect::Args),
    /// Products, entitlements and offerings
    Catalog(catalog::Args),
    /// Ask RevenueCat about all customers of a connected project, and enter what no webhook told
    Compare(compare::Args),
    /// The audit log
    Audit(audit::Args),
    /// Store what others know of customers: webhook bodies or exports in files, or all that RevenueCat shows
    Import(import::Args),
    /// The key that seals secrets in the database
    #[command(subcommand)]
    MasterKey(master_key::Action),
    /// Derive the state of customers again from the stored events
    Rebuild(rebuild::Args),
    /// Copy the SQLite database to a file, while a server is at work
    Backup(backup::Args),
    /// Put a backup in the place of the SQLite database, or say that this database was restored
    Restore(restore::Args),
}

/// Runs the command. Exits with 0 if it worked, else with 1 after printing one line on standard error.
pub fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(refused) => return refuse(&refused),
    };
    match line.flags.check().and_then(|config| run(line.command.unwrap_or(Command::Serve), config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("dossier: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, config: Config) -> Result<(), String> {
    match command {
        Command::Serve => serve::run(config),
        Command::Demo => demo::run(config),
        Command::Project(action) => project::run(&action, &config),
        Command::User(action) => user::run(&action, &config),
        Command::Key(action) => key::run(&action, &config),
        Command::Endpoint(action) => endpoint::run(&action, &config),
        Command::Connect(args) => connect::run(&args, &config),
        Command::Catalog(args) => catalog::run(&args, &config),
        Command::Compare(args) => compare::run(&args, &config),
        Command::Audit(args) => audit::run(&args, &config),
        Command::Import(args) => import::run(&args, &config),
        Command::MasterKey(action) => master_key::run(&action, &config),
        Command::Rebuild(args) => rebuild::run(&args, &config),
        Command::Backup(args) => backup::run(&args, &config),
        Command::Restore(args) => restore::run(&args, &config),
    }
}

/// Prints what clap reports. `--help` and `--version` succeed. Any other report is a mistake, printed as one line.
fn refuse(refused: &clap::Error) -> ExitCode {
    let text = refused.to_string();
    if !refused.use_stderr() {
        print!("{text}");
        return ExitCode::SUCCESS;
    }
    let sentence: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let sentence = sentence.join(" ");
    eprintln!("dossier: {} (see --help)", sentence.trim_start_matches("error: "));
    ExitCode::FAILURE
}

/// Opens the database for a command and brings its tables up to date.
fn open(config: &Config) -> Result<Db, String> {
    open_with(config, config.connections)
}

/// As [`open`], with so many connections at most. The first command or server on a database makes its master key.
fn open_with(config: &Config, connections: u32) -> Result<Db, String> {
    let db = Db::open(&config.database_url, connections)?;
    migrate::run(&db)?;
    if secrets::unlock(&db, &config.master_key)? {
        let file = &config.master_key;
        eprintln!("Dossier has made its master key, in {file:?}. Back that file up, apart from the database:");
        eprintln!("without it this database does not open any more.");
    }
    Ok(db)
}

/// An error as the one line that a command prints.
fn one_line(error: Error) -> String {
    error.one_line()
}
