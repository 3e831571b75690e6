//! Says which tests a plain `cargo test` leaves out, and how to run them.

fn main() {
    if std::env::var_os("TEST_DATABASE_URL").is_none() {
        eprintln!("left out: tests/desk on PostgreSQL (set TEST_DATABASE_URL, or run tests/all)");
    }
    eprintln!("left out: browser journeys and accessibility in headless Chromium (run tests/all)");
}
