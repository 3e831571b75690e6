//! A server that stands in for RevenueCat and fails as it is told: it keeps customers of its own, and counts what it was asked.

mod sales;
mod stops;

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex, MutexGuard};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use sales::Sale;
use serde_json::{Value, json};
pub use stops::Place;
use stops::{Stops, stand};

/// How the next call that changes something is answered; all others are answered as they should be.
#[derive(Clone)]
pub enum Manner {
    /// It is done, and said.
    Do,
    /// Nothing is done, and this is answered, with a header.
    Say(u16, &'static str, Value),
    /// Nothing is done, and no answer comes for so long.
    Hang(Duration),
    /// It is done, and no answer comes for so long.
    DoAndHang(Duration),
    /// It is done, and the connection breaks.
    DoAndReset,
    /// It is done, and the answer waits twice at a barrier: for what happens in between.
    DoAndWait(Arc<Barrier>),
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub body: String,
    pub once: Option<String>,
}

/// What is known of a customer there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customer {
    /// The ends of running grants of Pro, in milliseconds.
    pub grants: Vec<i64>,
    pub attributes: BTreeMap<String, String>,
    pub offering: Option<String>,
    pub balance: i64,
    /// How many purchases from stores.
    pub purchases: usize,
}

#[derive(Default)]
struct Side {
    customers: BTreeMap<String, Customer>,
    manners: VecDeque<Manner>,
    calls: Vec<Call>,
    keys: BTreeMap<String, String>,
    /// What every call is answered, when it is set: bytes as they go over the line.
    raw: Option<Vec<u8>>,
    /// Whether the lists of customers' subscriptions never end.
    repeats_pages: bool,
    /// The lists of what is sold, by their paths.
    lists: BTreeMap<String, Vec<Value>>,
    /// The lists that the key may not read, and those that never end.
    denied: Vec<String>,
    endless: Vec<String>,
    /// What was sold, by its transaction.
    sales: BTreeMap<String, Sale>,
    /// The calls that changed something.
    done: Vec<Call>,
    stops: Stops,
}

/// The server, at `url`. Its project is `proj1`, and its key [`KEY`].
pub struct StandIn {
    pub url: String,
    side: Arc<Mutex<Side>>,
}

pub const KEY: &str = "sk_stand_in_of_version_two";
/// The one for the first version of the API, of which it knows nobody.
pub const FIRST_KEY: &str = "sk_stand_in_of_version_one";

impl StandIn {
    /// Opens one that knows Mara and Noor.
    pub fn open() -> StandIn {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let side = Arc::<Mutex<Side>>::default();
        for (id, purchases) in [("mara", 1), ("noor", 0)] {
            let customer = Customer { purchases, ..Customer::default() };
            side.lock().expect("the side").customers.insert(id.into(), customer);
        }
        let shared = side.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let side = shared.clone();
                std::thread::spawn(move || serve(stream, &side));
            }
        });
        StandIn { url, side }
    }

    /// The next calls that change something are answered in these manners.
    pub fn behaves(&self, manners: impl IntoIterator<Item = Manner>) {
        self.side().manners.extend(manners);
    }

    /// From now on every call is answered with these bytes; `None` for proper answers.
    pub fn says(&self, raw: Option<&[u8]>) {
        self.side().raw = raw.map(<[u8]>::to_vec);
    }

    pub fn repeats_pages(&self) {
        self.side().repeats_pages = true;
    }

    /// What a list holds from now on: `products`, `entitlements/entl1/products`.
    pub fn sells(&self, list: &str, items: Vec<Value>) {
        self.side().lists.insert(list.into(), items);
    }

    /// From now on these lists may not be read, and those never end.
    pub fn fails(&self, denied: &[&str], endless: &[&str]) {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        let mut side = self.side();
        (side.denied, side.endless) = (owned(denied), owned(endless));
    }

    pub fn customer(&self, id: &str) -> Option<Customer> {
        self.side().customers.get(id).cloned()
    }

    /// Changes a customer behind everybody's back.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Customer)) {
        change(self.side().customers.entry(id.into()).or_default());
    }

    /// The calls so far that change something.
    pub fn changes(&self) -> Vec<Call> {
        self.side().calls.iter().filter(|call| call.method != "GET").cloned().collect()
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.side().calls.clone()
    }

    fn side(&self) -> MutexGuard<'_, Side> {
        self.side.lock().expect("the side")
    }
}

fn serve(mut stream: TcpStream, side: &Mutex<Side>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let header = |name: &str| {
        let of = |line: &&String| line.split(':').next().is_some_and(|known| known.eq_ignore_ascii_case(name));
        lines.iter().find(of).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let mut first = lines.first().map(String::as_str).unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default().to_owned(), first.next().unwrap_or_default().to_owned());
    let body = String::from_utf8_lossy(&body).into_owned();
    let call = Call { method, path, body, once: header("idempotency-key") };
    let is_change = call.method != "GET";
    let (manner, raw) = {
        let mut side = side.lock().expect("the side");
        side.calls.push(call.clone());
        let manner = if is_change { side.manners.pop_front().unwrap_or(Manner::Do) } else { Manner::Do };
        (manner, side.raw.clone())
    };
    if let Some(raw) = raw {
        let _ = stream.write_all(&raw);
        return;
    }
    let key = if call.path.starts_with("/v1/") { FIRST_KEY } else { KEY };
    if header("authorization") != Some(format!("Bearer {key}")) {
        let error = error("authentication_error", "Invalid API key.");
        return write(&mut stream, 401, "", &error);
    }
    if !is_change {
        stand(side, Place::Reading);
    } else if stand(side, Place::Before) {
        return;
    }
    let carry_out = || {
        let mut side = side.lock().expect("the side");
        let (status, answer) = side.carry_out(&call);
        if is_change && status < 300 {
            side.done.push(call.clone());
        }
        (status, answer)
    };
    match manner {
        Manner::Do => {
            let pause = side.lock().expect("the side").stops.pause;
            std::thread::sleep(pause);
            let (status, answer) = carry_out();
            std::thread::sleep(pause);
            if is_change {
                stand(side, Place::After);
            }
            write(&mut stream, status, "", &answer);
        }
        Manner::Say(status, header, answer) => write(&mut stream, status, header, &answer),
        Manner::Hang(time) => std::thread::sleep(time),
        Manner::DoAndHang(time) => {
            carry_out();
            std::thread::sleep(time);
        }
        Manner::DoAndReset => drop(carry_out()),
        Manner::DoAndWait(barrier) => {
            let (status, answer) = carry_out();
            barrier.wait();
            barrier.wait();
            write(&mut stream, status, "", &answer);
        }
    }
}

fn write(stream: &mut TcpStream, status: u16, header: &str, answer: &Value) {
    let (body, header) = (answer.to_string(), if header.is_empty() { String::new() } else { format!("{header}\r\n") });
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{header}connection: close\r\n\r\n"
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

/// An error of the second version of the API.
pub fn error(kind: &str, message: &str) -> Value {
    json!({ "object": "error", "type": kind, "message": message, "retryable": false, "doc_url": "https://errors.example" })
}

impl Side {
    fn carry_out(&mut self, call: &Call) -> (u16, Value) {
        if call.path.starts_with("/v1/") {
            return (404, json!({ "code": 7259, "message": "Subscriber not found." }));
        }
        let Some(below) = call.path.strip_prefix("/v2/projects/proj1") else {
            return (403, error("authorization_error", "The key does not belong to this project."));
        };
        let (path, query) = below.split_once('?').unwrap_or((below, ""));
        let parts: Vec<String> =
            path.split('/').skip(1).map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let body: Value = serde_json::from_str(&call.body).unwrap_or_default();
        let list_path = parts.join("/");
        if self.denied.contains(&list_path) {
            return (403, error("authorization_error", "This key lacks a scope."));
        }
        if let Some(items) = self.lists.get(&list_path) {
            return (200, window(items, call, query, self.endless.contains(&list_path)));
        }
        match parts.as_slice() {
            ["entitlements"] => {
                (200, list(vec![json!({ "object": "entitlement", "id": "entl1", "lookup_key": "pro" })]))
            }
            ["offerings"] => (200, list(vec![json!({ "object": "offering", "id": "ofrng1", "lookup_key": "spring" })])),
            ["customers", id, rest @ ..] => self.of_customer(id, rest, query, call, &body),
            ["subscriptions"] if !self.sales.is_empty() => (200, list(self.found(query))),
            ["subscriptions", id, "actions", "refund"] => self.refund(id),
            ["customers" | "apps" | "products" | "subscriptions" | "purchases"] => (200, list(Vec::new())),
            _ => (404, error("resource_missing", "Resource not found.")),
        }
    }

    fn of_customer(&mut self, id: &str, rest: &[&str], query: &str, call: &Call, body: &Value) -> (u16, Value) {
        if let (Some(once), ["virtual_currencies", _]) = (&call.once, rest) {
            match self.keys.get(once) {
                Some(known) if *known == call.body => return (200, list(Vec::new())),
                Some(_) => return (409, error("idempotency_error", "Idempotency key already used.")),
                None => self.keys.insert(once.clone(), call.body.clone()),
            };
        }
        let repeats = self.repeats_pages;
        if (call.method.as_str(), rest) == ("DELETE", &[]) {
            let gone = self.customers.remove(id);
            let missing = (404, error("resource_missing", "Resource not found."));
            return gone.map_or(missing, |_| (200, json!({ "object": "customer", "id": id })));
        }
        if let ["actions", "transfer"] = rest {
            let moved = self.customers.get_mut(id).map_or(0, |from| std::mem::take(&mut from.purchases));
            let to = body["target_customer_id"].as_str().unwrap_or_default().to_owned();
            self.customers.entry(to).or_default().purchases += moved;
            return (200, json!({ "object": "transfer" }));
        }
        let Some(one) = self.customers.get_mut(id) else {
            return (404, error("resource_missing", "Resource not found."));
        };
        match rest {
            [] => {
                let shown: Vec<Value> = one
                    .attributes
                    .iter()
                    .map(|(name, value)| json!({ "object": "customer.attribute", "name": name, "value": value }))
                    .collect();
                let is_listed = self.lists.contains_key(&format!("customers/{id}/attributes"));
                let expands = query.contains("attributes") && !is_listed;
                (200, json!({ "object": "customer", "id": id, "attributes": expands.then(|| list(shown)) }))
            }
            ["subscriptions"] => {
                let mut page = list(subscriptions(one));
                if repeats {
                    page["next_page"] = json!(call.path);
                }
                (200, page)
            }
            ["purchases"] => (200, list(Vec::new())),
            ["aliases"] => (200, list(vec![json!({ "object": "customer.alias", "id": id })])),
            ["attributes"] => {
                for item in body["attributes"].as_array().into_iter().flatten() {
                    let name = item["name"].as_str().unwrap_or_default().to_owned();
                    match item["value"].as_str() {
                        Some(value) => one.attributes.insert(name, value.to_owned()),
                        None => one.attributes.remove(&name),
                    };
                }
                (200, list(Vec::new()))
            }
            ["actions", "grant_entitlement"] if !one.grants.is_empty() => {
                (409, error("resource_already_exists", "The customer has a grant of this entitlement."))
            }
            ["actions", "grant_entitlement"] => {
                one.grants.extend(body["expires_at"].as_i64());
                (201, json!({ "object": "customer", "id": id }))
            }
            ["actions", "revoke_granted_entitlement"] => {
                one.grants.clear();
                (200, json!({ "object": "customer", "id": id }))
            }
            ["actions", "assign_offering"] => {
                one.offering = body["offering_id"].as_str().map(str::to_owned);
                (200, json!({ "object": "customer", "id": id }))
            }
            ["virtual_currencies", "transactions"] => {
                one.balance += body["adjustments"]["GLD"].as_i64().unwrap_or_default();
                (200, list(Vec::new()))
            }
            _ => (404, error("resource_missing", "Resource not found.")),
        }
    }
}

/// A window of a list, as large as the call says. One of a list that never ends leads back to the first.
fn window(items: &[Value], call: &Call, query: &str, is_endless: bool) -> Value {
    let field = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let limit = field("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20);
    let from = field("starting_after").and_then(|place| place.parse().ok()).unwrap_or(0_usize);
    let mut page = list(items.iter().skip(from).take(limit).cloned().collect());
    let path = call.path.split('?').next().unwrap_or_default();
    let next = from + limit;
    if next < items.len() || is_endless {
        let next = if next < items.len() { next } else { 0 };
        page["next_page"] = json!(format!("{path}?limit={limit}&starting_after={next}"));
    }
    page
}

fn subscriptions(one: &Customer) -> Vec<Value> {
    let grants = one.grants.iter().map(|end| {
        json!({
            "object": "subscription", "id": format!("sub{end}"), "store": "promotional", "gives_access": true,
            "current_period_ends_at": end, "ends_at": end,
            "entitlements": list(vec![json!({ "object": "entitlement", "id": "entl1", "lookup_key": "pro" })]),
        })
    });
    let bought =
        (0..one.purchases).map(|number| json!({ "object": "subscription", "id": number, "store": "app_store" }));
    grants.chain(bought).collect()
}

fn list(items: Vec<Value>) -> Value {
    json!({ "object": "list", "items": items, "next_page": null, "url": "/v2" })
}
