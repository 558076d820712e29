//! `nutgraf sources`: what can be done with files of sources.

use std::ffi::OsString;

use clap::{Args, Subcommand};
use scraper_svc::{fetch::decode, sources::opml};

use crate::{
    document::{self, Input},
    exit::{Failure, print, say},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the subscriptions of a feed reader (OPML) as a file for --sources.
    Import(Import),
}

#[derive(Debug, Args)]
struct Import {
    /// An OPML file, or - for standard input.
    file: OsString,
    /// Language of the subscriptions that name none, as a BCP 47 tag.
    #[arg(long, value_name = "TAG", default_value = "en")]
    language: String,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Import(import) => import.run(),
    }
}

impl Import {
    fn run(self) -> Result<(), Failure> {
        let input = Input::from(self.file);
        let text = decode(&document::read(&input)?, None, None);
        let imported = opml::import(&text, &self.language)
            .map_err(|error| Failure::Unsuitable(format!("{input}: {error}")))?;
        if imported.skipped > 0 {
            say(
                "notice",
                format!("{} subscriptions without a usable address were left out", imported.skipped),
            );
        }
        print(imported.toml.trim_end())
    }
}
