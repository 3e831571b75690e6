//! Static files: styles, scripts, fonts and icons. The binary contains them. Their address holds a hash of all files,
//! so browsers may keep them for ever: a binary with other files serves them at another address.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::routes::Routes;
use crate::base::error::Error;
use crate::base::hex;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// The file that lists the style sheets, in the order in which they are joined into one.
const ORDER: &str = "css/order.txt";
const STYLES: &str = "app.css";
const ICON: &str = "icons/mark.svg";

struct Assets {
    base: String,
    files: HashMap<String, File>,
}

struct File {
    bytes: Bytes,
    media_type: String,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::load);

pub fn routes(routes: &mut Routes) {
    routes.public_get("/static/{hash}/{path:.*}", file);
    routes.public_get("/favicon.ico", icon);
}

/// The path below which all files are served: `/static/` and the hash.
pub fn base() -> &'static str {
    &ASSETS.base
}

impl Assets {
    fn load() -> Assets {
        let mut names: Vec<_> = Files::iter().map(Cow::into_owned).filter(|name| name != ORDER).collect();
        names.sort();
        let mut files: HashMap<_, _> =
            names.iter().filter_map(|name| Some((name.clone(), File::embedded(name)?))).collect();
        files.insert(STYLES.into(), File::new(STYLES, Bytes::from(styles())));
        Assets { base: format!("/static/{}", fingerprint(&files)), files }
    }
}

impl File {
    fn embedded(name: &str) -> Option<File> {
        let bytes = match Files::get(name)?.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Some(File::new(name, bytes))
    }

    fn new(name: &str, bytes: Bytes) -> File {
        let guess = mime_guess::from_path(name).first_or_octet_stream();
        let is_text = guess.type_() == "text" || matches!(guess.subtype().as_str(), "javascript" | "json" | "svg");
        let media_type = if is_text { format!("{guess}; charset=utf-8") } else { guess.to_string() };
        File { bytes, media_type }
    }
}

fn styles() -> String {
    let text = |name: &str| Files::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned());
    let order = text(ORDER).unwrap_or_default();
    order.lines().filter_map(|line| text(&format!("css/{}", line.trim()))).collect::<Vec<_>>().join("\n")
}

fn fingerprint(files: &HashMap<String, File>) -> String {
    let mut names: Vec<_> = files.keys().collect();
    names.sort();
    let mut hash = Sha256::new();
    for (name, file) in names.into_iter().filter_map(|name| files.get(name).map(|file| (name, file))) {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(&file.bytes);
    }
    hex(&hash.finalize()).chars().take(16).collect()
}

async fn file(req: HttpRequest) -> Result<HttpResponse, Error> {
    let path = req.path().strip_prefix(base()).and_then(|path| path.strip_prefix('/')).ok_or(Error::NotFound)?;
    serve(path, "public, max-age=31536000, immutable")
}

/// Browsers ask for `/favicon.ico` without having read a page.
async fn icon() -> Result<HttpResponse, Error> {
    serve(ICON, "public, max-age=86400")
}

fn serve(path: &str, caching: &'static str) -> Result<HttpResponse, Error> {
    let file = ASSETS.files.get(path).ok_or(Error::NotFound)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, file.media_type.as_str())).insert_header((CACHE_CONTROL, caching));
    Ok(response.body(file.bytes.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheets_are_one_file_in_order() {
        let order = Files::get(ORDER).expect("an order").data.into_owned();
        let names = String::from_utf8(order).expect("text");
        assert!(names.lines().all(|name| Files::get(&format!("css/{name}")).is_some()), "{names}");
        assert!(
            styles().starts_with(&String::from_utf8_lossy(&Files::get("css/layers.css").expect("layers").data)[..])
        );
    }

    #[test]
    fn each_style_sheet_stands_in_the_order() {
        let order = Files::get(ORDER).expect("the order");
        let named: Vec<&str> = std::str::from_utf8(&order.data).expect("text").lines().collect();
        let sheets = Files::iter().filter_map(|name| name.strip_prefix("css/").map(str::to_owned));
        let forgotten: Vec<String> =
            sheets.filter(|name| name.ends_with(".css") && !named.contains(&name.as_str())).collect();
        assert!(forgotten.is_empty(), "{ORDER} does not name {forgotten:?}");
    }

    #[test]
    fn each_file_has_its_media_type() {
        let kind = |name: &str| ASSETS.files.get(name).map(|file| file.media_type.as_str());
        assert_eq!(kind("app.css"), Some("text/css; charset=utf-8"));
        assert_eq!(kind("js/app.js"), Some("text/javascript; charset=utf-8"));
        assert_eq!(kind("icons/sprite.svg"), Some("image/svg+xml; charset=utf-8"));
        assert_eq!(kind("fonts/next-latin.woff2"), Some("font/woff2"));
        assert_eq!(kind("css/order.txt"), None);
    }
}
