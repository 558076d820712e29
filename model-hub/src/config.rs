//! Settings: those of Hugging Face's own programs, so that one environment serves both, and the limits.

use std::{
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use url::Url;

use crate::error::HubError;

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// Where the hub is, where the cache is, who asks.
#[derive(Debug, Clone)]
pub struct Config {
    /// The hub or a mirror of it, with or without a path (`HF_ENDPOINT`).
    pub endpoint: Url,
    /// The cache's directory (`HF_HUB_CACHE`, else `hub` in `HF_HOME`, else in `~/.cache/huggingface`).
    pub cache: PathBuf,
    /// Who asks (`HF_TOKEN`, else the file `HF_TOKEN_PATH`, else `token` in `HF_HOME`).
    pub token: Option<Token>,
    /// Nothing is asked of the hub (`HF_HUB_OFFLINE`).
    pub offline: bool,
    /// Whether the proxy that the environment names is used (`HTTPS_PROXY`, `NO_PROXY`, …).
    pub system_proxy: bool,
    /// How much, how long, how often.
    pub limits: Limits,
}

/// How much, how long, how often.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Attempts in a row that bring no byte, before a request is given up.
    pub attempts: usize,
    /// The first pause between two of them; it doubles, with jitter.
    pub pause_min: Duration,
    /// The longest pause.
    pub pause_max: Duration,
    /// The longest rest that the hub may ask for (`Retry-After`); for more, the request is given up.
    pub rest_max: Duration,
    /// Until a connection stands.
    pub connect: Duration,
    /// Without a byte, until a request counts as stalled.
    pub stall: Duration,
    /// Without a byte that another process fetches for us.
    pub lock: Duration,
    /// Files that are fetched at once.
    pub parallel: usize,
    /// Bytes of a file of weights.
    pub weights: u64,
    /// Bytes of any other file.
    pub small_file: u64,
    /// Bytes of an answer of the hub's API.
    pub answer: u64,
    /// Files of a repository.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 5,
            pause_min: Duration::from_millis(500),
            pause_max: Duration::from_secs(20),
            rest_max: Duration::from_mins(2),
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            lock: Duration::from_mins(5),
            parallel: 4,
            weights: 64_000_000_000,
            small_file: 64_000_000,
            answer: 8_000_000,
            files: 10_000,
        }
    }
}

/// A secret that shows who asks. It is sent to the hub alone, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// `None` where it can't be one.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let good = !text.is_empty() && text.len() <= 4096 && text.bytes().all(|byte| byte.is_ascii_graphic());
        good.then(|| Self(text.to_owned()))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Config {
    /// For a hub, a cache and nobody in particular, whatever the environment says.
    pub fn new(endpoint: Url, cache: PathBuf) -> Self {
        Self { endpoint, cache, token: None, offline: false, system_proxy: false, limits: Limits::default() }
    }

    /// As this process's environment says. To be called once, at the start.
    ///
    /// # Errors
    ///
    /// [`HubError::Config`] for values that make no sense, and where there is no home directory and no `HF_HOME`;
    /// [`HubError::Io`] for a file with a token that can't be read.
    pub fn from_env() -> Result<Self, HubError> {
        Self::from_variables(|name| std::env::var_os(name), std::env::home_dir().as_deref())
    }

    fn from_variables(
        variable: impl Fn(&str) -> Option<OsString>,
        home: Option<&Path>,
    ) -> Result<Self, HubError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let path = |name: &str| {
            let path = PathBuf::from(variable(name)?);
            Some(match (path.strip_prefix("~"), home) {
                (Ok(rest), Some(home)) => home.join(rest),
                _ => path,
            })
        };
        let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned());
        let is_on = |name: &str| {
            text(name)
                .is_some_and(|value| matches!(&*value.to_ascii_uppercase(), "1" | "ON" | "YES" | "TRUE"))
        };

        let base = path("HF_HOME")
            .or_else(|| Some(path("XDG_CACHE_HOME")?.join("huggingface")))
            .or_else(|| Some(home?.join(".cache").join("huggingface")))
            .ok_or_else(|| HubError::Config("there is no home directory: set HF_HOME".to_owned()))?;
        let endpoint = endpoint(text("HF_ENDPOINT").as_deref().unwrap_or(DEFAULT_ENDPOINT))?;
        let token = match text("HF_TOKEN") {
            Some(text) => Some(token(&text, "HF_TOKEN")?),
            None if is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN") => None,
            None => token_of_file(&path("HF_TOKEN_PATH").unwrap_or_else(|| base.join("token")))?,
        };
        Ok(Self {
            token,
            offline: is_on("HF_HUB_OFFLINE") || is_on("TRANSFORMERS_OFFLINE"),
            system_proxy: true,
            ..Self::new(endpoint, path("HF_HUB_CACHE").unwrap_or_else(|| base.join("hub")))
        })
    }
}

/// Reads a hub's address.
///
/// # Errors
///
/// [`HubError::Config`] when it is none, or is not of HTTP.
pub fn endpoint(text: &str) -> Result<Url, HubError> {
    let refused =
        || HubError::Config(format!("HF_ENDPOINT is no address such as {DEFAULT_ENDPOINT}: {text:?}"));
    let url: Url = text.trim().trim_end_matches('/').parse().map_err(|_| refused())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none();
    if plain { Ok(url) } else { Err(refused()) }
}

fn token(text: &str, origin: &str) -> Result<Token, HubError> {
    Token::new(text)
        .ok_or_else(|| HubError::Config(format!("{origin} holds no token: a token is one word of ASCII")))
}

fn token_of_file(path: &Path) -> Result<Option<Token>, HubError> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => token(&text, &path.display().to_string()).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(HubError::io(path, error)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, HubError> {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        Config::from_variables(|name| variables.get(name).map(OsString::from), Some(Path::new("/home/ada")))
    }

    #[test]
    fn the_cache_is_where_hugging_faces_programs_keep_it() {
        for (variables, cache) in [
            (&[][..], "/home/ada/.cache/huggingface/hub"),
            (&[("XDG_CACHE_HOME", "/x")], "/x/huggingface/hub"),
            (&[("XDG_CACHE_HOME", "/x"), ("HF_HOME", "/h")], "/h/hub"),
            (&[("HF_HOME", "/h"), ("HF_HUB_CACHE", "~/c")], "/home/ada/c"),
            (&[("HF_HOME", "")], "/home/ada/.cache/huggingface/hub"),
        ] {
            assert_eq!(config(variables).unwrap().cache, Path::new(cache), "{variables:?}");
        }
    }

    #[test]
    fn a_token_of_the_environment_goes_before_the_one_in_a_file() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("token"), "hf_file\n").unwrap();
        let home = home.path().to_str().unwrap();
        let token = |variables: &[(&str, &str)]| {
            let variables = [&[("HF_HOME", home)], variables].concat();
            config(&variables).unwrap().token.map(|token| token.reveal().to_owned())
        };
        assert_eq!(token(&[]).as_deref(), Some("hf_file"));
        assert_eq!(token(&[("HF_TOKEN", "hf_env")]).as_deref(), Some("hf_env"));
        assert_eq!(token(&[("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
        assert_eq!(token(&[("HF_TOKEN_PATH", "/no/such/file")]), None);
    }

    #[test]
    fn a_token_is_never_shown() {
        let config = config(&[("HF_TOKEN", "hf_secret")]).unwrap();
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        for (name, value) in [
            ("HF_ENDPOINT", "hub.example"),
            ("HF_ENDPOINT", "ftp://hub.example"),
            ("HF_ENDPOINT", "https://hub.example/?a"),
            ("HF_TOKEN", "two words"),
        ] {
            let error = config(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_mirror_may_be_below_a_path() {
        let config =
            config(&[("HF_ENDPOINT", "http://mirror.example/hf/"), ("HF_HUB_OFFLINE", "yes")]).unwrap();
        assert_eq!((config.endpoint.as_str(), config.offline), ("http://mirror.example/hf", true));
    }
}
