//! Switches the nightly sample on and off.

use serde::Deserialize;

use super::SIZES;
use crate::actions::{ActionContext, ActionForm, Done};
use crate::audit::{Action, Trace};
use crate::base::error::Refusal;
use crate::operations::comparison::worker::set_sample as store;
use crate::pages::settings::connections::handlers::{Outcome, named};
use crate::pages::settings::connections::page::{self, ConnectionsPage};
use crate::wording::text;

#[derive(Deserialize)]
pub struct Sample {
    size: i64,
}

pub async fn set_sample(form: ActionForm<Sample>) -> Outcome {
    let work = |action: &mut ActionContext<'_>, sample: Sample| {
        let connection = named(action.conn, action.who.project.id)?;
        if !SIZES.contains(&sample.size) {
            return Err(Refusal::new("", "Choose one of the sizes.").into());
        }
        if sample.size == connection.sample_size {
            return Err(Refusal::new("", "That is how it is already.").into());
        }
        store(action.conn, connection.project, sample.size, action.ctx.now)?;
        let count = |size: i64| format!("{} customers a night", text::grouped(size));
        let trace = Trace::new(Action::SampleChanged).before(count(connection.sample_size)).after(count(sample.size));
        let message = match sample.size {
            0 => "No customers are compared at night.".to_owned(),
            size => format!("{} customers are compared every night.", text::grouped(size)),
        };
        Ok(Done::new(trace, message, format!("{}#compared", page::address(action.who))))
    };
    form.run::<ConnectionsPage, _>("", work).await
}
