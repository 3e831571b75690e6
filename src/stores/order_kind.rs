//! What an order is, in one word.

use super::ActionKind;

/// The kinds of orders: about a purchase, or about the customer as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderKind {
    Purchase(ActionKind),
    Grant,
    Revoke,
    Override,
    Attributes,
    Transfer,
    Delete,
    Adjust,
}

impl OrderKind {
    /// Those that are about the customer.
    pub const OF_CUSTOMERS: [OrderKind; 7] = [
        OrderKind::Grant,
        OrderKind::Revoke,
        OrderKind::Override,
        OrderKind::Attributes,
        OrderKind::Transfer,
        OrderKind::Delete,
        OrderKind::Adjust,
    ];

    /// The word in the database.
    pub const fn name(self) -> &'static str {
        match self {
            OrderKind::Purchase(action) => action.name(),
            OrderKind::Grant => "grant",
            OrderKind::Revoke => "revoke",
            OrderKind::Override => "override",
            OrderKind::Attributes => "attributes",
            OrderKind::Transfer => "transfer",
            OrderKind::Delete => "delete",
            OrderKind::Adjust => "adjust",
        }
    }

    pub fn parse(name: &str) -> Option<OrderKind> {
        let of_customer = OrderKind::OF_CUSTOMERS.into_iter().find(|kind| kind.name() == name);
        of_customer.or_else(|| ActionKind::parse(name).map(OrderKind::Purchase))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_word() {
        let of_purchases = ActionKind::ALL.map(OrderKind::Purchase);
        for kind in of_purchases.into_iter().chain(OrderKind::OF_CUSTOMERS) {
            assert_eq!(OrderKind::parse(kind.name()), Some(kind));
        }
        assert_eq!(OrderKind::parse("everything"), None);
    }
}
