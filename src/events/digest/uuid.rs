//! UUIDs, which most ids of events are, in 16 bytes instead of 36.

/// A code that says which letters are used, and the digits.
const LOWER: (u8, &[u8; 16]) = (1, b"0123456789abcdef");
const UPPER: (u8, &[u8; 16]) = (3, b"0123456789ABCDEF");
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The code of the letters, and the bytes, of a UUID in small or in capital letters.
pub fn bytes_of(text: &str) -> Option<(u8, [u8; 16])> {
    if text.len() != 36 {
        return None;
    }
    [LOWER, UPPER].into_iter().find_map(|(code, digits)| Some((code, bytes_in(text.as_bytes(), digits)?)))
}

fn bytes_in(text: &[u8], digits: &[u8; 16]) -> Option<[u8; 16]> {
    let (mut bytes, mut number) = ([0_u8; 16], 0);
    for (at, letter) in text.iter().enumerate() {
        if HYPHENS.contains(&at) {
            (*letter == b'-').then_some(())?;
            continue;
        }
        let value = digits.iter().position(|digit| digit == letter)?;
        let byte = bytes.get_mut(number / 2)?;
        *byte = *byte << 4 | u8::try_from(value).ok()?;
        number += 1;
    }
    Some(bytes)
}

pub fn text_of(code: u64, bytes: &[u8]) -> Option<String> {
    let (_, digits) = [LOWER, UPPER].into_iter().find(|(known, _)| u64::from(*known) == code)?;
    let mut text = String::with_capacity(36);
    for byte in bytes {
        if HYPHENS.contains(&text.len()) {
            text.push('-');
        }
        text.push(char::from(*digits.get(usize::from(byte >> 4))?));
        text.push(char::from(*digits.get(usize::from(byte & 15))?));
    }
    Some(text)
}
