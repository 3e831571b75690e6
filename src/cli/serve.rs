//! `dossier serve`: runs the server, from opening the port until the last request is answered.

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
use crate::server::app::{Application, app};
use crate::web::log;

/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long an idle connection stays open for another request.
const IDLE_TIME: Duration = Duration::from_secs(15);
/// How long requests may take to finish after a stop signal. Orchestrators kill the process after ten seconds.
const SECONDS_TO_FINISH: u64 = 8;
/// How long a client may leave an answer unread before the system closes its connection.
const UNREAD_TIME: Duration = Duration::from_secs(30);
/// How many threads of a worker may wait for the database. This is more than a burst of requests needs, so no request
/// waits for a thread.
const WAITING_THREADS: usize = 256;

/// Serves until a signal stops the process.
///
/// # Errors
/// One line for standard error, when the log, the port, the database or a thread cannot be opened or started.
pub fn run(config: Config) -> Result<(), String> {
    log::start(&config.log)?;
    let listener = listen(&config)?;
    let db = super::open(&config)?;
    let application = Application::new(db, Clock::Machine, Ids::random(), config)?;
    for warning in application.start_warnings()? {
        tracing::warn!(warning, "unsafe setting");
    }
    println!("Dossier listens on {}", application.config.public_url.as_str().trim_end_matches('/'));
    let (intake, last_seen) = (application.intake.clone(), application.last_seen.clone());
    let (attributes, log_ins) = (application.attributes.clone(), application.log_ins.clone());
    finish_imports(application.db.clone());
    let jobs = Worker::start(application.db.clone(), application.clock.clone(), application.ids.clone());
    let jobs = jobs.map_err(|error| format!("cannot start the thread for jobs: {error}"))?;
    let courier = endpoints::Worker::start(application.courier());
    let courier = courier.map_err(|error| format!("cannot start the thread that sends events: {error}"))?;
    let served =
        System::new().block_on(serve(application, listener)).map_err(|error| format!("the server failed: {error}"));
    intake.close();
    attributes.close();
    log_ins.close();
    last_seen.close();
    jobs.stop();
    courier.stop();
    served
}

/// Opens the port. This happens before the process opens the database, so a second server on the machine stops here.
fn listen(config: &Config) -> Result<TcpListener, String> {
    TcpListener::bind(config.bind).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!("another program uses {}; choose another DOSSIER_BIND", config.bind),
        _ => format!("cannot listen on {} (DOSSIER_BIND): {error}", config.bind),
    })
}

/// Derives the customers that an interrupted import left stale: their state does not include all their events yet.
fn finish_imports(db: Db) {
    std::thread::spawn(move || {
        if let Err(error) = super::settle::stale(&db, &indicatif::ProgressBar::hidden()) {
            tracing::error!(cause = super::one_line(error), "the state of imported customers could not be derived");
        }
    });
}

async fn serve(application: Application, listener: TcpListener) -> io::Result<()> {
    let (stop, stop_now) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let live = application.live.clone();
    let server = server(application, listener)?;
    rt::spawn(stop_on_signal(server.handle(), live, stop, stop_now));
    server.await
}

/// The server for an open port. It runs while the caller awaits it.
///
/// # Errors
/// When the operating system refuses to listen on the port.
pub fn server(application: Application, listener: TcpListener) -> io::Result<Server> {
    let workers = application.config.workers;
    let server = HttpServer::new(move || app(&application))
        .workers(workers)
        .worker_max_blocking_threads(WAITING_THREADS)
        .keep_alive(KeepAlive::Timeout(IDLE_TIME))
        .client_request_timeout(HEAD_TIME)
        // A compressed answer is written in parts, and each would wait up to 40 ms for the client to confirm the one before.
        .tcp_nodelay(true)
        .shutdown_timeout(SECONDS_TO_FINISH)
        .disable_signals()
        .on_connect(cut_unread)
        .listen(listener)?;
    Ok(server.run())
}

/// Makes the system close the connection of a client that does not read its answer. Otherwise the answer would stay in
/// memory for ever.
fn cut_unread(io: &dyn Any, _: &mut Extensions) {
    if let Some(stream) = io.downcast_ref::<TcpStream>()
        && let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD_TIME))
    {
        tracing::debug!(%error, "the time limit for unread answers could not be set on a connection");
    }
}

/// Stops the server on a signal. After the first signal running requests may finish; a second signal ends them.
/// The event streams of open pages are closed first, because they never finish by themselves.
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
