//! Two installations with a process and a database each: the second is connected to the first as to RevenueCat, and gets its
//! webhooks.

use std::io::Write;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dossier::base::allowlist::Allowlist;
use dossier::base::error::Error;
use dossier::requests::State;
use dossier::requests::queries;
use dossier::stores::revenuecat::{Connection, Keys, queries as connections};

use super::cast::{Person, SOL};
use super::customers::customer_id;
use super::seed::WEBHOOK_SECRET;
use super::server::{Server, dossier, free_address, serve};
use super::stand_in::{KEY, StandIn};
use super::test_store::{new_key, stock};
use super::{Answer, Desk};

/// What lets an installation send to this machine.
pub const LOCAL: [(&str, &str); 2] = [("DOSSIER_OUTGOING_HTTP", "1"), ("DOSSIER_OUTGOING_PRIVATE", "127.0.0.0/8")];

/// How long something may take to arrive, on a busy machine.
const ARRIVAL: Duration = Duration::from_secs(40);

/// The profile of Mara, whom both know.
pub const MARA: &str = "/projects/sundial/customers/mara";

/// Two installations.
pub struct Pair {
    pub upstream: Desk,
    pub desk: Desk,
    pub upstream_server: Server,
    desk_server: Server,
    /// The secret key of the first with which the second is connected.
    pub key: String,
}

/// The addresses that an installation in a test may call.
pub fn local_addresses() -> Allowlist {
    Allowlist { allows_http: true, private: vec!["127.0.0.0/8".parse().expect("a network")] }
}

/// A desk that may call this machine and shows the machine's time.
pub async fn desk_in_time() -> Desk {
    let desk = Desk::open_with(|config| config.allowlist = local_addresses()).await;
    catch_up(&desk);
    desk
}

/// Sets the clock of a desk to the machine's, by which servers go.
pub fn catch_up(desk: &Desk) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let behind = i64::try_from(now).expect("a small number").saturating_sub(desk.clock.now().millis());
    desk.clock.advance(behind.div_euclid(1_000).max(0));
}

/// Runs a command on the database of a desk, with this on its standard input.
pub fn run(desk: &Desk, arguments: &[&str], input: &str) -> Output {
    let mut command = dossier();
    command.args(arguments).env("DATABASE_URL", &desk.application.config.database_url).envs(LOCAL);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

/// As [`run`], for a command that works.
pub fn run_well(desk: &Desk, arguments: &[&str], input: &str) -> String {
    let output = run(desk, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Starts a server that may call this machine.
pub fn start(desk: &Desk) -> Server {
    let address = free_address();
    let mut command = serve(desk, address);
    command.envs(LOCAL);
    Server::run(command, address)
}

/// Connects Sundial to a stand-in, without trying the keys.
pub fn connect_to(desk: &Desk, upstream: &StandIn) {
    let keys = Keys { v2: KEY.into(), v1: None };
    let connected = desk.db.write_here(|conn| {
        let at = ("proj1", upstream.url.as_str());
        let connection = Connection::new(desk.project, at, &keys, &conn.master_keys()?, desk.clock.now())?;
        Ok::<_, Error>(connections::insert(conn, &connection)?)
    });
    connected.expect("a connection");
}

impl Pair {
    /// Opens both, and connects them with the commands of the README.
    pub async fn open() -> Pair {
        let pair = Pair::open_apart().await;
        pair.connect();
        pair
    }

    /// Opens both; the second gets webhooks of the first and is not connected.
    pub async fn open_apart() -> Pair {
        let (upstream, desk) = (desk_in_time().await, desk_in_time().await);
        [&upstream, &desk].into_iter().for_each(stock);
        let key = new_key(&upstream, None);
        let server = start(&desk);
        let url = format!("http://{}/webhooks/revenuecat/sundial", server.address);
        let add =
            ["endpoint", "add", "--project", "sundial", "--url", &url, "--authorization", WEBHOOK_SECRET, "--received"];
        run_well(&upstream, &add, "");
        let upstream_server = start(&upstream);
        Pair { upstream, desk, upstream_server, desk_server: server, key }
    }

    /// Connects the second to the first.
    pub fn connect(&self) -> String {
        let base = format!("http://{}", self.upstream_server.address);
        let connect = ["connect", "--project", "sundial", "revenuecat", "--id", "sundial", "--base-url", &base];
        run_well(&self.desk, &connect, &format!("{}\n\n", self.key))
    }

    /// Sends the first a webhook.
    pub fn deliver(&self, body: &str) {
        let answer = post(&self.upstream_server, "/webhooks/revenuecat/sundial", WEBHOOK_SECRET, body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// Sends the second a webhook.
    pub fn desk_receives(&self, body: &str) {
        let answer = post(&self.desk_server, "/webhooks/revenuecat/sundial", WEBHOOK_SECRET, body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// Asks as Sol in the second installation, and waits until the newest request is settled. Returns its state and the last words.
    pub async fn ask(&self, path: &str, fields: &[(&str, &str)]) -> (State, String) {
        let answer = self.post(&SOL, path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        self.settled("mara").await
    }

    pub async fn post(&self, person: &Person, path: &str, fields: &[(&str, &str)]) -> Answer {
        [&self.upstream, &self.desk].into_iter().for_each(catch_up);
        self.desk.post_form(person, &format!("{MARA}/{path}"), fields).await
    }

    /// The state of the newest request about a customer once it is closed, and the last words.
    pub async fn settled(&self, id: &str) -> (State, String) {
        let customer = customer_id(&self.desk, id);
        let newest = || {
            self.desk.read(|conn| {
                let newest = queries::of_customer(conn, customer, 1)?.pop();
                let Some(newest) = newest else { return Ok(None) };
                let last = queries::steps(conn, newest.project, &[newest.id])?.pop();
                Ok(Some((newest.state, last.map(|step| step.words).unwrap_or_default())))
            })
        };
        until("the request is settled", || newest().filter(|(state, _)| !state.is_open())).await
    }
}

/// Waits for something.
pub async fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(began.elapsed() < ARRIVAL, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// What a `POST` answers, sent to the program as a client does.
pub fn post(server: &Server, path: &str, authorization: &str, body: &str) -> String {
    let length = body.len();
    server.ask(format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\ncontent-type: application/json\r\n\
         x-platform: web\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}
