//! robots.txt (RFC 9309): read once a day for each origin, and asked before each hop to anything but itself.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use texting_robots::Robot;
use url::Position;

use super::{
    FetchError,
    transport::{Admission, Gate, Open, Transport},
};
use crate::article::{ArticleUrl, RobotsVerdict};

/// Name in robots.txt ("product token").
const PRODUCT: &str = "nutgraf";
/// What is read of a robots.txt; RFC 9309 asks for at least this much.
const MAX_BYTES: usize = 500 * 1024;
/// Rules with `$` cost a compiled expression each; real files have a few dozen.
const MAX_ANCHORED: usize = 1_000;
/// RFC 9309 asks not to use a copy that is older.
const FRESH: Duration = Duration::from_hours(24);
/// Redirects of a robots.txt that are followed, whatever is set for pages (section 2.3.1.2).
const MAX_REDIRECTS: usize = 5;
/// Memory for rules, in bytes as weighed below.
const CACHE_BYTES: u64 = 64 << 20;

/// Asks robots.txt, with a cache of what it said.
#[derive(Debug)]
pub(super) struct Robots {
    transport: Arc<Transport>,
    /// By origin.
    cache: Cache<String, Rules>,
    ignore: bool,
}

/// What one origin's robots.txt says (RFC 9309).
#[derive(Debug, Clone)]
pub enum Rules {
    /// It has no robots.txt.
    Absent,
    /// It has one.
    Present {
        /// What it says to us.
        robot: Arc<Robot>,
        /// What it takes in memory, in bytes, more or less.
        weight: u32,
    },
}

impl Robots {
    pub(super) fn new(transport: Arc<Transport>, ignore: bool) -> Self {
        let cache = Cache::builder()
            .time_to_live(FRESH)
            .max_capacity(CACHE_BYTES)
            .weigher(|origin: &String, rules: &Rules| match rules {
                Rules::Absent => origin.len() as u32,
                Rules::Present { weight, .. } => *weight,
            })
            .build();
        Self { transport, cache, ignore }
    }

    /// Reads an origin's rules. What can't be had now is an error, which nothing remembers.
    async fn read(&self, url: &ArticleUrl) -> Result<Rules, FetchError> {
        let unavailable = |_| FetchError::RobotsUnavailable;
        let mut at = url.as_url().clone();
        at.set_path("/robots.txt");
        at.set_query(None);
        let at = ArticleUrl::try_from(at).map_err(unavailable)?;
        let accept = "text/plain, */*;q=0.5";
        let answer = match self.transport.follow(&at, accept, &Open, MAX_REDIRECTS).await {
            Ok(answer) => answer,
            // "Unavailable" in the sense of RFC 9309, section 2.3.1.2.
            Err(FetchError::TooManyRedirects | FetchError::BadRedirect { .. }) => return Ok(Rules::Absent),
            Err(error) => return Err(error),
        };
        match answer.status.as_u16() {
            200..=299 => {
                let text = answer.beginning(MAX_BYTES).await?;
                // Up to 500 KiB of rules: too much work for a thread that serves others.
                tokio::task::spawn_blocking(move || parse(&text))
                    .await
                    .map_err(|_| FetchError::RobotsUnavailable)
            }
            400..=499 => Ok(Rules::Absent),
            _ => Err(FetchError::RobotsUnavailable),
        }
    }
}

impl Gate for Robots {
    async fn admit(&self, url: &ArticleUrl) -> Result<Admission, FetchError> {
        if self.ignore {
            return Ok(Admission { verdict: RobotsVerdict::Ignored, delay: None });
        }
        let origin = url.as_url().origin().ascii_serialization();
        let rules = self.cache.try_get_with(origin, self.read(url)).await;
        let rules = rules.map_err(|error| FetchError::clone(&error))?;
        let verdict = rules.verdict(url).ok_or(FetchError::RobotsDisallowed)?;
        Ok(Admission { verdict, delay: rules.delay() })
    }
}

/// The same rules without their pause, which is one between pages: feeds and sitemaps are read once a minute at most, on
/// the way to a page.
pub(super) struct NoPause<'a>(pub(super) &'a Robots);

impl Gate for NoPause<'_> {
    async fn admit(&self, url: &ArticleUrl) -> Result<Admission, FetchError> {
        Ok(Admission { delay: None, ..self.0.admit(url).await? })
    }
}

impl Rules {
    /// Reads the rules for us in a robots.txt.
    pub fn parse(text: &[u8]) -> Self {
        parse(text)
    }

    /// What they say of an address; None where they forbid it.
    pub fn verdict(&self, url: &ArticleUrl) -> Option<RobotsVerdict> {
        match self {
            Self::Absent => Some(RobotsVerdict::Absent),
            Self::Present { robot, .. } => {
                let bare = &url.as_url()[Position::BeforePath..];
                robot.allowed(&normalized(bare)).then_some(RobotsVerdict::Allowed)
            }
        }
    }

    /// The pause that they ask for between two pages (`Crawl-delay`, which no standard defines).
    fn delay(&self) -> Option<Duration> {
        match self {
            Self::Absent => None,
            Self::Present { robot, .. } => {
                robot.delay.and_then(|delay| Duration::try_from_secs_f32(delay).ok())
            }
        }
    }
}

/// Reads the rules for us. A line that can't be read is left out, as RFC 9309 asks (section 2.2.4).
fn parse(text: &[u8]) -> Rules {
    let text = String::from_utf8_lossy(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
    let text = normalized(&text);
    let mut anchored = 0;
    let mut lines = Vec::new();
    let mut weight = 1024_usize;
    for line in text.as_bytes().split(|byte| matches!(byte, b'\n' | b'\r')) {
        let dear = line.contains(&b'$');
        anchored += usize::from(dear);
        if dear && (anchored > MAX_ANCHORED || Robot::new("*", &rule_alone(line)).is_err()) {
            continue;
        }
        weight += line.len() + if dear { 16 * 1024 } else { 128 };
        lines.push(line);
    }
    match Robot::new(PRODUCT, &lines.join(&b'\n')) {
        Ok(robot) => {
            Rules::Present { robot: Arc::new(robot), weight: u32::try_from(weight).unwrap_or(u32::MAX) }
        }
        Err(error) => {
            tracing::info!(%error, "a robots.txt can't be read");
            Rules::Absent
        }
    }
}

/// The same text with percent-encodings as both sides of a comparison have them (section 2.2.2): none of what needs
/// none, and upper-case digits in the others.
fn normalized(text: &str) -> String {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        match code.map(|code| (code, u8::from_str_radix(code, 16).unwrap_or_default())) {
            Some((_, octet)) if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) => {
                plain.push(octet.into());
            }
            Some((code, _)) => {
                plain.push('%');
                plain.push_str(&code.to_ascii_uppercase());
            }
            None => plain.push('%'),
        }
        plain.push_str(part.get(code.map_or(0, str::len)..).unwrap_or_default());
    }
    plain
}

fn rule_alone(line: &[u8]) -> Vec<u8> {
    [b"User-agent: *\n", line].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allowed(text: &str, path: &str) -> bool {
        let url = ArticleUrl::parse(&format!("https://example.org{path}")).unwrap();
        Rules::parse(text.as_bytes()).verdict(&url).is_some()
    }

    #[test]
    fn our_own_group_outranks_the_one_for_everybody() {
        let text =
            "User-agent: *\nDisallow: /\n\nUser-agent: Nutgraf\nAllow: /news/\nDisallow: /news/private";
        assert!(allowed(text, "/news/1"));
        assert!(!allowed(text, "/news/private/1"));
        assert!(allowed(text, "/elsewhere"));
    }

    #[test]
    fn the_longest_rule_wins_and_wildcards_work() {
        let text =
            "\u{feff}User-agent: *\r\nDisallow: /account/\r\nDisallow: /*.pdf$\r\nAllow: /account/terms";
        assert!(!allowed(text, "/account/me"));
        assert!(allowed(text, "/account/terms"));
        assert!(!allowed(text, "/a/b.pdf"));
        assert!(allowed(text, "/a/b.pdf?page=1"));
    }

    #[test]
    fn a_path_is_the_same_in_every_encoding() {
        for (rule, path) in [
            ("/private", "/%70rivate/1"),
            ("/%70rivat%65", "/private/1"),
            ("/~us", "/%7Eus/1"),
            ("/%7eus", "/~us/1"),
            ("/caf%c3%a9", "/café"),
            ("/café", "/caf%c3%a9"),
            ("/a%2fb", "/a%2Fb"),
            ("/100%", "/100%/1"),
        ] {
            assert!(!allowed(&format!("User-agent: *\nDisallow: {rule}"), path), "{rule} {path}");
        }
        // A slash that is data parts no directories.
        assert!(allowed("User-agent: *\nDisallow: /a/b", "/a%2Fb"));
    }

    #[test]
    fn groups_for_us_are_put_together_and_of_two_rules_of_one_length_the_milder_counts() {
        let text = "User-agent: other\nUser-agent: nutgraf\nDisallow: /a\n\nUser-agent: *\nDisallow: /\n\n\
                    USER-AGENT: NUTGRAF\nSitemap: https://example.org/x.xml\nDisallow: /b # as agreed\nAllow: /b";
        assert!(!allowed(text, "/a"));
        assert!(allowed(text, "/b") && allowed(text, "/c"));
        assert!(allowed("User-agent: *\nDisallow:", "/a"));
        assert!(allowed("User-agent: *\nDisallow: /", "/robots.txt"));
    }

    #[test]
    fn a_rule_that_is_too_complex_takes_no_other_with_it() {
        let monster = format!("Disallow: /{}$", "*a".repeat(5_000));
        let text = format!("User-agent: *\n{monster}\nDisallow: /private/");
        assert!(!allowed(&text, "/private/1"));
        assert!(allowed(&text, "/news"));
    }

    #[test]
    fn half_a_megabyte_of_anchored_rules_is_read_in_bounded_memory() {
        let text = format!("User-agent: *\n{}", "Disallow: /*x$\n".repeat(35_000));
        let Rules::Present { weight, .. } = parse(text.as_bytes()) else { panic!("no rules") };
        assert!(u64::from(weight) < CACHE_BYTES, "{weight}");
    }

    #[test]
    fn a_page_that_is_no_robots_txt_allows_everything() {
        assert!(allowed("<!doctype html><title>Not found</title>", "/news"));
        assert!(allowed("", "/news"));
    }

    proptest! {
        #[test]
        fn any_bytes_parse(text: Vec<u8>) {
            parse(&text);
        }
    }
}
