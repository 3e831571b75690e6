//! A file of an export as records: plain or gzip, with commas or semicolons, with or without a byte-order mark. A line that is
//! broken, say by a quote that is not closed, costs no line but itself.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;

use super::Problem;
use super::spool::{read_number, read_text, write_number, write_text};

/// The most bytes of a record, and the most lines over which texts in it may go.
const LONGEST: usize = 1 << 20;
const MOST_LINES: usize = 1_000;
/// The most bytes of a header.
const LONGEST_HEADER: u64 = 1 << 16;
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// What the rows of a file are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Transactions,
    Customers,
}

/// One row: its cells, and the line of the file on which it begins.
#[derive(Debug, Default, Clone)]
pub struct Record {
    pub line: u64,
    text: String,
    ends: Vec<usize>,
}

impl Record {
    /// A cell; empty where the record has no such column.
    pub fn cell(&self, at: usize) -> &str {
        let begin = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let range = begin.zip(self.ends.get(at).copied());
        range.and_then(|(begin, end)| self.text.get(begin..end)).unwrap_or_default()
    }
}

/// How a record waits in a [`Spool`](super::Spool).
impl Record {
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.line.to_le_bytes());
        write_text(&self.text, bytes);
        write_number(self.ends.len(), bytes);
        self.ends.iter().for_each(|end| write_number(*end, bytes));
    }

    pub(super) fn read(bytes: &mut &[u8]) -> Option<Record> {
        let (line, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        let text = read_text(bytes)?;
        let ends = (0..read_number(bytes)?).map(|_| read_number(bytes)).collect::<Option<Vec<usize>>>()?;
        Some(Record { line: u64::from_le_bytes(*line), text, ends })
    }
}

/// An open file.
pub struct File {
    /// The names of the columns.
    pub header: Vec<String>,
    source: Box<dyn BufRead + Send>,
    splitter: Reader,
    /// Lines that were read and given back.
    waiting: VecDeque<(u64, Vec<u8>)>,
    next: u64,
    buffers: (Vec<u8>, Vec<usize>),
}

impl File {
    /// Opens an export and reads its header. It is unpacked if its first bytes are those of gzip, whatever its name.
    ///
    /// # Errors
    /// When it cannot be read, or its text is UTF-16.
    pub fn open(source: impl Read + Send + 'static) -> io::Result<File> {
        let mut packed = BufReader::with_capacity(1 << 18, source);
        let is_gzip = packed.fill_buf()?.starts_with(&[0x1F, 0x8B]);
        let mut source: Box<dyn BufRead + Send> = match is_gzip {
            true => Box::new(BufReader::with_capacity(1 << 18, MultiGzDecoder::new(packed))),
            false => Box::new(packed),
        };
        let mut first = Vec::new();
        (&mut source).take(LONGEST_HEADER).read_until(b'\n', &mut first)?;
        if is_utf16(&first) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, UTF16));
        }
        let first = first.strip_prefix(BYTE_ORDER_MARK).map_or(first.clone(), <[u8]>::to_vec);
        let mut file = File {
            header: Vec::new(),
            source: Box::new(Cursor::new(first.clone()).chain(source)),
            splitter: ReaderBuilder::new().delimiter(delimiter(&first)).build(),
            waiting: VecDeque::new(),
            next: 1,
            buffers: (vec![0; 1 << 14], vec![0; 256]),
        };
        let mut header = Record::default();
        if matches!(file.next_of(&mut header, None)?, Some(Ok(()))) {
            file.header = (0..header.ends.len()).map(|at| header.cell(at).trim().to_lowercase()).collect();
        }
        Ok(file)
    }

    /// How many lines were read.
    pub fn lines(&self) -> u64 {
        self.next - 1
    }

    /// Reads the next row into `record`; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read further. A row that cannot be used is the inner error; `record` has its line.
    pub fn next_record(&mut self, record: &mut Record) -> io::Result<Option<Result<(), Problem>>> {
        self.next_of(record, Some(self.header.len()))
    }

    fn next_of(&mut self, record: &mut Record, width: Option<usize>) -> io::Result<Option<Result<(), Problem>>> {
        let (number, first) = loop {
            let Some((number, line)) = self.line()? else { return Ok(None) };
            if line.iter().any(|byte| !byte.is_ascii_whitespace()) {
                break (number, line);
            }
        };
        record.line = number;
        let mut more: Vec<(u64, Vec<u8>)> = Vec::new();
        let split = self.split(&first, &mut more)?;
        let taken = split.and_then(|(length, columns)| self.take(record, (length, columns), width));
        if taken.is_err() {
            more.into_iter().rev().for_each(|line| self.waiting.push_front(line));
        }
        Ok(Some(taken))
    }

    /// Divides a row into its cells, and takes more lines where a text in quotes goes on. Returns the length of the cells, and how
    /// many they are.
    fn split(&mut self, first: &[u8], more: &mut Vec<(u64, Vec<u8>)>) -> io::Result<Result<(usize, usize), Problem>> {
        self.splitter.reset();
        let (mut read, mut length, mut columns) = (first.len(), 0, 0);
        let mut result = self.feed(first, &mut length, &mut columns);
        while result == ReadRecordResult::InputEmpty {
            if read > LONGEST {
                return Ok(Err("the line is longer than 1 MiB".into()));
            }
            let Some(line) = self.line()?.filter(|_| more.len() < MOST_LINES) else {
                // The end of the file ends a row, but does not close a quote.
                let is_open = has_open_quote(first, more);
                result = self.feed(&[], &mut length, &mut columns);
                return Ok(if is_open {
                    Err("a quote is not closed".into())
                } else {
                    divided(result, length, columns)
                });
            };
            read += line.1.len();
            result = self.feed(&line.1, &mut length, &mut columns);
            more.push(line);
        }
        Ok(divided(result, length, columns))
    }

    /// Gives the splitter more of a row.
    fn feed(&mut self, text: &[u8], length: &mut usize, columns: &mut usize) -> ReadRecordResult {
        let (output, ends) = &mut self.buffers;
        output.resize(output.len().max(*length + text.len() + 1), 0);
        let (rest, places) = (output.get_mut(*length..), ends.get_mut(*columns..));
        let (result, _, written, found) =
            self.splitter.read_record(text, rest.unwrap_or_default(), places.unwrap_or_default());
        *length += written;
        *columns += found;
        result
    }

    /// A line with its number and its end.
    fn line(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        if let Some(line) = self.waiting.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        if (&mut self.source).take(LONGEST as u64 + 1).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.len() > LONGEST {
            self.skip_line(&line)?;
        }
        self.next += 1;
        Ok(Some((self.next - 1, line)))
    }

    /// Skips the rest of a line that is too long.
    fn skip_line(&mut self, line: &[u8]) -> io::Result<()> {
        let mut is_over = line.ends_with(b"\n");
        while !is_over {
            let buffer = self.source.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            is_over = end.is_some() || buffer.is_empty();
            let length = end.map_or(buffer.len(), |at| at + 1);
            self.source.consume(length);
        }
        Ok(())
    }

    fn take(
        &mut self,
        record: &mut Record,
        (length, columns): (usize, usize),
        width: Option<usize>,
    ) -> Result<(), Problem> {
        if let Some(width) = width.filter(|width| *width != columns) {
            return Err(format!("the number of its columns is {columns}, and the header has {width}"));
        }
        let (output, ends) = &self.buffers;
        let bytes = output.get(..length).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| "the line is not UTF-8")?;
        if text.contains('\0') {
            return Err("the line contains NUL".into());
        }
        record.ends.clear();
        record.ends.extend(ends.iter().take(columns));
        record.text.clear();
        record.text.push_str(text);
        Ok(())
    }
}

const UTF16: &str = "its encoding is UTF-16, and UTF-8 is needed";

/// Whether a text begins as one in UTF-16: with its byte-order mark, or with a letter of which one half is NUL.
fn is_utf16(text: &[u8]) -> bool {
    text.starts_with(&[0xFF, 0xFE])
        || text.starts_with(&[0xFE, 0xFF])
        || matches!(text, [0, 1..=u8::MAX, ..] | [1..=u8::MAX, 0, ..])
}

fn divided(result: ReadRecordResult, length: usize, columns: usize) -> Result<(usize, usize), Problem> {
    match result {
        ReadRecordResult::Record => Ok((length, columns)),
        ReadRecordResult::InputEmpty
        | ReadRecordResult::OutputFull
        | ReadRecordResult::OutputEndsFull
        | ReadRecordResult::End => Err("it cannot be divided into columns".into()),
    }
}

/// Whether a text in quotes goes on behind the end: quotes inside of one are doubled.
fn has_open_quote(first: &[u8], more: &[(u64, Vec<u8>)]) -> bool {
    let all = std::iter::once(first).chain(more.iter().map(|(_, line)| line.as_slice()));
    all.flatten().fold(false, |open, byte| open ^ (*byte == b'"'))
}

/// What separates the columns of a header: whichever of the two is there more often.
fn delimiter(header: &[u8]) -> u8 {
    let count = |wanted: u8| header.iter().filter(|byte| **byte == wanted).count();
    if count(b';') > count(b',') { b';' } else { b',' }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
        let mut file = File::open(Cursor::new(bytes.to_vec())).expect("a file");
        let (mut record, mut rows) = (Record::default(), Vec::new());
        while let Some(row) = file.next_record(&mut record).expect("it reads") {
            let cells = || (0..file.header.len()).map(|at| record.cell(at)).collect::<Vec<_>>().join("|");
            rows.push(format!("{}: {}", record.line, row.map_or_else(|problem| problem, |()| cells())));
        }
        (file.header, rows)
    }

    #[test]
    fn separator_packing_and_byte_order_mark_are_found_by_themselves() {
        let wanted = (vec!["a".to_owned(), "b".to_owned()], vec!["2: 1|x,y".to_owned(), "3: |".to_owned()]);
        let comma = "a,b\r\n1,\"x,y\"\r\n,\r\n";
        let packed = |text: &str| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(text.as_bytes()).expect("it is packed");
            packer.finish().expect("it is packed")
        };
        let marked = format!("\u{FEFF}{comma}");
        for file in [comma.as_bytes(), b"a;B\n1;x,y\n;", marked.as_bytes(), &packed(comma), &packed(&marked)] {
            assert_eq!(read(file), wanted, "{:?}", String::from_utf8_lossy(file));
        }
    }

    #[test]
    fn a_broken_line_costs_no_other() {
        let long = format!("a,b\n1,{}\n2,x\n", "y".repeat(3 << 20));
        let both = [
            ("a,b\n1,\"x\n2,y\n3,z\n", vec!["2: a quote is not closed", "3: 2|y", "4: 3|z"]),
            (
                "a,b\n1\n2,y,z\n\n3,\"line\nline\"\n4,x\n",
                vec![
                    "2: the number of its columns is 1, and the header has 2",
                    "3: the number of its columns is 3, and the header has 2",
                    "5: 3|line\nline",
                    "7: 4|x",
                ],
            ),
            ("a,b\n1,5\"\n2,y\n3,\"z\"\"\n4,w", vec!["2: 1|5\"", "3: 2|y", "4: a quote is not closed", "5: 4|w"]),
            ("a,b\n1,x\0\n2,y\n", vec!["2: the line contains NUL", "3: 2|y"]),
            (long.as_str(), vec!["2: the line is longer than 1 MiB", "3: 2|x"]),
        ];
        for (text, wanted) in both {
            assert_eq!(read(text.as_bytes()).1, wanted);
        }
        assert_eq!(read(b"a,b\n1,\xff\n2,y\n").1, ["2: the line is not UTF-8", "3: 2|y"]);
    }

    #[test]
    fn another_encoding_is_named() {
        let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        for bytes in [little("\u{FEFF}a,b\n1,x\n"), big("\u{FEFF}a,b\n1,x\n"), little("a,b\n1,x\n"), big("a,b\n1,x\n")]
        {
            let refused = File::open(Cursor::new(bytes)).err().expect("refused");
            assert_eq!(refused.to_string(), "its encoding is UTF-16, and UTF-8 is needed");
        }
    }

    #[test]
    fn an_empty_file_has_no_columns() {
        assert_eq!(read(b""), (vec![], vec![]));
    }
}
