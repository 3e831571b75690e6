//! The fields of a digest: when each is stored at all, and what it is where it is not.

use super::value::{Value, read_number, write_number};
use crate::base::clock::Moment;
use crate::events::EventType;

/// A field of a digest.
pub trait Field: Sized {
    /// Whether it is stored at all.
    fn says_something(&self) -> bool;
    fn write_field(&self, bytes: &mut Vec<u8>);
    /// Takes the field from the beginning of `bytes`; `None` when it is not there.
    fn read_field(bytes: &mut &[u8]) -> Option<Self>;
    /// What the field is where it is not stored; `None` if it always is.
    fn absent() -> Option<Self>;
}

macro_rules! always_stored {
    ($($name:ty),+) => {$(
        impl Field for $name {
            fn says_something(&self) -> bool {
                true
            }

            fn write_field(&self, bytes: &mut Vec<u8>) {
                self.write(bytes);
            }

            fn read_field(bytes: &mut &[u8]) -> Option<Self> {
                Self::read(bytes)
            }

            fn absent() -> Option<Self> {
                None
            }
        }
    )+};
}

always_stored!(String, EventType, Moment);

impl Field for bool {
    fn says_something(&self) -> bool {
        *self
    }

    fn write_field(&self, _: &mut Vec<u8>) {}

    fn read_field(_: &mut &[u8]) -> Option<bool> {
        Some(true)
    }

    fn absent() -> Option<bool> {
        Some(false)
    }
}

impl<T: Value> Field for Option<T> {
    fn says_something(&self) -> bool {
        self.is_some()
    }

    fn write_field(&self, bytes: &mut Vec<u8>) {
        self.iter().for_each(|value| value.write(bytes));
    }

    fn read_field(bytes: &mut &[u8]) -> Option<Option<T>> {
        T::read(bytes).map(Some)
    }

    fn absent() -> Option<Option<T>> {
        Some(None)
    }
}

impl<T: Value> Field for Vec<T> {
    fn says_something(&self) -> bool {
        !self.is_empty()
    }

    fn write_field(&self, bytes: &mut Vec<u8>) {
        write_number(self.len() as u64, bytes);
        self.iter().for_each(|value| value.write(bytes));
    }

    fn read_field(bytes: &mut &[u8]) -> Option<Vec<T>> {
        let length = read_number(bytes)?;
        (0..length).map(|_| T::read(bytes)).collect()
    }

    fn absent() -> Option<Vec<T>> {
        Some(Vec::new())
    }
}
