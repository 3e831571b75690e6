//! The master key: it is made at the first start, nothing secret lies in the database as it is, and it can be replaced while
//! servers run.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::QueryResult;
use diesel::prelude::*;
use dossier::base::error::Error;
use dossier::base::ids::EndpointId;
use dossier::base::master_key::{MasterKeySource, MasterKeys};
use dossier::db::schema::{second_factors, secrets, webhook_endpoints};
use dossier::db::{Conn, Db};
use dossier::endpoints::{Endpoint, Secret, queries};
use dossier::server::app::Application;

use crate::support::cast::SOL;
use crate::support::desks::add_lena;
use crate::support::operations::erase_customer;
use crate::support::server::dossier;
use crate::support::{Desk, NOW};

const SIGNS: &[u8] = b"signs-what-is-sent-signs-what-is";
const HEADER: &str = "Bearer of-the-receiver";

/// A folder for one test.
fn folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("dossier_keys_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("a folder");
    folder
}

/// A desk whose master key is in a file, and the file.
async fn desk_with_key_file() -> (Desk, PathBuf) {
    let path = folder().join("dossier.key");
    let source = MasterKeySource::File(path.clone());
    (Desk::open_with(|config| config.master_key = source).await, path)
}

/// Runs `dossier master-key …` beside the server of a desk.
fn master_key(desk: &Desk, file: &Path, command: &str) -> String {
    let output = dossier()
        .args(["master-key", command])
        .env("DATABASE_URL", &desk.application.config.database_url)
        .env_remove("DOSSIER_MASTER_KEY")
        .env("DOSSIER_MASTER_KEY_FILE", file)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Adds an endpoint with a signing secret and an Authorization value.
fn add_endpoint(desk: &Desk) -> EndpointId {
    let added = desk.db.write_here(|conn| {
        let keys = conn.master_keys()?;
        let mut endpoint = Endpoint::new(&desk.ctx(), &keys, &Secret(SIGNS.to_vec()))?;
        endpoint.authorization_value = Some(endpoint.seal(&keys, HEADER.as_bytes())?);
        queries::insert(conn, &endpoint, &[])?;
        Ok::<_, Error>(endpoint.id)
    });
    added.expect("an endpoint")
}

/// What the endpoint signs with, and its Authorization value.
fn opened(desk: &Desk, id: EndpointId) -> (Vec<Vec<u8>>, Option<String>) {
    let (endpoint, _) = desk.read(|conn| queries::find(conn, desk.project, id)).expect("an endpoint");
    let keys = desk.db.master_keys().expect("keys");
    let secrets = endpoint.secrets(&keys, NOW).expect("they open");
    let secrets = secrets.into_iter().map(|secret| secret.0).collect();
    (secrets, endpoint.authorization(&keys).expect("it opens"))
}

/// Every secret as the database holds it.
fn stored(conn: &mut Conn) -> QueryResult<Vec<Vec<u8>>> {
    let mut all: Vec<Vec<u8>> = second_factors::table.select(second_factors::secret).load(conn)?;
    all.extend(secrets::table.filter(secrets::name.ne("readiness")).select(secrets::value).load::<Vec<u8>>(conn)?);
    let columns = (webhook_endpoints::secret, webhook_endpoints::old_secret, webhook_endpoints::authorization_value);
    type Row = (Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);
    for (secret, old, header) in webhook_endpoints::table.select(columns).load::<Row>(conn)? {
        all.extend([Some(secret), old, header].into_iter().flatten());
    }
    Ok(all)
}

#[actix_web::test]
async fn the_first_start_makes_a_key_that_no_other_account_may_read_and_says_to_back_it_up() {
    let folder = folder();
    let url = format!("sqlite:{}", folder.join("desk.db").display());
    let add = |slug: &str| -> Output {
        let mut command = dossier();
        command.args(["project", "add", slug, "--name", "Sundial"]).env("DATABASE_URL", &url);
        command.env_remove("DOSSIER_MASTER_KEY").output().expect("it runs")
    };
    let says = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let (first, second) = (add("one"), add("two"));
    assert!(first.status.success() && says(&first).contains("Back that file up"), "{first:?}");
    assert!(second.status.success() && says(&second).is_empty(), "{second:?}");
    let file = folder.join("desk.key");
    let mode = |mode: u32| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("it changes");
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    mode(0o604);
    let refused = add("three");
    assert!(!refused.status.success() && says(&refused).contains("chmod 600"), "{refused:?}");
    mode(0o600);
    let aside = folder.join("aside");
    std::fs::rename(&file, &aside).expect("it moves");
    let missing = add("three");
    assert!(!missing.status.success() && says(&missing).contains("is missing") && !file.exists(), "{missing:?}");
    let other = add_with_key(&url);
    assert!(!other.status.success() && says(&other).contains("another master key"), "{other:?}");
    std::fs::rename(&aside, &file).expect("it moves");
    assert!(add("three").status.success());
    std::fs::remove_dir_all(folder).expect("it is removed");
}

/// Adds a project with a key that the database does not know.
fn add_with_key(url: &str) -> Output {
    dossier().args(["project", "add", "four", "--name", "Four"]).env("DATABASE_URL", url).output().expect("it runs")
}

#[actix_web::test]
async fn no_secret_lies_in_the_database_as_it_is() {
    let desk = Desk::open().await;
    add_lena(&desk);
    desk.set_up_second_factor(&SOL).await;
    let id = add_endpoint(&desk);
    erase_customer(&desk, desk.project, "lena");
    let all = desk.read(stored);
    assert!(all.len() >= 7, "{}", all.len());
    assert!(all.iter().all(|bytes| MasterKeys::is_sealed(bytes)));
    assert_eq!(opened(&desk, id), (vec![SIGNS.to_vec()], Some(HEADER.to_owned())));
}

#[actix_web::test]
async fn what_earlier_versions_have_stored_is_sealed_at_the_first_start() {
    let desk = Desk::open().await;
    let (phone, _) = desk.set_up_second_factor(&SOL).await;
    let id = add_endpoint(&desk);
    desk.db.write_here(|conn| as_earlier(conn, &desk, id)).expect("it is as it was");
    let plain = desk.read(stored);
    assert_eq!(plain.iter().filter(|bytes| !MasterKeys::is_sealed(bytes)).count(), 5);
    let config = (*desk.application.config).clone();
    let db = Db::open(&config.database_url, config.connections).expect("the database");
    Application::new(db, desk.clock.clone(), desk.ids.clone(), config).expect("a later version");
    assert!(desk.read(stored).iter().all(|bytes| MasterKeys::is_sealed(bytes)));
    assert_eq!(opened(&desk, id), (vec![SIGNS.to_vec()], Some(HEADER.to_owned())));
    desk.db
        .write_here(|conn| {
            let right =
                dossier::auth::second_factor::queries::spend(conn, SOL.id, &phone.code(&desk), desk.clock.now())?;
            assert!(right, "the code of the same app is valid");
            Ok::<_, Error>(())
        })
        .expect("it asks");
}

/// Stores secrets as versions did that had no master key.
fn as_earlier(conn: &mut Conn, desk: &Desk, id: EndpointId) -> Result<(), Error> {
    let keys = conn.master_keys()?;
    let sealed: Vec<u8> = second_factors::table.find(SOL.id).select(second_factors::secret).first(conn)?;
    let plain = keys.open(&dossier::db::secrets::second_factor(SOL.id), &sealed)?;
    diesel::update(second_factors::table.find(SOL.id)).set(second_factors::secret.eq(plain)).execute(conn)?;
    for name in ["session_key", "device_key"] {
        let plain = dossier::db::secrets::find(conn, name)?.expect("a key");
        diesel::update(secrets::table.find(name)).set(secrets::value.eq(plain)).execute(conn)?;
    }
    diesel::update(webhook_endpoints::table.find((desk.project, id)))
        .set((webhook_endpoints::secret.eq(SIGNS), webhook_endpoints::authorization_value.eq(HEADER.as_bytes())))
        .execute(conn)?;
    diesel::delete(secrets::table.find("master_key")).execute(conn)?;
    Ok(())
}

#[actix_web::test]
async fn when_several_replace_the_key_at_once_every_secret_still_opens() {
    let (desk, file) = desk_with_key_file().await;
    let id = add_endpoint(&desk);
    for _ in 0..3 {
        std::thread::scope(|scope| {
            for command in ["rotate", "rotate", "rotate", "rotate"] {
                scope.spawn(|| master_key(&desk, &file, command));
            }
        });
        assert_eq!(opened(&desk, id), (vec![SIGNS.to_vec()], Some(HEADER.to_owned())));
    }
    master_key(&desk, &file, "forget-former");
    assert_eq!(opened(&desk, id).0, [SIGNS.to_vec()]);
    std::fs::remove_dir_all(file.parent().expect("a folder")).expect("it is removed");
}

#[actix_web::test]
async fn the_master_key_is_replaced_while_a_server_runs() {
    let (desk, file) = desk_with_key_file().await;
    let (phone, _) = desk.set_up_second_factor(&SOL).await;
    let id = add_endpoint(&desk);
    let before = std::fs::read_to_string(&file).expect("the file");
    let said = master_key(&desk, &file, "rotate");
    assert!(said.starts_with("6 secrets are sealed"), "{said}");
    assert_eq!(opened(&desk, id), (vec![SIGNS.to_vec()], Some(HEADER.to_owned())), "the server knows the new key");
    let spend = |at| {
        let spent = desk
            .db
            .write_here(|conn| dossier::auth::second_factor::queries::spend(conn, SOL.id, &phone.code(&desk), at));
        spent.expect("it asks")
    };
    assert!(spend(desk.clock.now()));
    let meanwhile = add_endpoint(&desk);
    let said = master_key(&desk, &file, "forget-former");
    assert!(said.starts_with("1 former keys"), "{said}");
    let after = std::fs::read_to_string(&file).expect("the file");
    let key = |text: &str| text.lines().find(|line| !line.starts_with('#')).map(str::to_owned).expect("a key");
    assert!(!after.contains(&key(&before)) && after.lines().filter(|line| !line.starts_with('#')).count() == 1);
    let newest = MasterKeys::read(&MasterKeySource::Given(key(&after))).expect("a good key").expect("a key");
    assert!(desk.read(stored).iter().all(|bytes| newest.is_current(bytes)));
    for id in [id, meanwhile] {
        assert_eq!(opened(&desk, id).0, [SIGNS.to_vec()]);
    }
    std::fs::remove_dir_all(file.parent().expect("a folder")).expect("it is removed");
}
