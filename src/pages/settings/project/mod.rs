//! What a project's admins decide: its name, the number and the length of notes, what happens to purchases that show
//! up under another id (§9.5), and who may delete customers or override offerings.

mod dialog;
mod handlers;
mod model;
mod queries;

use crate::base::Permission::ManageProject;
use crate::web::{Proof, Routes};

pub use dialog::dialog;
pub use model::{Settings, name};
pub use queries::load;

pub fn routes(routes: &mut Routes) {
    routes.post("/project", ManageProject, handlers::update).asks_for(Proof::Always);
}
