//! Engines and models to pick from, one of which is still on its way.

use nutgraf_proto::summarizer::v1::ModelState;
use serde_json::json;

use crate::{
    stage::{Scripts, Stage, with_browser_before},
    summarizer::Summarizer,
};

/// Where the list of models tells the state of the one that writes.
const STATE: &str = "document.querySelector('.engines [data-state-of=distilbart]').textContent";

/// Waits until the page says this of the model.
async fn until_said(page: &Stage, words: &str) {
    page.until(&format!("{STATE} === {words:?}")).await;
}

async fn pick(page: &Stage, model: &str) {
    page.click(&format!("label:has([name=model][value={model}])")).await;
}

#[tokio::test]
async fn a_download_is_followed_to_its_end_without_a_reload() {
    let summarizer = Summarizer::downloading(312_000_000);
    with_browser_before(summarizer.clone().serve_pages(), Scripts::On, |page| async move {
        for path in ["/", "/random"] {
            summarizer.download(312_000_000);
            summarizer.turn(ModelState::Downloading, "");
            page.goto(path).await;
            page.js(
                "window.heard = [];
                 const status = document.querySelector('[role=status][data-part=models]');
                 new MutationObserver(() => heard.push(status.textContent)).observe(status, { childList: true });",
            )
            .await;
            until_said(&page, "downloading, 312 of 1,222 MB").await;
            summarizer.download(900_400_000);
            until_said(&page, "downloading, 900 of 1,222 MB").await;
            summarizer.turn(ModelState::Loading, "");
            until_said(&page, "loading").await;
            summarizer.turn(ModelState::Ready, "");
            until_said(&page, "ready").await;
            // Screen readers hear of each state once, and of no megabytes.
            assert_eq!(page.js("return heard;").await, json!(["distilbart: loading", "distilbart: ready"]));
        }
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn nothing_is_asked_once_nothing_is_on_its_way_or_the_page_is_left() {
    let summarizer = Summarizer::downloading(312_000_000);
    with_browser_before(summarizer.clone().serve_pages(), Scripts::On, |page| async move {
        page.goto("/").await;
        // What the page means to do later.
        page.js("window.planned = new Set();
             const [set, clear] = [window.setTimeout, window.clearTimeout];
             window.setTimeout = (work, ms) => {
                 const id = set(() => { planned.delete(id); work(); }, ms);
                 planned.add(id);
                 return id;
             };
             window.clearTimeout = (id) => { planned.delete(id); clear(id); };")
            .await;
        page.until("planned.size === 1").await;
        page.js("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));").await;
        page.until("planned.size === 0").await;
        summarizer.download(500_000_000);
        page.js("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));").await;
        until_said(&page, "downloading, 500 of 1,222 MB").await;
        page.until("planned.size === 1").await;
        summarizer.turn(ModelState::Failed, "the disk is full");
        until_said(&page, "failed: the disk is full").await;
        assert_eq!(page.js("return planned.size;").await, 0);
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn a_service_that_fails_is_asked_again_ever_more_seldom() {
    let summarizer = Summarizer::downloading(312_000_000);
    with_browser_before(summarizer.clone().serve_pages(), Scripts::On, |page| async move {
        page.goto("/").await;
        // Time that passes at once, and a service that fails for the first six times.
        page.js("window.waits = [];
             const [set, real] = [window.setTimeout, window.fetch];
             window.setTimeout = (work, ms) => { waits.push(ms); return set(work, 0); };
             window.fetch = async (...all) => {
                 if (waits.length > 6) return real(...all);
                 if (waits.length % 2) throw new TypeError('Failed to fetch');
                 return new Response('{}', { status: 503 });
             };")
            .await;
        page.until("waits.length > 7").await;
        let waits = page.js("return waits.slice(0, 7);").await;
        assert_eq!(waits, json!([2000, 4000, 8000, 16000, 30000, 30000, 30000]));
        summarizer.turn(ModelState::Ready, "");
        until_said(&page, "ready").await;
    })
    .await;
}

#[tokio::test]
async fn a_model_that_is_not_ready_says_how_far_it_is_and_the_extractive_engine_stands_in() {
    let summarizer = Summarizer::downloading(312_000_000);
    with_browser_before(summarizer.clone().serve_pages(), Scripts::On, |page| async move {
        page.get_news().await;
        pick(&page, "distilbart").await;
        page.press("Summarize").await;
        page.until("document.activeElement.matches('.problem')").await;
        let panel = page.text(".summary .problem").await;
        assert!(panel.starts_with("The model is not ready yet"), "{panel}");
        assert!(panel.contains("distilbart · downloading, 312 of 1,222 MB"), "{panel}");
        page.named("button", "Retry").await;
        summarizer.download(600_000_000);
        page.until("document.querySelector('.problem').textContent.includes('600 of 1,222 MB')").await;
        page.press("Use the extractive engine now").await;
        page.find("a.sentence").await;
        page.until("document.querySelector('.problem') === null").await;
        page.until("document.querySelector('[name=model][value=extractive]').checked").await;
        let made_by = page.text("[data-part=made-by]").await;
        assert!(made_by.starts_with("Engine extractive · model extractive 1"), "{made_by}");
        page.until("location.pathname === '/summary'").await;
        assert!(page.place().await.contains("model=extractive"), "{}", page.place().await);
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn a_page_that_was_loaded_with_the_problem_offers_the_same() {
    for scripts in [Scripts::On, Scripts::Off] {
        let summarizer = Summarizer::downloading(312_000_000);
        with_browser_before(summarizer.serve_pages(), scripts, |page| async move {
            page.get_news().await;
            let article = page.place().await;
            page.goto(&format!("{}&model=distilbart", article.replace("/article", "/summary"))).await;
            let panel = page.text(".summary .problem").await;
            assert!(panel.contains("distilbart · downloading, 312 of 1,222 MB"), "{panel}");
            page.press("Use the extractive engine now").await;
            page.find("a.sentence").await;
            page.find("[name=model][value=extractive]:checked").await;
            let made_by = page.text("[data-part=made-by]").await;
            assert!(made_by.starts_with("Engine extractive"), "{made_by}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_pasted_text_is_not_lost_to_a_model_that_is_not_ready() {
    let summarizer = Summarizer::downloading(312_000_000);
    with_browser_before(summarizer.serve_pages(), Scripts::Off, |page| async move {
        page.goto("/").await;
        page.find("#text").await.send_keys("One fine sentence. Another one.").await.unwrap();
        pick(&page, "distilbart").await;
        page.press("Summarize").await;
        let panel = page.text("#paste .problem").await;
        assert!(panel.contains("distilbart · downloading, 312 of 1,222 MB"), "{panel}");
        page.press("Use the extractive engine now").await;
        page.find("a.sentence").await;
        assert_eq!(page.text("[data-p]").await, "One fine sentence. Another one.");
    })
    .await;
}

#[tokio::test]
async fn each_phase_of_a_model_is_said_in_words_and_the_answer_names_it() {
    let summarizer = Summarizer::downloading(312_000_000);
    summarizer.turn(ModelState::Ready, "");
    with_browser_before(summarizer.clone().serve_pages(), Scripts::On, |page| async move {
        page.get_news().await;
        pick(&page, "distilbart").await;
        page.press("Summarize").await;
        for words in [
            "Loading the model",
            "Reading the article",
            "Weighing what matters",
            "Writing",
            "Tracing each sentence to its source",
        ] {
            summarizer.phases.add_permits(1);
            page.until(&format!("document.querySelector('[data-part=phase]').textContent === {words:?}"))
                .await;
        }
        summarizer.phases.add_permits(1);
        page.find("a.sentence").await;
        let made_by = page.text("[data-part=made-by]").await;
        assert!(
            made_by.starts_with("Engine abstractive · model distilbart a4f8f3ea906e · from "),
            "{made_by}"
        );
        page.assert_quiet().await;
    })
    .await;
}
