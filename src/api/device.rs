//! What an SDK reports about the device it runs on (§C2.3). No header is ever a reason to refuse a call.

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

use crate::auth::address;
use crate::base::countries::Countries;
use crate::base::error::Error;
use crate::customers::contacts::Device;
use crate::web::shared;

/// How many characters of a header are kept.
const LONGEST: usize = 100;

impl Device {
    /// Reads the headers of a call and finds the country of its IP address. The address itself is not kept.
    ///
    /// # Errors
    /// [`Error::Internal`] when the server was started without its shared values.
    pub fn from_request(req: &HttpRequest) -> Result<Device, Error> {
        let headers = req.headers();
        let text = |name: &str| header(headers, name);
        let (from, countries) = (address::of_client(req)?, shared::<Countries>(req)?);
        Ok(Device {
            platform: text("x-platform"),
            platform_version: text("x-platform-version"),
            app_version: text("x-client-version"),
            sdk_version: sdk_version(text("x-version"), text("x-platform-flavor"), text("x-platform-flavor-version")),
            locale: locale(headers),
            country: countries.country_of(from, text("x-storefront").as_deref()).map(str::to_owned),
            hardware: text("x-platform-device"),
        })
    }

    /// This device when an app made the call, else `None`. Only SDKs name a platform.
    pub fn of_app(&self) -> Option<&Device> {
        self.platform.as_ref().map(|_| self)
    }

    /// The value of `$deviceVersion` for an app that asks the server to fill it in (§C3.5).
    pub fn described(&self) -> Option<String> {
        let parts = [&self.platform, &self.platform_version, &self.hardware];
        let known: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
        (!known.is_empty()).then(|| known.join(" "))
    }
}

fn sdk_version(version: Option<String>, flavor: Option<String>, of_flavor: Option<String>) -> Option<String> {
    let version = version?;
    match (flavor.filter(|flavor| flavor != "native"), of_flavor) {
        (Some(flavor), Some(own)) => Some(format!("{version} ({flavor} {own})")),
        (Some(flavor), None) => Some(format!("{version} ({flavor})")),
        (None, _) => Some(version),
    }
}

/// The locale of the device, else the first of its preferred locales, else the browser's first language.
fn locale(headers: &HeaderMap) -> Option<String> {
    let first = |list: String| list.split([',', ';']).next().map(|tag| tag.trim().to_owned());
    let preferred = || header(headers, "x-preferred-locales").and_then(first);
    let accepted = || header(headers, ACCEPT_LANGUAGE.as_str()).and_then(first).filter(|tag| tag != "*");
    let tag = header(headers, "x-client-locale").or_else(preferred).or_else(accepted)?;
    Some(tag.replace('_', "-")).filter(|tag| !tag.is_empty())
}

/// A header as text, cut to [`LONGEST`] characters; `None` when it is empty or not readable text.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    let cut: String = value.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
    (!cut.is_empty()).then_some(cut)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(all: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            let name = HeaderName::try_from(*name).expect("a name");
            map.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        map
    }

    #[test]
    fn the_locale_is_that_of_the_device_else_the_first_preferred_else_that_of_the_browser() {
        let all = [("x-client-locale", "pt-BR"), ("x-preferred-locales", "de_DE,en_US"), ("accept-language", "fr")];
        let found = |from: usize| locale(&headers(all.get(from..).unwrap_or_default()));
        assert_eq!(
            (found(0).as_deref(), found(1).as_deref(), found(2).as_deref()),
            (Some("pt-BR"), Some("de-DE"), Some("fr"))
        );
        assert_eq!(
            locale(&headers(&[("x-client-locale", ""), ("accept-language", "en-US,en;q=0.9")])).as_deref(),
            Some("en-US")
        );
        assert_eq!(locale(&headers(&[("accept-language", "*")])), None);
    }

    #[test]
    fn the_sdk_version_names_the_sdk_that_wraps_it() {
        let found = |flavor: &str| sdk_version(Some("6.2.1".into()), Some(flavor.into()), Some("8.1.0".into()));
        assert_eq!(found("react-native").as_deref(), Some("6.2.1 (react-native 8.1.0)"));
        assert_eq!(found("native").as_deref(), Some("6.2.1"));
        assert_eq!(sdk_version(None, Some("flutter".into()), None), None);
    }

    #[test]
    fn a_long_header_is_cut_and_an_empty_one_is_left_out() {
        let long = headers(&[("x-platform-version", &"v".repeat(5_000))]);
        assert_eq!(header(&long, "x-platform-version").map(|text| text.len()), Some(LONGEST));
        assert_eq!(header(&headers(&[("x-platform", "  ")]), "x-platform"), None);
    }
}
