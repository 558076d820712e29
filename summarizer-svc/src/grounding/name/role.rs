//! What people are, which is no part of their names.

/// Whether a folded word is a title or an office: dropped before names.
pub(super) fn is_title(word: &str) -> bool {
    TITLES.contains(&word) || word.strip_suffix('s').is_some_and(|single| TITLES.contains(&single))
}

/// Whether a folded word says what somebody is, so that its capital at the beginning of a sentence is no name's.
pub(super) fn is_role(word: &str) -> bool {
    is_title(word) || ROLES.contains(&word) || word.strip_suffix('s').is_some_and(|single| ROLES.contains(&single))
}

const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "miss", "mx", "dr", "doctor", "prof", "professor", "sir", "dame", "lord", "lady", "baroness", "baron",
    "president", "vice", "deputy", "prime", "minister", "chancellor", "secretary", "king", "queen", "prince", "princess",
    "duke", "duchess", "pope", "cardinal", "bishop", "archbishop", "rev", "reverend", "father", "sister", "gen", "general",
    "sen", "senator", "rep", "representative", "congressman", "congresswoman", "gov", "governor", "mayor", "judge",
    "justice", "capt", "captain", "lt", "lieutenant", "col", "colonel", "maj", "major", "sgt", "sergeant", "cpl", "pvt",
    "officer", "detective", "inspector", "superintendent", "constable", "sheriff", "chief", "coach", "ambassador", "admiral",
    "councillor", "cllr", "director", "chairman", "chairwoman", "chair", "ceo", "cfo", "mp", "mps", "jr", "sr", "st",
    "herr", "frau", "bundeskanzler", "m", "mm", "mme", "mlle", "monsieur", "madame", "maitre", "signor", "signora", "senor",
    "senora", "attorney", "commissioner", "editor", "manager", "leader", "engineer", "spokesman", "spokeswoman",
];

const ROLES: &[&str] = &[
    "actor", "actress", "singer", "striker", "midfielder", "defender", "goalkeeper", "boss", "star", "champion", "winger",
    "forward", "footballer", "player", "driver", "pilot", "lawyer", "teacher", "nurse", "surgeon", "scientist",
    "researcher", "author", "writer", "producer", "comedian", "rapper", "model", "presenter", "host", "journalist",
    "reporter", "student", "pupil", "mother", "son", "daughter", "brother", "wife", "husband", "widow", "aunt", "uncle",
    "grandfather", "grandmother", "teenager", "toddler", "boy", "girl", "man", "woman", "men", "women", "suspect", "gunman",
    "killer", "murderer", "victim", "witness", "neighbour", "neighbor", "ex", "former", "late", "founder", "owner",
    "executive", "spokesperson", "analyst", "economist", "historian", "farmer", "firefighter", "paramedic", "soldier",
    "veteran", "marine", "police", "mum", "mom", "dad", "parent", "child", "children", "kid", "baby", "couple", "family",
    "victory", "defeat", "opposition", "rival", "fellow", "team", "club", "company", "firm", "government", "report",
    "study", "court", "video", "photo", "film", "movie", "show", "series", "party", "group", "army", "military", "local",
    "world", "new", "news", "state", "city", "town", "council", "church", "school", "university", "hospital", "airport",
    "official", "expert", "source", "critic", "fan", "campaigner", "activist", "protester", "resident", "people",
];
