//! What the server shares with every request, registered once as `Data<T>`.

use actix_web::HttpRequest;
use actix_web::web::Data;

use crate::base::error::Error;

/// The application's `T`.
///
/// # Errors
/// [`Error::Internal`] when the server was put together without it.
pub fn shared<T: 'static>(req: &HttpRequest) -> Result<Data<T>, Error> {
    let missing = || Error::Internal(format!("the application shares no {}", std::any::type_name::<T>()));
    req.app_data::<Data<T>>().cloned().ok_or_else(missing)
}
