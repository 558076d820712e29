//! Countries and their people: "France", "French", "Frenchman" are one.

/// Words that are no regular derivations of each other.
const SAME: &[&[&str]] = &[
    &["us", "usa", "america", "american", "americans", "united states"],
    &["uk", "britain", "british", "briton", "britons", "united kingdom", "gb"],
    &["france", "french", "frenchman", "frenchwoman", "frankreich", "franzose", "francais", "francaise"],
    &[
        "germany",
        "german",
        "germans",
        "deutschland",
        "deutsche",
        "deutscher",
        "allemagne",
        "allemand",
        "allemande",
    ],
    &["netherlands", "dutch", "dutchman", "holland", "niederlande", "pays-bas"],
    &["greece", "greek", "greeks"],
    &["wales", "welsh", "welshman"],
    &["england", "english", "englishman", "englishwoman"],
    &["scotland", "scottish", "scot", "scots", "scotsman"],
    &["ireland", "irish", "irishman"],
    &["spain", "spanish", "spaniard", "spaniards", "espagne", "espagnol", "spanien"],
    &["switzerland", "swiss", "schweiz", "schweizer", "suisse"],
    &["denmark", "danish", "dane", "danes"],
    &["sweden", "swedish", "swede", "swedes"],
    &["norway", "norwegian", "norwegians"],
    &["finland", "finnish", "finn", "finns"],
    &["poland", "polish", "pole", "poles"],
    &["turkey", "turkish", "turk", "turks"],
    &["philippines", "philippine", "filipino", "filipinos"],
    &["thailand", "thai", "thais"],
    &["cyprus", "cypriot", "cypriots"],
    &["peru", "peruvian", "peruvians"],
    &["congo", "congolese"],
    &["portugal", "portuguese"],
    &["belgium", "belgian", "belgians"],
    &["afghanistan", "afghan", "afghans"],
    &["pakistan", "pakistani", "pakistanis"],
    &["new zealand", "zealand", "zealander", "zealanders", "kiwi"],
    &["czechia", "czech", "czechs"],
    &["slovakia", "slovak", "slovaks"],
    &["ukraine", "ukrainian", "ukrainians"],
    &["yemen", "yemeni", "yemenis"],
    &["paris", "parisian", "parisians"],
    &["republican", "republicans", "gop"],
    &["democrat", "democrats", "democratic"],
    &["islam", "islamic", "muslim", "muslims", "islamist", "islamists"],
    &["christian", "christians", "christianity"],
    &["jew", "jews", "jewish"],
    &["isis", "isil", "daesh"],
];

/// What a name of a country and a name of its people may end in, behind what they share.
const ENDINGS: &[&str] = &[
    "", "a", "y", "e", "o", "n", "an", "ans", "ian", "ians", "ese", "ish", "i", "is", "er", "ers", "ic",
    "land", "lander", "ns",
];
/// Those that only a people's name has.
const OF_PEOPLE: &[&str] =
    &["an", "ans", "ian", "ians", "ese", "ish", "i", "is", "er", "ers", "ic", "n", "ns", "lander"];
/// As much as the two must share.
const SHARED: usize = 4;

/// The set of words that stand for the same people, for a folded word.
pub(super) fn people(word: &str) -> Option<usize> {
    SAME.iter().position(|words| words.contains(&word))
}

/// Whether one of two folded words is regularly derived from the other: "Brazil", "Brazilians".
pub(super) fn derives(a: &str, b: &str) -> bool {
    let shared = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let derived = |at: usize| match (a.get(at..), b.get(at..)) {
        (Some(a), Some(b)) => {
            ENDINGS.contains(&a) && ENDINGS.contains(&b) && (OF_PEOPLE.contains(&a) || OF_PEOPLE.contains(&b))
        }
        _ => false,
    };
    // "Australia", "Australian" share the ending's first letters too.
    (SHARED..=shared).rev().take(3).any(derived)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peoples_go_with_their_countries() {
        for (country, people) in [
            ("italy", "italian"),
            ("iraq", "iraqis"),
            ("china", "chinese"),
            ("canada", "canadians"),
            ("mexico", "mexican"),
            ("israel", "israeli"),
            ("ukraine", "ukrainian"),
            ("australia", "australians"),
            ("london", "londoners"),
            ("iceland", "icelandic"),
            ("brazil", "brazilian"),
            ("japan", "japanese"),
        ] {
            assert!(derives(country, people), "{country} {people}");
        }
        assert_eq!(people("french"), people("france"));
        for (one, other) in [
            ("smith", "smythe"),
            ("maria", "marie"),
            ("roberts", "robert"),
            ("iran", "iraq"),
            ("austria", "australia"),
        ] {
            assert!(!derives(one, other), "{one} {other}");
        }
    }
}
