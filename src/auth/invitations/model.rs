//! An open invitation, and the token that its link holds.

use std::fmt;

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::auth::Project;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{InvitationId, ProjectId};
use crate::base::{Role, hex, random_bytes};
use crate::db::schema::{invitations, people};

/// For how many days a link works.
pub const DAYS: i64 = 7;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invitations)]
pub struct Invitation {
    #[diesel(column_name = project_id)]
    pub project: ProjectId,
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    #[diesel(select_expression = people::name)]
    pub inviter: String,
    pub created_at: Moment,
    pub expires_at: Moment,
}

/// An invitation that can still be accepted, and the project it leads to.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invitations)]
pub struct OpenInvitation {
    #[diesel(embed)]
    pub invitation: Invitation,
    #[diesel(embed)]
    pub project: Project,
}

/// The secret in the link; the database holds only its hash.
pub struct Token(String);

impl Token {
    pub fn fresh() -> Result<Token, Error> {
        Ok(Token(hex(&random_bytes::<32>()?)))
    }

    pub fn of_link(text: &str) -> Token {
        Token(text.to_owned())
    }

    /// The stored hash.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(&self.0))
    }

    /// The path of the link.
    pub fn path(&self) -> String {
        format!("/invitations/{}", self.0)
    }
}

/// Hides the token, so that it never gets into a log by accident.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_in_the_link_and_only_its_hash_elsewhere() {
        let (one, other) = (Token::fresh().expect("a token"), Token::fresh().expect("a token"));
        assert_ne!(one.hash(), other.hash());
        assert_eq!(Token::of_link(one.path().trim_start_matches("/invitations/")).hash(), one.hash());
        assert!(!one.path().contains(&one.hash()) && format!("{one:?}") == "Token(…)");
        assert_eq!(one.path().len(), "/invitations/".len() + 64);
    }
}
