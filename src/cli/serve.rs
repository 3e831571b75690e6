//! `dossier serve`: the server, from the open port to the last answer.

use std::any::Any;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::{Extensions, Server, ServerHandle};
use actix_web::http::KeepAlive;
use actix_web::rt::net::TcpStream;
use actix_web::rt::{self, System};
use socket2::SockRef;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::ids::Ids;
use crate::db::Db;
use crate::endpoints;
use crate::jobs::Worker;
use crate::live::Live;
use crate::server::app::{Site, app};
use crate::web::log;

/// How long the head of a request may take.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long an idle connection is kept for another request.
const IDLE_TIME: Duration = Duration::from_secs(15);
/// How long requests may take to end once the server is told to stop; an orchestrator kills after ten.
const SECONDS_TO_FINISH: u64 = 8;
/// How long an answer may lie unread before its connection is cut.
const UNREAD_TIME: Duration = Duration::from_secs(30);
/// Threads of a worker that may wait for the database: more than a short pile-up needs, so that none waits for a thread.
const WAITING_THREADS: usize = 256;

/// # Errors
/// One line: the log, the database or the port cannot be used.
pub fn run(config: Config) -> Result<(), String> {
    log::start(&config.log)?;
    let listener = listen(&config)?;
    let db = super::open(&config)?;
    let site = Site::new(db, Clock::Machine, Ids::random(), config)?;
    for warning in site.warnings() {
        tracing::warn!(warning, "unsafe setting");
    }
    println!("Dossier listens on {}", site.config.public_url.as_str().trim_end_matches('/'));
    let (intake, last_seen) = (site.intake.clone(), site.last_seen.clone());
    finish_imports(site.db.clone());
    let jobs = Worker::start(site.db.clone(), site.clock.clone(), site.ids.clone());
    let jobs = jobs.map_err(|error| format!("no thread for what comes due: {error}"))?;
    let courier = endpoints::Worker::start(site.courier());
    let courier = courier.map_err(|error| format!("no thread for deliveries: {error}"))?;
    let served = System::new().block_on(serve(site, listener)).map_err(|error| format!("the server failed: {error}"));
    intake.close();
    last_seen.close();
    jobs.stop();
    courier.stop();
    served
}

/// The port is taken before the database is touched: a second start on one machine ends here.
fn listen(config: &Config) -> Result<TcpListener, String> {
    TcpListener::bind(config.bind).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!("{} is taken by another program; choose another DOSSIER_BIND", config.bind),
        _ => format!("cannot listen on {} (DOSSIER_BIND): {error}", config.bind),
    })
}

/// An import that was interrupted left customers whose state does not follow from all their events yet.
fn finish_imports(db: Db) {
    std::thread::spawn(move || {
        if let Err(error) = super::settle::stale(&db, |_| false, &indicatif::ProgressBar::hidden()) {
            tracing::error!(cause = super::said(error), "the state of imported customers could not be derived");
        }
    });
}

async fn serve(site: Site, listener: TcpListener) -> io::Result<()> {
    let (stop, stop_now) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let live = site.live.clone();
    let server = server(site, listener)?;
    rt::spawn(stop_on_signal(server.handle(), live, stop, stop_now));
    server.await
}

/// The server on a port that is already open; it runs when it is awaited.
///
/// # Errors
/// When the port cannot be used.
pub fn server(site: Site, listener: TcpListener) -> io::Result<Server> {
    let workers = site.config.workers;
    let server = HttpServer::new(move || app(&site))
        .workers(workers)
        .worker_max_blocking_threads(WAITING_THREADS)
        .keep_alive(KeepAlive::Timeout(IDLE_TIME))
        .client_request_timeout(HEAD_TIME)
        .shutdown_timeout(SECONDS_TO_FINISH)
        .disable_signals()
        .on_connect(cut_unread)
        .listen(listener)?;
    Ok(server.run())
}

/// A reader who never reads would hold the answer in memory for ever; the system cuts the connection instead.
fn cut_unread(io: &dyn Any, _: &mut Extensions) {
    if let Some(stream) = io.downcast_ref::<TcpStream>()
        && let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD_TIME))
    {
        tracing::debug!(%error, "a connection takes no time limit");
    }
}

/// The first signal lets requests finish, the second does not.
/// What pages listen to would never finish by itself: it ends first.
async fn stop_on_signal(server: ServerHandle, live: Live, mut terminate: Signal, mut interrupt: Signal) {
    let mut is_graceful = true;
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        live.close();
        rt::spawn(server.stop(is_graceful));
        is_graceful = false;
    }
}
