//! What happens when a purchase of one identified customer shows up under another (§9.5): a setting of the project.

/// The options, as they are stored.
pub const OPTIONS: [&str; 4] = ["transfer_to_new", "transfer_if_no_active", "keep_with_original", SHARE];
/// The option that nobody can choose again after the project has left it.
pub const SHARE: &str = "share";

/// The option's name, and its effect in a sentence. An unknown stored value counts as the default.
pub fn words(stored: &str) -> (&'static str, &'static str) {
    match stored {
        "transfer_if_no_active" => (
            "Transfer if there are no active subscriptions",
            "Restoring under another id moves the purchases there, unless a subscription is active here.",
        ),
        "keep_with_original" => (
            "Keep with original App User ID",
            "Purchases stay with the id that made them. Restoring under another identified id fails.",
        ),
        SHARE => ("Share between App User IDs (legacy)", "Restoring under another id makes both ids one customer."),
        _ => ("Transfer to new App User ID", "Restoring under another id moves the purchases there."),
    }
}
