//! Every route and every layer, for the server and for the tests.

use std::sync::Arc;

use actix_session::SessionMiddleware;
use actix_session::config::{BrowserSession, CookieContentSecurity};
use actix_web::App;
use actix_web::body::BoxBody;
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data};
use tokio::sync::Semaphore;

use crate::api::{self, AttributeCalls, LastSeen, LogIns, RateLimits};
use crate::auth;
use crate::auth::api_keys::WrongKeys;
use crate::auth::api_keys::queries::test_keys_beside;
use crate::auth::device::DeviceKey;
use crate::auth::password::Passwords;
use crate::auth::refusals::refusals;
use crate::auth::request::{self, Warnings};
use crate::auth::sessions::{Sessions, upkeep};
use crate::auth::throttle::ThrottleKey;
use crate::auth::untrusted_proxy::UntrustedProxy;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::countries::Countries;
use crate::base::error::Error;
use crate::base::ids::Ids;
use crate::base::monotonic::MonotonicClock;
use crate::customers::SandboxAccess;
use crate::db::group::GroupWriter;
use crate::db::{Db, durability, secrets};
use crate::endpoints::{Client, Courier};
use crate::ingest::Intake;
use crate::jobs::Work;
use crate::live::{self, Live};
use crate::operations::catalog::Comparer;
use crate::operations::requests;
use crate::server::health::{self, Readiness};
use crate::stores::Lines;
use crate::stores::revenuecat::{self, Upstream};
use crate::stores::test_store::Till;
use crate::web::routes::RouteEntry;
use crate::web::{BodyMemory, Routes, assets, cors, edge, guard};
use crate::{pages, webhooks};

/// What all handlers share. Each worker thread gets a clone; all clones share one database.
#[derive(Clone)]
pub struct Application {
    pub db: Db,
    pub clock: Clock,
    pub ids: Ids,
    pub config: Arc<Config>,
    pub intake: Intake,
    pub last_seen: LastSeen,
    pub attributes: GroupWriter<AttributeCalls>,
    pub log_ins: GroupWriter<LogIns>,
    pub rate_limits: RateLimits,
    pub countries: Countries,
    pub live: Live,
    /// Sends what is asked of stores.
    pub requests: requests::Worker,
    /// Compares catalogs with RevenueCat's.
    pub comparer: Comparer,
    /// The Test Store, as something that can be asked.
    pub till: Arc<Till>,
    monotonic: MonotonicClock,
    passwords: Passwords,
    readiness: Readiness,
    body_memory: BodyMemory,
    warnings: Warnings,
    untrusted_proxy: UntrustedProxy,
    wrong_keys: WrongKeys,
    key: Arc<Vec<u8>>,
    device_key: Key,
}

impl Application {
    /// Loads the table of countries and the key of the sessions, checks the settings and starts the writer threads.
    ///
    /// # Errors
    /// One line: the database cannot be used, a thread cannot be started, or the table of countries cannot be read.
    pub fn new(db: Db, clock: Clock, ids: Ids, config: Config) -> Result<Application, String> {
        let countries = Countries::open(config.geoip.as_deref())?;
        secrets::unlock(&db, &config.master_key)?;
        let key = Arc::new(secrets::load_or_create(&db, secrets::SESSION_KEY)?);
        let device_key = Key::from(&secrets::load_or_create(&db, secrets::DEVICE_KEY)?);
        let (monotonic, config) = (MonotonicClock::new(clock.clone()), Arc::new(config));
        let (passwords, readiness) = (Passwords::default(), Readiness::default());
        let warnings = Warnings(unsafe_settings(&db, &config)?.into());
        let intake = Intake::start(db.clone(), clock.clone(), ids.clone());
        let intake = intake.map_err(|error| format!("the thread for deliveries cannot be started: {error}"))?;
        let last_seen = LastSeen::start(db.clone());
        let last_seen =
            last_seen.map_err(|error| format!("the thread for last contacts cannot be started: {error}"))?;
        let attributes = GroupWriter::start(db.clone(), AttributeCalls);
        let attributes = attributes.map_err(|error| format!("the thread for attributes cannot be started: {error}"))?;
        let log_ins = GroupWriter::start(db.clone(), LogIns);
        let log_ins = log_ins.map_err(|error| format!("the thread for log-ins cannot be started: {error}"))?;
        let rate_limits = RateLimits::new(config.key_limits);
        let live = Live::new(db.clone());
        let till = Arc::new(Till::new(&db, &ids, &clock, config.test_store_delay));
        let upstream = Upstream::new(config.allowlist.clone());
        let revenuecat = Arc::new(revenuecat::Service::new(db.clone(), upstream, clock.clone()));
        let lines = Lines::new(till.clone(), Arc::new(revenuecat::Client { service: revenuecat.clone() }));
        let comparer = Comparer { service: revenuecat, ids: ids.clone() };
        let beside = Arc::new(Semaphore::new(requests::BESIDE));
        let requests = requests::Worker { db: db.clone(), ids: ids.clone(), clock: clock.clone(), lines, beside };
        Ok(Application {
            db,
            clock,
            ids,
            config,
            intake,
            last_seen,
            attributes,
            log_ins,
            rate_limits,
            countries,
            live,
            requests,
            comparer,
            till,
            monotonic,
            passwords,
            readiness,
            body_memory: BodyMemory::default(),
            warnings,
            untrusted_proxy: UntrustedProxy::default(),
            wrong_keys: WrongKeys::default(),
            key,
            device_key,
        })
    }

    /// The courier that sends what is queued for webhook endpoints.
    pub fn courier(&self) -> Courier {
        let client = Client::new(self.config.allowlist.clone());
        Courier { db: self.db.clone(), clock: self.clock.clone(), ids: self.ids.clone(), client }
    }

    /// What jobs need.
    pub fn work(&self) -> Work {
        Work {
            db: self.db.clone(),
            ids: self.ids.clone(),
            now: self.clock.now(),
            clock: self.clock.clone(),
            requests: self.requests.clone(),
            comparer: self.comparer.clone(),
            arrivals: self.intake.arrivals.clone(),
            is_stopping: Arc::default(),
        }
    }

    /// One sentence for each unsafe setting: for the log, and for admins on every page.
    pub fn warnings(&self) -> &[String] {
        &self.warnings.0
    }

    /// What the log says at start: [`Application::warnings`], and each project in which a Test Store key gives access to
    /// anybody who has it. Only the log has these, because they are no business of other projects.
    ///
    /// # Errors
    /// One line, when the database cannot be read.
    pub fn start_warnings(&self) -> Result<Vec<String>, String> {
        let read = self.db.read_here(|conn| Ok::<_, Error>(test_keys_beside(conn, None)?));
        let beside =
            read.map_err(|error| format!("the database cannot be read: {}", error.cause().unwrap_or_default()))?;
        let open = beside.iter().filter(|one| one.access == SandboxAccess::Everybody);
        let open = open.map(|one| format!("project {}: {}", one.slug, one.warning()));
        Ok(self.warnings().iter().cloned().chain(open).collect())
    }

    /// The key that signs the session cookie.
    pub fn session_key(&self) -> Key {
        Key::from(&self.key)
    }

    /// The name of the session cookie. With TLS it has a prefix that lets browsers take it from this host alone.
    pub fn session_cookie(&self) -> &'static str {
        if self.config.is_https() { "__Host-session" } else { "session" }
    }

    fn sessions(&self) -> SessionMiddleware<Sessions> {
        let (db, monotonic, limits) = (self.db.clone(), self.monotonic.clone(), self.config.session_limits);
        let store = Sessions { db, monotonic, limits };
        SessionMiddleware::builder(store, self.session_key())
            // The cookie holds a random key: it needs a signature, not encryption.
            .cookie_content_security(CookieContentSecurity::Signed)
            .cookie_name(self.session_cookie().into())
            .cookie_secure(self.config.is_https())
            .cookie_http_only(true)
            .cookie_same_site(SameSite::Lax)
            .cookie_path("/".into())
            .session_lifecycle(BrowserSession::default())
            .build()
    }
}

fn unsafe_settings(db: &Db, config: &Config) -> Result<Vec<String>, String> {
    let found = db.read_here(|conn| Ok::<_, Error>(durability::warnings(conn)?));
    let lossy = found.map_err(|error| format!("the database cannot be read: {}", error.cause().unwrap_or_default()))?;
    let lossy_warnings =
        lossy.into_iter().map(|setting| format!("{setting}: a power failure can lose acknowledged changes."));
    let open = config.is_unencrypted().then(|| "DOSSIER_PUBLIC_URL is not https: passwords travel unencrypted.".into());
    Ok(lossy_warnings.chain(open).collect())
}

/// Every path with its permission. The order matters only where two patterns fit the same path.
fn routes() -> Routes {
    let mut routes = Routes::default();
    health::routes(&mut routes);
    assets::routes(&mut routes);
    auth::routes(&mut routes);
    pages::routes(&mut routes);
    live::routes(&mut routes);
    webhooks::routes(&mut routes);
    api::routes(&mut routes);
    routes
}

/// The table of routes, for tests.
pub fn route_table() -> Vec<RouteEntry> {
    routes().table()
}

/// The whole application. The layers, from the outside in: `edge` (reference, headers, log, pages for errors),
/// compression, `cors` (preflight requests), `guard` (requests from other sites), the session, `upkeep` of its row,
/// `refusals`, then the routes.
pub fn app(
    application: &Application,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    > + use<>,
> {
    App::new()
        .app_data(Data::new(application.db.clone()))
        .app_data(Data::new(application.clock.clone()))
        .app_data(Data::new(application.ids.clone()))
        .app_data(Data::new(application.intake.clone()))
        .app_data(Data::new(application.live.clone()))
        .app_data(Data::new(application.requests.clone()))
        .app_data(Data::new(application.comparer.clone()))
        .app_data(Data::new(application.last_seen.clone()))
        .app_data(Data::new(application.attributes.clone()))
        .app_data(Data::new(application.log_ins.clone()))
        .app_data(Data::new(application.rate_limits.clone()))
        .app_data(Data::new(application.countries.clone()))
        .app_data(Data::from(application.config.clone()))
        .app_data(Data::new(application.monotonic.clone()))
        .app_data(Data::new(application.passwords.clone()))
        .app_data(Data::new(application.readiness.clone()))
        .app_data(Data::new(application.body_memory.clone()))
        .app_data(Data::new(application.warnings.clone()))
        .app_data(Data::new(application.untrusted_proxy.clone()))
        .app_data(Data::new(application.wrong_keys.clone()))
        .app_data(Data::new(DeviceKey(application.device_key.clone())))
        .app_data(Data::new(ThrottleKey(application.key.to_vec())))
        .configure(|cfg| routes().register(cfg))
        .default_service(web::to(request::unknown_address))
        // The layer wrapped last sees a request first.
        .wrap(from_fn(refusals))
        .wrap(from_fn(upkeep))
        .wrap(application.sessions())
        .wrap(from_fn(guard::guard))
        .wrap(from_fn(cors::preflights))
        .wrap(Compress::default())
        .wrap(from_fn(edge::edge))
}
