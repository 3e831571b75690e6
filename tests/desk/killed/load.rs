//! Those who are at work while the server is killed: senders, the team, and readers.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::{Request, Response};

use super::check::name;
use super::ledger::{Act, Ledger};
use super::model;
use crate::support::cast::{PASSWORD, SOL};
use crate::support::seed::WEBHOOK_SECRET;

/// So long somebody whose request was not answered waits for the news that the server was killed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of the server: it keeps its connection, and knows when the server was killed.
pub struct Caller<'a> {
    agent: Agent,
    pub address: String,
    pub is_killed: &'a AtomicBool,
}

/// The status of a complete answer and its body. `None` when the server was killed before the last byte of it.
type Answered = Option<(u16, String)>;

impl<'a> Caller<'a> {
    pub fn new(address: std::net::SocketAddr, is_killed: &'a AtomicBool) -> Caller<'a> {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let agent = config.timeout_global(Some(PATIENCE)).build().into();
        Caller { agent, address: format!("http://{address}"), is_killed }
    }

    /// # Panics
    /// When there is no answer although nobody has killed the server.
    pub fn send(&self, request: Request<String>) -> Answered {
        let what = format!("{} {}", request.method(), request.uri());
        match self.agent.run(request).and_then(read) {
            Ok(answered) => Some(answered),
            Err(error) => {
                let began = Instant::now();
                while !self.is_killed.load(Ordering::Relaxed) {
                    assert!(began.elapsed() < PATIENCE, "{what}: {error}, and nobody has killed the server");
                    std::thread::sleep(Duration::from_millis(1));
                }
                None
            }
        }
    }

    fn request(&self, method: &str, path: &str) -> ureq::http::request::Builder {
        Request::builder().method(method).uri(format!("{}{path}", self.address))
    }

    /// Delivers the event of this number. True when it is acknowledged, false when it is to be sent again.
    pub fn deliver(&self, number: u64) -> bool {
        let request = self.request("POST", "/webhooks/revenuecat/sundial").header("authorization", WEBHOOK_SECRET);
        match self.send(request.body(model::body(number)).expect("a request")) {
            Some((200, _)) => true,
            Some((503, _)) | None => false,
            Some((status, body)) => panic!("event {number}: {status} {body}"),
        }
    }

    /// Logs Sol in; returns the cookie.
    pub fn log_in(&self) -> String {
        let form = format!("email={}&password={}", SOL.email, PASSWORD.replace(' ', "+"));
        let answer = self.agent.run(self.form("/login", None, form)).expect("an answer");
        let cookies = answer.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
        let cookies: Vec<&str> = cookies.filter_map(|cookie| cookie.split(';').next()).collect();
        cookies.join("; ")
    }

    fn form(&self, path: &str, cookie: Option<&str>, fields: String) -> Request<String> {
        let request = self.request("POST", path).header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = cookie.into_iter().fold(request, |request, cookie| request.header("cookie", cookie));
        request.body(fields).expect("a request")
    }
}

fn read(mut response: Response<ureq::Body>) -> Result<(u16, String), ureq::Error> {
    Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
}

/// Delivers one event after the other until the server is killed. It begins with those of `again`.
pub fn send(caller: &Caller<'_>, ledger: &Ledger, again: &[u64], ready: &Barrier) {
    ready.wait();
    let mut again = again.iter();
    while !caller.is_killed.load(Ordering::Relaxed) {
        let number = again.next().copied().unwrap_or_else(|| ledger.next());
        match caller.deliver(number) {
            true => ledger.acknowledge(number),
            false => ledger.cut_off(),
        }
    }
}

/// Who acts, and as whom.
pub struct Team {
    /// Sol's session.
    pub cookie: String,
    /// The secret key of a server.
    pub key: String,
}

impl Team {
    /// A server makes a guest and grants access; Sol writes a note; every second guest is deleted. From `guest` on, until
    /// the server is killed. Returns the first guest who was not begun with.
    pub fn act(&self, caller: &Caller<'_>, ledger: &Ledger, mut guest: u64) -> u64 {
        while !caller.is_killed.load(Ordering::Relaxed) {
            let path = format!("/v1/subscribers/{}", name(guest));
            caller.send(self.rest(caller, "GET", &path, ""));
            let granted = format!("{path}/entitlements/pro/promotional");
            let granted = self.rest(caller, "POST", &granted, r#"{"duration":"weekly"}"#);
            let is_granted = self.act_once(caller, ledger, Act::Grant(guest), granted, 201);
            if is_granted {
                let page = format!("/projects/sundial/customers/{}/notes", name(guest));
                let form = caller.form(&page, Some(&self.cookie), format!("body=Note&once=note-{guest}"));
                self.act_once(caller, ledger, Act::Note(guest), form, 303);
            }
            if is_granted && guest.is_multiple_of(2) {
                let deletion = self.rest(caller, "DELETE", &path, "");
                self.act_once(caller, ledger, Act::Deletion(guest), deletion, 200);
            }
            guest += 1;
        }
        guest
    }

    fn act_once(&self, caller: &Caller<'_>, ledger: &Ledger, act: Act, request: Request<String>, done: u16) -> bool {
        if caller.is_killed.load(Ordering::Relaxed) {
            return false;
        }
        ledger.begin(act);
        let answered = caller.send(request);
        let is_done = answered.as_ref().is_some_and(|(status, _)| *status == done);
        // Whoever the server could not make in time is not found.
        let is_busy = answered.as_ref().is_none_or(|(status, _)| matches!(status, 404 | 503));
        assert!(is_done || is_busy, "{act:?}: {answered:?}");
        if is_done {
            ledger.done(act);
        }
        is_done
    }

    fn rest(&self, caller: &Caller<'_>, method: &str, path: &str, body: &str) -> Request<String> {
        let request = caller.request(method, path).header("authorization", format!("Bearer {}", self.key));
        request.body(body.to_owned()).expect("a request")
    }

    /// Opens profiles and their exports, one after the other, until the server is killed.
    pub fn read(&self, caller: &Caller<'_>, ledger: &Ledger) {
        let mut number = 0;
        while !caller.is_killed.load(Ordering::Relaxed) {
            let page = format!("/projects/sundial/customers/{}", model::customer(number));
            for path in [page.clone(), format!("{page}/export.json")] {
                let request = caller.request("GET", &path).header("cookie", &self.cookie).body(String::new());
                let answered = caller.send(request.expect("a request"));
                match answered {
                    Some((200, _)) => ledger.page(),
                    // There is no such customer yet.
                    Some((404 | 503, _)) | None => {}
                    Some((status, body)) => panic!("{path}: {status} {body}"),
                }
            }
            number += 16;
        }
    }
}
