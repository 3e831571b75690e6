//! Copies of a SQLite file: making one while a server is at work, and putting one in place. A file gets its name when all of it is
//! on disk, so there is no half of a copy under that name.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Db, migrate, place};

/// What every SQLite file begins with.
const HEADER: &[u8; 16] = b"SQLite format 3\0";

/// What lies beside a file in use: the log of changes that are not in the file yet, and an index of it.
const LOG: &str = "-wal";
const INDEX: &str = "-shm";

/// Copies the database as it is at this moment. Writers go on meanwhile, and do not make it begin again. Returns the size in bytes.
///
/// # Errors
/// One line: the file exists, or cannot be written.
pub fn copy(db: &Db, file: &Path) -> Result<u64, String> {
    refuse_existing(file)?;
    let part = beside(file, &format!(".{}.part", std::process::id()));
    let copied = copy_to(db, &part).and_then(|size| publish(&part, file).map(|()| size));
    // Where it got its name, it has only that one; where it failed, its half goes.
    let _ = std::fs::remove_file(&part);
    copied
}

fn copy_to(db: &Db, part: &Path) -> Result<u64, String> {
    let written = |error: io::Error| format!("cannot write {}: {error}", part.display());
    let name = part.to_str().ok_or_else(|| format!("{} is not a name in UTF-8", part.display()))?;
    create(part).map_err(written)?;
    db.batch(&format!("VACUUM INTO '{}'", name.replace('\'', "''")))
        .map_err(|error| format!("cannot copy the database to {}: {}", part.display(), error.replace('\n', " ")))?;
    let copy = File::open(part).map_err(written)?;
    copy.sync_all().map_err(written)?;
    Ok(copy.metadata().map_err(written)?.len())
}

/// A new file that only its owner may read.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Gives a finished file its name, unless another file has got it meanwhile.
fn publish(part: &Path, file: &Path) -> Result<(), String> {
    let linked = match std::fs::hard_link(part, file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return refuse_existing(file),
        // Not every file system has links.
        Err(_) => refuse_existing(file).map(|()| std::fs::rename(part, file)),
        linked => Ok(linked),
    };
    linked?.and_then(|()| sync_folder(file)).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

fn refuse_existing(file: &Path) -> Result<(), String> {
    match std::fs::symlink_metadata(file) {
        Ok(_) => Err(format!("{} exists already; name another file", file.display())),
        Err(_) => Ok(()),
    }
}

fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The path with something added to its last part.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// A backup that was put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// In bytes.
    pub size: u64,
    /// Where the former database is now.
    pub former: Option<PathBuf>,
}

/// Puts a backup in the place of the file `target`, marked as restored. The backup itself stays as it is. Nobody may have `target`
/// open. A former database is kept beside it, under its name with `.before-` and `stamp`.
///
/// # Errors
/// One line: the backup is none, is damaged, or was made by a newer version; or `target` exists and may not be replaced; or a file
/// cannot be written.
pub fn put_in_place(backup: &Path, target: &Path, may_replace: bool, stamp: &str) -> Result<Restored, String> {
    check_header(backup)?;
    let former = [target.to_owned(), beside(target, LOG)].into_iter().find(|path| path.exists());
    if let (Some(path), false) = (&former, may_replace) {
        return Err(format!("{} exists; --replace keeps it under another name", path.display()));
    }
    let part = beside(target, &format!(".{}.part", std::process::id()));
    let prepared = prepare(backup, target, &part);
    let restored = prepared.and_then(|size| {
        let kept = former.map(|_| beside(target, &format!(".before-{stamp}")));
        take_place(&part, target, kept.as_deref()).map(|()| Restored { size, former: kept })
    });
    for ending in ["", LOG, INDEX, "-journal"] {
        let _ = std::fs::remove_file(beside(&part, ending));
    }
    restored
}

fn check_header(backup: &Path) -> Result<(), String> {
    let shown = backup.display();
    let mut header = [0; HEADER.len()];
    let read = File::open(backup).and_then(|mut file| file.read_exact(&mut header));
    match read {
        Ok(()) if &header == HEADER => {}
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            return Err(format!("cannot read {shown}: {error}"));
        }
        Ok(()) | Err(_) => return Err(format!("{shown} is not a SQLite database")),
    }
    match std::fs::metadata(beside(backup, LOG)) {
        Ok(log) if log.len() > 0 => {
            Err(format!("{shown} is a database in use, not a backup: {shown}{LOG} holds what is not in it yet"))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Copies the backup to where it will be, checks the copy, and marks it.
fn prepare(backup: &Path, target: &Path, part: &Path) -> Result<u64, String> {
    let written = |error: io::Error| format!("cannot write {}: {error}", part.display());
    let mut from = File::open(backup).map_err(|error| format!("cannot read {}: {error}", backup.display()))?;
    io::copy(&mut from, &mut create(part).map_err(written)?).map_err(written)?;
    check_and_mark(part).map_err(|error| format!("{}: {error}", backup.display()))?;
    take_owner_of(target, part).map_err(written)?;
    let file = File::open(part).map_err(written)?;
    file.sync_all().map_err(written)?;
    Ok(file.metadata().map_err(written)?.len())
}

/// The account that the server runs as may be another than the one that restores.
fn take_owner_of(target: &Path, part: &Path) -> io::Result<()> {
    let (Ok(former), own) = (std::fs::metadata(target), std::fs::metadata(part)?) else { return Ok(()) };
    if (former.uid(), former.gid()) != (own.uid(), own.gid()) {
        chown(part, Some(former.uid()), Some(former.gid()))?;
    }
    std::fs::set_permissions(part, Permissions::from_mode(former.mode() & 0o777))
}

fn check_and_mark(path: &Path) -> Result<(), String> {
    let line = |error: &dyn std::fmt::Display| error.to_string().replace('\n', " ");
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(|error| line(&error))?;
    conn.batch_execute("PRAGMA trusted_schema = OFF").map_err(|error| line(&error))?;
    let faults = "SELECT integrity_check AS fault FROM pragma_integrity_check LIMIT 3";
    let check = diesel::select(sql::<Text>(&format!("(SELECT group_concat(fault, '; ') FROM ({faults}))")));
    match check.get_result::<String>(&mut conn) {
        Ok(words) if words == "ok" => {}
        Ok(words) => return Err(format!("the database is damaged: {}", line(&words))),
        Err(error) => return Err(format!("the database is damaged: {}", line(&error))),
    }
    if migrate::applied(&mut conn)? == 0 {
        return Err("this is not a database of Dossier".into());
    }
    place::mark(&mut conn).map_err(|error| line(&error))?;
    // What is in a log must be in the file, which alone is put in place.
    conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").map_err(|error| line(&error))
}

/// A log that a killed server has left would be applied to the backup and damage it, so it goes with the former file.
fn take_place(part: &Path, target: &Path, kept: Option<&Path>) -> Result<(), String> {
    let moved = |from: &Path, to: &Path| match std::fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("cannot rename {} to {}: {error}", from.display(), to.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    };
    if let Some(kept) = kept {
        refuse_existing(kept)?;
        moved(&beside(target, LOG), &beside(kept, LOG))?;
        moved(target, kept)?;
    }
    match std::fs::remove_file(beside(target, INDEX)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!("cannot remove {}{INDEX}: {error}", target.display()));
        }
        Ok(()) | Err(_) => {}
    }
    std::fs::rename(part, target)
        .and_then(|()| sync_folder(target))
        .map_err(|error| format!("cannot rename {} to {}: {error}", part.display(), target.display()))
}
