//! Webhook endpoints: which events are sent to which endpoint, how they are signed, and what happens when a receiver or
//! the server fails.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel::prelude::*;
use dossier::base::allowlist::Allowlist;
use dossier::base::error::Error;
use dossier::base::ids::{EndpointId, Ids};
use dossier::db::schema::{app_user_ids, delivery_attempts, history, webhook_deliveries as queue, webhook_endpoints};
use dossier::endpoints::{self, Client, Courier, LEASE, RETRIES};
use dossier::server::app::Application;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::audit_log::{Entry, audit_actions, audit_entries};
use crate::support::cast::{ADA, DEV, LENA, Person, SOL, SUNDIAL, VERA};
use crate::support::events::{deliver, event_on_day, import};
use crate::support::jobs::{clean_up, rebuild};
use crate::support::operations::erase_customer;
use crate::support::pages::seen_version;
use crate::support::receiver::{Manner, Receiver, Request};
use crate::support::server::dossier;
use crate::support::{Answer, Desk, traces};

const PAGE: &str = "/projects/sundial/settings/endpoints";
const VALUE: &str = "Bearer of-the-receiver";

fn local_addresses() -> Allowlist {
    Allowlist { allows_http: true, private: vec!["127.0.0.0/8".parse().expect("a network")] }
}

/// A desk whose allowlist has this machine, and Lena with a subscription.
async fn desk() -> Desk {
    let desk = Desk::open_with(|config| config.allowlist = local_addresses()).await;
    let lena = json!({ "id": "first", "app_user_id": "lena", "original_app_user_id": "lena", "aliases": ["lena"] });
    deliver(&desk, desk.project, &[event_on_day(1_090, "INITIAL_PURCHASE", lena)]);
    desk
}

/// A courier that waits one second for an answer.
fn courier(desk: &Desk) -> Courier {
    Courier { client: Client::with_timeout(local_addresses(), Duration::from_secs(1)), ..desk.application.courier() }
}

fn send(desk: &Desk) -> usize {
    courier(desk).run_once().expect("it sends")
}

/// Adds an endpoint through the page; returns its id and its secret.
async fn add(desk: &Desk, url: &str, more: &[(&str, &str)]) -> (EndpointId, Vec<u8>) {
    let mut fields = vec![("name", "Sundial server"), ("url", url), ("environment", "all"), ("authorization", VALUE)];
    fields.retain(|(name, _)| !more.iter().any(|(known, _)| known == name));
    fields.extend_from_slice(more);
    let answer = desk.post_form(&DEV, PAGE, &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let secret = answer.body.split("whsec_").nth(1).and_then(|rest| rest.split('<').next()).expect("a secret");
    let ids: Vec<EndpointId> = desk.read(|conn| {
        webhook_endpoints::table.select(webhook_endpoints::id).order(webhook_endpoints::id.desc()).load(conn)
    });
    (ids[0], STANDARD.decode(secret).expect("base 64"))
}

/// State and tries of every delivery.
fn states(desk: &Desk) -> Vec<(String, i64)> {
    desk.read(|conn| queue::table.order(queue::id).select((queue::state, queue::tries)).load(conn))
}

fn problems(desk: &Desk) -> Vec<(Option<i64>, Option<String>)> {
    desk.read(|conn| {
        let columns = (delivery_attempts::status, delivery_attempts::problem);
        delivery_attempts::table.order(delivery_attempts::id).select(columns).load(conn)
    })
}

/// Grants access, which is an event that Dossier makes.
async fn grant(desk: &Desk, customer: &str) {
    catalog(desk);
    let path = format!("/projects/sundial/customers/{customer}/grants");
    let answer =
        desk.post_form(&SOL, &path, &[("entitlement", "pro"), ("duration", "lifetime"), ("reason", "sorry")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
}

fn catalog(desk: &Desk) {
    use dossier::db::schema::entitlements;
    let row = (
        entitlements::project_id.eq(desk.project),
        entitlements::identifier.eq("pro"),
        entitlements::display_name.eq("Pro"),
    );
    let known: i64 = desk.read(|conn| entitlements::table.count().get_result(conn));
    if known == 0 {
        let put = desk
            .db
            .write_here(|conn| Ok::<_, Error>(diesel::insert_into(entitlements::table).values(row).execute(conn)?));
        put.expect("an entitlement");
    }
}

/// Delivers a webhook to Dossier, as RevenueCat does.
async fn receive(desk: &Desk, sent: &str) {
    assert_eq!(desk.post_webhook(SUNDIAL, sent).await.status, StatusCode::OK);
}

fn signature(secret: &[u8], request: &Request) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key");
    mac.update(format!("{}.{}.", request.header("webhook-id"), request.header("webhook-timestamp")).as_bytes());
    mac.update(request.body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

async fn event_page(desk: &Desk, person: &Person, event_id: &str) -> Answer {
    desk.get(person, &format!("{LENA}/events/{event_id}")).await
}

#[actix_web::test]
async fn an_event_that_dossier_makes_is_sent_signed_and_with_the_authorization() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    let (_, secret) = add(&desk, &receiver.url, &[]).await;
    grant(&desk, "lena").await;
    assert_eq!((states(&desk), send(&desk)), (vec![("waiting".to_owned(), 0)], 1));
    let requests = receiver.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.header("authorization"), request.header("content-type")), (VALUE, "application/json"));
    assert_eq!(request.header("webhook-signature"), signature(&secret, request));
    assert!(request.header("webhook-id").starts_with("msg_"));
    assert_eq!(request.header("webhook-timestamp"), "1795453200");
    let event = request.event();
    assert_eq!((event["type"].as_str(), event["app_user_id"].as_str()), (Some("NON_RENEWING_PURCHASE"), Some("lena")));
    assert_eq!((event["store"].as_str(), event["environment"].as_str()), (Some("PROMOTIONAL"), Some("PRODUCTION")));
    assert_eq!((states(&desk), send(&desk)), (vec![("sent".to_owned(), 1)], 0));
}

#[actix_web::test]
async fn received_events_are_sent_only_to_endpoints_that_ask_for_them() {
    let desk = desk().await;
    let (own, all) = (Receiver::open(Manner::Answer(200)), Receiver::open(Manner::Answer(200)));
    add(&desk, &own.url, &[]).await;
    add(&desk, &all.url, &[("sends_received", "1")]).await;
    let sent = event_on_day(1_095, "RENEWAL", json!({ "id": "r1", "price": 4.990, "unknown": { "field": [1] } }));
    receive(&desk, &sent).await;
    receive(&desk, &sent).await;
    assert_eq!(send(&desk), 1);
    assert_eq!((own.requests().len(), all.requests().len()), (0, 1));
    assert_eq!(all.requests()[0].body, sent, "as received");
}

#[actix_web::test]
async fn the_export_lists_the_endpoints_that_got_events() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    add(&desk, &receiver.url, &[]).await;
    grant(&desk, "lena").await;
    assert_eq!(send(&desk), 1);
    let file: Value = serde_json::from_str(&desk.get(&SOL, &format!("{LENA}/export.json")).await.body).expect("JSON");
    let passed_on = json!([{
        "to": "Sundial server", "event_type": "NON_RENEWING_PURCHASE", "queued_at": "2026-11-23T17:00:00.000Z", "state": "sent",
    }]);
    assert_eq!(file["passed_on"], passed_on);
    let page = desk.get(&SOL, &format!("{LENA}/export")).await.body;
    assert!(page.contains("Passed on") && page.contains(">Sundial server</td>"), "{page}");
}

#[actix_web::test]
async fn an_endpoint_gets_the_environment_and_the_types_it_asks_for() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    let asked = [("sends_received", "1"), ("environment", "sandbox"), ("type_RENEWAL", "1"), ("type_TRANSFER", "1")];
    add(&desk, &receiver.url, &asked).await;
    for (id, kind, environment) in [
        ("a", "RENEWAL", json!("SANDBOX")),
        ("b", "RENEWAL", json!("PRODUCTION")),
        ("c", "CANCELLATION", json!("SANDBOX")),
        ("d", "RENEWAL", Value::Null),
        ("e", "NEWER_THAN_US", json!("SANDBOX")),
    ] {
        receive(&desk, &event_on_day(1_095, kind, json!({ "id": id, "environment": environment }))).await;
    }
    send(&desk);
    let mut ids: Vec<String> = receiver.requests().iter().map(|one| one.event()["id"].to_string()).collect();
    ids.sort();
    assert_eq!(ids, ["\"a\"", "\"d\""]);
}

#[actix_web::test]
async fn imported_and_rebuilt_events_are_not_sent() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    add(&desk, &receiver.url, &[("sends_received", "1")]).await;
    import(&desk, desk.project, &[event_on_day(1_095, "RENEWAL", json!({ "id": "imported" }))]);
    rebuild(&desk, Some(desk.project));
    assert_eq!((states(&desk), send(&desk)), (vec![], 0));
}

#[actix_web::test]
async fn a_failed_delivery_is_tried_six_times_over_155_minutes_with_one_id() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(503));
    add(&desk, &receiver.url, &[]).await;
    grant(&desk, "lena").await;
    for (number, minutes) in RETRIES.iter().enumerate() {
        assert_eq!((send(&desk), send(&desk)), (1, 0));
        assert_eq!(states(&desk), [("waiting".to_owned(), number as i64 + 1)]);
        desk.clock.advance(minutes * 60 - 1);
        assert_eq!(send(&desk), 0, "not before its time");
        desk.clock.advance(1);
    }
    assert_eq!((send(&desk), states(&desk)), (1, vec![("failed".to_owned(), 6)]));
    desk.clock.advance(86_400);
    assert_eq!(send(&desk), 0);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 6);
    assert!(requests.iter().all(|one| one.body == requests[0].body));
    assert!(requests.iter().all(|one| one.header("webhook-id") == requests[0].header("webhook-id")));
    assert_ne!(requests[0].header("webhook-signature"), requests[5].header("webhook-signature"));
}

#[actix_web::test]
async fn only_200_is_success() {
    let desk = desk().await;
    let elsewhere = Receiver::open(Manner::Answer(200));
    let receiver = Receiver::open(Manner::Answer(201));
    add(&desk, &receiver.url, &[]).await;
    grant(&desk, "lena").await;
    let manners = [
        Manner::Answer(201),
        Manner::Redirect(elsewhere.url.clone()),
        Manner::Hang(Duration::from_secs(3)),
        Manner::Reset,
        Manner::Answer(500),
        Manner::Answer(204),
    ];
    for manner in manners {
        receiver.behaves(manner.clone());
        assert_eq!(send(&desk), 1, "{manner:?}");
        desk.clock.advance(80 * 60);
    }
    let shown = problems(&desk);
    let statuses: Vec<Option<i64>> = shown.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [Some(201), Some(307), None, None, Some(500), Some(204)]);
    assert_eq!(shown[2].1.as_deref(), Some("No answer within a minute."));
    assert!(shown[3].1.as_deref().is_some_and(|problem| problem.contains("closed the connection")), "{shown:?}");
    assert!(elsewhere.requests().is_empty(), "no redirect is followed");
    assert_eq!(states(&desk), [("failed".to_owned(), 6)]);
}

#[actix_web::test]
async fn a_leased_delivery_is_not_sent_again_until_the_lease_ends() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    add(&desk, &receiver.url, &[]).await;
    grant(&desk, "lena").await;
    let taken = courier(&desk).take(&BTreeMap::new()).expect("it takes");
    assert_eq!((taken.len(), send(&desk)), (1, 0), "the process that took it is expected to send it");
    desk.clock.advance(LEASE - 1);
    assert_eq!(send(&desk), 0);
    desk.clock.advance(1);
    assert_eq!((send(&desk), states(&desk)), (1, vec![("sent".to_owned(), 1)]));
    // The first process reports after all; its result does not count any more.
    receiver.behaves(Manner::Answer(500));
    courier(&desk).send(&taken[0]);
    assert_eq!(states(&desk), [("sent".to_owned(), 1)]);
}

#[actix_web::test]
async fn several_processes_send_each_delivery_once() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Hang(Duration::from_millis(5)));
    add(&desk, &receiver.url, &[("sends_received", "1")]).await;
    for number in 0..40 {
        receive(&desk, &event_on_day(1_095, "RENEWAL", json!({ "id": format!("r{number}") }))).await;
    }
    let applications: Vec<Application> = (2..5)
        .map(|node| {
            let config = (*desk.application.config).clone();
            let db = crate::support::database::open(&config.database_url, 4);
            Application::new(db, desk.clock.clone(), Ids::of_node(node), config).expect("a site")
        })
        .collect();
    let sent: usize = std::thread::scope(|scope| {
        let workers: Vec<_> =
            applications.iter().map(|one| scope.spawn(|| one.courier().run_once().expect("it sends"))).collect();
        workers.into_iter().map(|worker| worker.join().expect("it ends")).sum()
    });
    applications.iter().for_each(|one| one.intake.close());
    let mut ids: Vec<String> = receiver.requests().iter().map(|one| one.header("webhook-id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((sent, receiver.requests().len(), ids.len()), (40, 40, 40));
    assert!(states(&desk).iter().all(|state| *state == ("sent".to_owned(), 1)));
}

#[actix_web::test]
async fn an_endpoint_that_hangs_does_not_delay_others() {
    let desk = desk().await;
    let (slow, fast) = (Receiver::open(Manner::Hang(Duration::from_secs(20))), Receiver::open(Manner::Answer(200)));
    for receiver in [&slow, &fast] {
        add(&desk, &receiver.url, &[("sends_received", "1")]).await;
    }
    for number in 0..12 {
        receive(&desk, &event_on_day(1_095, "RENEWAL", json!({ "id": format!("r{number}") }))).await;
    }
    let worker = endpoints::Worker::start(courier(&desk)).expect("a thread");
    let received = fast.wait_for(12).len();
    worker.stop();
    assert_eq!(received, 12, "while {} hang", slow.requests().len());
    assert!(slow.requests().len() < 12);
}

#[actix_web::test]
async fn a_backlog_at_one_endpoint_does_not_delay_others() {
    let desk = desk().await;
    let (first, second) =
        (add(&desk, "http://127.0.0.1:9/one", &[]).await.0, add(&desk, "http://127.0.0.1:9/two", &[]).await.0);
    let enqueue = |endpoint: EndpointId, many: usize| {
        let put = desk.db.write_here(|conn| {
            (0..many).try_for_each(|_| endpoints::enqueue_test(conn, &desk.ctx(), endpoint).map(drop))
        });
        put.expect("it is queued");
    };
    enqueue(first, 300);
    desk.clock.advance(1);
    enqueue(second, 1);
    let under_way = BTreeMap::from([(first, 1)]);
    let taken = courier(&desk).take(&under_way).expect("it takes");
    assert_eq!(taken.iter().map(|job| job.endpoint.id).collect::<Vec<_>>(), [second]);
}

/// The program itself, on the database of the desk and by the machine's clock, until it is killed.
struct Process(Child);

impl Process {
    fn start(desk: &Desk) -> Process {
        let mut command = dossier();
        command.env("DATABASE_URL", &desk.application.config.database_url).env("DOSSIER_BIND", "127.0.0.1:0");
        command.env("DOSSIER_OUTGOING_HTTP", "1").env("DOSSIER_OUTGOING_PRIVATE", "127.0.0.0/8");
        Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server starts"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().expect("it is killed");
        self.0.wait().expect("it is gone");
    }
}

#[actix_web::test]
async fn two_servers_on_one_database_share_the_work_and_send_nothing_twice() {
    let desk = desk().await;
    if desk.db.is_sqlite() {
        return;
    }
    let receiver = Receiver::open(Manner::Hang(Duration::from_secs(8)));
    add(&desk, &receiver.url, &[("sends_received", "1")]).await;
    for number in 0..10 {
        receive(&desk, &event_on_day(1_095, "RENEWAL", json!({ "id": format!("r{number}") }))).await;
    }
    let servers = [Process::start(&desk), Process::start(&desk)];
    assert!(!receiver.wait_for(1).is_empty());
    let first = Instant::now();
    assert_eq!(receiver.wait_for(8).len(), 8);
    assert!(first.elapsed() < Duration::from_secs(8), "one server alone sends four at a time");
    receiver.behaves(Manner::Answer(200));
    let done = || states(&desk).iter().filter(|state| **state == ("sent".to_owned(), 1)).count();
    let until = Instant::now() + Duration::from_secs(40);
    while done() < 10 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(servers);
    let mut ids: Vec<String> = receiver.requests().iter().map(|one| one.header("webhook-id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((done(), receiver.requests().len(), ids.len()), (10, 10, 10));
}

#[actix_web::test]
async fn a_server_that_is_killed_while_it_sends_loses_nothing() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Hang(Duration::from_secs(30)));
    add(&desk, &receiver.url, &[]).await;
    grant(&desk, "lena").await;
    let server = Process::start(&desk);
    assert_eq!(receiver.wait_for(1).len(), 1, "it is sending");
    drop(server);
    assert_eq!(states(&desk), [("waiting".to_owned(), 0)], "its result is unknown");
    receiver.behaves(Manner::Answer(200));
    let now = dossier::base::clock::Clock::Machine.now().since(desk.clock.now()) / 1000;
    desk.clock.advance(now - 10);
    assert_eq!(send(&desk), 0, "the lease of the killed server still counts");
    desk.clock.advance(LEASE + 20);
    assert_eq!((send(&desk), states(&desk)), (1, vec![("sent".to_owned(), 1)]));
    assert_eq!(receiver.requests().len(), 2);
}

#[actix_web::test]
async fn an_address_outside_the_allowlist_is_refused_when_saved_and_when_connecting() {
    let desk = Desk::open().await;
    for url in [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "https://169.254.169.254/",
    ] {
        let fields = [("name", "<Mine>"), ("url", url), ("environment", "all")];
        let answer = desk.post_form(&DEV, PAGE, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        assert!(
            answer.body.contains("url-reason") && answer.body.contains("&#60;Mine&#62;"),
            "{url}: the text is kept"
        );
    }
    let desk = self::desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    // As if the name had led to another address when it was saved.
    add(&desk, &receiver.url.replace("127.0.0.1", "localhost"), &[]).await;
    grant(&desk, "lena").await;
    let careful = Allowlist { allows_http: true, private: Vec::new() };
    let strict = Courier { client: Client::new(careful), ..desk.application.courier() };
    assert_eq!(strict.run_once().expect("it sends"), 1);
    assert!(
        problems(&desk)[0].1.as_deref().is_some_and(|problem| problem.contains("not public")),
        "{:?}",
        problems(&desk)
    );
    assert!(receiver.requests().is_empty(), "no connection was opened");
}

#[actix_web::test]
async fn the_authorization_value_and_the_secret_are_never_shown_again() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(500));
    let (id, secret) = add(&desk, &receiver.url, &[]).await;
    grant(&desk, "lena").await;
    send(&desk);
    let edit = format!("{PAGE}/{id}?dialog=endpoint-edit.{id}");
    let event = receiver.requests()[0].event()["id"].as_str().expect("an id").to_owned();
    let pages = [
        PAGE.to_owned(),
        format!("{PAGE}/{id}"),
        edit,
        format!("{LENA}/events/{event}"),
        LENA.to_owned(),
        "/projects/sundial/settings/audit".to_owned(),
    ];
    for page in pages {
        let answer = desk.get(&ADA, &page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        assert!(!answer.body.contains("of-the-receiver") && !answer.body.contains(&STANDARD.encode(&secret)), "{page}");
    }
    let shown = desk.get(&DEV, &format!("{PAGE}/{id}")).await.body;
    assert!(shown.contains("authorization: (not shown)") && shown.contains("webhook-signature: v1,"), "{shown}");
    assert!(shown.contains("answer&#60;b&#62;") && shown.contains("Answered 500."), "{shown}");
}

#[actix_web::test]
async fn an_endpoint_is_changed_switched_and_deleted_with_traces() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    let (id, _) = add(&desk, &receiver.url, &[]).await;
    let path = format!("{PAGE}/{id}");
    let dialog = desk.get(&DEV, &format!("{path}?dialog=endpoint-edit.{id}")).await.body;
    let seen = seen_version(&dialog);
    let fields = [("name", "Another"), ("url", receiver.url.as_str()), ("environment", "production"), ("seen", seen)];
    assert_eq!(desk.post_form(&DEV, &path, &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.post_form(&DEV, &path, &fields).await.status, StatusCode::CONFLICT, "it was changed since");
    grant(&desk, "lena").await;
    assert_eq!(desk.post_form(&DEV, &format!("{path}/switch"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.post_form(&DEV, &format!("{path}/switch"), &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((send(&desk), states(&desk).len()), (0, 1), "waiting deliveries are kept");
    assert!(desk.get(&DEV, &path).await.body.contains("switched on again"));
    desk.post_form(&DEV, &format!("{path}/switch"), &[("on", "1")]).await;
    assert_eq!((send(&desk), receiver.requests()[0].header("authorization")), (1, VALUE));
    assert_eq!(desk.post_form(&DEV, &format!("{path}/delete"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!((states(&desk), desk.get(&DEV, &path).await.status), (vec![], StatusCode::NOT_FOUND));
    let log = audit_actions(&desk);
    let done = ["created", "updated", "disabled", "enabled", "deleted"].map(|what| format!("endpoint_{what}"));
    assert!(done.iter().all(|action| log.iter().filter(|known| *known == action).count() == 1), "{log:?}");
}

#[actix_web::test]
async fn a_replaced_secret_also_signs_for_a_day() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(500));
    let (id, old) = add(&desk, &receiver.url, &[]).await;
    grant(&desk, "lena").await;
    let shown = desk.post_form(&DEV, &format!("{PAGE}/{id}/secret"), &[]).await;
    let new = shown.body.split("whsec_").nth(1).and_then(|rest| rest.split('<').next()).expect("a secret");
    let new = STANDARD.decode(new).expect("base 64");
    send(&desk);
    let request = receiver.requests().remove(0);
    assert_eq!(
        request.header("webhook-signature"),
        format!("{} {}", signature(&new, &request), signature(&old, &request))
    );
    desk.clock.advance(86_400);
    send(&desk);
    let request = receiver.requests().remove(1);
    assert_eq!(request.header("webhook-signature"), signature(&new, &request));
}

/// Changes the URL of an endpoint through the page.
async fn move_to(desk: &Desk, id: EndpointId, url: &str, more: &[(&str, &str)]) -> Answer {
    let path = format!("{PAGE}/{id}");
    let dialog = desk.page(&DEV, &format!("{path}?dialog=endpoint-edit.{id}")).await;
    let mut fields =
        vec![("name", "Sundial server"), ("url", url), ("environment", "all"), ("seen", seen_version(&dialog))];
    fields.extend_from_slice(more);
    desk.post_form(&DEV, &path, &fields).await
}

#[actix_web::test]
async fn an_endpoint_with_another_origin_loses_its_authorization_and_gets_a_new_secret_at_once() {
    let desk = desk().await;
    let (first, second) = (Receiver::open(Manner::Answer(500)), Receiver::open(Manner::Answer(500)));
    let (id, old) = add(&desk, &first.url, &[]).await;
    // There is an older secret as well, which would sign for a day.
    desk.post_form(&DEV, &format!("{PAGE}/{id}/secret"), &[]).await;
    grant(&desk, "lena").await;
    send(&desk);
    let dialog = desk.page(&DEV, &format!("{PAGE}/{id}?dialog=endpoint-edit.{id}")).await;
    assert!(dialog.contains("Another scheme, host or port is another server"), "{dialog}");
    let moved = move_to(&desk, id, &second.url, &[]).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.body);
    assert!(moved.body.contains("Its Authorization value is removed"), "{}", moved.body);
    let new = moved.body.split("whsec_").nth(1).and_then(|rest| rest.split('<').next()).expect("a secret");
    let new = STANDARD.decode(new).expect("base 64");
    desk.clock.advance(300);
    assert_eq!(send(&desk), 1, "what waited goes to the new address");
    assert_eq!(first.requests().len(), 1);
    let request = second.requests().remove(0);
    assert_eq!((request.header("authorization"), &request.body), ("", &first.requests()[0].body));
    assert_eq!(request.header("webhook-signature"), signature(&new, &request), "and no other secret signs");
    assert_ne!(old, new);
    let Entry { action, details, .. } = audit_entries(&desk).pop().expect("an entry");
    assert_eq!(action, "endpoint_updated");
    for line in [second.url.as_str(), "Authorization: None", "Signing secret: a new one"] {
        assert!(details.contains(line), "{line}: {details}");
    }
    let page = desk.page(&DEV, &format!("{PAGE}/{id}")).await;
    assert!(!page.contains("also signed with the previous secret") && page.contains("None"), "{page}");
}

#[actix_web::test]
async fn a_value_typed_with_another_origin_is_sent_there() {
    let desk = desk().await;
    let (first, second) = (Receiver::open(Manner::Answer(200)), Receiver::open(Manner::Answer(200)));
    let (id, old) = add(&desk, &first.url, &[]).await;
    let moved = move_to(&desk, id, &second.url, &[("authorization", "Bearer of-the-second")]).await;
    assert!(moved.body.contains("whsec_") && !moved.body.contains("Its Authorization value is removed"));
    grant(&desk, "lena").await;
    send(&desk);
    let request = second.requests().remove(0);
    assert_eq!(request.header("authorization"), "Bearer of-the-second");
    assert_ne!(request.header("webhook-signature"), signature(&old, &request));
}

#[actix_web::test]
async fn another_path_or_query_of_the_same_server_keeps_both() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    let (id, secret) = add(&desk, &receiver.url, &[]).await;
    let moved = move_to(&desk, id, &format!("{}/second?token=x", receiver.url), &[]).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.body);
    grant(&desk, "lena").await;
    send(&desk);
    let request = receiver.requests().remove(0);
    assert_eq!(request.header("authorization"), VALUE);
    assert_eq!(request.header("webhook-signature"), signature(&secret, &request));
}

#[actix_web::test]
async fn a_test_event_shows_its_result() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    let (id, _) = add(&desk, &receiver.url, &[("type_RENEWAL", "1")]).await;
    let page = desk.get(&DEV, &format!("{PAGE}/{id}")).await.body;
    for form in ["test", "switch"] {
        assert!(page.contains(&format!("action=\"{PAGE}/{id}/{form}\"")), "{page}");
    }
    let worker = endpoints::Worker::start(courier(&desk)).expect("a thread");
    let answer = desk.post_form(&DEV, &format!("{PAGE}/{id}/test"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.location().contains("#delivery-"), "{}", answer.location());
    let page = desk.get(&DEV, &format!("{PAGE}/{id}")).await.body;
    worker.stop();
    assert!(page.contains(">TEST<") && page.contains(">Sent<") && page.contains("Answered 200."), "{page}");
    let request = receiver.requests().remove(0);
    assert_eq!((request.event()["type"].as_str(), request.event()["price"].is_null()), (Some("TEST"), true));
}

#[actix_web::test]
async fn the_event_page_lists_its_deliveries_and_sends_them_again() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(503));
    add(&desk, &receiver.url, &[]).await;
    assert!(event_page(&desk, &DEV, "first").await.body.contains("Not sent to any webhook endpoint."));
    grant(&desk, "lena").await;
    send(&desk);
    let event = receiver.requests()[0].event()["id"].as_str().expect("an id").to_owned();
    let page = event_page(&desk, &SOL, &event).await.body;
    for text in [
        "Sundial server",
        ">Retrying<",
        "Answered 503.",
        "in 5 minutes",
        "Send again",
        "NON_RENEWING_PURCHASE",
        &receiver.url,
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!event_page(&desk, &VERA, &event).await.body.contains("Send again"));
    let action =
        page.split("action=\"").find(|part| part.contains("/resend\"")).and_then(|rest| rest.split('"').next());
    let action = action.expect("a way to send it again").to_owned();
    assert_eq!(desk.post_form(&VERA, &action, &[]).await.status, StatusCode::FORBIDDEN);
    for strange in ["/events/first/deliveries/1/resend", "/events/nope/deliveries/1/resend"] {
        assert_eq!(desk.post_form(&SOL, &format!("{LENA}{strange}"), &[]).await.status, StatusCode::NOT_FOUND);
    }
    let delivery = action.split('/').rev().nth(1).expect("a number");
    let other = format!("{LENA}/events/first/deliveries/{delivery}/resend");
    assert_eq!(desk.post_form(&SOL, &other, &[]).await.status, StatusCode::NOT_FOUND, "of another event");
    receiver.behaves(Manner::Answer(200));
    let again = desk.post_form(&SOL, &action, &[]).await;
    assert_eq!((again.status, again.location()), (StatusCode::SEE_OTHER, format!("{LENA}/events/{event}#deliveries")));
    assert_eq!((send(&desk), states(&desk)), (1, vec![("sent".to_owned(), 1)]));
    let page = event_page(&desk, &SOL, &event).await.body;
    assert!(page.contains(">Sent<") && page.contains("Answered 200.") && page.contains("Answered 503."), "{page}");
    assert!(desk.get(&SOL, &format!("{LENA}?topic=team")).await.body.contains("sent an event again"));
}

#[actix_web::test]
async fn a_viewer_sees_of_an_endpoint_its_name_and_host_and_when_it_answered_what_status() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(503));
    let url = format!("{}/of-sundial?token=of-the-query", receiver.url);
    let address = receiver.url.trim_start_matches("http://");
    add(&desk, &url, &[]).await;
    grant(&desk, "lena").await;
    send(&desk);
    receiver.behaves(Manner::Reset);
    desk.clock.advance(300);
    send(&desk);
    let event = receiver.requests()[0].event()["id"].as_str().expect("an id").to_owned();
    let answers = "UPDATE delivery_attempts SET response_body = 'of-the-answer' WHERE status = 503";
    let written = desk.db.write_here(|conn| Ok::<_, Error>(diesel::sql_query(answers).execute(conn)?));
    assert_eq!(written.expect("an answer"), 1);
    let hidden = [
        "of-sundial",
        "of-the-query",
        "of-the-answer",
        "webhook-signature",
        "webhook-id",
        "The server closed the connection",
        address,
    ];
    let seen = event_page(&desk, &VERA, &event).await.body;
    for text in ["Sundial server", ">127.0.0.1<", ">Retrying<", "2 attempts so far", "No answer.", "Answered 503."] {
        assert!(seen.contains(text), "{text}: {seen}");
    }
    for text in hidden {
        assert!(!seen.contains(text), "{text}: {seen}");
    }
    for person in [SOL, DEV, ADA] {
        let seen = event_page(&desk, &person, &event).await.body;
        assert!(hidden.iter().all(|text| seen.contains(text)), "{}: {seen}", person.name);
        assert!(seen.contains("authorization: (not shown)") && !seen.contains(VALUE), "{seen}");
    }
    let stored: Vec<String> =
        desk.read(|conn| delivery_attempts::table.select(delivery_attempts::request_headers).load(conn));
    assert!(stored.len() == 2 && stored.iter().all(|headers| !headers.contains(VALUE)), "{stored:?}");
}

#[actix_web::test]
async fn all_failed_deliveries_can_be_sent_again_at_once() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(500));
    let (id, _) = add(&desk, &receiver.url, &[("sends_received", "1")]).await;
    for number in 0..3 {
        receive(&desk, &event_on_day(1_095, "RENEWAL", json!({ "id": format!("r{number}") }))).await;
    }
    for minutes in [0, 5, 10, 20, 40, 80] {
        desk.clock.advance(minutes * 60);
        send(&desk);
    }
    assert_eq!(states(&desk), vec![("failed".to_owned(), 6); 3]);
    receiver.behaves(Manner::Answer(200));
    let path = format!("{PAGE}/{id}/resend");
    assert_eq!(desk.post_form(&DEV, &path, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.post_form(&DEV, &path, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((send(&desk), states(&desk)), (3, vec![("sent".to_owned(), 1); 3]));
}

#[actix_web::test]
async fn the_app_user_id_that_is_sent_is_the_identified_one_last_seen() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    add(&desk, &receiver.url, &[("sends_received", "1")]).await;
    let anonymous = "$RCAnonymousID:0123456789abcdef0123456789abcdef";
    let named = |id: &str| json!({ "id": id, "app_user_id": "lena", "aliases": ["lena", "lena-new", anonymous] });
    let mut sent = Vec::new();
    for (id, seen) in [("a", vec![]), ("b", vec![(anonymous, 5)]), ("c", vec![("lena-new", 3), ("lena", 2)])] {
        let put = desk.db.write_here(|conn| {
            for (who, at) in &seen {
                let row = app_user_ids::table.filter(app_user_ids::app_user_id.eq(who));
                diesel::update(row).set(app_user_ids::seen_at.eq(at)).execute(conn)?;
            }
            Ok::<_, Error>(())
        });
        put.expect("they are seen");
        receive(&desk, &event_on_day(1_095, "RENEWAL", named(id))).await;
        send(&desk);
        sent.extend(
            receiver.requests().last().map(|one| one.event()["app_user_id"].as_str().unwrap_or_default().to_owned()),
        );
    }
    assert_eq!(sent, ["lena", anonymous, "lena-new"]);
}

#[actix_web::test]
async fn nothing_of_an_erased_customer_is_sent_or_kept() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(503));
    add(&desk, &receiver.url, &[("sends_received", "1")]).await;
    let kanarie =
        json!({ "id": "k1", "app_user_id": "kanarie", "original_app_user_id": "kanarie", "aliases": ["kanarie"] });
    receive(&desk, &event_on_day(1_095, "RENEWAL", kanarie)).await;
    receive(&desk, &event_on_day(1_096, "RENEWAL", json!({ "id": "other" }))).await;
    let moved = json!({ "event": {
        "id": "t1", "type": "TRANSFER", "event_timestamp_ms": 1_795_000_000_000_i64, "transferred_from": ["kanarie"],
        "transferred_to": ["lena"],
    } });
    receive(&desk, &moved.to_string()).await;
    assert_eq!((send(&desk), receiver.requests().len()), (3, 3));
    let events: i64 = desk.read(|conn| history::table.count().get_result(conn));
    assert!(events > 3);
    erase_customer(&desk, desk.project, "kanarie");
    clean_up(&desk);
    assert_eq!(traces::find(&desk, "kanarie"), Vec::<String>::new());
    desk.clock.advance(300);
    assert_eq!(send(&desk), 1, "the deliveries of others continue");
    assert_eq!(receiver.requests()[3].event()["id"], "other");
}

#[actix_web::test]
async fn old_deliveries_are_pruned_and_waiting_ones_are_not() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    add(&desk, &receiver.url, &[("sends_received", "1")]).await;
    receive(&desk, &event_on_day(1_095, "RENEWAL", json!({ "id": "r1" }))).await;
    send(&desk);
    receive(&desk, &event_on_day(1_095, "RENEWAL", json!({ "id": "r2" }))).await;
    assert_eq!(endpoints::prune(&desk.db, desk.clock.now().plus_days(30)).expect("it prunes"), 0);
    assert_eq!(endpoints::prune(&desk.db, desk.clock.now().plus_days(31)).expect("it prunes"), 1);
    assert_eq!(states(&desk), [("waiting".to_owned(), 0)]);
}

#[actix_web::test]
async fn the_queries_of_the_pages_do_not_grow_with_endpoints_and_deliveries() {
    let desk = desk().await;
    let receiver = Receiver::open(Manner::Answer(200));
    let (id, _) = add(&desk, &receiver.url, &[("sends_received", "1")]).await;
    let mut counts = Vec::new();
    for round in 0..2 {
        receive(&desk, &event_on_day(1_095, "RENEWAL", json!({ "id": format!("r{round}") }))).await;
        send(&desk);
        let cookie = desk.cookie(&DEV);
        let before = desk.db.statements();
        for path in [PAGE.to_owned(), format!("{PAGE}/{id}"), format!("{LENA}/events/r{round}")] {
            assert_eq!(desk.get_with(&cookie, &path).await.status, StatusCode::OK);
        }
        counts.push(desk.db.statements() - before);
        for _ in 0..3 {
            add(&desk, &receiver.url, &[("sends_received", "1")]).await;
        }
    }
    assert_eq!(counts[0], counts[1]);
}
