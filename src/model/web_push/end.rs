//! How deliveries end.

/// How the delivery of one message for one subscription ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushEnd {
    /// The push service has it.
    Accepted,
    /// The push service does not know the subscription any more, so it is forgotten.
    Gone,
    /// The push service or this node will never take it so.
    Refused,
    /// It was not worth sending any more.
    Expired,
    /// The last call failed too.
    Failed,
    /// The subscription went while it waited.
    Unsubscribed,
}

/// Every end with its word, in the order of their numbers.
pub const PUSH_ENDS: [(PushEnd, &str); 6] = [
    (PushEnd::Accepted, "accepted"),
    (PushEnd::Gone, "gone"),
    (PushEnd::Refused, "refused"),
    (PushEnd::Expired, "expired"),
    (PushEnd::Failed, "failed"),
    (PushEnd::Unsubscribed, "unsubscribed"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_stands_at_its_number() {
        for (index, (end, _)) in PUSH_ENDS.iter().enumerate() {
            assert_eq!(*end as usize, index, "{end:?}");
        }
    }
}
