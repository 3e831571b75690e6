//! The program itself as a process, and clients that speak to it byte by byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::Desk;

/// How long the program may take until it answers, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A server on the database of a desk, by the machine's clock. It is killed when it is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

/// The master key of every database in tests.
pub const MASTER_KEY: &str = "c3VuZGlhbHN1bmRpYWxzdW5kaWFsc3VuZGlhbHN1bmQ=";

/// The program, with the master key of tests.
pub fn dossier() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
    command.env("DOSSIER_MASTER_KEY", MASTER_KEY);
    command
}

/// The command `serve` with the database of a desk, on this address.
pub fn serve(desk: &Desk, address: SocketAddr) -> Command {
    serve_database(&desk.application.config.database_url, address)
}

/// The command `serve` with the database at `url`, on this address.
pub fn serve_database(url: &str, address: SocketAddr) -> Command {
    let mut command = dossier();
    command.env("DATABASE_URL", url).env("DOSSIER_BIND", address.to_string());
    command.env("DOSSIER_WORKERS", "2").stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// An address that nobody uses.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

impl Server {
    /// Starts a server and waits until it is ready.
    pub fn start(desk: &Desk) -> Server {
        let address = free_address();
        Server::run(serve(desk, address), address)
    }

    /// Runs a command that serves this address, and waits until the server is ready.
    pub fn run(mut command: Command, address: SocketAddr) -> Server {
        let server = Server { child: command.spawn().expect("the server starts"), address };
        let began = Instant::now();
        while !server.ask("GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").starts_with("HTTP/1.1 200") {
            assert!(began.elapsed() < START, "the server does not get ready");
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends the process a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().expect("it runs");
        assert!(sent.success(), "{name}");
    }

    /// How the process has ended, when it does so in time.
    pub fn ended_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// The memory that the process has in use, in bytes.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).expect("a number") * 1024
    }

    pub fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(40)))?;
        stream.set_write_timeout(Some(Duration::from_secs(40)))?;
        Ok(stream)
    }

    /// Sends bytes on a new connection, and reads until the server closes it. Empty when there is no answer.
    pub fn ask(&self, request: impl AsRef<[u8]>) -> String {
        let Ok(mut stream) = self.connect() else { return String::new() };
        // A server that refuses a request may close the connection before it has read all of it.
        let _ = stream.write_all(request.as_ref());
        read_all(&mut stream)
    }
}

/// Everything that still comes on a connection.
pub fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it is gone");
    }
}
