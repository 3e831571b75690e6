//! One server for one SQLite file. Two would not know of each other's live pages, limits and waiting writers, and the older
//! of two programs would work on tables that the newer one has changed. `dossier serve` holds a lock on a file beside
//! the database; commands do not, so they run beside a server. The system gives the lock back when the process ends, however
//! it ends; the file stays.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::conn::sqlite_path;

/// Symbolic links are followed this often.
const LINKS: usize = 40;

/// The lock of the server on its database.
#[derive(Debug)]
pub struct Serving {
    _file: Option<File>,
}

impl Serving {
    /// Takes the lock for the database at `url`. A PostgreSQL database may have many servers.
    ///
    /// # Errors
    /// One line: another process serves this file, or the lock's file cannot be opened.
    pub fn start(url: &str) -> Result<Serving, String> {
        let Some(database) = sqlite_path(url) else { return Ok(Serving { _file: None }) };
        let path = lock_path(Path::new(database));
        let file = match File::options().read(true).write(true).create(true).truncate(false).open(&path) {
            // Without its folder the database cannot be opened either, which says so better.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Serving { _file: None }),
            opened => opened.map_err(|error| format!("cannot open {}: {error}", path.display()))?,
        };
        match file.try_lock() {
            Ok(()) => note_process(&file).map_err(|error| format!("cannot write {}: {error}", path.display()))?,
            Err(TryLockError::WouldBlock) => return Err(already_served(database, file)),
            Err(TryLockError::Error(error)) => return Err(format!("cannot lock {}: {error}", path.display())),
        }
        Ok(Serving { _file: Some(file) })
    }
}

fn note_process(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

fn already_served(database: &str, mut file: File) -> String {
    let mut text = String::new();
    // The other process may not have written its number yet.
    let number = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse::<u32>().ok());
    let process = number.map_or_else(|| "another process".to_owned(), |number| format!("process {number}"));
    format!("{process} already serves the database file {database}; stop it first, or serve PostgreSQL with several")
}

/// The file of the lock: one for a database, whichever way leads to it. The database may not exist yet.
fn lock_path(database: &Path) -> PathBuf {
    let mut path = real(database.to_owned()).into_os_string();
    path.push(".lock");
    path.into()
}

fn real(mut path: PathBuf) -> PathBuf {
    for _ in 0..LINKS {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (std::fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("dossier_serving_{}_{name}", std::process::id()));
        std::fs::create_dir_all(folder.join("deeper")).expect("a folder");
        folder
    }

    #[test]
    fn every_way_to_a_file_meets_the_same_lock() {
        let folder = folder("ways");
        let (file, link) = (folder.join("d.db"), folder.join("deeper/link.db"));
        symlink("../d.db", &link).expect("a link");
        symlink(&folder, folder.join("deeper/back")).expect("a link");
        let ways = [file.clone(), link, folder.join("deeper/../d.db"), folder.join("deeper/back/d.db")];
        let url = |path: &Path| format!("sqlite:{}", path.display());
        // Before the file exists, and afterwards.
        for _ in 0..2 {
            let held = Serving::start(&url(&file)).expect("the first");
            for way in &ways {
                let refused = Serving::start(&url(way)).expect_err("the second");
                assert!(refused.starts_with(&format!("process {} already serves", std::process::id())), "{refused}");
            }
            drop(held);
            std::fs::write(&file, "").expect("a file");
        }
        assert!(Serving::start(&url(&file)).is_ok(), "the lock is given back");
        std::fs::remove_dir_all(folder).expect("it goes");
    }

    #[test]
    fn only_files_are_locked() {
        assert!(Serving::start("postgres://127.0.0.1/x").is_ok_and(|serving| serving._file.is_none()));
        assert!(Serving::start("sqlite:/nowhere/at/all/d.db").is_ok_and(|serving| serving._file.is_none()));
    }
}
