//! A desk that is connected to a stand-in, the server on it, and those who ask and kill.

use std::io::Write;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use dossier::base::clock::Moment;
use dossier::base::ids::RequestId;
use dossier::db::schema::requests;
use dossier::requests::{Request, State, queries};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::act::{ACTS, Act, Form};
use crate::support::Desk;
use crate::support::cast::{ADA, SOL};
use crate::support::catalogs::apply_catalog;
use crate::support::connected::{catch_up, connect_to, desk_in_time, start};
use crate::support::server::{Server, read_all};
use crate::support::stand_in::StandIn;

/// How long something may take, on a busy machine.
const LONGEST: Duration = Duration::from_secs(40);

/// A database and the other side.
pub struct Rig {
    pub desk: Desk,
    pub upstream: StandIn,
    /// The sessions of Sol and Ada.
    cookies: [String; 2],
}

impl Rig {
    pub async fn open() -> Rig {
        let (desk, upstream) = (desk_in_time().await, StandIn::open());
        apply_catalog(&desk, &json!({ "entitlements": [{ "id": "pro", "display_name": "Pro access" }] }));
        connect_to(&desk, &upstream);
        let cookies = [desk.cookie(&SOL), desk.cookie(&ADA)];
        Rig { desk, upstream, cookies }
    }

    pub fn start(&self) -> Server {
        start(&self.desk)
    }

    /// Asks for everything at once on behalf of the customers of a round, and does not wait for the answers.
    pub fn ask_for_all(&self, server: &Server, round: usize) {
        ACTS.iter().for_each(|act| self.ask(server, &act.form(&self.desk, round)));
    }

    pub fn ask(&self, server: &Server, form: &Form) {
        let cookie = &self.cookies[usize::from(form.person.id == ADA.id)];
        let body = Serializer::new(String::new()).extend_pairs(&form.fields).finish();
        let headers = format!("cookie: {cookie}\r\nsec-fetch-site: same-origin");
        post(server, &form.path, &format!("{headers}\r\ncontent-type: application/x-www-form-urlencoded"), &body);
    }

    /// Asks over the API, which does not wait for a side that is away, and does not wait for the answer.
    pub fn call(&self, server: &Server, key: &str, path: &str, body: &Value) {
        let headers = format!("authorization: Bearer {key}\r\ncontent-type: application/json");
        post(server, path, &headers, &body.to_string());
    }

    /// Lets so many minutes pass for what is stored, while no server runs.
    pub fn pass(&self, minutes: i64) {
        let times = ["lease_until", "due_at", "sent_at", "state_at", "asked_at", "echo_until"];
        let earlier = times.map(|column| format!("{column} = {column} - {}", minutes * 60_000)).join(", ");
        self.desk.db.batch(&format!("UPDATE requests SET {earlier}")).expect("time passes");
    }

    /// Lets time pass, and has a server do all that is due then.
    pub fn go_on_after(&self, minutes: i64) {
        self.pass(minutes);
        let _server = self.start();
        self.wait("everything due is done", || self.is_quiet());
    }

    /// Whether no request is due, and none is being worked on.
    fn is_quiet(&self) -> bool {
        catch_up(&self.desk);
        // The clock of a desk goes by whole seconds, and no two looks at a request are closer than five.
        let now = self.desk.clock.now().plus_seconds(2);
        let times = requests::table.select((requests::due_at, requests::lease_until));
        let all: Vec<(Option<Moment>, Option<Moment>)> = self.desk.read(|conn| times.load(conn));
        all.iter().all(|(due, lease)| due.is_none_or(|due| due > now) && lease.is_none())
    }

    pub fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < LONGEST, "not in time: {what}: {:?}", self.states());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// All requests, oldest first.
    pub fn states(&self) -> Vec<State> {
        self.desk.read(|conn| requests::table.order(requests::id).select(requests::state).load(conn))
    }

    /// What became of the newest request of an act in a round: its state, and what was said last.
    pub fn outcome(&self, act: Act, round: usize) -> Option<(State, String)> {
        let open = format!("%\"app_user_id\":\"{}\"%", act.customer(round));
        let own = requests::table.filter(requests::terms.like(open)).order(requests::id.desc());
        let newest: Option<Request> = self.desk.read(|conn| own.select(Request::as_select()).first(conn).optional());
        let newest = newest?;
        Some((newest.state, self.last_words(newest.id)))
    }

    fn last_words(&self, id: RequestId) -> String {
        let steps = self.desk.read(|conn| queries::steps(conn, self.desk.project, &[id]));
        steps.last().map(|step| step.words.clone()).unwrap_or_default()
    }
}

/// Sends something, and leaves it to another thread to read the answer. No answer comes when the server is killed.
fn post(server: &Server, path: &str, headers: &str, body: &str) {
    let mut stream = server.connect().expect("it is connected");
    let (address, length) = (server.address, body.len());
    let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\ncontent-length: {length}");
    stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n{body}").as_bytes()).expect("it is sent");
    std::thread::spawn(move || {
        let answer = read_all(&mut stream);
        let is_taken = ["HTTP/1.1 303", "HTTP/1.1 20"].iter().any(|taken| answer.starts_with(taken));
        assert!(answer.is_empty() || is_taken, "{answer}");
    });
}
