//! A server that receives webhooks: it keeps each request and answers as the test asks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How the receiver answers a request.
#[derive(Debug, Clone)]
pub enum Manner {
    Answer(u16),
    /// Answers 307 with this address.
    Redirect(String),
    /// Waits this long, then answers 200.
    Hang(Duration),
    /// Resets the connection.
    Reset,
}

/// A request as it was received.
#[derive(Debug, Clone)]
pub struct Request {
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A server on this machine, at `url`.
pub struct Receiver {
    pub url: String,
    manner: Arc<Mutex<Manner>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    /// Starts one that answers in this manner.
    pub fn open(manner: Manner) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (manner, requests) = (Arc::new(Mutex::new(manner)), Arc::<Mutex<Vec<Request>>>::default());
        let (how, kept) = (manner.clone(), requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (how, kept) = (how.clone(), kept.clone());
                std::thread::spawn(move || serve(stream, &how, &kept));
            }
        });
        Receiver { url, manner, requests }
    }

    /// From now on it answers in this manner.
    pub fn behaves(&self, manner: Manner) {
        *self.manner.lock().expect("the manner") = manner;
    }

    /// The requests that came so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("the requests").clone()
    }

    /// Waits for `count` requests, at most 30 seconds. Returns those that came.
    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        let until = Instant::now() + Duration::from_secs(30);
        while self.requests().len() < count && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.requests()
    }
}

fn serve(stream: TcpStream, how: &Mutex<Manner>, kept: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap_or(0));
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    kept.lock().expect("the requests").push(Request { headers, body });
    let manner = how.lock().expect("the manner").clone();
    let mut stream = reader.into_inner();
    let (status, more) = match manner {
        Manner::Answer(status) => (status, String::new()),
        Manner::Redirect(to) => (307, format!("location: {to}\r\n")),
        Manner::Hang(time) => {
            std::thread::sleep(time);
            (200, String::new())
        }
        Manner::Reset => {
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a socket");
            return;
        }
    };
    let answer = format!("HTTP/1.1 {status} X\r\n{more}content-length: 9\r\nconnection: close\r\n\r\nanswer<b>");
    drop(stream.write_all(answer.as_bytes()));
}

impl Request {
    /// The header's value, or an empty text where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The event in the body.
    pub fn event(&self) -> Value {
        let body: Value = serde_json::from_str(&self.body).expect("JSON");
        assert_eq!(body["api_version"], "1.0");
        body["event"].clone()
    }
}
