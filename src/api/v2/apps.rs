//! `…/apps`: the stores of the project.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::list::Window;
use super::sold::Sold;
use super::{answer, finding};
use crate::api::Caller;
use crate::base::error::Error;

pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let query = caller.query.clone();
    let list = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            let window = Window::parse(&query, sold.address("apps"))?;
            window.cut(sold.apps(conn, call)?, |app| app.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

pub async fn show(caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.parameter("app")?.to_owned();
    let shown = caller
        .read(move |conn, call| {
            let apps = Sold::load(conn, call)?.apps(conn, call)?;
            apps.into_iter().find(|app| app.id == id).ok_or_else(finding::missing)
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &shown))
}
