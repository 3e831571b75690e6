//! Logs in, and counts sessions.

use std::net::SocketAddr;

use diesel::prelude::*;
use dossier::db::schema::sessions;

use super::{Answer, Desk, form};

/// Sends the log-in form.
pub async fn log_in(desk: &Desk, email: &str, password: &str) -> Answer {
    desk.anonymous_post_form("/login", &[("email", email), ("password", password)]).await
}

/// A browser that logs in: where it is, and the cookie by which it is known, as `name=value`.
pub struct Browser {
    pub address: &'static str,
    pub device: String,
}

impl Browser {
    /// A browser that has never logged in.
    pub fn new(address: &'static str) -> Browser {
        Browser { address, device: String::new() }
    }

    /// Sends the log-in form, and keeps the cookie of the device.
    pub async fn log_in(&mut self, desk: &Desk, email: &str, password: &str) -> Answer {
        let peer = self.address.parse().expect("an address");
        let request =
            form("/login", &[("email", email), ("password", password)]).peer_addr(SocketAddr::new(peer, 4000));
        let answer = desk.call(request.insert_header(("cookie", self.device.clone()))).await;
        let set = answer.set_cookie("device").split(';').next().unwrap_or_default().to_owned();
        self.device = if set.is_empty() { std::mem::take(&mut self.device) } else { set };
        answer
    }
}

/// How many sessions are stored.
pub fn count_sessions(desk: &Desk) -> i64 {
    desk.read(|conn| sessions::table.count().get_result(conn))
}
