//! Forms that people post in many tests.

use actix_web::http::StatusCode;

use super::cast::{LENA, SOL};
use super::{Answer, Desk};

/// Sol undoes what an earlier form did to Lena, whose answer this is.
pub async fn undo(desk: &Desk, answer: &Answer) -> Answer {
    desk.post_form(&SOL, &format!("{LENA}/undo"), &[("submission", &answer.submission())]).await
}

/// A minute passes, then Sol writes a note. `id` is an App User ID as it stands in a path.
pub async fn add_note(desk: &Desk, id: &str, text: &str) {
    desk.clock.advance(60);
    let path = format!("/projects/sundial/customers/{id}/notes");
    let answer = desk.post_form(&SOL, &path, &[("body", text)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{id}");
}
