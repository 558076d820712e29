//! Settings from flags and environment variables.
//!
//! A service's settings are a documented clap struct that is read once, at the start. clap stops at the first value
//! that it can't parse; [`parse`] goes on, so that an operator sees all of them in one run.

use std::{ffi::OsString, fmt, process, time::Duration};

use clap::{
    Command, Parser,
    builder::{Resettable, ValueParser},
    error::{ContextKind, ErrorKind},
};

/// Checks that need more than one field.
pub trait Validate {
    /// Every problem as a sentence for the operator; empty when the settings make sense.
    fn problems(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Why settings were refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// What clap itself has to say: help, version, an unknown flag.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// Values that make no sense, one sentence each.
    #[error("{}", Listed(.0))]
    Problems(Vec<String>),
}

impl ConfigError {
    /// Prints the error and ends the process: 0 after `--help` and `--version`, else 2.
    #[expect(clippy::print_stderr, reason = "no logging before the settings are known")]
    pub fn exit(&self) -> ! {
        match self {
            Self::Usage(error) => error.exit(),
            Self::Problems(_) => {
                eprintln!("error: {self}\n\nFor more information, try '--help'.");
                process::exit(2)
            }
        }
    }
}

struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the settings can't be used:", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

/// Reads the process's arguments and environment; prints what is wrong and exits where they can't be used.
pub fn parse<C: Parser + Validate>() -> C {
    try_parse_from(std::env::args_os()).unwrap_or_else(|error| error.exit())
}

/// Reads `arguments` (the program's name first) and the environment.
///
/// # Errors
///
/// [`ConfigError::Usage`] for help, version and unknown flags; else [`ConfigError::Problems`] with every bad value.
pub fn try_parse_from<C: Parser + Validate>(
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
) -> Result<C, ConfigError> {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let mut command = C::command();
    let mut problems = Vec::new();
    loop {
        let error = match command.clone().try_get_matches_from(&arguments) {
            Ok(matches) if problems.is_empty() => {
                let config = C::from_arg_matches(&matches)?;
                problems = config.problems();
                return if problems.is_empty() { Ok(config) } else { Err(ConfigError::Problems(problems)) };
            }
            Ok(_) => return Err(ConfigError::Problems(problems)),
            Err(error) => error,
        };
        let bad_value = matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue);
        let relaxed = error.get(ContextKind::InvalidArg).filter(|_| bad_value).and_then(|shown| {
            // Once its problem is noted, the argument takes anything, so that the next one comes to light.
            relax(&mut command, &shown.to_string())
        });
        match relaxed {
            Some(variable) => problems.push(sentence(&error, &variable)),
            None if problems.is_empty() => return Err(error.into()),
            None => {
                problems.push(sentence(&error, ""));
                return Err(ConfigError::Problems(problems));
            }
        }
    }
}

/// Makes the argument that clap shows as `shown` accept any value. Some with its environment variable (empty where it
/// has none) if there is such an argument that was not relaxed before.
fn relax(command: &mut Command, shown: &str) -> Option<String> {
    const RELAXED: &str = "relaxed";
    // Only a built command can show its arguments, and only one that isn't built can be changed.
    let mut built = command.clone();
    built.build();
    let found = built
        .get_arguments()
        .find(|arg| arg.to_string() == shown && arg.get_help_heading() != Some(RELAXED))
        .map(|arg| (arg.get_id().clone(), arg.get_action().takes_values(), variable(arg)));
    let Some((id, takes_value, variable)) = found else {
        return command.get_subcommands_mut().find_map(|sub| relax(sub, shown));
    };
    *command = std::mem::take(command).mut_arg(id, |arg| {
        let arg = arg.help_heading(RELAXED);
        if takes_value { arg.value_parser(ValueParser::os_string()) } else { arg.env(Resettable::Reset) }
    });
    Some(variable)
}

fn variable(arg: &clap::Arg) -> String {
    arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// clap's message without its frame.
fn sentence(error: &clap::Error, variable: &str) -> String {
    let text = error.to_string();
    let message: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with("For more information") && !line.starts_with("Usage:"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let message = message.join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
    if variable.is_empty() { message } else { format!("{message} (environment variable: {variable})") }
}

/// Parses a span of time such as `10s`, `1.5s`, `250ms` or `2m` (jiff's "friendly" format). For clap's `value_parser`.
///
/// # Errors
///
/// A sentence for the operator.
pub fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|span| Duration::try_from(span).ok())
        .ok_or_else(|| "expected a span of time such as 10s, 250ms or 2m".to_owned())
}

/// Parses a number of bytes such as `10MB`, `512KiB` or `1048576`. For clap's `value_parser`.
///
/// # Errors
///
/// A sentence for the operator.
pub fn byte_size(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "B" => Some(1),
        "kB" | "KB" => Some(1_000),
        "KiB" => Some(1 << 10),
        "MB" => Some(1_000_000),
        "MiB" => Some(1 << 20),
        "GB" => Some(1_000_000_000),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let number: Option<usize> = number.parse().ok();
    number
        .zip(factor)
        .and_then(|(number, factor)| number.checked_mul(factor))
        .ok_or_else(|| "expected a number of bytes such as 10MB, 512KiB or 1048576".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    struct Settings {
        #[arg(long, value_parser = duration, default_value = "1s")]
        wait: Duration,
        #[arg(long, value_parser = byte_size, default_value = "1KiB", env = "NUTGRAF_TEST_SIZE")]
        size: usize,
        #[arg(long, default_value_t = 1)]
        workers: usize,
    }

    impl Validate for Settings {
        fn problems(&self) -> Vec<String> {
            if self.workers == 0 { vec!["--workers must be at least 1".to_owned()] } else { Vec::new() }
        }
    }

    #[test]
    fn every_bad_value_is_reported_at_once() {
        let arguments = ["x", "--wait", "soon", "--size", "big", "--workers", "many"];
        let Err(ConfigError::Problems(problems)) = try_parse_from::<Settings>(arguments) else {
            panic!("accepted nonsense")
        };
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].contains("'soon'") && problems[0].contains("10s"), "{problems:?}");
        assert!(problems[1].contains("NUTGRAF_TEST_SIZE"), "{problems:?}");
    }

    #[test]
    fn checks_across_fields_run_once_the_values_parse() {
        let error = try_parse_from::<Settings>(["x", "--workers", "0"]).unwrap_err();
        assert_eq!(error.to_string(), "1 of the settings can't be used:\n  - --workers must be at least 1");
    }

    #[test]
    fn an_unknown_flag_is_a_usage_error() {
        assert!(matches!(try_parse_from::<Settings>(["x", "--nope"]), Err(ConfigError::Usage(_))));
    }

    #[test]
    fn good_values_are_read() {
        let settings = try_parse_from::<Settings>(["x", "--wait", "1.5s", "--size", "2MiB"]).unwrap();
        assert_eq!((settings.wait, settings.size), (Duration::from_millis(1500), 2 << 20));
    }

    #[test]
    fn sizes_that_overflow_or_have_odd_units_are_refused() {
        for text in ["", "MB", "-1", "1.5MB", "1 parsec", "99999999999999999999", "99999999999GiB"] {
            assert!(byte_size(text).is_err(), "{text}");
        }
    }
}
