//! Finds the forms of the program and their fields.

use std::collections::BTreeSet;
use std::path::Path;

use actix_web::http::Method;
use dossier::server::app::route_table;
use dossier::web::Face;

/// The address of every form, with Sundial and Lena where it needs some.
pub fn form_addresses() -> Vec<String> {
    let posts = route_table().into_iter().filter(|line| line.method == Method::POST);
    let forms = posts.filter(|line| line.face == Face::Page);
    let filled = forms.map(|line| {
        let parts = line.pattern.split('/').map(|part| match part {
            "{p}" => "sundial",
            "{id}" => "lena",
            part if part.starts_with('{') => "1",
            part => part,
        });
        parts.collect::<Vec<_>>().join("/")
    });
    filled.collect()
}

/// The names of all form fields in the templates.
pub fn field_names() -> BTreeSet<String> {
    names_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"))
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            names.extend(names_in(&entry));
            continue;
        }
        let text = std::fs::read_to_string(&entry).expect("a template");
        let found = text.split(" name=\"").skip(1).filter_map(|rest| rest.split('"').next());
        names.extend(found.filter(|name| !name.contains('{')).map(str::to_owned));
    }
    names
}
