//! Reads the fields of a JSON body. Each error names the field.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::api::body;
use crate::api::body::Limit;
use crate::api::v1::time::is_readable;
use crate::base::clock::Moment;
use crate::base::error::{Error, Problem};
use crate::web::Incoming;

/// The error for a parameter of the call that is refused.
pub fn wrong(parameter: &'static str, sentence: impl Into<String>) -> Error {
    Error::Parameter(Problem { field: parameter, sentence: sentence.into() })
}

/// The fields of a body.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// # Errors
    /// [`Error::Client`] with code 7226 when the body is not a JSON object, and as [`body::json`].
    pub async fn read(incoming: Incoming, limit: Limit) -> Result<Fields, Error> {
        body::parsed(incoming, limit).await.map(Fields)
    }

    /// # Errors
    /// [`Error::Parameter`] unless the field is a string that is not empty.
    pub fn text(&self, name: &'static str) -> Result<String, Error> {
        self.text_or_null(name)?.ok_or_else(|| wrong(name, format!("{name} must be a string.")))
    }

    /// A string, or `None` for an explicit null.
    ///
    /// # Errors
    /// [`Error::Parameter`] when the field is missing, or neither null nor a string that is not empty.
    pub fn text_or_null(&self, name: &'static str) -> Result<Option<String>, Error> {
        match self.0.get(name) {
            Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => Ok(Some(text.clone())),
            Some(Value::Null) => Ok(None),
            Some(Value::String(_)) => Err(wrong(name, format!("{name} is empty or contains NUL."))),
            Some(_) => Err(wrong(name, format!("{name} must be a string."))),
            None => Err(wrong(name, format!("{name} is missing."))),
        }
    }

    /// # Errors
    /// [`Error::Parameter`] unless the field is whole milliseconds since 1970, until the year 9999.
    pub fn moment(&self, name: &'static str) -> Result<Moment, Error> {
        let moment = self.0.get(name).and_then(Value::as_i64).map(Moment).filter(|moment| is_readable(*moment));
        moment.ok_or_else(|| wrong(name, format!("{name} must be milliseconds since 1970, until the year 9999.")))
    }

    /// A string that may be missing or null.
    ///
    /// # Errors
    /// [`Error::Parameter`] when it is anything else, empty, or has more than `longest` characters.
    pub fn optional_text(&self, name: &'static str, longest: usize) -> Result<Option<String>, Error> {
        if !self.0.contains_key(name) {
            return Ok(None);
        }
        let text = self.text_or_null(name)?;
        match text.as_ref().is_some_and(|text| text.chars().count() > longest) {
            true => Err(wrong(name, format!("{name} has more than {longest} characters."))),
            false => Ok(text),
        }
    }

    /// An object of whole numbers.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless it is one.
    pub fn integers(&self, name: &'static str) -> Result<BTreeMap<String, i64>, Error> {
        let object = self.0.get(name).and_then(Value::as_object);
        let object = object.ok_or_else(|| wrong(name, format!("{name} must be an object of whole numbers.")))?;
        let number = |(key, value): (&String, &Value)| match value.as_i64() {
            Some(number) => Ok((key.clone(), number)),
            None => Err(wrong(name, format!("{key} must be a whole number."))),
        };
        object.iter().map(number).collect()
    }

    /// A list; `None` when the field is missing or null.
    ///
    /// # Errors
    /// [`Error::Parameter`] when it is anything else.
    pub fn list(&self, name: &'static str) -> Result<Option<&[Value]>, Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(wrong(name, format!("{name} must be a list."))),
        }
    }
}
