//! SQLite overwrites the content that it deletes (`secure_delete`). But when a row moves to another page, because its page was
//! full, a copy stays in the unused part of the old page, also when the row is deleted later. And the write-ahead log holds
//! earlier contents of pages.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer};
use diesel::{QueryResult, sql_query};

use super::page;
use crate::base::error::Error;
use crate::db::conn::AnyConnection;
use crate::db::{Conn, Db, Unavailable};

/// How many pages one statement reads.
const READ: i64 = 500;
/// How many pages one transaction changes. Other writers wait for it.
const CHANGED: usize = 50;
/// How long a checkpoint may wait for readers, in milliseconds. Writers wait meanwhile.
const CHECKPOINT_WAIT: u32 = 200;
/// The number of the first page whose number, in the pages that point to it, could be taken for the mark of a page of rows.
/// A file with pages of 4 KiB has as many at 128 GiB.
const FIRST_AMBIGUOUS: i64 = 1 << 25;

#[derive(QueryableByName)]
struct File {
    #[diesel(sql_type = BigInt)]
    pages: i64,
    /// Not 0 when the file has pages of another kind, which cannot be told apart.
    #[diesel(sql_type = BigInt)]
    auto_vacuum: i64,
}

#[derive(QueryableByName)]
struct Page {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Binary)]
    content: Vec<u8>,
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

/// Overwrites the unused part of all pages. Returns `false` when it stopped early.
///
/// # Errors
/// [`Unavailable`] when the database does not answer, or the file is not one that this can overwrite.
pub fn overwrite_pages(db: &Db, is_stopping: &dyn Fn() -> bool) -> Result<bool, Unavailable> {
    overwrite_each(db, is_stopping).map_err(|error| Unavailable(error.cause().unwrap_or_default().to_owned()))
}

fn overwrite_each(db: &Db, is_stopping: &dyn Fn() -> bool) -> Result<bool, Error> {
    let (file, reserved) = db.read_here(|conn| on_file(conn, file))?;
    if file.auto_vacuum != 0 || file.pages >= FIRST_AMBIGUOUS {
        return Err(Error::Internal("free space cannot be overwritten in a file of this kind or size".into()));
    }
    let mut first = 2;
    while first <= file.pages {
        let last = (first + READ - 1).min(file.pages);
        let pages = db.read_here(|conn| on_file(conn, |conn| with_content(conn, first, last, reserved)))?;
        for some in pages.chunks(CHANGED) {
            if is_stopping() {
                return Ok(false);
            }
            db.write_here(|conn| on_file(conn, |conn| overwrite(conn, some, reserved)))?;
        }
        first = last + 1;
    }
    Ok(true)
}

fn on_file<T>(conn: &mut Conn, work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>) -> Result<T, Error> {
    match conn.any() {
        AnyConnection::Sqlite(conn) => Ok(work(conn)?),
        AnyConnection::Postgres(_) => Err(Error::Internal("only a SQLite file has pages to overwrite".into())),
    }
}

/// The file, and how many bytes at the end of each page SQLite does not use: byte 20 of the first page.
fn file(conn: &mut SqliteConnection) -> QueryResult<(File, usize)> {
    let file = "SELECT page_count AS pages, auto_vacuum FROM pragma_page_count, pragma_auto_vacuum";
    let file: File = sql_query(file).get_result(conn)?;
    let first = read(conn, 1, 1)?;
    let reserved = first.first().and_then(|page| page.content.get(20)).copied().unwrap_or_default();
    Ok((file, reserved.into()))
}

/// The pages of a range. SQLite finds a page by its number alone, so the numbers are counted.
fn read(conn: &mut SqliteConnection, first: i64, last: i64) -> QueryResult<Vec<Page>> {
    let query = "WITH RECURSIVE numbers(number) AS (SELECT ? UNION ALL SELECT number + 1 FROM numbers WHERE number < ?) \
        SELECT number, data AS content FROM numbers JOIN sqlite_dbpage ON pgno = number";
    sql_query(query).bind::<BigInt, _>(first).bind::<BigInt, _>(last).load(conn)
}

/// The numbers of the pages whose unused part is not empty.
fn with_content(conn: &mut SqliteConnection, first: i64, last: i64, reserved: usize) -> QueryResult<Vec<i64>> {
    let pages = read(conn, first, last)?.into_iter();
    Ok(pages.filter_map(|mut page| page::overwrite(&mut page.content, reserved).then_some(page.number)).collect())
}

/// Reads the pages again, because others may have changed them meanwhile, and overwrites their unused part.
fn overwrite(conn: &mut SqliteConnection, pages: &[i64], reserved: usize) -> QueryResult<()> {
    for number in pages {
        for mut page in read(conn, *number, *number)? {
            if page::overwrite(&mut page.content, reserved) {
                let update = sql_query("UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?");
                update.bind::<Binary, _>(&page.content).bind::<BigInt, _>(number).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Writes the log into the file and empties it. Returns `false` when readers prevented it.
pub fn empty_log(conn: &mut SqliteConnection) -> QueryResult<bool> {
    conn.batch_execute(&format!("PRAGMA busy_timeout = {CHECKPOINT_WAIT}"))?;
    let done: QueryResult<Checkpoint> = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn);
    conn.batch_execute("PRAGMA busy_timeout = 5000")?;
    Ok(done?.busy == 0)
}
