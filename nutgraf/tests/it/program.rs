//! Runs the program.

use std::{
    ffi::OsStr,
    io::Write as _,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// An article of four paragraphs, with the furniture of a page.
pub(crate) const PAGE: &str = include_str!("page.html");
/// The article's paragraphs.
pub(crate) const PARAGRAPHS: [&str; 4] = [
    "The harbour bridge at Fennick opened on Monday after two years of work, eleven weeks late and 3 million crowns \
     below its budget.",
    "The first to cross was a retired ferryman, Osk Hallam, who had carried passengers over the same water for 38 years.",
    "Traffic engineers expect 4,200 cars a day to use the bridge, which shortens the way to the hospital by 19 minutes.",
    "The old ferry will sail on Sundays until the end of the year, and the town will then decide what to do with it.",
];

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nutgraf"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // The settings of whoever runs the tests are no business of theirs.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NUTGRAF_") {
            command.env_remove(name);
        }
    }
    command
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    /// Each line of output as JSON.
    pub(crate) fn rows(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    program().args(arguments).output().unwrap().into()
}

/// The same with something on standard input.
pub(crate) fn run_with(input: &[u8], arguments: &[&str]) -> Run {
    let mut child = program().args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().into()
}
