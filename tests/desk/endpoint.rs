//! `dossier endpoint add`: the rules of the page, one clear line when it is refused, and an installation that feeds another.

use std::process::Output;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use dossier::auth::queries::{project_id, set_role};
use dossier::base::Role;
use dossier::base::ids::ProjectId;
use dossier::db::schema::webhook_endpoints;
use dossier::endpoints::{Endpoint, queries};
use serde_json::{Value, json};

use crate::support::audit_log::{audit_entries, verified_audit_entries};
use crate::support::cast::SOL;
use crate::support::events::purchase;
use crate::support::seed::WEBHOOK_SECRET;
use crate::support::server::{Server, dossier, free_address, serve};
use crate::support::test_store::{desk_with_test_store, receipt, test_token};
use crate::support::{Desk, traces};

const VALUE: &str = "Bearer of-the-receiver";

/// What lets an installation send to this machine.
const LOCAL: [(&str, &str); 2] = [("DOSSIER_OUTGOING_HTTP", "1"), ("DOSSIER_OUTGOING_PRIVATE", "127.0.0.0/8")];

/// Runs a command on the database of a desk.
fn run(desk: &Desk, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = dossier();
    command.args(arguments).env("DATABASE_URL", &desk.application.config.database_url);
    command.envs(settings.iter().copied()).output().expect("it runs")
}

/// Adds an endpoint to Sundial; returns what the command prints.
fn add(desk: &Desk, arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let output = run(desk, &[&["endpoint", "add", "--project", "sundial"], arguments].concat(), settings);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The line on standard error of a command that is refused.
fn refusal(desk: &Desk, arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let output = run(desk, &[&["endpoint", "add"], arguments].concat(), settings);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
    words.trim_end().to_owned()
}

type Row = (String, String, Option<String>, bool);

fn endpoints(desk: &Desk) -> Vec<Row> {
    let keys = desk.db.master_keys().expect("keys");
    let all = desk.read(|conn| queries::all(conn, desk.project));
    let row = |one: Endpoint| {
        let authorization = one.authorization(&keys).expect("it opens");
        (one.name, one.url, authorization, one.sends_received)
    };
    all.into_iter().map(|(one, _)| row(one)).collect()
}

#[actix_web::test]
async fn the_command_adds_an_endpoint_and_prints_its_secret_once() {
    let desk = Desk::open().await;
    let printed = add(&desk, &["--url", "https://93.184.216.34/hooks", "--authorization", VALUE, "--received"], &[]);
    let secret = printed.split_whitespace().find(|word| word.starts_with("whsec_")).expect("a secret").to_owned();
    assert!(printed.contains("https://93.184.216.34/hooks") && !printed.contains(VALUE), "{printed}");
    add(&desk, &["--url", "https://93.184.216.34:8443/", "--name", "Billing"], &[]);
    let wanted = [
        ("93.184.216.34".into(), "https://93.184.216.34/hooks".into(), Some(VALUE.into()), true),
        ("Billing".into(), "https://93.184.216.34:8443/".into(), None, false),
    ];
    assert_eq!(endpoints(&desk), wanted);
    let entries = verified_audit_entries(&desk);
    let first = &entries[0];
    assert_eq!((first.action.as_str(), first.actor_kind.as_str()), ("endpoint_created", "operator"));
    assert!(first.details.contains("https://93.184.216.34/hooks"), "{}", first.details);
    assert!(entries.iter().all(|entry| !entry.details.contains(VALUE) && !entry.details.contains(&secret)));
    assert!(traces::find(&desk, &secret).is_empty(), "the database holds its bytes, and no text that can be pasted");
    let page = desk.page(&crate::support::cast::DEV, "/projects/sundial/settings/endpoints").await;
    assert!(page.contains("93.184.216.34") && !page.contains(VALUE) && !page.contains(&secret), "{page}");
}

#[actix_web::test]
async fn what_the_page_refuses_the_command_refuses_in_one_line_that_names_the_argument() {
    let desk = Desk::open().await;
    let sundial = |arguments: &[&str], settings: &[(&str, &str)]| {
        refusal(&desk, &[&["--project", "sundial"], arguments].concat(), settings)
    };
    assert_eq!(
        refusal(&desk, &["--project", "noon", "--url", "https://93.184.216.34/"], &[]),
        "dossier: there is no project noon"
    );
    let http =
        "dossier: --url: It must begin with https://. DOSSIER_OUTGOING_HTTP=1 allows http://, also for the server.";
    assert_eq!(sundial(&["--url", "http://93.184.216.34/"], &[]), http);
    let private = "dossier: --url: The address is not public. The operator can allow private networks. Name its network in \
                   DOSSIER_OUTGOING_PRIVATE, also for the server.";
    for url in ["https://127.0.0.1/", "https://10.1.2.3/", "https://[::1]/", "https://localhost/"] {
        assert_eq!(sundial(&["--url", url], &[]), private, "{url}");
    }
    assert_eq!(sundial(&["--url", "http://127.0.0.1:8081/"], &LOCAL[..1]), private);
    for (arguments, words) in [
        (vec!["--url", "moon"], "--url: Enter a complete address"),
        (vec!["--url", ""], "--url: Enter a complete address"),
        (vec!["--url", "https://a:b@93.184.216.34/"], "--url: It must not contain a user name"),
        (vec!["--url", "https://93.184.216.34/", "--authorization", ""], "--authorization: it has 1 to 5000 printable"),
        (vec!["--url", "https://93.184.216.34/", "--authorization", "Bearer ä"], "--authorization: it has 1 to 5000"),
        (vec!["--url", "https://93.184.216.34/", "--authorization", "a\nb: c"], "--authorization: it has 1 to 5000"),
        (vec!["--url", "https://93.184.216.34/", "--name", " "], "--name: Give it a name of 1 to 60 characters."),
        (vec![], "the following required arguments were not provided: --url"),
    ] {
        let refused = sundial(&arguments, &[]);
        assert!(refused.starts_with(&format!("dossier: {words}")), "{arguments:?}: {refused}");
    }
    assert!(endpoints(&desk).is_empty() && audit_entries(&desk).is_empty());
}

#[actix_web::test]
async fn a_project_has_twenty_endpoints_at_most_however_they_are_added() {
    let desk = Desk::open().await;
    let row = |number: i64| {
        use webhook_endpoints::*;
        (
            (
                project_id.eq(desk.project),
                id.eq(dossier::base::ids::EndpointId(number)),
                name.eq("Old"),
                url.eq("https://a.b/"),
            ),
            (environment.eq(dossier::endpoints::Environments::All), sends_received.eq(false), is_on.eq(true)),
            (secret.eq(vec![1_u8; 32]), secret_set_at.eq(crate::support::NOW), created_at.eq(crate::support::NOW)),
        )
    };
    let rows: Vec<_> = (1..=19).map(row).collect();
    let put = desk.db.write_here(|conn| {
        rows.into_iter()
            .try_for_each(|row| diesel::insert_into(webhook_endpoints::table).values(row).execute(conn).map(drop))?;
        Ok::<_, dossier::base::error::Error>(())
    });
    put.expect("nineteen endpoints");
    add(&desk, &["--url", "https://93.184.216.34/"], &[]);
    let refused = refusal(&desk, &["--project", "sundial", "--url", "https://93.184.216.34/"], &[]);
    assert_eq!(refused, "dossier: A project has 20 endpoints at most.");
    assert_eq!(endpoints(&desk).len(), 20);
}

/// What a `POST` answers, sent to the program as a client does.
fn post(server: &Server, path: &str, authorization: &str, body: &str) -> String {
    let length = body.len();
    server.ask(format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\ncontent-type: application/json\r\n\
         x-platform: web\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}

/// The history of a customer at the second installation, once it has this text.
async fn history_with(desk: &Desk, path: &str, text: &str) -> String {
    let until = Instant::now() + Duration::from_secs(40);
    loop {
        let page = desk.get(&SOL, path).await.body;
        if page.contains(text) {
            return page;
        }
        assert!(Instant::now() < until, "{text} does not arrive: {page}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Sol reads the project of this slug too.
fn let_sol_in(desk: &Desk, slug: &str) -> ProjectId {
    let joined = desk.db.write_here(|conn| {
        let project = project_id(conn, slug)?.ok_or(dossier::base::error::Error::NotFound)?;
        set_role(conn, project, SOL.id, Role::Support)?;
        Ok::<_, dossier::base::error::Error>(project)
    });
    joined.expect("the project")
}

/// Two installations with a database and a process each. The second is wired to the first by two commands, without a browser,
/// and learns what the first sells in its Test Store and what the first receives.
#[actix_web::test]
async fn an_installation_feeds_another_with_what_it_sells_and_what_it_receives() {
    let (first, key) = desk_with_test_store().await;
    let second = Desk::open().await;
    let added = run(&second, &["project", "add", "mirror", "--name", "Mirror"], &[]);
    let printed = String::from_utf8_lossy(&added.stdout).into_owned();
    let (_, authorization) = printed.split_once("Authorization  ").expect("a value");
    let authorization = authorization.lines().next().expect("a line");
    let_sol_in(&second, "mirror");
    let to = Server::start(&second);

    let url = format!("http://{}/webhooks/revenuecat/mirror", to.address);
    add(&first, &["--url", &url, "--authorization", authorization, "--received"], &LOCAL);
    let address = free_address();
    let mut command = serve(&first, address);
    command.envs(LOCAL);
    let from = Server::run(command, address);

    let bought =
        post(&from, "/v1/receipts", &format!("Bearer {key}"), &receipt("lena", "month", &test_token(1)).to_string());
    assert!(bought.starts_with("HTTP/1.1 200"), "{bought}");
    let lena = "/projects/mirror/customers/lena?sandbox=1";
    let page = history_with(&second, lena, "Started a subscription").await;
    assert!(page.contains("Test Store") && page.contains("USD 9.99"), "{page}");

    let renewal: Value = serde_json::from_str(&purchase("mara", 3, json!({ "id": "r-1" }))).expect("JSON");
    let taken = post(&from, "/webhooks/revenuecat/sundial", WEBHOOK_SECRET, &renewal.to_string());
    assert!(taken.starts_with("HTTP/1.1 200"), "{taken}");
    history_with(&second, "/projects/mirror/customers/mara", "Started a subscription").await;
    assert_eq!(first.get(&SOL, "/projects/sundial/customers/mara").await.status, 200, "the first has it as well");
}
