//! The log of a server: one line of JSON for each request, and in none of them what people sent.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Desk;
use crate::support::seed::WEBHOOK_SECRET;
use crate::support::server::{free_address, read_all, serve};

/// A server of its own on the database of a desk, whose log goes into a file.
struct Server {
    process: Child,
    address: SocketAddr,
    log: String,
}

impl Server {
    fn start(desk: &Desk) -> Server {
        let address = free_address();
        let log = std::env::temp_dir().join(format!("dossier_log_{}_{}", std::process::id(), address.port()));
        let log = log.display().to_string();
        let (out, err) = (File::create(&log).expect("a file"), File::create(format!("{log}.err")).expect("a file"));
        let mut command = serve(desk, address);
        command.env("DOSSIER_LOG", "trace").stdout(out).stderr(err);
        let server = Server { process: command.spawn().expect("the server starts"), address, log };
        let patience = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < patience, "the server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Sends a request as it stands here, and returns the reference of the answer.
    fn send(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(40))).expect("a timeout");
        let length = body.len();
        write!(stream, "{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").expect("it is sent");
        let answer = read_all(&mut stream);
        let reference = answer.lines().find_map(|line| line.strip_prefix("x-request-id: "));
        reference.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Everything that it wrote, when it has logged the requests with these references, and ended. A line may come after its
    /// answer.
    fn written(mut self, references: &[String]) -> [String; 2] {
        let patience = Instant::now() + Duration::from_secs(20);
        let has_line = |log: &str, reference: &String| {
            log.lines().any(|line| line.contains("request answered") && line.contains(reference))
        };
        let is_logged = |log: String| log.ends_with('\n') && references.iter().all(|one| has_line(&log, one));
        while !std::fs::read_to_string(&self.log).is_ok_and(is_logged) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.end();
        [self.log.clone(), format!("{}.err", self.log)].map(|file| std::fs::read_to_string(file).expect("it is UTF-8"))
    }

    fn end(&mut self) {
        self.process.kill().expect("it is killed");
        self.process.wait().expect("it is gone");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        for file in [self.log.clone(), format!("{}.err", self.log)] {
            std::fs::remove_file(file).expect("it is deleted");
        }
    }
}

const FORM: &str = "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded";

/// Requests with a planted word wherever people, apps and servers put secrets and personal data.
fn requests() -> Vec<(String, String)> {
    let by = [
        "X-Forwarded-For: 203.0.113.77",
        "User-Agent: kanarie-agent",
        "Referer: http://kanarie.example/",
        "Cookie: session=kanarie",
    ]
    .join("\r\n");
    let head = |line: &str, more: &str| {
        format!("{line} HTTP/1.1\r\nHost: kanarie-host\r\n{by}\r\n{more}").trim_end().to_owned()
    };
    let webhook = format!("Authorization: {WEBHOOK_SECRET}");
    let attributes = json!({ "$email": { "value": "kanarie@x.example" } });
    let event =
        json!({ "id": "kanarie", "type": "RENEWAL", "app_user_id": "kanarie", "subscriber_attributes": attributes });
    let event = json!({ "event": event }).to_string();
    vec![
        (head("GET /projects/sundial/customers/kanarie-id?q=kanarie-query", ""), String::new()),
        (head("GET /projects/sundial/customers/%0d%0a%1b[31m%E2%80%A8kanarie", ""), String::new()),
        (head("GET /kanarie-path%0A%7B%22level%22%3A%22ERROR%22%7D", ""), String::new()),
        (head("GET /invitations/kanarie-token", ""), String::new()),
        (head("POST /login", FORM), "email=kanarie%40x.example&password=kanarie-password&next=/kanarie".into()),
        (head("GET /v1/subscribers/kanarie-id", "Authorization: Bearer sk_kanarie"), String::new()),
        (head("POST /v1/receipts", "Authorization: Bearer kanarie-key"), r#"{"fetch_token":"kanarie"}"#.into()),
        (head("POST /webhooks/revenuecat/sundial", "Authorization: kanarie-secret"), event.clone()),
        (head("POST /webhooks/revenuecat/sundial", &webhook), event),
        (head("POST /webhooks/revenuecat/sundial", &webhook), r#"{"event":"kanarie"#.into()),
    ]
}

#[actix_web::test]
async fn every_request_is_one_line_of_json_without_what_was_sent() {
    let desk = Desk::open().await;
    let server = Server::start(&desk);
    let references: Vec<String> = requests().iter().map(|(head, body)| server.send(head, body)).collect();
    let [log, errors] = server.written(&references);
    for planted in ["kanarie", "203.0.113.77", WEBHOOK_SECRET, "\u{1b}"] {
        assert!(!log.contains(planted) && !errors.contains(planted), "{planted}: {log}{errors}");
    }
    let mut answered: BTreeMap<String, usize> = BTreeMap::new();
    // One line, for whoever starts it by hand, is none of the log.
    for line in log.lines().filter(|line| !line.starts_with("Dossier listens on")) {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let time = line["timestamp"].as_str().expect("a time");
        assert!(time.ends_with('Z') && line["level"].is_string(), "{line}");
        if line["message"] == "request answered" {
            *answered.entry(line["request"].as_str().expect("a reference").to_owned()).or_default() += 1;
        }
    }
    for reference in references {
        assert_eq!(answered.get(&reference), Some(&1), "{reference}: {log}");
    }
}
