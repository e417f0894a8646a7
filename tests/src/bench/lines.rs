//! What the callers of `bench-voice` say: a hotel guest's questions of two to fourteen words, in calls of eight turns. In a
//! quarter of them the guest stops to think in mid-sentence, where `…` stands.

/// Five calls.
pub const CALLS: [[&str; 8]; 5] = [
    [
        "Hello, what time is breakfast?",
        "Is it included?",
        "I would like to book … a double room for two nights.",
        "How much is a double room?",
        "Do you have parking?",
        "And what does parking cost per night?",
        "Could you tell me … when the gym opens in the morning?",
        "Thank you.",
    ],
    [
        "Good evening.",
        "When can I check in tomorrow?",
        "My wife and I … will arrive rather late in the evening.",
        "Is the front desk open at night?",
        "Can I bring my dog?",
        "What do you charge for … a small dog that sleeps on the floor?",
        "Is there a swimming pool?",
        "Okay, thanks a lot.",
    ],
    [
        "Hi, how far is the airport?",
        "Is there a shuttle?",
        "And how much is … the shuttle for the two of us?",
        "Can I leave my suitcase with you after I check out?",
        "Where do I find the Wi-Fi password?",
        "Is the restaurant … open for dinner on Mondays?",
        "What about the bar?",
        "That is all, goodbye.",
    ],
    [
        "Hello there.",
        "We are looking for … a family room with four beds.",
        "What does it cost?",
        "Does a cot for the baby cost anything extra?",
        "May we smoke on the terrace?",
        "How much is … a late check-out until two?",
        "Can I pay in cash?",
        "Great, thank you very much.",
    ],
    [
        "What is your address?",
        "Is the train station far from there?",
        "If I cancel … one day before we arrive, what happens?",
        "I use a wheelchair, is there a room for me?",
        "Do you have an elevator?",
        "Can I charge … an electric car in your car park?",
        "What does laundry cost?",
        "Perfect, see you soon.",
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_turns_has_a_pause_in_mid_sentence() {
        let lines: Vec<&str> = CALLS.concat();
        assert_eq!(lines.len(), 40);
        assert_eq!(lines.iter().filter(|line| line.contains('…')).count(), 10);
        assert!(
            lines
                .iter()
                .all(|line| !line.ends_with('…') && !line.starts_with('…'))
        );
    }
}
