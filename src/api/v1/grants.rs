//! Grants access and takes it back (§C3.8, §C3.9, §7.2). They are the same actions as on the page.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde_json::Number;

use super::answer;
use super::time::LAST;
use crate::api::body::Limit;
use crate::api::v1::customer_info;
use crate::api::{AuthorizedCall, Caller, asking, body, customers, errors};
use crate::audit::Trace;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::operations::grants::{self, Length, Preset};
use crate::stores::CustomerAct;
use crate::web::Incoming;

#[derive(Debug, Default, Deserialize)]
pub struct Draft {
    end_time_ms: Option<Number>,
    duration: Option<String>,
    start_time_ms: Option<Number>,
}

/// `POST …/entitlements/{entitlement}/promotional`
pub async fn give(caller: Caller, req: HttpRequest, incoming: Incoming) -> Result<HttpResponse, Error> {
    let (id, entitlement) = (caller.app_user_id()?.to_owned(), caller.parameter("entitlement")?.to_owned());
    let length = body::parsed::<Draft>(incoming, Limit::Small).await?.length(caller.now())?;
    ask_to_grant(&caller, &req, &id, &entitlement, length).await?;
    let customer_info = caller
        .act(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            let given = grant(conn, call, customer, &entitlement, length)?;
            let traces = given.map(|trace| trace.for_customer(customer, &id)).into_iter().collect();
            Ok((traces, customer_info::load(conn, call, customer)?))
        })
        .await?;
    answer::customer(&req, StatusCode::CREATED, customer_info)
}

/// `POST …/entitlements/{entitlement}/revoke_promotionals`
pub async fn revoke(caller: Caller, req: HttpRequest) -> Result<HttpResponse, Error> {
    let (id, entitlement) = (caller.app_user_id()?.to_owned(), caller.parameter("entitlement")?.to_owned());
    ask_to_revoke(&caller, &req, &id, &entitlement).await?;
    let customer_info = caller
        .act(move |conn, call| {
            let customer = customers::require(conn, call, &id)?;
            let taken = take_back(conn, call, customer, &entitlement)?;
            let traces = taken.map(|trace| trace.for_customer(customer, &id)).into_iter().collect();
            Ok((traces, customer_info::load(conn, call, customer)?))
        })
        .await?;
    answer::customer(&req, StatusCode::OK, customer_info)
}

/// In a connected project asks RevenueCat for the grant first. What it has done is then found to be there.
///
/// # Errors
/// Those of [`asking::ask`]; as [`grant`].
pub async fn ask_to_grant(
    caller: &Caller,
    req: &HttpRequest,
    id: &str,
    entitlement: &str,
    length: Length,
) -> Result<(), Error> {
    let entitlement = entitlement.to_owned();
    asking::ask(caller, req, id, move |conn, call, customer| {
        let plan =
            grants::plan_as_asked(conn, &call.ctx, customer, &entitlement, length)?.map_err(|_| no_entitlement())?;
        let act = CustomerAct::Grant {
            entitlement,
            ends_at: length.ends_at(call.ctx.now),
            replaces: !plan.removed.is_empty(),
        };
        Ok((!plan.is_empty()).then_some(act))
    })
    .await
}

/// As [`ask_to_grant`], for taking it back.
///
/// # Errors
/// Those of [`asking::ask`].
pub async fn ask_to_revoke(caller: &Caller, req: &HttpRequest, id: &str, entitlement: &str) -> Result<(), Error> {
    let entitlement = entitlement.to_owned();
    asking::ask(caller, req, id, move |_, _, _| Ok(Some(CustomerAct::Revoke { entitlement }))).await
}

/// Grants access and replaces earlier grants of the entitlement. Returns no trace when the same grant is active
/// already.
///
/// # Errors
/// [`Error::Client`] with status 404 when the project has no such entitlement.
pub fn grant(
    conn: &mut Conn,
    call: &AuthorizedCall,
    customer: CustomerId,
    entitlement: &str,
    length: Length,
) -> Result<Option<Trace>, Error> {
    let plan = grants::plan_as_asked(conn, &call.ctx, customer, entitlement, length)?.map_err(|_| no_entitlement())?;
    if plan.is_empty() {
        return Ok(None);
    }
    grants::carry_out(conn, &call.ctx, customer, &plan)?;
    Ok(Some(plan.grant_entry(entitlement, length)))
}

/// Ends every active grant of an entitlement. Returns no trace when there is none.
pub fn take_back(
    conn: &mut Conn,
    call: &AuthorizedCall,
    customer: CustomerId,
    entitlement: &str,
) -> Result<Option<Trace>, Error> {
    let plan = grants::plan_removal_of_all(conn, &call.ctx, customer, entitlement)?;
    if plan.is_empty() {
        return Ok(None);
    }
    grants::carry_out(conn, &call.ctx, customer, &plan)?;
    Ok(Some(plan.removal_entry()))
}

fn no_entitlement() -> Error {
    errors::missing("The project has no such entitlement.")
}

impl Draft {
    /// The explicit end, else the preset, counted from now or from the given start.
    fn length(self, now: Moment) -> Result<Length, Error> {
        let end = self.end_time_ms.as_ref().map(millis).transpose()?;
        let start = self.start_time_ms.as_ref().map(millis).transpose()?;
        let length = match (end, self.duration.as_deref()) {
            (Some(end), _) => Length::Until(end),
            (None, Some(word)) => {
                let preset = Preset::ALL.into_iter().find(|preset| preset.word() == word);
                let preset = preset.ok_or_else(|| {
                    let known = Preset::ALL.map(Preset::word).join(", ");
                    errors::malformed(&format!("The duration must be one of {known}."))
                })?;
                match start {
                    Some(start) => Length::Shifted(preset, preset.ends_at(start)),
                    None => Length::Preset(preset),
                }
            }
            (None, None) => return Err(errors::malformed("The body must have an end_time_ms or a duration.")),
        };
        match length.ends_at(now) {
            end if end > LAST => Err(errors::malformed("The grant would end after the year 9999.")),
            end if end > now => Ok(length),
            _ => Err(errors::malformed("The grant would be over already.")),
        }
    }
}

/// Milliseconds as a moment. Some clients send a fraction, which is cut off.
fn millis(number: &Number) -> Result<Moment, Error> {
    let text = number.to_string();
    let decimal = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text));
    let whole = decimal.ok().and_then(|decimal| decimal.trunc().to_i64());
    whole.map(Moment).ok_or_else(|| errors::malformed("A time must be in milliseconds since 1970."))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Moment = Moment(1_795_453_200_000);

    fn length(draft: Value) -> Option<Length> {
        serde_json::from_value::<Draft>(draft).expect("a draft").length(NOW).ok()
    }

    #[test]
    fn a_grant_ends_at_the_given_time_or_after_its_preset() {
        assert_eq!(length(json!({ "duration": "weekly" })), Some(Length::Preset(Preset::Weekly)));
        let end = NOW.plus_days(3);
        assert_eq!(length(json!({ "end_time_ms": end, "duration": "x" })), Some(Length::Until(end)));
        let start = json!(format!("{}.5", NOW.plus_days(-1).millis()).parse::<f64>().expect("a number"));
        let shifted = Some(Length::Shifted(Preset::Weekly, NOW.plus_days(6)));
        assert_eq!(length(json!({ "duration": "weekly", "start_time_ms": start })), shifted);
    }

    #[test]
    fn a_grant_without_a_length_or_with_an_end_in_the_past_is_refused() {
        for draft in [
            json!({}),
            json!({ "duration": "forever" }),
            json!({ "end_time_ms": NOW }),
            json!({ "duration": "daily", "start_time_ms": NOW.plus_days(-2) }),
            json!({ "end_time_ms": 1e300 }),
        ] {
            assert_eq!(length(draft.clone()), None, "{draft}");
        }
    }
}
