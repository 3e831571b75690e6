//! An authenticator app: it knows the secret and shows codes.

use totp_rs::{Builder, Totp};

use super::Desk;
use super::cast::Person;

/// A phone that has read the secret of one person.
pub struct Phone {
    totp: Totp,
}

impl Phone {
    /// Reads the secret off the page that shows it.
    pub fn scan(page: &str) -> Phone {
        let groups = page.split("code-groups mono\">").nth(1).and_then(|rest| rest.split("</p>").next());
        let letters = groups.expect("a secret").replace("<span>", "").replace("</span>", "").replace(' ', "");
        let secret = totp_rs::Secret::try_from_base32(letters).expect("base 32");
        Phone { totp: Builder::new().with_secret(secret).with_account_name("x").build().expect("a secret") }
    }

    /// The code it shows now.
    pub fn code(&self, desk: &Desk) -> String {
        let seconds = u64::try_from(desk.clock.now().millis() / 1000).expect("a time");
        self.totp.generate(seconds).to_string()
    }
}

impl Desk {
    /// Sets up a second factor as the page does; returns the phone and the recovery codes.
    pub async fn set_up_second_factor(&self, person: &Person) -> (Phone, Vec<String>) {
        let cookie = self.cookie(person);
        let begun = self.post_with(&cookie, "/account/second-factor", &[]).await;
        let phone = Phone::scan(&begun.body);
        let fields = [("code", phone.code(self))];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        let on = self.post_with(&cookie, "/account/second-factor/confirm", &fields).await;
        let codes = on.body.split("<ol class=\"codes mono\">").nth(1).and_then(|rest| rest.split("</ol>").next());
        let codes = codes.expect("recovery codes").split("<li>").skip(1);
        let codes = codes.filter_map(|code| code.split('<').next()).map(str::to_owned).collect();
        // A code works once; the next one comes after 30 seconds.
        self.clock.advance(30);
        (phone, codes)
    }
}
