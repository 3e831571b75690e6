//! One entry of the chain, and how its hash is computed.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::base::clock::Moment;
use crate::base::hex;
use crate::db::schema::audit_entries;

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries)]
pub struct Entry {
    pub project_id: i64,
    /// 1, 2, 3 … without a gap.
    pub position: i64,
    pub id: i64,
    pub at: Moment,
    pub actor_kind: String,
    pub actor_id: Option<i64>,
    pub role: String,
    pub action: String,
    /// The id of the customer's row, which identifies nobody once the customer is erased; empty without a customer.
    pub subject: String,
    /// The request's reference in the log.
    pub request: String,
    pub details_hash: String,
    /// Empty for the first entry.
    pub previous_hash: String,
    pub hash: String,
}

impl Entry {
    /// The hash of all other fields of the entry, including the previous hash.
    pub fn hashed(&self) -> String {
        let fields = (
            (self.project_id, self.position, self.id, self.at.millis()),
            (&self.actor_kind, self.actor_id, &self.role, &self.action, &self.subject, &self.request),
            (&self.details_hash, &self.previous_hash),
        );
        // Numbers and strings: writing them as JSON cannot fail, and two different entries never give the same text.
        hex(&Sha256::digest(serde_json::to_string(&fields).unwrap_or_default()))
    }
}

/// The hash of details. The salt keeps anybody from guessing short details by their hash after they are erased.
pub fn hash_of_details(salt: &str, body: &str) -> String {
    hex(&Sha256::new().chain_update(salt).chain_update(body).finalize())
}
