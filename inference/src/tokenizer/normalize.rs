//! Untrusted text made fit for a model.

use unicode_normalization::UnicodeNormalization;

/// Characters that change how a text looks, and not what it says, go; line breaks and tabs become spaces; the rest is
/// composed (NFC).
///
/// What goes: C0 and C1 controls, U+FEFF, zero-width spaces and joiners, soft hyphens, controls of direction, tags,
/// annotation marks and noncharacters. The joiners U+200C and U+200D stay where scripts and emoji need them: between
/// the parts of an emoji, and after letters of Arabic's and India's scripts. Doing it twice is doing it once.
pub fn normalize_input(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let previous = kept.chars().next_back();
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\t' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => kept.push(' '),
            '\u{200C}' | '\u{200D}' => {
                let next = chars.clone().find(|c| !is_invisible(*c));
                if joins(previous, next) {
                    kept.push(c);
                }
            }
            _ if is_invisible(c) => {}
            _ => kept.push(c),
        }
    }
    kept.nfc().collect()
}

/// Whether a character is dropped wherever it stands.
fn is_invisible(c: char) -> bool {
    let code = u32::from(c);
    let is_noncharacter = code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code);
    is_noncharacter
        || match c {
            '\n' | '\r' | '\t' | '\u{B}' | '\u{C}' | '\u{85}' => false,
            '\u{AD}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{FEFF}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}' => true,
            _ => c.is_control(),
        }
}

/// Whether a joiner has something to join.
fn joins(previous: Option<char>, next: Option<char>) -> bool {
    let Some(previous) = previous else { return false };
    is_joining_letter(previous) || (is_emoji_part(previous) && next.is_some_and(is_emoji_part))
}

/// Letters and marks of scripts in which joiners choose the form of a letter: from Arabic to Mongolian.
fn is_joining_letter(c: char) -> bool {
    matches!(u32::from(c),
        0x620..=0x6FF | 0x700..=0x8FF | 0x900..=0x109F | 0x1780..=0x18AF | 0x1900..=0x1CFF
        | 0xA840..=0xABFF | 0xFB50..=0xFDCF | 0xFDF0..=0xFDFF | 0xFE70..=0xFEFC | 0x10A00..=0x10FFF
        | 0x11000..=0x11FFF | 0x1E900..=0x1E95F)
}

/// Symbols that emoji are made of, their skin tones, and the selector U+FE0F.
fn is_emoji_part(c: char) -> bool {
    matches!(u32::from(c), 0x2190..=0x2BFF | 0xFE0F | 0x1F000..=0x1FAFF)
}
