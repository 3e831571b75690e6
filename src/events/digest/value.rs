//! What the fields of a digest are made of, byte by byte.

use super::uuid;
use crate::base::clock::Moment;
use crate::base::money::{Micros, Money};
use crate::events::{Adjustment, Enrolment, EventType, Item, Origin, PeriodType, Reason, Store};

/// A value that can be written and read back.
pub trait Value: Sized {
    fn write(&self, bytes: &mut Vec<u8>);
    /// Takes the value from the beginning of `bytes`; `None` when it is not there.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

/// Seven bits a byte, the lowest first; the eighth bit says that more follow.
pub fn write_number(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

pub fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?.first()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// The sign is the lowest bit, so that small numbers are short on both sides of zero.
impl Value for i64 {
    fn write(&self, bytes: &mut Vec<u8>) {
        write_number(((self << 1) ^ (self >> 63)).cast_unsigned(), bytes);
    }

    fn read(bytes: &mut &[u8]) -> Option<i64> {
        let number = read_number(bytes)?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}

impl Value for bool {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self));
    }

    fn read(bytes: &mut &[u8]) -> Option<bool> {
        take(bytes, 1).map(|byte| byte != [0])
    }
}

impl<T: Value> Value for Option<T> {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.is_some().write(bytes);
        self.iter().for_each(|value| value.write(bytes));
    }

    fn read(bytes: &mut &[u8]) -> Option<Option<T>> {
        if bool::read(bytes)? { T::read(bytes).map(Some) } else { Some(None) }
    }
}

/// Twice the length, then the text; or a code of the letters and the 16 bytes of a UUID.
impl Value for String {
    fn write(&self, bytes: &mut Vec<u8>) {
        match uuid::bytes_of(self) {
            Some((code, of_uuid)) => {
                bytes.push(code);
                bytes.extend(of_uuid);
            }
            None => {
                write_number(self.len() as u64 * 2, bytes);
                bytes.extend(self.as_bytes());
            }
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<String> {
        let length = read_number(bytes)?;
        if length % 2 == 1 {
            return uuid::text_of(length, take(bytes, 16)?);
        }
        let text = take(bytes, usize::try_from(length / 2).ok()?)?;
        std::str::from_utf8(text).ok().map(str::to_owned)
    }
}

/// Its word.
impl Value for Origin {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.as_str().to_owned().write(bytes);
    }

    fn read(bytes: &mut &[u8]) -> Option<Origin> {
        Origin::parse(&String::read(bytes)?)
    }
}

macro_rules! numbers {
    ($($name:ident),+) => {$(
        impl Value for $name {
            fn write(&self, bytes: &mut Vec<u8>) {
                self.0.write(bytes);
            }

            fn read(bytes: &mut &[u8]) -> Option<$name> {
                i64::read(bytes).map($name)
            }
        }
    )+};
}

numbers!(Moment, Micros);

/// A word of the protocol: its number, or 0 and the word itself.
macro_rules! words {
    ($($name:ident),+) => {$(
        impl Value for $name {
            fn write(&self, bytes: &mut Vec<u8>) {
                bytes.push(self.number());
                if let $name::Other(word) = self {
                    word.write(bytes);
                }
            }

            fn read(bytes: &mut &[u8]) -> Option<$name> {
                match *take(bytes, 1)?.first()? {
                    0 => String::read(bytes).map($name::from),
                    number => $name::from_number(number),
                }
            }
        }
    )+};
}

words!(EventType, Store, PeriodType, Reason);

/// Values of several parts, one behind the other.
macro_rules! records {
    ($($name:ident { $($part:ident),+ })+) => {$(
        impl Value for $name {
            fn write(&self, bytes: &mut Vec<u8>) {
                $(self.$part.write(bytes);)+
            }

            fn read(bytes: &mut &[u8]) -> Option<$name> {
                Some($name { $($part: Value::read(bytes)?),+ })
            }
        }
    )+};
}

records! {
    Money { amount, currency }
    Enrolment { experiment_id, variant, enrolled_at }
    Item { product_id, is_addon, paid, expires_at }
    Adjustment { amount, code, name }
}
