//! A browser before the program, with a wire between them that can be cut.

use std::{io::ErrorKind, net::SocketAddr, process::Stdio, sync::Arc, time::Duration};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions, MouseActions, PointerAction},
    elements::Element,
    key::Key,
    wd::WebDriverCompatibleCommand,
};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use service_kit::testing::{Wire, listener};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::Semaphore,
    time::{interval, timeout},
};
use url::Url;

/// Longest wait for anything on a page.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest run of one test.
const LIMIT: Duration = Duration::from_secs(90);
/// Browsers are heavy; more at once only slow each other down.
static SEATS: Semaphore = Semaphore::const_new(2);

/// Whether the browser runs scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

/// A browser before the program.
pub(crate) struct Stage {
    pub(crate) client: Client,
    /// Lies between the browser and the program.
    pub(crate) wire: Wire,
}

/// A command of chromedriver's own, beyond the standard.
#[derive(Debug)]
enum Own {
    /// A command of the DevTools protocol.
    DevTools(Value),
    /// What the browser had to say since it was last asked.
    Log,
    /// Closes all browsers and ends.
    Shutdown,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        let session = session.unwrap_or_default();
        match self {
            Self::DevTools(_) => base.join(&format!("session/{session}/goog/cdp/execute")),
            Self::Log => base.join(&format!("session/{session}/se/log")),
            Self::Shutdown => base.join("shutdown"),
        }
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        match self {
            Self::DevTools(body) => (Method::POST, Some(body.to_string())),
            Self::Log => (Method::POST, Some(json!({ "type": "browser" }).to_string())),
            Self::Shutdown => (Method::GET, None),
        }
    }
}

/// Runs a test with a browser of its own before the program, and leaves no process behind.
pub(crate) async fn with_browser<Fut: Future<Output = ()> + Send + 'static>(
    scripts: Scripts,
    test: impl FnOnce(Arc<Stage>) -> Fut,
) {
    with_browser_before(start_program(), scripts, test).await;
}

/// The same before something else that serves at an address until it is dropped.
pub(crate) async fn with_browser_before<P, Fut: Future<Output = ()> + Send + 'static>(
    start: impl Future<Output = (SocketAddr, P)>,
    scripts: Scripts,
    test: impl FnOnce(Arc<Stage>) -> Fut,
) {
    let _seat = SEATS.acquire().await.unwrap();
    let Some((driver, mut driver_process)) = start_driver().await else { return };
    let (address, program) = start.await;
    let client = connect(&driver, scripts).await;
    let wire = Wire::to(address).await.unwrap();
    let stage = Arc::new(Stage { client, wire });
    let outcome = timeout(LIMIT, tokio::spawn(test(Arc::clone(&stage)))).await;
    // Closes its browsers too, which killing it would not.
    let closed = timeout(PATIENCE, stage.client.issue_cmd(Own::Shutdown)).await;
    driver_process.start_kill().ok();
    driver_process.wait().await.unwrap();
    drop(program);
    if let Err(failed) = outcome.expect("the test took too long") {
        std::panic::resume_unwind(failed.into_panic());
    }
    closed.expect("chromedriver did not stop").unwrap();
}

/// chromedriver's address, or None where there is none and none is asked for.
async fn start_driver() -> Option<(String, Child)> {
    // Not every version takes port 0.
    let port = listener().await.unwrap().local_addr().unwrap().port();
    let started = Command::new("chromedriver")
        .arg(format!("--port={port}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let mut process = match started {
        Ok(process) => process,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let required = std::env::var("NUTGRAF_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
            assert!(!required, "chromedriver is not installed, and NUTGRAF_REQUIRE_BROWSER=1 asks for it");
            println!("skipped: chromedriver is not installed");
            return None;
        }
        Err(error) => panic!("chromedriver can't be started: {error}"),
    };
    first_line(&mut process, |line| line.contains("started successfully")).await;
    Some((format!("http://127.0.0.1:{port}"), process))
}

/// The program on a free port, and where it listens.
async fn start_program() -> (SocketAddr, Child) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_nutgraf"))
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let line = first_line(&mut process, |_| true).await;
    let address = line.trim().trim_start_matches("http://").trim_end_matches('/');
    (address.parse().unwrap(), process)
}

async fn first_line(process: &mut Child, wanted: impl Fn(&str) -> bool) -> String {
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let find = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if wanted(&line) {
                return line;
            }
        }
        panic!("a process ended before it was ready");
    };
    let line = timeout(PATIENCE, find).await.expect("a process is not ready in time");
    // Whoever writes to a closed pipe may die of it.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    line
}

async fn connect(driver: &str, scripts: Scripts) -> Client {
    let mut options = json!({
        "args": [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--window-size=1280,900",
            // A click waits for no page that is still scrolling.
            "--force-prefers-reduced-motion",
        ],
    });
    if scripts == Scripts::Off {
        options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
    }
    let wanted = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(serde_json::from_value(wanted).unwrap());
    timeout(Duration::from_mins(1), builder.connect(driver)).await.expect("no browser in time").unwrap()
}

impl Stage {
    pub(crate) async fn goto(&self, path: &str) {
        self.client.goto(&format!("http://{}{path}", self.wire.address)).await.unwrap();
    }

    /// The path and query of the page.
    pub(crate) async fn place(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// Waits for an element.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Waits for an element with this text.
    pub(crate) async fn named(&self, tag: &str, text: &str) -> Element {
        let path = format!("//{tag}[normalize-space()='{text}']");
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await;
        found.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    /// Presses a button by its name.
    pub(crate) async fn press(&self, name: &str) {
        self.named("button", name).await.click().await.unwrap();
    }

    pub(crate) async fn js(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Asks the page again and again until an expression is true.
    pub(crate) async fn until(&self, expression: &str) {
        let script = format!("return Boolean({expression});");
        let asked = async {
            let mut beat = interval(Duration::from_millis(20));
            // A page that is being left can't answer.
            while !matches!(self.client.execute(&script, Vec::new()).await, Ok(Value::Bool(true))) {
                beat.tick().await;
            }
        };
        timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("never true: {expression}"));
    }

    pub(crate) async fn keys(&self, keys: &[Key]) {
        let both =
            |key: &Key| [KeyAction::Down { value: (*key).into() }, KeyAction::Up { value: (*key).into() }];
        let actions = keys.iter().flat_map(both).fold(KeyActions::new("keyboard".into()), KeyActions::then);
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Presses a key while another is held.
    pub(crate) async fn chord(&self, held: Key, key: char) {
        let actions = [
            KeyAction::Down { value: held.into() },
            KeyAction::Down { value: key },
            KeyAction::Up { value: key },
            KeyAction::Up { value: held.into() },
        ];
        let actions = actions.into_iter().fold(KeyActions::new("keyboard".into()), KeyActions::then);
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Moves the pointer to the first line of an element.
    pub(crate) async fn hover(&self, css: &str) {
        self.find(css).await;
        let middle = self
            .js(&format!(
                "const node = document.querySelector({css:?});
                 node.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                 const box = node.getClientRects()[0];
                 return [box.x + box.width / 2, box.y + box.height / 2];"
            ))
            .await;
        let [x, y] = serde_json::from_value(middle).unwrap();
        let there = PointerAction::MoveTo { duration: None, x, y };
        self.client.perform_actions(MouseActions::new("mouse".into()).then(there)).await.unwrap();
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, params: Value) {
        let command = Own::DevTools(json!({ "cmd": command, "params": params }));
        self.client.issue_cmd(command).await.unwrap();
    }

    /// Asserts that the browser had nothing to complain about, such as scripts that failed or that the
    /// Content-Security-Policy forbids. An answer with an error status is not of that kind.
    pub(crate) async fn assert_quiet(&self) {
        let entries = self.client.issue_cmd(Own::Log).await.unwrap();
        let entries = entries.as_array().unwrap();
        let bad: Vec<&Value> = entries.iter().filter(|entry| entry["source"] != "network").collect();
        assert!(bad.is_empty(), "{bad:?}");
    }

    /// Get News, and the article's page.
    pub(crate) async fn get_news(&self) {
        self.goto("/").await;
        self.press("Get News").await;
        self.find("[data-story]").await;
    }

    /// Summarize, and wait for the sentences.
    pub(crate) async fn summarize(&self) {
        self.press("Summarize").await;
        self.find("a.sentence").await;
    }
}
