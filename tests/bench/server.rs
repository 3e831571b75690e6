//! The program under test: the library prepares its database, and its server runs as users run it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use dossier::auth::api_keys::{self, Holder, Maker, NewKey, Value, platform_of};
use dossier::auth::password;
use dossier::auth::queries::{NewPerson, NewProject, insert_person, insert_project, project_id, set_role};
use dossier::base::Role;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::base::ids::{KeyId, PersonId, ProjectId};
use dossier::cli::import;
use dossier::customers::identity;
use dossier::db::schema::notes;
use dossier::db::{AnyConnection, Db, migrate};
use sha2::{Digest, Sha256};

use crate::load::{self, Client};

pub const SECRET: &str = "Bearer bench";
const MASTER_KEY: &str = "c3VuZGlhbHN1bmRpYWxzdW5kaWFsc3VuZGlhbHN1bmQ=";
const EMAIL: &str = "ada@okafor.example";
const PASSWORD: &str = "meridian-lantern-7";

/// Makes the tables, the project and its admin.
pub fn prepare(url: &str) {
    let db = Db::open(url, 2).expect("the database opens");
    migrate::run(&db).expect("the tables are made");
    let hash = password::hash(PASSWORD).expect("the password can be hashed");
    let secret = dossier::base::hex(&Sha256::digest(SECRET.as_bytes()));
    let now = Moment(1_795_000_000_000);
    let made = db.write_here(|conn| {
        let new = NewProject { id: ProjectId(1), slug: "bench", name: "Bench", webhook_secret_hash: &secret };
        insert_project(conn, &new, now)?;
        insert_person(
            conn,
            &NewPerson { id: PersonId(1), email: EMAIL, name: "Ada Okoye", password_hash: &hash },
            now,
        )?;
        set_role(conn, ProjectId(1), PersonId(1), Role::Admin)?;
        Ok::<_, Error>(())
    });
    made.expect("an empty database takes the project");
}

pub fn import(url: &str, file: &Path) {
    let db = Db::open(url, 2).expect("the database opens");
    import::tune(&db, 200_000, 8_000).expect("the connection is tuned");
    let files = [file.display().to_string()];
    let summary = import::import(&db, "bench", &files, &indicatif::ProgressBar::hidden()).expect("the import works");
    assert_eq!((summary.duplicates, summary.rejected), (0, 0));
}

/// How much room tables and indexes take.
pub fn bytes_on_disk(url: &str) -> u64 {
    #[derive(QueryableByName)]
    struct Size {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        bytes: i64,
    }
    let db = Db::open(url, 1).expect("the database opens");
    let size = |conn: &mut dossier::db::Conn| {
        Ok::<Vec<Size>, Error>(match conn.any() {
            AnyConnection::Sqlite(conn) => {
                diesel::sql_query("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size")
                    .load(conn)?
            }
            AnyConnection::Postgres(conn) => diesel::sql_query(
                "SELECT sum(pg_total_relation_size(oid))::bigint AS bytes FROM pg_class
                    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
            )
            .load(conn)?,
        })
    };
    let sizes = db.read_here(size).expect("the database tells its size");
    sizes.first().map_or(0, |size| u64::try_from(size.bytes).unwrap_or(0))
}

/// Makes each commit of events on PostgreSQL take 5 ms longer.
pub fn slow_commits_down(url: &str) {
    let slow = "
        CREATE FUNCTION slow_down() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF current_setting('bench.slow', true) IS DISTINCT FROM txid_current()::text THEN
                PERFORM set_config('bench.slow', txid_current()::text, false), pg_sleep(0.005);
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER slow_down AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slow_down()";
    Db::open(url, 1).expect("the database opens").batch(slow).expect("the trigger is made");
}

pub fn add_notes(url: &str, customer: &str, count: i64) {
    let db = Db::open(url, 1).expect("the database opens");
    let added = db.write_here(|conn| {
        let project = project_id(conn, "bench")?.ok_or(Error::NotFound)?;
        let row = identity::find(conn, project, customer)?.ok_or(Error::NotFound)?;
        for number in 0..count {
            let note = (
                notes::customer_id.eq(row),
                notes::id.eq(number),
                notes::body.eq("Charged twice on **2 Nov**; second charge `GPA.3390` refunded. Prefers *e-mail*."),
                notes::author.eq("Sol Mbeki"),
                notes::author_email.eq("sol@okafor.example"),
                notes::created_at.eq(1_795_000_000_000 + number),
            );
            diesel::insert_into(notes::table).values(note).execute(conn)?;
        }
        Ok::<_, Error>(())
    });
    added.expect("notes are added");
}

/// Makes a key for a web app.
pub fn add_app_key(url: &str) -> String {
    let db = Db::open(url, 1).expect("the database opens");
    let value = Value::fresh(platform_of("RC_BILLING")).expect("a key can be made");
    let added = db.write_here(|conn| {
        let project = project_id(conn, "bench")?.ok_or(Error::NotFound)?;
        let holder = Holder::App { store: "RC_BILLING" };
        let new = NewKey { project, id: KeyId(1), name: "Web", holder, made_by: Maker::Operator };
        Ok::<_, Error>(api_keys::queries::insert(conn, &new, &value, Moment(1_795_000_000_000))?)
    });
    added.expect("the key is added");
    value.as_str().to_owned()
}

/// A running server; dropping it stops the server.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub ready_after: Duration,
}

impl Server {
    pub fn start(url: &str) -> Server {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the port has an address");
        drop(listener);
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_dossier"))
            .env("DATABASE_URL", url)
            .env("DOSSIER_MASTER_KEY", MASTER_KEY)
            .env("DOSSIER_BIND", address.to_string())
            .env("DOSSIER_LOG", "warn")
            .env("DOSSIER_PUBLIC_KEY_REQUESTS", "1000000000")
            .stdout(Stdio::null())
            .spawn()
            .expect("the server starts");
        while Client::open(address)
            .and_then(|mut client| client.send(&load::get("/readyz", "")))
            .map_or(0, |a| a.status)
            != 200
        {
            assert!(began.elapsed() < Duration::from_secs(30), "the server did not get ready");
            std::thread::sleep(Duration::from_millis(5));
        }
        Server { child, address, ready_after: began.elapsed() }
    }

    /// The cookie of a fresh session.
    pub fn log_in(&self) -> String {
        let body = format!("email={EMAIL}&password={PASSWORD}");
        let headers = "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        let mut client = Client::open(self.address).expect("the server answers");
        let answer = client.send(&load::post("/login", headers, &body)).expect("the log-in is answered");
        let cookie = answer.headers.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().unwrap_or("").to_owned())
        });
        cookie.unwrap_or_else(|| panic!("no cookie: {} {}", answer.status, answer.headers))
    }

    pub fn resident_mb(&self) -> u64 {
        self.memory("VmRSS:")
    }

    pub fn peak_mb(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
        line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("the server can be stopped");
        self.child.wait().expect("the server ends");
    }
}
