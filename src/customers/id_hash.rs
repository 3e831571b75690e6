//! Hashes of ids that Dossier must recognise but may not store. A hash under a key of this database shows whether an id
//! is the same, and nothing else.

use sha2::{Digest, Sha256};

use crate::base::error::Error;
use crate::base::ids::ProjectId;
use crate::db::Conn;
use crate::db::secrets::{self, ERASURE_KEY};

/// Makes the hashes of one project's ids.
#[derive(Debug, Clone)]
pub struct IdHasher {
    key: Vec<u8>,
    project: ProjectId,
}

impl IdHasher {
    /// `None` while no customer was ever erased or blocked: the first one creates the key.
    pub fn find(conn: &mut Conn, project: ProjectId) -> diesel::QueryResult<Option<IdHasher>> {
        Ok(secrets::find(conn, ERASURE_KEY)?.map(|key| IdHasher { key, project }))
    }

    /// Creates the key if there is none.
    pub fn make(conn: &mut Conn, project: ProjectId) -> Result<IdHasher, Error> {
        Ok(IdHasher { key: secrets::load_or_create_in(conn, ERASURE_KEY)?, project })
    }

    /// The keyed hash of an id.
    pub fn hash(&self, app_user_id: &str) -> Vec<u8> {
        let hash = Sha256::new().chain_update(&self.key).chain_update(self.project.0.to_be_bytes());
        hash.chain_update(app_user_id).finalize().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_the_id_the_project_and_the_key() {
        let hasher = |key: u8, project| IdHasher { key: vec![key; 64], project };
        assert_eq!(hasher(1, ProjectId(1)).hash("lena"), hasher(1, ProjectId(1)).hash("lena"));
        for other in [
            hasher(1, ProjectId(1)).hash("Lena"),
            hasher(1, ProjectId(2)).hash("lena"),
            hasher(2, ProjectId(1)).hash("lena"),
        ] {
            assert_ne!(hasher(1, ProjectId(1)).hash("lena"), other);
        }
        assert_eq!(hasher(1, ProjectId(1)).hash("").len(), 32);
    }
}
