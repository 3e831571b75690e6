//! The table of routes. Each module names each of its paths once, with who may use it, what its answers look like, and
//! whether it asks for fresh authentication. [`Routes::register`] hands the table to actix, the layers around the
//! handlers read it, and the tests check it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, Route, Scope, dev, guard};
use futures_util::future::LocalBoxFuture;

use super::request_record::RequestRecord;
use crate::base::Permission;
use crate::base::error::Error;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, with or without a session.
    Public,
    /// Everybody with such a key of the client API.
    Key(KeyNeeded),
    /// Everybody who is logged in.
    Person,
    /// Members of the project whose role has the permission.
    Needs(Permission),
}

/// Which key of the client API a call needs (§C2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyNeeded {
    /// A public key, or a secret key whose role has the permission.
    Any(Permission),
    /// The public key of an app: the answer depends on the app's store.
    App,
    /// A secret key whose role has the permission.
    Secret(Permission),
}

/// What the answers of a route look like and who reads them. The bodies of errors, the check of other sites and CORS
/// follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Face {
    /// HTML for people in a browser with a session.
    #[default]
    Page,
    /// JSON for RevenueCat's webhooks and for supervisors.
    Program,
    /// JSON for SDKs, browsers and servers with a key: v1 of the client API.
    V1,
    /// JSON for servers with a secret key: v2 of the client API.
    V2,
}

/// When a person must prove again who they are, with the password or a code of the second factor, unless they have done so
/// recently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proof {
    #[default]
    Never,
    Always,
    /// What the form says decides it: its handler calls `ActionForm::asks_if`.
    Decided,
    /// The password, however recent the log-in is.
    Password,
}

impl Access {
    /// Whether the route requires a session.
    pub fn is_for_people(self) -> bool {
        match self {
            Access::Person | Access::Needs(_) => true,
            Access::Public | Access::Key(_) => false,
        }
    }
}

impl Face {
    /// Whether a browser sends the session's cookie to the route, so that a page of another site could misuse it.
    pub fn has_cookie(self) -> bool {
        match self {
            Face::Page => true,
            Face::Program | Face::V1 | Face::V2 => false,
        }
    }

    /// Whether apps in a browser call the route from their own origin (§C2.4).
    pub fn is_for_browser_apps(self) -> bool {
        match self {
            Face::V1 => true,
            Face::Page | Face::Program | Face::V2 => false,
        }
    }
}

/// A line of the table of routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteEntry {
    pub method: Method,
    /// The pattern in actix's syntax: `/projects/{p}/customers/{id}`.
    pub pattern: String,
    pub access: Access,
    pub face: Face,
    pub proof: Proof,
}

impl RouteEntry {
    /// Makes the route ask for a proof of who the person is. A page that is asked for without redirects to where it is given.
    pub fn asks_for(&mut self, proof: Proof) {
        self.proof = proof;
    }

    /// How many parts of the path lead to the nearest page above a form; `None` where it is no form of people, or has a page of
    /// its own.
    pub fn page_of_form(&self, pages: &BTreeSet<String>) -> Option<usize> {
        let is_form = self.face == Face::Page && self.access.is_for_people() && !pages.contains(&self.pattern);
        let parts: Vec<&str> = self.pattern.split('/').filter(|_| is_form).collect();
        (2..parts.len()).rev().find(|length| parts.get(..*length).is_some_and(|start| pages.contains(&start.join("/"))))
    }
}

/// The first parts of paths whose answers are not pages. They hold for addresses without a route, too.
#[derive(Debug, Clone, Default)]
pub struct Faces(Vec<(&'static str, Face)>);

impl Faces {
    /// The face of a path: that of the start which it has, or a page.
    pub fn find(&self, path: &str) -> Face {
        let is_below =
            |start: &str| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.0.iter().find(|(start, _)| is_below(start)).map_or(Face::Page, |(_, face)| *face)
    }
}

/// Any handler, so that what surrounds a handler is compiled once for all.
type AnyHandler = Rc<dyn Fn(HttpRequest, dev::Payload) -> LocalBoxFuture<'static, HttpResponse>>;

/// Collects routes, then hands them to actix.
#[derive(Default)]
pub struct Routes {
    prefix: String,
    faces: Faces,
    entries: Vec<(RouteEntry, AnyHandler)>,
}

impl Routes {
    pub fn get<F, Args>(&mut self, path: &str, permission: Permission, handler: F) -> &mut RouteEntry
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::GET, path, Access::Needs(permission), any(handler))
    }

    pub fn post<F, Args>(&mut self, path: &str, permission: Permission, handler: F) -> &mut RouteEntry
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, Access::Needs(permission), any(handler))
    }

    pub fn public_get<F, Args>(&mut self, path: &str, handler: F) -> &mut RouteEntry
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::GET, path, Access::Public, any(handler))
    }

    pub fn public_post<F, Args>(&mut self, path: &str, handler: F) -> &mut RouteEntry
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, Access::Public, any(handler))
    }

    /// A route for apps and servers with a key. Its handler's first argument is the extractor that checks the key.
    pub fn keyed<F, Args>(&mut self, method: Method, path: &str, key: KeyNeeded, handler: F) -> &mut RouteEntry
    where
        F: Handler<Args>,
        Args: FromRequest + BeginsWithKeyCheck + 'static,
        F::Output: Responder + 'static,
    {
        self.add(method, path, Access::Key(key), any(handler))
    }

    /// A page for everybody who is logged in, which belongs to no project.
    pub fn person_get<F, Args>(&mut self, path: &str, handler: F) -> &mut RouteEntry
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::GET, path, Access::Person, any(handler))
    }

    /// A change to the person's own account.
    pub fn person_post<F, Args>(&mut self, path: &str, handler: F) -> &mut RouteEntry
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, Access::Person, any(handler))
    }

    /// Puts `path` before the paths of all routes that `add_routes` adds.
    pub fn within(&mut self, path: &str, add_routes: impl FnOnce(&mut Routes)) {
        let outer_length = self.prefix.len();
        self.prefix.push_str(path);
        add_routes(self);
        self.prefix.truncate(outer_length);
    }

    /// Gives all paths that begin with `start` a face. Call it before adding the routes below `start`.
    pub fn face(&mut self, start: &'static str, face: Face) {
        self.faces.0.push((start, face));
    }

    /// Every line, in the order of registration.
    pub fn table(&self) -> Vec<RouteEntry> {
        self.entries.iter().map(|(entry, _)| entry.clone()).collect()
    }

    /// Registers one resource for each path, so that a known path answers a wrong method with 405. The resources stand
    /// in a scope for the first part of their path: a request is compared only with the patterns of its own scope.
    pub fn register(self, cfg: &mut ServiceConfig) {
        let pages = self.pages();
        cfg.app_data(Data::new(self.faces));
        let mut routes: Vec<(String, Vec<Route>, Option<usize>)> = Vec::new();
        for (entry, handler) in self.entries {
            let pattern = entry.pattern.clone();
            let page = entry.page_of_form(&pages);
            let route = route(Arc::new(entry), handler);
            match routes.iter_mut().find(|(known, ..)| *known == pattern) {
                Some((_, routes, _)) => routes.push(route),
                None => routes.push((pattern, vec![route], page)),
            }
        }
        let mut scopes: BTreeMap<String, Vec<Resource>> = BTreeMap::new();
        for (pattern, routes, page) in routes {
            let (start, rest) = first_part(&pattern);
            scopes.entry(start.to_owned()).or_default().push(resource(rest, routes, page));
        }
        for (start, resources) in scopes {
            if start.is_empty() {
                resources.into_iter().for_each(|one| {
                    cfg.service(one);
                });
            } else {
                cfg.service(resources.into_iter().fold(web::scope(&start), Scope::service));
            }
        }
    }

    /// The patterns of all pages.
    fn pages(&self) -> BTreeSet<String> {
        let is_page = |entry: &&RouteEntry| entry.method == Method::GET && entry.face == Face::Page;
        self.entries.iter().map(|(entry, _)| entry).filter(is_page).map(|entry| entry.pattern.clone()).collect()
    }

    fn add(&mut self, method: Method, path: &str, access: Access, handler: AnyHandler) -> &mut RouteEntry {
        let pattern = format!("{}{path}", self.prefix);
        let face = self.faces.find(&pattern);
        let entry = RouteEntry { method, pattern, access, face, proof: Proof::Never };
        self.entries.push((entry, handler));
        &mut self.entries.last_mut().expect("the entry just pushed").0
    }
}

/// An extractor that checks the API key of a call, and refuses the call when the route needs another kind of key.
pub trait ChecksKey {}

/// The arguments of a handler whose first argument checks the key.
pub trait BeginsWithKeyCheck {}

impl<A: ChecksKey> BeginsWithKeyCheck for (A,) {}
impl<A: ChecksKey, B> BeginsWithKeyCheck for (A, B) {}
impl<A: ChecksKey, B, C> BeginsWithKeyCheck for (A, B, C) {}

fn any<F, Args>(handler: F) -> AnyHandler
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Rc::new(move |req, mut payload| {
        let handler = handler.clone();
        Box::pin(async move {
            match Args::from_request(&req, &mut payload).await {
                Ok(args) => handler.call(args).await.respond_to(&req).map_into_boxed_body(),
                Err(error) => HttpResponse::from_error(error),
            }
        })
    })
}

/// Records which entry the request has matched, then calls the handler.
fn route(entry: Arc<RouteEntry>, handler: AnyHandler) -> Route {
    route_for(&entry.method).to(move |req: HttpRequest, payload: web::Payload| {
        RequestRecord::from_request(&req).matched.get_or_init(|| entry.clone());
        handler(req, payload.into_inner())
    })
}

/// `page` is how many parts of the path lead to the page of a form.
fn resource(pattern: &str, routes: Vec<Route>, page: Option<usize>) -> Resource {
    let other = move |req: HttpRequest| async move { to_page(&req, page) };
    let resource = web::resource(pattern).default_service(web::to(other));
    routes.into_iter().fold(resource, Resource::route)
}

/// Whoever opens the address of a form, as after a refusal, is led to its page.
fn to_page(req: &HttpRequest, page: Option<usize>) -> Result<HttpResponse, Error> {
    let page = page.filter(|_| matches!(*req.method(), Method::GET | Method::HEAD)).ok_or(Error::Method)?;
    let parts: Vec<&str> = req.uri().path().split('/').take(page).collect();
    let query = req.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("{}{query}", parts.join("/"));
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, location)).finish())
}

/// `/v1/subscribers/{id}` becomes `/v1` and `/subscribers/{id}`. The start is empty when the first part is a parameter, or
/// there is none.
fn first_part(pattern: &str) -> (&str, &str) {
    let end = pattern.get(1..).and_then(|rest| rest.find('/')).map_or(pattern.len(), |slash| slash + 1);
    match pattern.split_at(end) {
        ("/", _) => ("", pattern),
        (start, _) if start.contains('{') => ("", pattern),
        parts => parts,
    }
}

/// The route for a method. A route for GET also answers HEAD; the server then omits the body.
fn route_for(method: &Method) -> Route {
    match *method {
        Method::GET => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
        _ => web::method(method.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_holds_for_a_start_and_all_paths_below_it() {
        let mut routes = Routes::default();
        routes.face("/v1", Face::V1);
        for path in ["/v1", "/v1/", "/v1/subscribers/a"] {
            assert_eq!(routes.faces.find(path), Face::V1, "{path}");
        }
        for path in ["/", "/login", "/v1x", "//v1/", "/projects/v1/"] {
            assert_eq!(routes.faces.find(path), Face::Page, "{path}");
        }
    }
}
