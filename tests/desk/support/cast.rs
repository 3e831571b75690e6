//! The people of the tests: one for each role, all members of the project `sundial`.

use dossier::base::Role;
use dossier::base::ids::PersonId;

#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub id: PersonId,
    pub name: &'static str,
    pub email: &'static str,
    pub role: Role,
}

pub const VERA: Person =
    Person { id: PersonId(1), name: "Vera Lind", email: "vera@sundial.example", role: Role::Viewer };
pub const SOL: Person =
    Person { id: PersonId(2), name: "Sol Mbeki", email: "sol@sundial.example", role: Role::Support };
pub const DEV: Person =
    Person { id: PersonId(3), name: "Dev Anand", email: "dev@sundial.example", role: Role::Developer };
pub const ADA: Person = Person { id: PersonId(4), name: "Ada Okoye", email: "ada@sundial.example", role: Role::Admin };

pub const TEAM: [Person; 4] = [VERA, SOL, DEV, ADA];

/// The password of everybody in the cast.
pub const PASSWORD: &str = "correct horse battery";

/// The project that the team belongs to.
pub const SUNDIAL: &str = "sundial";
/// A project that the team does not belong to.
pub const MOONRISE: &str = "moonrise";
