//! Names of files inside a repository. They come from the wire and become paths, so that nothing may lead out of it.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Serialize, Serializer};

use super::InvalidName;

const MAX_LENGTH: usize = 500;
const MAX_PART: usize = 200;
const MAX_DEPTH: usize = 8;

/// A file's path relative to its repository, with `/` between its parts, none of which is `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);

impl FileName {
    /// As the hub writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts, outermost first.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// Its path under `directory`.
    pub fn within(&self, directory: &Path) -> PathBuf {
        let mut path = directory.to_owned();
        path.extend(self.parts());
        path
    }

    /// Whether it ends like `.gguf`, however it is capitalised.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.0).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
    }
}

impl FromStr for FileName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // What Windows gives a meaning to is refused everywhere.
        let plain = |c: char| !c.is_control() && !"\\:*?\"<>|".contains(c);
        let part = |part: &str| {
            !part.is_empty()
                && part.len() <= MAX_PART
                && part.chars().all(plain)
                && !part.ends_with(['.', ' '])
        };
        let good =
            text.len() <= MAX_LENGTH && text.split('/').count() <= MAX_DEPTH && text.split('/').all(part);
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidName::File) }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for FileName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for text in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a/..",
            ".",
            "a/./b",
            "a//b",
            "a/",
            "a\\b",
            "C:x",
            "a\u{0}b",
            "a\nb",
            "a/b. ",
            "nul:",
            "a/.../b",
            "1/2/3/4/5/6/7/8/9",
        ] {
            assert!(text.parse::<FileName>().is_err(), "{text:?}");
        }
        for text in ["config.json", ".gitattributes", "onnx/model.onnx", "Modèle 1.bin"] {
            assert_eq!(text.parse::<FileName>().unwrap().as_str(), text);
        }
    }

    proptest! {
        #[test]
        fn a_file_is_always_below_its_directory(text in "[a-c./\\\\: ]{0,12}|\\PC{0,20}") {
            if let Ok(name) = text.parse::<FileName>() {
                let below = name.within(Path::new("/cache"));
                let rest = below.strip_prefix("/cache").unwrap();
                prop_assert!(rest.components().count() > 0);
                prop_assert!(rest.components().all(|part| matches!(part, Component::Normal(_))));
            }
        }
    }
}
