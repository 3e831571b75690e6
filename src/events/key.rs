//! By what an event is found again when it comes a second time: a hash of its id. It is as short for an id of 1,500
//! characters as for a UUID, and names nobody.

use sha2::{Digest, Sha256};

use crate::base::lookup_key;

/// How many bytes a key has. Two ids with the same key would need 2⁶⁰ attempts. PostgreSQL stores one more, the length.
const LENGTH: usize = 15;

/// The key of an event with this id.
pub fn event_key(id: &str) -> Vec<u8> {
    key_of_lookup_key(&lookup_key(id))
}

/// The key of an event whose id has this [`lookup_key`], which was the key of an event in databases of earlier versions.
pub fn key_of_lookup_key(lookup_key: &[u8]) -> Vec<u8> {
    Sha256::digest(lookup_key).iter().take(LENGTH).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_differs_for_long_ids_that_begin_alike() {
        let long = "x".repeat(1_500);
        let keys = [event_key("a"), event_key(&long), event_key(&format!("{long}y"))];
        assert!(keys.iter().all(|key| key.len() == LENGTH));
        assert!(keys[0] != keys[1] && keys[1] != keys[2]);
        assert_eq!(crate::base::hex(&event_key("a")), "ca978112ca1bbdcafac231b39a23dc");
    }
}
