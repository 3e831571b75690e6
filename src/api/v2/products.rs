//! `…/products`: what the stores sell.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::expand::Expanded;
use super::list::Window;
use super::sold::Sold;
use super::{answer, finding};
use crate::api::Caller;
use crate::base::error::Error;
use crate::web::form;

/// Sorted by identifier; `app_id` leaves those of one app.
pub async fn index(caller: Caller) -> Result<HttpResponse, Error> {
    let query = caller.query.clone();
    let list = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            let app = form::field(&query, "app_id");
            let window = Window::parse(&query, sold.address("products"))?.keeping("app_id", app.clone());
            let has_app = Expanded::parse(&query).in_items("app");
            let window = window.keeping("expand", has_app.then(|| String::from("items.app")));
            let mut all: Vec<_> = sold.products().map(|product| sold.product(product)).collect();
            all.retain(|product| app.as_ref().is_none_or(|app| product.app_id == *app));
            if has_app {
                let apps = sold.apps(conn, call)?;
                all = all.into_iter().map(|product| product.with_app(&apps)).collect();
            }
            window.cut(all, |product| product.id.clone())
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &list))
}

pub async fn show(caller: Caller) -> Result<HttpResponse, Error> {
    let id = caller.parameter("product")?.to_owned();
    let has_app = Expanded::parse(&caller.query).has("app");
    let shown = caller
        .read(move |conn, call| {
            let sold = Sold::load(conn, call)?;
            let product = sold.product(sold.find(&id).ok_or_else(finding::missing)?);
            match has_app {
                true => Ok(product.with_app(&sold.apps(conn, call)?)),
                false => Ok(product),
            }
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &shown))
}
