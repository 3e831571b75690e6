//! Finds what zstd has compressed anywhere in bytes, such as a file of a database with its free space. A frame is found by its
//! first bytes, and read as far as it is whole: where a page of the file ends, it may go on elsewhere.

use std::io::Read;

use zstd::dict::DecoderDictionary;
use zstd::stream::read::Decoder;

/// The first bytes of a frame, up to the number of the dictionary that the program uses.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const DICTIONARY: &[u8] = include_bytes!("../../../src/events/stored/dictionary-1");
const NUMBER: u8 = 1;
/// More than any text that the program compresses, in bytes.
const LONGEST: u64 = 2 << 20;

/// The text of every frame, or the part of it that can still be read.
pub fn texts_in(bytes: &[u8]) -> Vec<String> {
    let dictionary = DecoderDictionary::copy(DICTIONARY);
    let begins = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&MAGIC));
    let frames = begins.map(|at| &bytes[at..]);
    frames.map(|frame| text_of(frame, &dictionary)).filter(|text| !text.is_empty()).collect()
}

fn text_of(frame: &[u8], dictionary: &DecoderDictionary<'_>) -> String {
    let mut text = decompressed(frame, dictionary);
    if text.is_empty() {
        text = literals(frame).map_or_else(Vec::new, |frame| decompressed(&frame, dictionary));
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// What can be read of a frame before it ends or goes wrong.
fn decompressed(frame: &[u8], dictionary: &DecoderDictionary<'_>) -> Vec<u8> {
    let decoder = Decoder::with_prepared_dictionary(frame, dictionary).expect("a decoder");
    let mut text = Vec::new();
    let _ = decoder.single_frame().take(LONGEST).read_to_end(&mut text);
    text
}

/// zstd decompresses whole blocks only. A block begins with its literals, the bytes that stand neither in the dictionary nor
/// before, so whatever is peculiar to a text is in them. This makes a frame of them that says: nothing else follows.
fn literals(frame: &[u8]) -> Option<Vec<u8>> {
    let block = frame.get(4 + length_of_header(*frame.get(4)?)..)?;
    let section = block.get(3..)?;
    let section = section.get(..length_of_literals(section)?)?;
    let (window, is_last_and_compressed) = (0x58, 0b101);
    let length = u32::try_from(section.len() + 1).ok()?.checked_shl(3)? | is_last_and_compressed;
    let header = [&MAGIC[..], &[1, window, NUMBER], &length.to_le_bytes()[..3]].concat();
    Some([&header[..], section, &[0]].concat())
}

/// The length of a frame's header behind the magic bytes, as its first byte says.
fn length_of_header(first: u8) -> usize {
    let is_single = first & 0x20 != 0;
    let number = [0, 1, 2, 4][usize::from(first & 3)];
    let content = match first >> 6 {
        0 => usize::from(is_single),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    1 + usize::from(!is_single) + number + content
}

/// The length of a literals section with its header: raw, one byte repeated, or compressed.
fn length_of_literals(section: &[u8]) -> Option<usize> {
    let header = (0..5).fold(0_usize, |sum, at| sum | usize::from(section.get(at).copied().unwrap_or(0)) << (8 * at));
    let (kind, format) = (header & 3, (header >> 2) & 3);
    let (length, size) = match (kind, format) {
        (0 | 1, 0 | 2) => (1, (header >> 3) & 0x1F),
        (0 | 1, 1) => (2, (header >> 4) & 0xFFF),
        (0 | 1, _) => (3, (header >> 4) & 0xF_FFFF),
        (_, 0 | 1) => (3, (header >> 14) & 0x3FF),
        (_, 2) => (4, (header >> 18) & 0x3FFF),
        _ => (5, (header >> 22) & 0x3_FFFF),
    };
    Some(length + if kind == 1 { 1 } else { size }).filter(|length| *length <= section.len())
}

#[test]
fn frames_are_read_at_any_place_and_also_when_their_end_is_missing() {
    let body = |id: &str| {
        format!("{{\"api_version\":\"1.0\",\"event\":{{\"type\":\"RENEWAL\",\"id\":\"{id}\",\"store\":\"ROKU\"}}}}")
    };
    let stored = |text: &str| dossier::events::StoredBody::new(text).as_bytes().to_vec();
    let (first, second) = (body("kanarie"), body("ein Kanarienvogel, gelb"));
    let second = stored(&format!("{second}{}", "0123456789".repeat(9)));
    let cut = &second[..second.len() - 3];
    let bytes = [b"garbage \x28\xB5\x2F\xFD", &stored(&first)[..], b"\0\0\0", cut].concat();
    let texts = texts_in(&bytes);
    assert!(texts.contains(&first), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("Kanarienvogel")), "{texts:?}");
}
