//! A load generator: some connections, each sending its next request when the last one is answered.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What a run measured.
#[derive(Debug, Clone)]
pub struct Measured {
    pub per_second: f64,
    pub median: Duration,
    pub p99: Duration,
    pub failures: usize,
    /// Length of the last answer's body.
    pub bytes: usize,
}

/// One open connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer: its status, its headers as received, its body.
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Client {
    pub fn open(server: SocketAddr) -> std::io::Result<Client> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Client { stream: BufReader::with_capacity(1 << 16, stream) })
    }

    pub fn send(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        self.stream.get_mut().write_all(request)?;
        let mut headers = String::new();
        while !headers.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut headers)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = headers.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let length = headers.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, headers, body })
    }
}

/// Sends requests over `connections` for `time`, after a short warm-up. `request` makes the nth request of a connection.
pub fn run(
    server: SocketAddr,
    connections: usize,
    time: Duration,
    request: impl Fn(usize, usize) -> Vec<u8> + Sync,
) -> Measured {
    let warm_up = time / 5;
    let began = Instant::now();
    let results: Vec<(Vec<Duration>, usize, usize)> = std::thread::scope(|scope| {
        let request = &request;
        let workers: Vec<_> = (0..connections)
            .map(|connection| scope.spawn(move || work(server, connection, began, warm_up, time, request)))
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("a load worker ends without a panic")).collect()
    });
    let mut times: Vec<Duration> = results.iter().flat_map(|(times, _, _)| times.iter().copied()).collect();
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    Measured {
        per_second: times.len() as f64 / time.as_secs_f64(),
        median: at(0.5),
        p99: at(0.99),
        failures: results.iter().map(|(_, failures, _)| failures).sum(),
        bytes: results.iter().map(|(_, _, bytes)| *bytes).max().unwrap_or(0),
    }
}

fn work(
    server: SocketAddr,
    connection: usize,
    began: Instant,
    warm_up: Duration,
    time: Duration,
    request: &(impl Fn(usize, usize) -> Vec<u8> + Sync),
) -> (Vec<Duration>, usize, usize) {
    let mut client = Client::open(server).expect("the server takes connections");
    let (mut times, mut failures, mut bytes) = (Vec::with_capacity(1 << 16), 0, 0);
    for number in 0.. {
        let sent = Instant::now();
        if sent.duration_since(began) > warm_up + time {
            break;
        }
        match client.send(&request(connection, number)) {
            Ok(answer) if answer.status == 200 => bytes = answer.body.len(),
            Ok(_) => failures += 1,
            Err(_) => {
                failures += 1;
                client = Client::open(server).expect("the server takes connections again");
            }
        }
        if sent.duration_since(began) > warm_up {
            times.push(sent.elapsed());
        }
    }
    (times, failures, bytes)
}

/// A GET request.
pub fn get(path: &str, cookie: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\nCookie: {cookie}\r\nAccept: text/html\r\n\r\n").into_bytes()
}

/// A GET request of a program.
pub fn call(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n").into_bytes()
}

/// A POST request with a body.
pub fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: bench\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
