//! Settings from flags and environment variables, read once at start and passed on as a value.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use url::{Host, Origin, Url};

use crate::base::allowlist::Allowlist;
use crate::base::master_key::MasterKeySource;

/// The default log filter: requests, but not the start of the HTTP server's workers.
pub const DEFAULT_LOG: &str = "info,actix_server=warn";

/// The default database.
pub const DEFAULT_DATABASE_URL: &str = "sqlite:dossier.db";

/// The settings that an operator can choose. Each flag can also be set by the environment variable named with it.
#[derive(Args, Clone)]
pub struct Flags {
    /// The database: sqlite:PATH or postgres://…
    #[arg(long, env = "DATABASE_URL", default_value = DEFAULT_DATABASE_URL, global = true, hide_env_values = true)]
    database_url: String,
    /// Address and port to listen on
    #[arg(long, env = "DOSSIER_BIND", default_value = "127.0.0.1:8080", global = true)]
    bind: String,
    /// The address people open, such as https://dossier.example.com [default: http:// and the address of --bind]
    #[arg(long, env = "DOSSIER_PUBLIC_URL", global = true)]
    public_url: Option<String>,
    /// Reverse proxies whose X-Forwarded-For and Forwarded are trusted: addresses or networks, separated by commas
    #[arg(long, env = "DOSSIER_TRUSTED_PROXIES", default_value = "", global = true)]
    trusted_proxies: String,
    /// A MaxMind DB file with the countries of IP addresses [default: the table in the program]
    #[arg(long, env = "DOSSIER_GEOIP", global = true)]
    geoip: Option<PathBuf>,
    /// Threads that serve requests [default: one per core]
    #[arg(long, env = "DOSSIER_WORKERS", global = true)]
    workers: Option<usize>,
    /// The most database connections to keep open
    #[arg(long, env = "DOSSIER_CONNECTIONS", default_value_t = 16, global = true)]
    connections: u32,
    /// Minutes without a request after which a log-in ends
    #[arg(long, env = "DOSSIER_SESSION_IDLE_MINUTES", default_value_t = 60, global = true)]
    session_idle_minutes: u32,
    /// Hours after which a log-in ends in any case
    #[arg(long, env = "DOSSIER_SESSION_HOURS", default_value_t = 12, global = true)]
    session_hours: u32,
    /// Requests per minute with one app's public key: all users of the app share it
    #[arg(long, env = "DOSSIER_PUBLIC_KEY_REQUESTS", default_value_t = 120_000, global = true)]
    public_key_requests: u32,
    /// Requests per minute with one secret key
    #[arg(long, env = "DOSSIER_SECRET_KEY_REQUESTS", default_value_t = 3_000, global = true)]
    secret_key_requests: u32,
    /// Allow webhook endpoints and connections to be http:// as well as https://
    #[arg(long, env = "DOSSIER_OUTGOING_HTTP", global = true, value_parser = clap::builder::FalseyValueParser::new())]
    outgoing_http: bool,
    /// Private networks that webhook endpoints and connections may be in: addresses or networks, separated by commas
    #[arg(long, env = "DOSSIER_OUTGOING_PRIVATE", default_value = "", global = true)]
    outgoing_private: String,
    /// The master key: 32 bytes in Base64; while it is replaced, the former one after it [default: the master key file]
    #[arg(long, env = "DOSSIER_MASTER_KEY", global = true, hide_env_values = true)]
    master_key: Option<String>,
    /// The file with the master key, made at the first start [default: dossier.key beside the SQLite file, or here]
    #[arg(long, env = "DOSSIER_MASTER_KEY_FILE", global = true)]
    master_key_file: Option<PathBuf>,
    /// A name for where this database is, the same for all its servers [default: the machine and the public address]
    #[arg(long, env = "DOSSIER_PLACE", global = true)]
    place: Option<String>,
    /// Milliseconds that the Test Store takes to act on a purchase, to see how waiting looks
    #[arg(long, env = "DOSSIER_TEST_STORE_DELAY", default_value_t = 0, global = true)]
    test_store_delay: u64,
    /// What to log: off, error, warn, info, debug, or a filter such as info,actix_server=warn
    #[arg(long, env = "DOSSIER_LOG", default_value = DEFAULT_LOG, global = true)]
    log: String,
}

/// The settings after [`Flags::check`].
#[derive(Clone)]
pub struct Config {
    pub database_url: String,
    pub bind: SocketAddr,
    pub public_url: Url,
    pub trusted_proxies: Vec<IpNet>,
    /// A table of countries to use instead of the one in the program.
    pub geoip: Option<PathBuf>,
    pub workers: usize,
    pub connections: u32,
    pub session_limits: SessionLimits,
    pub key_limits: KeyLimits,
    /// Which addresses webhook endpoints may have.
    pub allowlist: Allowlist,
    /// Where the key comes from that seals secrets in the database.
    pub master_key: MasterKeySource,
    /// The operator's own name for where the database is.
    pub place: Option<String>,
    /// How long the Test Store takes to act on a purchase.
    pub test_store_delay: Duration,
    pub log: String,
}

/// How many requests per minute one key of the client API may make. Each process counts for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyLimits {
    pub public: NonZeroU32,
    pub secret: NonZeroU32,
}

/// How long somebody stays logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// How many minutes without a request end a session.
    pub idle_minutes: i64,
    /// After how many hours a session ends in any case.
    pub hours: i64,
}

impl Default for KeyLimits {
    fn default() -> KeyLimits {
        let at_least = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        KeyLimits { public: at_least(120_000), secret: at_least(3_000) }
    }
}

impl Default for SessionLimits {
    fn default() -> SessionLimits {
        SessionLimits { idle_minutes: 60, hours: 12 }
    }
}

impl Flags {
    /// Checks every setting.
    ///
    /// # Errors
    /// One line that names the first variable with a wrong value.
    pub fn check(self) -> Result<Config, String> {
        let bind = bind(&self.bind)?;
        let file = self.master_key_file.filter(|path| !path.as_os_str().is_empty());
        let master_key = master_key(self.master_key, file, &self.database_url);
        Ok(Config {
            master_key,
            database_url: self.database_url,
            bind,
            public_url: public_url(self.public_url.as_deref(), bind)?,
            trusted_proxies: networks("DOSSIER_TRUSTED_PROXIES", &self.trusted_proxies)?,
            geoip: self.geoip.filter(|path| !path.as_os_str().is_empty()),
            workers: at_least_one("DOSSIER_WORKERS", self.workers.unwrap_or_else(cores))?,
            connections: at_least_one("DOSSIER_CONNECTIONS", self.connections)?,
            session_limits: SessionLimits {
                idle_minutes: at_least_one("DOSSIER_SESSION_IDLE_MINUTES", self.session_idle_minutes)?.into(),
                hours: at_least_one("DOSSIER_SESSION_HOURS", self.session_hours)?.into(),
            },
            key_limits: KeyLimits {
                public: not_zero("DOSSIER_PUBLIC_KEY_REQUESTS", self.public_key_requests)?,
                secret: not_zero("DOSSIER_SECRET_KEY_REQUESTS", self.secret_key_requests)?,
            },
            allowlist: Allowlist {
                allows_http: self.outgoing_http,
                private: networks("DOSSIER_OUTGOING_PRIVATE", &self.outgoing_private)?,
            },
            place: self.place.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()),
            test_store_delay: Duration::from_millis(self.test_store_delay),
            log: self.log,
        })
    }
}

impl Config {
    /// The address that people open, if the operator named one.
    pub fn named_address(&self) -> Option<&Url> {
        Some(&self.public_url).filter(|url| Url::parse(&format!("http://{}", self.bind)).as_ref() != Ok(url))
    }

    /// Whether browsers connect over TLS, so that cookies can require it.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// Whether browsers send passwords over a network without encryption.
    pub fn is_unencrypted(&self) -> bool {
        let is_local = match self.public_url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        !self.is_https() && !is_local
    }

    pub fn origin(&self) -> Origin {
        self.public_url.origin()
    }

    /// The absolute URL of a path, for other programs and people. It never uses the host that a request names.
    pub fn address_of(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }
}

/// How many threads can run at the same time on this machine.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn bind(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("DOSSIER_BIND must be an address and a port such as 127.0.0.1:8080, not {text}"))
}

fn public_url(text: Option<&str>, bind: SocketAddr) -> Result<Url, String> {
    let text = text.map_or_else(|| format!("http://{bind}"), str::to_owned);
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && is_bare(&url) => Ok(url),
        _ => Err(format!("DOSSIER_PUBLIC_URL must be http:// or https:// and a host, without a path, not {text}")),
    }
}

fn is_bare(url: &Url) -> bool {
    url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
}

fn master_key(key: Option<String>, file: Option<PathBuf>, database_url: &str) -> MasterKeySource {
    match key.filter(|key| !key.trim().is_empty()) {
        Some(key) => MasterKeySource::Given(key),
        None => MasterKeySource::File(file.unwrap_or_else(|| key_beside(database_url))),
    }
}

/// The file of the master key, unless a setting names another: `dossier.key` beside the file of the database `dossier.db`.
pub fn key_beside(database_url: &str) -> PathBuf {
    match database_url.strip_prefix("sqlite:") {
        Some(path) => PathBuf::from(path.trim_start_matches("//")).with_extension("key"),
        None => PathBuf::from("dossier.key"),
    }
}

fn networks(name: &str, text: &str) -> Result<Vec<IpNet>, String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| network(name, part)).collect()
}

fn network(name: &str, text: &str) -> Result<IpNet, String> {
    let single = text.parse::<IpAddr>().map(IpNet::from);
    single
        .or_else(|_| text.parse())
        .map_err(|_| format!("{name} must list addresses or networks such as 10.0.0.0/8, not {text}"))
}

fn at_least_one<N: PartialOrd + From<u8>>(name: &str, number: N) -> Result<N, String> {
    if number < N::from(1) { Err(format!("{name} must be at least 1")) } else { Ok(number) }
}

fn not_zero(name: &str, number: u32) -> Result<NonZeroU32, String> {
    NonZeroU32::new(number).ok_or_else(|| format!("{name} must be at least 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> Flags {
        Flags {
            database_url: DEFAULT_DATABASE_URL.into(),
            bind: "127.0.0.1:8080".into(),
            public_url: None,
            trusted_proxies: String::new(),
            geoip: None,
            workers: Some(2),
            connections: 16,
            session_idle_minutes: 60,
            session_hours: 12,
            public_key_requests: 120_000,
            secret_key_requests: 3_000,
            outgoing_http: false,
            outgoing_private: String::new(),
            master_key: None,
            master_key_file: None,
            place: None,
            test_store_delay: 0,
            log: "info".into(),
        }
    }

    #[test]
    fn the_public_url_defaults_to_the_bound_address() {
        let config = flags().check().expect("good flags");
        assert_eq!(config.address_of("/login"), "http://127.0.0.1:8080/login");
        assert!(!config.is_https());
    }

    #[test]
    fn the_master_key_lies_beside_the_database_unless_it_is_given() {
        let key =
            |key: Option<&str>, file: Option<&str>, url| master_key(key.map(Into::into), file.map(Into::into), url);
        let file = |path: &str| MasterKeySource::File(path.into());
        assert_eq!(key(None, None, "sqlite:/var/lib/dossier.db"), file("/var/lib/dossier.key"));
        assert_eq!(key(Some(" "), None, "sqlite:a.db"), file("a.key"));
        assert_eq!(key(None, None, "postgres://db/dossier"), file("dossier.key"));
        assert_eq!(key(None, Some("/run/key"), "sqlite:a.db"), file("/run/key"));
        assert_eq!(key(Some("k"), Some("/run/key"), "sqlite:a.db"), MasterKeySource::Given("k".into()));
    }

    #[test]
    fn the_message_for_a_wrong_setting_names_it() {
        let wrong = [
            (Flags { bind: "here".into(), ..flags() }, "DOSSIER_BIND"),
            (Flags { public_url: Some("ftp://a".into()), ..flags() }, "DOSSIER_PUBLIC_URL"),
            (Flags { public_url: Some("https://a/b".into()), ..flags() }, "DOSSIER_PUBLIC_URL"),
            (Flags { trusted_proxies: "10.0.0.0/8, x".into(), ..flags() }, "DOSSIER_TRUSTED_PROXIES"),
            (Flags { outgoing_private: "10.0.0.0/40".into(), ..flags() }, "DOSSIER_OUTGOING_PRIVATE"),
            (Flags { workers: Some(0), ..flags() }, "DOSSIER_WORKERS"),
            (Flags { connections: 0, ..flags() }, "DOSSIER_CONNECTIONS"),
            (Flags { session_idle_minutes: 0, ..flags() }, "DOSSIER_SESSION_IDLE_MINUTES"),
            (Flags { session_hours: 0, ..flags() }, "DOSSIER_SESSION_HOURS"),
            (Flags { public_key_requests: 0, ..flags() }, "DOSSIER_PUBLIC_KEY_REQUESTS"),
            (Flags { secret_key_requests: 0, ..flags() }, "DOSSIER_SECRET_KEY_REQUESTS"),
        ];
        for (flags, name) in wrong {
            assert!(flags.check().err().is_some_and(|message| message.starts_with(name)), "{name}");
        }
    }
}
