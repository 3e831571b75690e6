//! The table of routes. Each module names each of its paths once, with the permission that it needs.
//! [`Routes::register`] hands the list to actix, and the tests check the same list.

use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, Responder, Route, guard};

use super::trail::Trail;
use crate::base::Permission;
use crate::base::error::Error;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, with or without a session.
    Public,
    /// Everybody with a key of the client API. The handler decides which kind of key is enough.
    Key,
    /// Everybody who is logged in.
    Person,
    /// Members of the project whose role has the permission.
    Needs(Permission),
}

impl Access {
    /// Whether the route requires a session.
    pub fn is_for_people(self) -> bool {
        matches!(self, Access::Person | Access::Needs(_))
    }
}

/// A line of the table of routes, which a request has matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    pub method: Method,
    /// The pattern in actix's syntax: `/projects/{p}/customers/{id}`.
    pub pattern: String,
    pub access: Access,
}

/// Collects routes, then hands them to actix.
#[derive(Default)]
pub struct Routes {
    prefix: String,
    entries: Vec<(Arc<Matched>, Route)>,
}

impl Routes {
    pub fn get<F, Args>(&mut self, path: &str, permission: Permission, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::GET, path, Access::Needs(permission), handler);
    }

    pub fn post<F, Args>(&mut self, path: &str, permission: Permission, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, Access::Needs(permission), handler);
    }

    pub fn public_get<F, Args>(&mut self, path: &str, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::GET, path, Access::Public, handler);
    }

    pub fn public_post<F, Args>(&mut self, path: &str, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, Access::Public, handler);
    }

    /// A route for apps and servers with a key.
    pub fn keyed<F, Args>(&mut self, method: Method, path: &str, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(method, path, Access::Key, handler);
    }

    /// A page for everybody who is logged in, which belongs to no project.
    pub fn person_get<F, Args>(&mut self, path: &str, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::GET, path, Access::Person, handler);
    }

    /// A change to the person's own account.
    pub fn person_post<F, Args>(&mut self, path: &str, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, Access::Person, handler);
    }

    /// Puts `path` before the paths of all routes that `add_routes` adds.
    pub fn within(&mut self, path: &str, add_routes: impl FnOnce(&mut Routes)) {
        let outer_length = self.prefix.len();
        self.prefix.push_str(path);
        add_routes(self);
        self.prefix.truncate(outer_length);
    }

    /// Every line, in the order of registration.
    pub fn table(&self) -> Vec<Matched> {
        self.entries.iter().map(|(matched, _)| Matched::clone(matched)).collect()
    }

    /// Registers one resource for each path, so that a known path answers a wrong method with 405.
    pub fn register(self, cfg: &mut ServiceConfig) {
        let mut resources: Vec<(String, actix_web::Resource)> = Vec::new();
        for (matched, route) in self.entries {
            match resources.iter_mut().find(|(pattern, _)| *pattern == matched.pattern) {
                Some((_, resource)) => {
                    let known = std::mem::replace(resource, web::resource(""));
                    *resource = known.route(route);
                }
                None => resources.push((matched.pattern.clone(), new_resource(&matched.pattern).route(route))),
            }
        }
        for (_, resource) in resources {
            cfg.service(resource);
        }
    }

    fn add<F, Args>(&mut self, method: Method, path: &str, access: Access, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let pattern = format!("{}{path}", self.prefix);
        let matched = Arc::new(Matched { method: method.clone(), pattern, access });
        let line = matched.clone();
        let route = route_for(&method).to(handler).wrap(from_fn(move |req: ServiceRequest, next: Next<BoxBody>| {
            record_match(&req, &line);
            next.call(req)
        }));
        self.entries.push((matched, route));
    }
}

fn new_resource(pattern: &str) -> actix_web::Resource {
    web::resource(pattern).default_service(web::to(|| async { Err::<String, _>(Error::Method) }))
}

/// The route for a method. A route for GET also answers HEAD; the server then omits the body.
fn route_for(method: &Method) -> Route {
    match *method {
        Method::GET => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
        _ => web::method(method.clone()),
    }
}

fn record_match(req: &ServiceRequest, line: &Arc<Matched>) {
    Trail::from_request(req.request()).matched.get_or_init(|| line.clone());
}
