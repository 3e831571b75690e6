//! The fields of a body, each with an error that names it.

use actix_web::web::Payload;
use serde_json::{Map, Value};

use crate::api::body;
use crate::api::v1::time::is_readable;
use crate::base::clock::Moment;
use crate::base::error::{Error, Problem};

/// Refuses a parameter of the call.
pub fn wrong(parameter: &'static str, sentence: impl Into<String>) -> Error {
    Error::Parameter(Problem { field: parameter, sentence: sentence.into() })
}

/// A body that is an object.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// # Errors
    /// [`crate::base::error::ApiError`] for a body that is no JSON object.
    pub async fn read(payload: Payload) -> Result<Fields, Error> {
        body::parsed(payload).await.map(Fields)
    }

    /// # Errors
    /// [`Error::Parameter`] for anything but a string that is not empty.
    pub fn text(&self, name: &'static str) -> Result<String, Error> {
        self.text_or_null(name)?.ok_or_else(|| wrong(name, format!("{name} must be a string.")))
    }

    /// A string, or null said as such.
    ///
    /// # Errors
    /// [`Error::Parameter`] for anything else, and where nothing is said.
    pub fn text_or_null(&self, name: &'static str) -> Result<Option<String>, Error> {
        match self.0.get(name) {
            Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => Ok(Some(text.clone())),
            Some(Value::Null) => Ok(None),
            Some(Value::String(_)) => Err(wrong(name, format!("{name} must be text that is not empty."))),
            Some(_) => Err(wrong(name, format!("{name} must be a string."))),
            None => Err(wrong(name, format!("{name} is missing."))),
        }
    }

    /// # Errors
    /// [`Error::Parameter`] for anything but whole milliseconds since 1970, until the year 9999.
    pub fn moment(&self, name: &'static str) -> Result<Moment, Error> {
        let moment = self.0.get(name).and_then(Value::as_i64).map(Moment).filter(|moment| is_readable(*moment));
        moment.ok_or_else(|| wrong(name, format!("{name} must be milliseconds since 1970, until the year 9999.")))
    }

    /// A list; `None` where it is left out or null.
    ///
    /// # Errors
    /// [`Error::Parameter`] for anything else.
    pub fn list(&self, name: &'static str) -> Result<Option<&[Value]>, Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(wrong(name, format!("{name} must be a list."))),
        }
    }
}
