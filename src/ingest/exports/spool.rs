//! Brings the rows of each customer together, wherever they lie in an export, with little memory: rows go to one of many parts by
//! a hash of their customer, full parts go to a temporary file in packed blocks, and one part after the other is read back and
//! sorted. A customer whose rows come together is derived once, and written in one place.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::Record;
use crate::base::{hex, random_bytes};

/// How many parts there are. Ten million rows make parts of about 10 MB.
const PARTS: usize = 1_024;
/// How many bytes of a part wait in memory.
const BLOCK: usize = 1 << 13;
/// How strongly blocks are packed: as fast as it gets.
const LEVEL: i32 = 1;
/// The most bytes of a block, with its last row.
const LONGEST_BLOCK: usize = BLOCK + (1 << 22);

/// A row with the number of its file.
pub type Spooled = (usize, Record);

/// The rows of the files that were read.
pub struct Spool {
    parts: Vec<Part>,
    disk: Option<File>,
    end: u64,
    hasher: BuildHasherDefault<DefaultHasher>,
}

#[derive(Default, Clone)]
struct Part {
    waiting: Vec<u8>,
    /// Where in the file its blocks are, and how long.
    blocks: Vec<(u64, usize)>,
}

impl Default for Spool {
    fn default() -> Spool {
        Spool { parts: vec![Part::default(); PARTS], disk: None, end: 0, hasher: BuildHasherDefault::new() }
    }
}

impl Spool {
    /// Adds a row of this customer.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub fn add(&mut self, customer: &str, file: usize, record: &Record) -> io::Result<()> {
        let place = usize::try_from(self.hasher.hash_one(customer)).unwrap_or(usize::MAX) % PARTS;
        let Some(part) = self.parts.get_mut(place) else { return Ok(()) };
        write_text(customer, &mut part.waiting);
        write_number(file, &mut part.waiting);
        record.write(&mut part.waiting);
        if part.waiting.len() < BLOCK {
            return Ok(());
        }
        let packed = zstd::bulk::compress(&part.waiting, LEVEL)?;
        part.waiting.clear();
        part.blocks.push((self.end, packed.len()));
        self.end += packed.len() as u64;
        match &mut self.disk {
            Some(disk) => disk.write_all(&packed),
            None => self.disk.insert(temporary_file()?).write_all(&packed),
        }
    }

    /// The rows of the next part, those of a customer together and in the order in which they were added. `None` when all were
    /// taken.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn next_part(&mut self) -> io::Result<Option<Vec<(String, Spooled)>>> {
        let Some(part) = self.parts.pop() else { return Ok(None) };
        let mut rows = Vec::new();
        for (at, length) in part.blocks {
            let Some(disk) = &mut self.disk else { break };
            let mut packed = vec![0; length];
            disk.seek(SeekFrom::Start(at))?;
            disk.read_exact(&mut packed)?;
            read_rows(&zstd::bulk::decompress(&packed, LONGEST_BLOCK)?, &mut rows);
        }
        read_rows(&part.waiting, &mut rows);
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Some(rows))
    }
}

/// A file that nobody else can read, and that is gone when it is closed.
fn temporary_file() -> io::Result<File> {
    let random = random_bytes::<8>().map_err(|error| io::Error::other(error.to_string()))?;
    let path = std::env::temp_dir().join(format!("dossier-import-{}", hex(&random)));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

fn read_rows(mut bytes: &[u8], rows: &mut Vec<(String, Spooled)>) {
    while let Some(row) = read_row(&mut bytes) {
        rows.push(row);
    }
}

fn read_row(bytes: &mut &[u8]) -> Option<(String, Spooled)> {
    let customer = read_text(bytes)?;
    let file = read_number(bytes)?;
    Some((customer, (file, Record::read(bytes)?)))
}

/// Four bytes, the lowest first.
pub(super) fn write_number(number: usize, bytes: &mut Vec<u8>) {
    bytes.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

pub(super) fn read_number(bytes: &mut &[u8]) -> Option<usize> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    usize::try_from(u32::from_le_bytes(*number)).ok()
}

/// Its length, and the text.
pub(super) fn write_text(text: &str, bytes: &mut Vec<u8>) {
    write_number(text.len(), bytes);
    bytes.extend(text.as_bytes());
}

pub(super) fn read_text(bytes: &mut &[u8]) -> Option<String> {
    let length = read_number(bytes)?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::ingest::exports::File;

    #[test]
    fn the_rows_of_a_customer_come_together_and_in_their_order() {
        let lines: Vec<String> =
            (0..30_000).map(|number| format!("{},{number}-{}", number % 977, "x".repeat(700))).collect();
        let text = format!("id,text\n{}\n", lines.join("\n"));
        let mut file = File::open(Cursor::new(text.into_bytes())).expect("a file");
        let (mut record, mut spool, mut added) = (Record::default(), Spool::default(), 0);
        while let Some(row) = file.next_record(&mut record).expect("it reads") {
            row.expect("a row");
            spool.add(record.cell(0), 7, &record).expect("it is added");
            added += 1;
        }
        assert!(spool.disk.is_some());
        let mut seen: Vec<(String, u64)> = Vec::new();
        while let Some(part) = spool.next_part().expect("it reads") {
            for (customer, (file, record)) in part {
                assert_eq!((record.cell(0), file), (customer.as_str(), 7));
                assert_eq!(record.cell(1), lines[record.line as usize - 2].split_once(',').expect("a cell").1);
                seen.push((customer, record.line));
            }
        }
        assert_eq!((seen.len(), added), (30_000, 30_000));
        let changes = seen.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
        assert_eq!(changes, 976);
        assert!(seen.windows(2).all(|pair| pair[0].0 != pair[1].0 || pair[0].1 < pair[1].1));
    }
}
