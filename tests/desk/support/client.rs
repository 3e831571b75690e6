//! Apps and servers that call the client API.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use dossier::auth::api_keys::{Holder, Maker, NewKey, Value, platform_of, queries};
use dossier::base::Role;
use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use serde_json::Value as Json;

use super::cast::ADA;
use super::{Answer, Desk};

/// A caller with an API key.
pub struct Client<'a> {
    desk: &'a Desk,
    pub key: String,
    headers: Vec<(&'static str, String)>,
}

impl Desk {
    /// A web app that sends the headers of purchases-js.
    pub fn web_app(&self) -> Client<'_> {
        self.app("RC_BILLING").with("x-platform", "web").with("x-version", "1.63.1")
    }

    /// An app of a store that sends its key and no other header.
    pub fn app(&self, store: &str) -> Client<'_> {
        self.client(self.project, store, Some(store))
    }

    /// A server with a secret key called `Billing server`.
    pub fn server(&self) -> Client<'_> {
        self.client(self.project, "Billing server", None)
    }

    /// A caller with a new key: of an app in this store, or the secret key of a server.
    pub fn client(&self, project: ProjectId, name: &str, store: Option<&str>) -> Client<'_> {
        let holder = store.map_or(Holder::Server(Role::Admin), |store| Holder::App { store });
        self.client_of(project, name, holder)
    }

    /// A server with a secret key of this role.
    pub fn server_as(&self, role: Role) -> Client<'_> {
        self.client_of(self.project, "Billing server", Holder::Server(role))
    }

    fn client_of(&self, project: ProjectId, name: &str, holder: Holder<'_>) -> Client<'_> {
        let value = Value::fresh(holder.store().and_then(platform_of)).expect("a key");
        let made_by = Maker::Person { id: ADA.id, name: ADA.name };
        let new = NewKey { project, id: self.ids.next(self.clock.now()), name, holder, made_by };
        let made = self.db.write_here(|conn| Ok::<_, Error>(queries::insert(conn, &new, &value, self.clock.now())?));
        made.expect("a key");
        Client { desk: self, key: value.as_str().to_owned(), headers: Vec::new() }
    }
}

impl Client<'_> {
    /// The same caller, which sends this header as well.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// A `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    /// A `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// A `POST` of JSON.
    pub async fn post(&self, path: &str, body: Json) -> Answer {
        self.call(Method::POST, path, Some(body.to_string())).await
    }

    /// Builds a call without a body.
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        let request = TestRequest::default().method(method).uri(path);
        let request = request.insert_header(("authorization", format!("Bearer {}", self.key)));
        self.headers.iter().fold(request, |request, (name, value)| request.insert_header((*name, value.as_str())))
    }

    /// Any call. Returns when the contact of the app is stored.
    pub async fn call(&self, method: Method, path: &str, body: Option<String>) -> Answer {
        let request = self.request(method, path);
        let request = body.into_iter().fold(request, |request, body| request.set_payload(body));
        let answer = self.desk.call(request).await;
        self.desk.application.last_seen.settle();
        answer
    }
}

impl Answer {
    /// The body as JSON: every answer of the client API is JSON, errors too.
    pub fn json(&self) -> Json {
        assert_eq!(self.header("content-type"), "application/json", "{}", self.body);
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The HTTP status and the code of an error.
    pub fn refused(&self) -> (u16, i64) {
        let answer_body = self.json();
        assert!(answer_body["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer_body}");
        (self.status.as_u16(), answer_body["code"].as_i64().unwrap_or_else(|| panic!("{answer_body}")))
    }
}
