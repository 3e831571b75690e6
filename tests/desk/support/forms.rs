//! Finds the forms of the program.

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
