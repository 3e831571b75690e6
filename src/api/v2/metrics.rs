//! `GET …/metrics/overview`: what can be counted without reading every purchase. Each metric says what it counts.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::{answer, queries};
use crate::api::Caller;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::wording::times;

#[derive(Debug, Serialize)]
struct Overview {
    object: &'static str,
    metrics: Vec<Metric>,
}

#[derive(Debug, Serialize)]
struct Metric {
    object: &'static str,
    id: &'static str,
    name: &'static str,
    description: &'static str,
    unit: &'static str,
    period: &'static str,
    value: i64,
    last_updated_at: Moment,
    last_updated_at_iso8601: String,
}

/// The days that an active customer was active in.
const DAYS: i64 = 28;

pub async fn overview(caller: Caller) -> Result<HttpResponse, Error> {
    let overview = caller
        .read(|conn, call| {
            let (project, now) = (call.ctx.project, call.ctx.now);
            let metric = |id, name, description, period, value| Metric {
                object: "overview_metric",
                id,
                name,
                description,
                unit: "#",
                period,
                value,
                last_updated_at: now,
                last_updated_at_iso8601: times::machine(now),
            };
            let metrics = vec![
                metric(
                    "active_subscribers",
                    "Active subscribers",
                    "Customers with a running subscription or trial, without grants",
                    "P0D",
                    queries::count_subscribers(conn, project, now)?,
                ),
                metric(
                    "active_users",
                    "Active customers",
                    "Customers who opened the app in the last 28 days, or of whom an event came where no opening is known",
                    "P28D",
                    queries::count_active(conn, project, now.plus_days(-DAYS))?,
                ),
            ];
            Ok(Overview { object: "overview_metrics", metrics })
        })
        .await?;
    Ok(answer::json(&caller, StatusCode::OK, &overview))
}
