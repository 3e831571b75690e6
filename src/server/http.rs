//! The HTTP server on an open port: its workers, its limits in time, and what surrounds the HTTP library.

use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::{HttpService, KeepAlive, Protocol};
use actix_server::{GracefulShutdownSignal, Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;

use super::app::{Application, app};
use super::head_memory::HeadMemory;
use super::socket::Socket;

/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long an idle connection stays open for another request.
const IDLE_TIME: Duration = Duration::from_secs(15);
/// How long requests may take to finish after a stop signal. Orchestrators kill the process after ten seconds.
const SECONDS_TO_FINISH: u64 = 8;
/// How long a client may leave an answer unread before the system closes its connection.
const UNREAD_TIME: Duration = Duration::from_secs(30);
/// How long a connection stays open after its last answer, so that the client can read it.
const CLOSING_TIME: Duration = Duration::from_secs(1);
/// How many threads of a worker may wait for the database. This is more than a burst of requests needs, so no request
/// waits for a thread.
const WAITING_THREADS: usize = 256;

/// How many connections may be open. Others wait in the system until one closes.
const CONNECTIONS: usize = 10_000;

/// The server for an open port. It runs while the caller awaits it.
///
/// # Errors
/// When the operating system refuses to listen on the port.
pub fn server(application: Application, listener: TcpListener) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let workers = application.config.workers;
    let builder = ServerBuilder::new()
        .workers(workers)
        .max_concurrent_connections((CONNECTIONS / workers).max(1))
        .worker_max_blocking_threads(WAITING_THREADS)
        .shutdown_timeout(SECONDS_TO_FINISH)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let head_memory = HeadMemory::default();
    let builder = builder
        .listen("dossier", listener, move || connections(&application, address, stopping.clone(), &head_memory))?;
    Ok(builder.run())
}

/// What a worker does with each connection.
fn connections(
    application: &Application,
    address: SocketAddr,
    stopping: GracefulShutdownSignal,
    head_memory: &HeadMemory,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = actix_http::error::DispatchError, InitError = ()>
+ use<> {
    let (is_https, head_memory) = (application.config.is_https(), head_memory.clone());
    let http = HttpService::build()
        .keep_alive(KeepAlive::Timeout(IDLE_TIME))
        .client_request_timeout(HEAD_TIME)
        .client_disconnect_timeout(CLOSING_TIME)
        .local_addr(address)
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .on_connect_ext(|socket: &Socket, data| drop(data.insert(socket.gate())))
        .finish(map_config(app(application).into_factory(), |()| AppConfig::default()));
    fn_service(move |stream: TcpStream| {
        set_options(&stream);
        let peer = stream.peer_addr().ok();
        ready(Ok((Socket::new(stream, is_https, head_memory.clone()), Protocol::Http1, peer)))
    })
    .and_then(http)
}

/// Makes the system close the connection of a client that does not read its answer; otherwise the answer would stay in
/// memory for ever. A compressed answer is written in parts, and without the second option each would wait up to 40 ms for
/// the client to confirm the one before.
fn set_options(stream: &TcpStream) {
    let set = SockRef::from(stream).set_tcp_user_timeout(Some(UNREAD_TIME)).and_then(|()| stream.set_nodelay(true));
    if let Err(error) = set {
        tracing::debug!(%error, "the options of a connection could not be set");
    }
}
