//! How bodies are stored: compressed with zstd and a dictionary, which holds what bodies have in common, so that one takes
//! about a quarter of its length. The dictionary is made of made-up bodies by `tests/long/dictionary`.
//!
//! A body is stored as it is when compressing would not make it shorter, and when it is from before bodies were compressed.
//! No text begins as a compressed one does, so both are told apart by their first bytes.

use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::sync::{LazyLock, Mutex, PoisonError};

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::{get_dict_id_from_frame, get_frame_content_size};

use super::MAX_BODY;

/// Every dictionary that was ever used. A compressed body names its own by the number in it; new bodies use the last one.
const DICTIONARIES: [&[u8]; 1] = [include_bytes!("dictionary-1")];

/// Higher levels take two to four times as long, and make a body shorter by one percent of its JSON.
const LEVEL: i32 = 3;

/// The first bytes of every compressed body. They are not UTF-8.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

static ENCODER: LazyLock<Option<EncoderDictionary<'static>>> =
    LazyLock::new(|| DICTIONARIES.last().map(|bytes| EncoderDictionary::copy(bytes, LEVEL)));
static DECODERS: LazyLock<Vec<DecoderDictionary<'static>>> =
    LazyLock::new(|| DICTIONARIES.iter().map(|bytes| DecoderDictionary::copy(bytes)).collect());
static COMPRESSORS: Idle<Compressor<'static>> = Idle::new();
static DECOMPRESSORS: Idle<Decompressor<'static>> = Idle::new();

/// Bodies that the dictionary is not made of.
#[cfg(test)]
pub(super) const MADE_UP_BODIES: &str = include_str!("made_up_bodies.jsonl");

/// A body as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBody(Vec<u8>);

/// Why something stored of an event cannot be read, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged(String);

impl StoredBody {
    /// The form in which a body is stored. One longer than is accepted is not compressed, because it would not be read back.
    pub fn new(text: &str) -> StoredBody {
        let compressed = if text.len() > MAX_BODY { None } else { compress(text.as_bytes()).ok() };
        let is_shorter = |bytes: &Vec<u8>| bytes.len() < text.len();
        StoredBody(compressed.filter(is_shorter).unwrap_or_else(|| text.as_bytes().to_vec()))
    }

    /// What was read from the database.
    pub fn from_bytes(bytes: Vec<u8>) -> StoredBody {
        StoredBody(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether both are the same text, and both compressed or both not.
    pub fn is_same(&self, other: &StoredBody) -> bool {
        self.is_compressed() == other.is_compressed() && self.text() == other.text()
    }

    pub fn is_compressed(&self) -> bool {
        self.0.starts_with(&MAGIC)
    }

    /// The text itself.
    ///
    /// # Errors
    /// [`Damaged`] when the stored bytes are no text, or what they hold is longer than [`MAX_BODY`].
    pub fn text(&self) -> Result<String, Damaged> {
        let bytes = if self.is_compressed() { decompress(&self.0)? } else { self.0.clone() };
        String::from_utf8(bytes).map_err(Damaged::because)
    }
}

impl Damaged {
    pub(super) fn because(reason: impl fmt::Display) -> Damaged {
        Damaged(reason.to_string())
    }
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn compress(text: &[u8]) -> io::Result<Vec<u8>> {
    let dictionary = ENCODER.as_ref().ok_or_else(|| io::Error::other("there is no dictionary"))?;
    COMPRESSORS.lend(|| Compressor::with_prepared_dictionary(dictionary), |compressor| compressor.compress(text))
}

fn decompress(frame: &[u8]) -> Result<Vec<u8>, Damaged> {
    let number = get_dict_id_from_frame(frame);
    let dictionary = number.and_then(dictionary).ok_or_else(|| Damaged::because("its dictionary is unknown"))?;
    let length = get_frame_content_size(frame).map_err(|_| Damaged::because("it has no length"))?;
    let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= MAX_BODY);
    let length = length.ok_or_else(|| Damaged::because("it is too long"))?;
    let read = |decompressor: &mut Decompressor<'static>| {
        decompressor.set_prepared_dictionary(dictionary)?;
        decompressor.decompress(frame, length)
    };
    DECOMPRESSORS.lend(Decompressor::new, read).map_err(Damaged::because)
}

fn dictionary(number: NonZeroU32) -> Option<&'static DecoderDictionary<'static>> {
    DECODERS.iter().find(|dictionary| dictionary.as_ddict().get_dict_id() == Some(number))
}

/// Contexts of zstd that nobody uses at the moment. Making one takes longer than compressing a body.
struct Idle<T>(Mutex<Vec<T>>);

impl<T> Idle<T> {
    const fn new() -> Idle<T> {
        Idle(Mutex::new(Vec::new()))
    }

    /// Does `work` with an idle context, or with one that `make` makes. After an error it is not used again.
    fn lend<R>(
        &self,
        make: impl FnOnce() -> io::Result<T>,
        work: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut context = idle.map_or_else(make, Ok)?;
        let done = work(&mut context)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(context);
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    #[test]
    fn bodies_take_a_quarter_of_their_length_and_come_back_unchanged() {
        let stored: Vec<StoredBody> = MADE_UP_BODIES.lines().map(StoredBody::new).collect();
        let length: usize = stored.iter().map(|body| body.as_bytes().len()).sum();
        let percent = length * 100 / MADE_UP_BODIES.len();
        assert!(percent <= 26, "{percent}%");
        for (stored, body) in stored.iter().zip(MADE_UP_BODIES.lines()) {
            assert_eq!((stored.is_compressed(), stored.text().as_deref()), (true, Ok(body)));
        }
    }

    #[test]
    fn a_text_that_would_not_become_shorter_is_stored_as_it_is() {
        let long = "7".repeat(MAX_BODY + 1);
        for text in ["", "{}", " {\"event\":7}", "\t[]", "(µ/", &long] {
            let stored = StoredBody::new(text);
            assert_eq!((stored.as_bytes(), stored.text().as_deref()), (text.as_bytes(), Ok(text)));
        }
        let longest = "7".repeat(MAX_BODY);
        let stored = StoredBody::new(&longest);
        assert_eq!((stored.is_compressed(), stored.text()), (true, Ok(longest)));
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let body = MADE_UP_BODIES.lines().next().expect("a body");
        let whole = StoredBody::new(body).as_bytes().to_vec();
        for length in 4..whole.len() {
            let cut = StoredBody::from_bytes(whole.iter().take(length).copied().collect());
            assert!(cut.text().is_err(), "{length} bytes");
        }
        for text in [b"\xFF".to_vec(), [MAGIC.as_slice(), &[0; 20]].concat()] {
            assert!(StoredBody::from_bytes(text).text().is_err());
        }
        assert_eq!(StoredBody::new(body).text().as_deref(), Ok(body), "others are still read");
    }

    #[test]
    fn a_frame_of_another_dictionary_or_of_too_much_is_not_read() {
        let read = |frame: Vec<u8>| StoredBody::from_bytes(frame).text().map_err(|damaged| damaged.0);
        let plain = zstd::bulk::compress(b"{\"event\":{}}", 3).expect("a frame");
        assert_eq!(read(plain), Err("its dictionary is unknown".into()));
        let much = compress(&vec![b' '; MAX_BODY + 1]).expect("a frame");
        assert_eq!(read(much), Err("it is too long".into()));
    }

    #[test]
    fn each_dictionary_has_a_number_of_its_own_that_takes_one_byte() {
        let numbers: BTreeSet<u32> =
            DECODERS.iter().filter_map(|one| one.as_ddict().get_dict_id()).map(NonZeroU32::get).collect();
        assert_eq!(numbers.len(), DICTIONARIES.len());
        assert!(numbers.iter().all(|number| *number < 256), "{numbers:?}");
    }
}
