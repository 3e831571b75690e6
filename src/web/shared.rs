//! Values that the server registers once as `Data<T>` and shares with every request.

use actix_web::HttpRequest;
use actix_web::web::Data;

use crate::base::error::Error;

/// The value of type `T` that the server has registered.
///
/// # Errors
/// [`Error::Internal`] when the server has registered no `T`.
pub fn shared<T: 'static>(req: &HttpRequest) -> Result<Data<T>, Error> {
    let missing = || Error::Internal(format!("the server has registered no {}", std::any::type_name::<T>()));
    req.app_data::<Data<T>>().cloned().ok_or_else(missing)
}
