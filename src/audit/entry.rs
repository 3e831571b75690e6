//! One entry of the audit log's hash chain, and how its hash is computed.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::base::clock::Moment;
use crate::base::hex;
use crate::base::ids::{ProjectId, RowId};
use crate::db::schema::audit_entries;

/// A row of `audit_entries`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries)]
pub struct Entry {
    pub project_id: ProjectId,
    /// The place in the project's chain: 1, 2, 3 … without a gap.
    pub position: i64,
    pub id: RowId,
    pub at: Moment,
    pub actor_kind: String,
    pub actor_id: Option<RowId>,
    pub role: String,
    pub action: String,
    /// The id of the customer's row, or empty if the entry is about no customer. After the customer is erased, this id
    /// identifies nobody.
    pub subject: String,
    /// The request's reference in the program's log; empty without a request.
    pub request: String,
    /// The salted hash of the details. It stays when the details are erased.
    pub details_hash: String,
    /// Empty for the first entry.
    pub previous_hash: String,
    pub hash: String,
    /// The [`Positions`](super::positions::Positions) whose details went with this entry; empty for most. `None` in entries
    /// of versions that listed nothing.
    pub erases: Option<String>,
}

impl Entry {
    /// Computes the SHA-256 hash, in hexadecimal, of all other fields, including the previous hash.
    pub fn hashed(&self) -> String {
        let fields = (
            (self.project_id, self.position, self.id, self.at.millis()),
            (&self.actor_kind, self.actor_id, &self.role, &self.action, &self.subject, &self.request),
            (&self.details_hash, &self.previous_hash),
        );
        // These are numbers and strings. Writing them as JSON cannot fail, and different entries give different texts.
        let text = match &self.erases {
            Some(erases) => serde_json::to_string(&(fields, erases)),
            None => serde_json::to_string(&fields),
        };
        hex(&Sha256::digest(text.unwrap_or_default()))
    }
}

/// Computes the SHA-256 hash, in hexadecimal, of salt and details. Once the salt is erased with the details, nobody can
/// guess short details from their hash.
pub fn hash_of_details(salt: &str, body: &str) -> String {
    hex(&Sha256::new().chain_update(salt).chain_update(body).finalize())
}
