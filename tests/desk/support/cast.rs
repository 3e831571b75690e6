//! The people of the tests: one for each role, all members of the project `sundial`; and Lena, its best-known customer.

use dossier::base::Role;
use dossier::base::ids::PersonId;

/// Somebody of the team.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub id: PersonId,
    pub name: &'static str,
    pub email: &'static str,
    pub role: Role,
}

/// A viewer.
pub const VERA: Person =
    Person { id: PersonId(1), name: "Vera Lind", email: "vera@sundial.example", role: Role::Viewer };
/// Works in support.
pub const SOL: Person =
    Person { id: PersonId(2), name: "Sol Mbeki", email: "sol@sundial.example", role: Role::Support };
/// A developer.
pub const DEV: Person =
    Person { id: PersonId(3), name: "Dev Anand", email: "dev@sundial.example", role: Role::Developer };
/// An admin.
pub const ADA: Person = Person { id: PersonId(4), name: "Ada Okoye", email: "ada@sundial.example", role: Role::Admin };

/// Everybody, from the least to the most that a role may.
pub const TEAM: [Person; 4] = [VERA, SOL, DEV, ADA];

/// The password of everybody in the cast.
pub const PASSWORD: &str = "correct horse battery";

/// The project that the team belongs to.
pub const SUNDIAL: &str = "sundial";
/// A project that the team does not belong to.
pub const MOONRISE: &str = "moonrise";

/// The profile of Lena, where a test has made her a customer of `sundial`.
pub const LENA: &str = "/projects/sundial/customers/lena";
