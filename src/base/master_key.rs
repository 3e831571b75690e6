//! The master key: what is secret in the database is sealed with it, and it does not lie in the database. So a copy of the
//! database alone holds no secret that anybody can use. There may be several keys while one is being replaced: the first seals,
//! all of them open.

use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use crate::base::error::Error;
use crate::base::random_bytes;

/// The bytes of a key, of its id and of a nonce.
const KEY: usize = 32;
const ID: usize = 4;
const NONCE: usize = 24;
/// What sealed bytes begin with. No secret of random bytes begins so by chance.
const SEALED: &[u8; 8] = b"dossier1";

/// What stands in a new file, above its key.
const NOTE: &str = "\
# The master key of Dossier: secrets in the database can only be read with it.
# Back this file up, apart from the database: without it the database does not open any more.
# Nobody but the account that runs Dossier may read it.
";

/// Where the master key comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    /// `DOSSIER_MASTER_KEY`: one key or several, the newest first.
    Given(String),
    /// A file, which the first start makes.
    File(PathBuf),
}

/// One key.
#[derive(Clone)]
struct Key {
    id: [u8; ID],
    cipher: XChaCha20Poly1305,
}

/// The master key, and those that it has replaced. Clones share them. It has no `Debug` that shows a key.
#[derive(Clone)]
pub struct MasterKeys {
    source: MasterKeySource,
    /// The newest first; never empty.
    keys: Arc<RwLock<Vec<Key>>>,
}

impl fmt::Debug for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MasterKeySource::Given(_) => f.write_str("DOSSIER_MASTER_KEY"),
            MasterKeySource::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeys({:?})", self.source)
    }
}

impl MasterKeys {
    /// Reads the keys; `None` when they come from a file that does not exist.
    ///
    /// # Errors
    /// One line: the file may be read by others, or there is no key in it.
    pub fn read(source: &MasterKeySource) -> Result<Option<MasterKeys>, String> {
        let keys = match source {
            MasterKeySource::Given(text) => parse(text, "DOSSIER_MASTER_KEY")?,
            MasterKeySource::File(path) => match read_file(path)? {
                Some(text) => parse(&text, &format!("the file {}", path.display()))?,
                None => return Ok(None),
            },
        };
        Ok(Some(MasterKeys { source: source.clone(), keys: Arc::new(RwLock::new(keys)) }))
    }

    /// Makes the file with a new key. When another process has made it meanwhile, that one is read.
    ///
    /// # Errors
    /// One line: the file cannot be written.
    pub fn create(source: &MasterKeySource) -> Result<MasterKeys, String> {
        if let MasterKeySource::File(path) = source {
            create_file(path, &format!("{NOTE}{}\n", fresh()?))
                .map_err(|error| format!("cannot write the master key to {}: {error}", path.display()))?;
        }
        MasterKeys::read(source)?.ok_or_else(|| "the file of the master key is gone".into())
    }

    /// The id of the key that seals now: the beginning of its hash, in hexadecimal digits.
    pub fn id(&self) -> String {
        self.read_keys().first().map(|key| super::hex(&key.id)).unwrap_or_default()
    }

    /// How many keys there are.
    pub fn count(&self) -> usize {
        self.read_keys().len()
    }

    /// Whether these bytes are sealed, with whichever key.
    pub fn is_sealed(bytes: &[u8]) -> bool {
        bytes.starts_with(SEALED)
    }

    /// Whether these bytes are sealed with the newest key.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let id = sealed.get(SEALED.len()..SEALED.len() + ID);
        MasterKeys::is_sealed(sealed) && self.read_keys().first().is_some_and(|key| Some(key.id.as_slice()) == id)
    }

    /// Seals a secret for one place, such as `second factor 17`. Elsewhere it does not open.
    ///
    /// # Errors
    /// When the operating system's random source fails.
    pub fn seal(&self, place: &str, secret: &[u8]) -> Result<Vec<u8>, Error> {
        self.refresh();
        let nonce = random_bytes::<NONCE>()?;
        let keys = self.read_keys();
        let key = keys.first().ok_or_else(|| Error::Internal("there is no master key".into()))?;
        let payload = Payload { msg: secret, aad: place.as_bytes() };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::Internal(format!("{place} could not be sealed")))?;
        Ok([SEALED, &key.id[..], &nonce, &sealed].concat())
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// [`Error::Internal`] when it was sealed with another key or for another place, or was changed.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let refused = |why: &str| Error::Internal(format!("{place} could not be read: {why}"));
        let rest = sealed.strip_prefix(SEALED).ok_or_else(|| refused("it is not sealed"))?;
        let (id, rest) = rest.split_first_chunk::<ID>().ok_or_else(|| refused("it is cut off"))?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or_else(|| refused("it is cut off"))?;
        if self.find(id).is_none() {
            self.refresh();
        }
        let key = self.find(id).ok_or_else(|| refused("it is sealed with another master key"))?;
        let opened = key.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: place.as_bytes() });
        opened.map_err(|_| refused("it was changed, or sealed for another place"))
    }

    /// Puts a new key before the others in the file. From now on it seals, in every process that has the file. Whoever calls this
    /// holds the lock of the master key in the database, so that no two write the file at once.
    ///
    /// # Errors
    /// One line: the keys do not come from a file, or it cannot be written.
    pub fn replace(&self) -> Result<(), String> {
        let MasterKeySource::File(path) = &self.source else {
            return Err("the master key comes from DOSSIER_MASTER_KEY: put a new one before it there".into());
        };
        let before = read_file(path)?.unwrap_or_default();
        let former = before.lines().filter(|line| is_key(line)).map(|line| format!("{}\n", line.trim()));
        rewrite(path, &format!("{NOTE}{}\n{}", fresh()?, former.collect::<String>()))?;
        self.refresh();
        Ok(())
    }

    /// Takes every key but the newest out of the file. Whoever calls this holds the same lock, and has seen that nothing is sealed
    /// with a former one.
    ///
    /// # Errors
    /// As [`MasterKeys::replace`].
    pub fn forget_former(&self) -> Result<(), String> {
        let MasterKeySource::File(path) = &self.source else {
            return Err("the master key comes from DOSSIER_MASTER_KEY: take the former ones away there".into());
        };
        let before = read_file(path)?.unwrap_or_default();
        let newest = before.lines().find(|line| is_key(line)).unwrap_or_default();
        rewrite(path, &format!("{NOTE}{}\n", newest.trim()))?;
        self.refresh();
        Ok(())
    }

    /// Reads the file again, which another process may have changed. While it cannot be read, the keys stay as they are.
    fn refresh(&self) {
        let MasterKeySource::File(path) = &self.source else { return };
        let read = read_file(path).and_then(|text| parse(&text.unwrap_or_default(), "the file of the master key"));
        match read {
            Ok(keys) => *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys,
            Err(why) => tracing::warn!(why, "the master key could not be read again"),
        }
    }

    fn find(&self, id: &[u8; ID]) -> Option<Key> {
        self.read_keys().iter().find(|key| key.id == *id).cloned()
    }

    fn read_keys(&self) -> std::sync::RwLockReadGuard<'_, Vec<Key>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A new key as text.
///
/// # Errors
/// One line, when the operating system's random source fails.
pub fn fresh() -> Result<String, String> {
    random_bytes::<KEY>().map(|bytes| STANDARD.encode(bytes)).map_err(|error| error.to_string())
}

fn is_key(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

fn parse(text: &str, name: &str) -> Result<Vec<Key>, String> {
    let words = text.lines().filter(|line| is_key(line)).flat_map(|line| line.split([' ', ',', '\t']));
    let keys: Result<Vec<Key>, String> = words
        .filter(|word| !word.trim().is_empty())
        .map(|word| {
            let bytes = STANDARD.decode(word.trim()).ok().and_then(|bytes| <[u8; KEY]>::try_from(bytes).ok());
            let bytes = bytes.ok_or_else(|| {
                format!("{name} must hold 32 bytes in Base64, as `dossier master-key new` prints them")
            })?;
            let hash: [u8; 32] = Sha256::new().chain_update("dossier master key").chain_update(bytes).finalize().into();
            let id = hash.first_chunk::<ID>().copied().unwrap_or_default();
            Ok(Key { id, cipher: XChaCha20Poly1305::new(&bytes.into()) })
        })
        .collect();
    match keys? {
        keys if keys.is_empty() => Err(format!("{name} holds no key")),
        keys => Ok(keys),
    }
}

/// The text of the file; `None` when there is none.
fn read_file(path: &Path) -> Result<Option<String>, String> {
    let failed = |error: std::io::Error| format!("cannot read the master key from {}: {error}", path.display());
    let mode = match fs::metadata(path) {
        Ok(file) => file.permissions().mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(format!("others may read the master key in {path}; change that with: chmod 600 {path}"));
    }
    fs::read_to_string(path).map(Some).map_err(failed)
}

/// Writes a file that nobody else may read, unless there is one.
fn create_file(path: &Path, text: &str) -> std::io::Result<()> {
    let written = write_beside(path, text)?;
    let linked = fs::hard_link(&written, path);
    fs::remove_file(&written)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(path),
    }
}

fn rewrite(path: &Path, text: &str) -> Result<(), String> {
    let written =
        write_beside(path, text).and_then(|written| fs::rename(written, path)).and_then(|()| sync_folder(path));
    written.map_err(|error| format!("cannot write the master key to {}: {error}", path.display()))
}

/// A whole file beside `path`, on disk, which nobody else may read.
fn write_beside(path: &Path, text: &str) -> std::io::Result<PathBuf> {
    let name = format!(".{}.{}", path.file_name().unwrap_or_default().to_string_lossy(), std::process::id());
    let beside = path.with_file_name(name);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(beside)
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(texts: &[&str]) -> MasterKeys {
        let source = MasterKeySource::Given(texts.join(" "));
        MasterKeys::read(&source).expect("good keys").expect("they are there")
    }

    /// A path in a folder of its own.
    fn path() -> PathBuf {
        let name = super::super::hex(&random_bytes::<8>().expect("random bytes"));
        let folder = std::env::temp_dir().join(format!("dossier-key-{name}"));
        fs::create_dir(&folder).expect("a folder");
        folder.join("dossier.key")
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_in_the_same_place_only() {
        let (one, other) = (fresh().expect("a key"), fresh().expect("a key"));
        let (own, foreign) = (keys(&[&one]), keys(&[&other]));
        let sealed = own.seal("endpoint 1", b"whsec").expect("it seals");
        assert!(MasterKeys::is_sealed(&sealed) && own.is_current(&sealed) && !foreign.is_current(&sealed));
        assert!(!sealed.windows(5).any(|part| part == b"whsec"));
        assert_ne!(sealed, own.seal("endpoint 1", b"whsec").expect("it seals"), "no two are alike");
        assert_eq!(own.open("endpoint 1", &sealed).expect("it opens"), b"whsec");
        assert!(own.open("endpoint 2", &sealed).is_err() && foreign.open("endpoint 1", &sealed).is_err());
        for end in 0..sealed.len() {
            assert!(own.open("endpoint 1", &sealed[..end]).is_err(), "{end}");
        }
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(own.open("endpoint 1", &changed).is_err(), "{place}");
        }
    }

    #[test]
    fn the_newest_key_seals_and_former_ones_still_open() {
        let (former, newest) = (fresh().expect("a key"), fresh().expect("a key"));
        let sealed = keys(&[&former]).seal("a", b"secret").expect("it seals");
        let both = keys(&[&newest, &former]);
        assert_eq!(both.open("a", &sealed).expect("it opens"), b"secret");
        assert!(!both.is_current(&sealed));
        let again = both.seal("a", b"secret").expect("it seals");
        assert_eq!(keys(&[&newest]).open("a", &again).expect("it opens"), b"secret");
    }

    #[test]
    fn a_wrong_key_is_refused_by_name() {
        for wrong in ["", "abc", "AAAA", "  ", &"A".repeat(44)] {
            let source = MasterKeySource::Given(wrong.into());
            let refused = MasterKeys::read(&source).expect_err(wrong);
            assert!(refused.starts_with("DOSSIER_MASTER_KEY"), "{refused}");
        }
        let source = MasterKeySource::Given("topsecret".into());
        assert!(!format!("{source:?}").contains("topsecret"));
    }

    #[test]
    fn the_file_is_made_once_and_nobody_else_may_read_it() {
        let path = path();
        let source = MasterKeySource::File(path.clone());
        assert!(MasterKeys::read(&source).expect("no file").is_none());
        let made = MasterKeys::create(&source).expect("it is made");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(MasterKeys::create(&source).expect("it is read").id(), made.id());
        assert_eq!(fs::read_dir(path.parent().expect("a folder")).expect("it lists").count(), 1);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("it changes");
        assert!(MasterKeys::read(&source).expect_err("it is refused").contains("chmod 600"));
    }

    #[test]
    fn a_process_reads_a_new_key_when_it_meets_it() {
        let source = MasterKeySource::File(path());
        let running = MasterKeys::create(&source).expect("it is made");
        let before = running.seal("a", b"secret").expect("it seals");
        let command = MasterKeys::read(&source).expect("it reads").expect("it is there");
        command.replace().expect("it is replaced");
        assert_eq!(command.count(), 2);
        let after = command.seal("a", b"secret").expect("it seals");
        assert_eq!(running.open("a", &after).expect("it opens"), b"secret");
        assert_eq!(command.open("a", &before).expect("it opens"), b"secret");
        assert!(command.is_current(&running.seal("b", b"more").expect("it seals")));
        command.forget_former().expect("it is forgotten");
        assert!(command.count() == 1 && command.open("a", &before).is_err());
        assert_eq!(command.open("a", &after).expect("it opens"), b"secret");
    }
}
