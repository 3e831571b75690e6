//! `dossier serve`: runs the server, from opening the port until the last request is answered.

use std::io;
use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::rt::{self, System};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::ids::Ids;
use crate::db::place::Place;
use crate::db::{Db, Serving};
use crate::endpoints;
use crate::jobs::Worker;
use crate::live::Live;
use crate::operations::copies;
use crate::server::app::Application;
use crate::server::http::server;
use crate::web::log;

/// Serves until a signal stops the process.
///
/// # Errors
/// One line for standard error, when another process serves the database file already, or the log, the port, the database or
/// a thread cannot be opened or started.
pub fn run(config: Config) -> Result<(), String> {
    let serving = Serving::start(&config.database_url)?;
    run_holding(serving, config)
}

/// As [`run`], for a caller that holds the database's lock.
///
/// # Errors
/// As [`run`].
pub fn run_holding(_serving: Serving, config: Config) -> Result<(), String> {
    log::start(&config.log)?;
    let listener = listen(&config)?;
    let db = super::open(&config)?;
    notice_a_copy(&db, &config)?;
    let application = Application::new(db, Clock::Machine, Ids::random(), config)?;
    for warning in application.start_warnings()? {
        tracing::warn!(warning, "unsafe setting");
    }
    println!("Dossier listens on {}", application.config.public_url.as_str().trim_end_matches('/'));
    let (intake, last_seen) = (application.intake.clone(), application.last_seen.clone());
    let (arrivals, db) = (intake.arrivals.clone(), application.db.clone());
    let (attributes, log_ins) = (application.attributes.clone(), application.log_ins.clone());
    let revenuecat = application.comparer.service.clone();
    finish_imports(application.db.clone());
    let jobs = Worker::start(&application.work());
    let jobs = jobs.map_err(|error| format!("cannot start the thread for jobs: {error}"))?;
    let courier = endpoints::Worker::start(application.courier());
    let courier = courier.map_err(|error| format!("cannot start the thread that sends events: {error}"))?;
    let served =
        System::new().block_on(serve(application, listener)).map_err(|error| format!("the server failed: {error}"));
    intake.close();
    attributes.close();
    log_ins.close();
    last_seen.close();
    revenuecat.stop();
    jobs.stop();
    courier.stop();
    arrivals.write(&db).map_err(|error| format!("how many webhooks came could not be written: {error}"))?;
    served
}

/// Opens the port. This happens before the process opens the database, so a second server on the machine stops here.
fn listen(config: &Config) -> Result<TcpListener, String> {
    TcpListener::bind(config.bind).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!("another program uses {}; choose another DOSSIER_BIND", config.bind),
        _ => format!("cannot listen on {} (DOSSIER_BIND): {error}", config.bind),
    })
}

/// Keeps a database that was copied, moved or restored from acting anywhere, before anything is started that could.
fn notice_a_copy(db: &Db, config: &Config) -> Result<(), String> {
    let (here, now) = (Place::of(db, config)?, Clock::Machine.now());
    let compare = || db.write_here(|conn| copies::notice(conn, &here, &Ids::random(), now));
    let noticed = super::settle::retried(compare).map_err(super::one_line)?;
    let Some(copies::Suspended { why, connections, requests }) = noticed else { return Ok(()) };
    let why = why.join(" ");
    match connections {
        0 => tracing::info!(why, "no project is connected, so nothing is suspended"),
        _ => {
            let advice =
                "an admin confirms under Settings, Connections; DOSSIER_PLACE names a place that stays the same";
            tracing::warn!(why, connections, requests, advice, "all connections are suspended");
        }
    }
    Ok(())
}

/// Derives the customers that an interrupted import left stale: their state does not include all their events yet.
fn finish_imports(db: Db) {
    std::thread::spawn(move || {
        if let Err(error) = super::settle::stale(&db, &indicatif::ProgressBar::hidden()) {
            tracing::error!(cause = super::one_line(error), "the state of imported customers could not be derived");
        }
    });
}

/// Serves until the server has stopped, or until a second signal: then what runs is dropped with the server.
async fn serve(application: Application, listener: TcpListener) -> io::Result<()> {
    let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let live = application.live.clone();
    let server = server(application, listener)?;
    let handle = server.handle();
    tokio::select! {
        ended = server => ended,
        () = stop_until_second_signal(handle, live, signals) => Ok(()),
    }
}

/// Stops the server on a signal, so that running requests may finish, and returns after a second one. While the server stops it
/// hears no other command. The event streams of open pages are closed first, because they never finish by themselves.
async fn stop_until_second_signal(server: ServerHandle, live: Live, mut signals: (Signal, Signal)) {
    next(&mut signals).await;
    live.close();
    rt::spawn(server.stop(true));
    next(&mut signals).await;
}

async fn next((terminate, interrupt): &mut (Signal, Signal)) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
