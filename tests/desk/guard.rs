//! Posts from other sites are refused, whichever form they are for.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;

use crate::support::Desk;
use crate::support::cast::{ADA, PASSWORD};
use crate::support::desks::desk_with_an_order;
use crate::support::forms::form_addresses;

#[actix_web::test]
async fn a_post_from_another_site_is_refused() {
    let desk = Desk::open().await;
    let stranger: [&[(&str, &str)]; 8] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://desk.example")],
        &[("origin", "null")],
        &[("origin", "http://evil.example")],
        &[("origin", "https://desk.example")],
        &[("origin", "http://desk.example.evil")],
    ];
    let cookie = desk.cookie(&ADA);
    for headers in stranger {
        for path in ["/login", "/logout"] {
            let fields = [("email", ADA.email), ("password", PASSWORD)];
            let mut request = TestRequest::post().uri(path).set_form(fields).insert_header(("cookie", cookie.clone()));
            for header in headers {
                request = request.append_header(*header);
            }
            let answer = desk.call(request).await;
            assert_eq!((answer.status, answer.cookie()), (StatusCode::FORBIDDEN, String::new()), "{path} {headers:?}");
        }
    }
    let request = TestRequest::get().uri("/projects/sundial/settings").insert_header(("cookie", cookie));
    assert_eq!(desk.call(request).await.status, StatusCode::OK, "the session is still there");
}

#[actix_web::test]
async fn a_browser_that_names_only_the_origin_may_log_in() {
    let desk = Desk::open().await;
    let fields = [("email", ADA.email), ("password", PASSWORD)];
    let request = TestRequest::post().uri("/login").set_form(fields).insert_header(("origin", "http://desk.example"));
    assert_eq!(desk.call(request).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn no_form_is_accepted_from_another_site() {
    let desk = desk_with_an_order().await;
    let stranger: [&[(&str, &str)]; 6] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://desk.example")],
        &[("origin", "null")],
        &[("origin", "http://evil.example")],
        &[("origin", "https://desk.example")],
    ];
    let cookie = desk.cookie(&ADA);
    for path in form_addresses() {
        for headers in stranger {
            let request = TestRequest::post().uri(&path).insert_header(("cookie", cookie.clone()));
            let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
            assert_eq!(desk.call(request).await.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
    }
}
