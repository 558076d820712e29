//! Texts to summarize, each another one, so that no cache knows it.

const SENTENCES: [&str; 6] = [
    "The council of Harbour Mills approved a plan on Tuesday to rebuild the ferry pier for 4.2 million euros.",
    "Work is due to begin in March and to last for two summers, the head of the port, Ines Carrow, said.",
    "Until then the ferry will leave from the grain quay, ten minutes on foot from the station.",
    "Fishermen had asked for the old pier to be kept, because it shelters their boats from the west wind.",
    "An engineer who examined it in autumn found that 31 of its 48 piles had rotted through.",
    "The island's school, which 26 children from the mainland attend, will start half an hour later.",
];

/// A text of about a hundred words that holds its number.
pub(crate) fn text(number: usize) -> String {
    let mut lines: Vec<String> = SENTENCES.iter().map(|sentence| (*sentence).to_owned()).collect();
    lines.push(format!("It is the council's decision number {number} on the port."));
    lines.join("\n")
}
