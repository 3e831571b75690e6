//! Where to go after logging in: always a path of this server, whatever the link contained.

use percent_encoding::percent_decode_str;
use url::Url;

const LONGEST: usize = 4096;

/// The path to return to, or the start page when `next` does not lead to a page of this server.
pub fn path(next: &str) -> &str {
    if is_ours(next) { next } else { "/" }
}

fn is_ours(next: &str) -> bool {
    next.len() <= LONGEST && is_path(next) && is_path_once_decoded(next) && stays_here(next) && !is_log_in(next)
}

/// One slash, no second one, and no character that browsers drop or turn into a slash.
fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains(['\\', '#'])
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A proxy before the browser may decode the path once; the result must still be a path.
fn is_path_once_decoded(next: &str) -> bool {
    let path = next.split('?').next().unwrap_or_default();
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    !decoded.starts_with("//") && !decoded.starts_with("/\\") && !decoded.contains(char::is_control)
}

/// Whether a browser would stay on this server.
fn stays_here(next: &str) -> bool {
    let Ok(here) = Url::parse("https://dossier.invalid/login") else { return false };
    here.join(next).is_ok_and(|there| there.origin() == here.origin() && !there.path().starts_with("//"))
}

/// The log-in itself and the log-out are no places to return to.
fn is_log_in(next: &str) -> bool {
    let path = next.split('?').next().unwrap_or_default();
    matches!(path, "/login" | "/login/code" | "/logout")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_our_pages_are_kept() {
        let ours = [
            "/",
            "/projects/sundial/customers",
            "/projects/sundial/customers?q=lena%40example.com&list=all",
            "/projects/sundial/customers/a%2Fb",
            "/projects/sundial/customers/%24RCAnonymousID%3Aab?sandbox=1",
            "/projects/sundial/customers/%E2%80%AEabc",
            "/projects/sundial/customers/https%3A%2F%2Fevil",
            "/projects/sundial/customers?q=https://evil",
            "/@evil",
            "/https:evil",
        ];
        for next in ours {
            assert_eq!(path(next), next);
        }
    }

    #[test]
    fn anything_else_leads_to_the_start_page() {
        let strangers = [
            "",
            " ",
            "evil",
            "evil.example/",
            "@evil",
            ".evil",
            "?next=/",
            "#",
            "//evil",
            "///evil",
            "////evil",
            "/\\evil",
            "/\\/evil",
            "/\\\\evil",
            "\\evil",
            "\\\\evil",
            "\\/evil",
            "//evil%E3%80%82com",
            "//evil\u{3002}com",
            "/\u{2215}/evil",
            "/\u{ff0f}evil",
            "/ /evil",
            "/\t/evil",
            "/\n/evil",
            "/\r/evil",
            "\t//evil",
            "\n//evil",
            " //evil",
            "/\u{0}/evil",
            "/\u{b}/evil",
            "/\u{a0}/evil",
            "%2f%2fevil",
            "%2F%2Fevil",
            "/%2fevil",
            "/%2Fevil",
            "/%5cevil",
            "/%5Cevil",
            "/%09/evil",
            "%09//evil",
            "/%0a/evil",
            "/%0d%0aX-Header:1",
            "/%0D%0ASet-Cookie:%20a=b",
            "/a%00b",
            "http://evil",
            "https://evil",
            "HTTPS://evil",
            "https:evil",
            "https:/evil",
            "https:///evil",
            "http:\\\\evil",
            "ftp://evil",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\tscript:alert(1)",
            "/\tjavascript:alert(1)",
            "data:text/html,evil",
            "mailto:a@evil",
            "file:///etc/passwd",
            "blob:https://evil/1",
            "/..//evil",
            "/.//evil",
            "/a/..//evil",
            "/%2e%2e//evil",
            "/%2e//evil",
            "/projects#//evil",
            "https://dossier.example@evil",
            "https://dossier.example.evil",
            "/login",
            "/login?next=//evil",
            "/login/code",
            "/logout",
        ];
        assert!(strangers.len() >= 60);
        for next in strangers {
            assert_eq!(path(next), "/", "{next:?}");
        }
        assert_eq!(path(&format!("/{}", "a".repeat(LONGEST))), "/");
    }
}
