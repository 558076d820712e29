//! What the page does when things go wrong.

use fantoccini::key::Key;

use crate::stage::{Scripts, Stage, with_browser};

/// Makes the next streams answer `body` with `status` and `kind`.
async fn answer_with(page: &Stage, status: u16, kind: &str, body: &str) {
    let script = format!(
        "const [status, kind, body] = [{status}, {kind:?}, {body:?}];
         window.realFetch ??= window.fetch;
         window.fetch = async () => new Response(body, {{ status, headers: {{ 'Content-Type': kind }} }});"
    );
    page.js(&script).await;
}

/// Nothing is on its way, and a summary can be asked for.
const IDLE: &str = "document.querySelector('[data-part=cancel]').hidden
    && !document.querySelector('[data-part=submit]').hasAttribute('aria-disabled')
    && document.querySelector('[data-part=answer]').getAttribute('aria-busy') === 'false'";

/// Waits for the panel, which has the focus, and gives its text.
async fn panel(page: &Stage) -> String {
    page.until("document.activeElement.matches('.problem')").await;
    page.until("document.querySelectorAll('.sentence, .draft').length === 0").await;
    page.until(IDLE).await;
    page.text(".summary .problem").await
}

#[tokio::test]
async fn a_summary_can_be_cancelled_and_asked_for_again() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.wire.stall();
        page.press("Summarize").await;
        page.until("/^[1-9]|0\\.[2-9]/.test(document.querySelector('.elapsed').textContent)").await;
        page.press("Cancel").await;
        page.named("p", "Cancelled").await;
        page.wire.mend();
        page.summarize().await;
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn a_second_click_leaves_the_first_at_work_and_escape_stops_it() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.wire.stall();
        page.js("window.asked = 0; const real = window.fetch; window.fetch = (...all) => { asked += 1; return real(...all); };").await;
        page.press("Summarize").await;
        page.press("Summarize").await;
        page.until("document.querySelector('[data-part=phase]').textContent.startsWith('It is already on its way')").await;
        assert_eq!(page.js("return asked;").await, 1);
        page.js("document.querySelector('[data-part=cancel]').focus();").await;
        page.keys(&[Key::Escape]).await;
        page.named("p", "Cancelled").await;
        page.until(IDLE).await;
        // The button that had the focus is gone; the one that starts again has it.
        page.until("document.activeElement.dataset.part === 'submit'").await;
        page.wire.mend();
        page.summarize().await;
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn a_page_that_is_left_stops_its_summary_and_comes_back_sane() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.wire.stall();
        page.press("Summarize").await;
        page.js("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));").await;
        page.until(IDLE).await;
        page.wire.mend();
        page.summarize().await;
        page.goto("/").await;
        page.client.back().await.unwrap();
        page.find("a.sentence").await;
        page.until(IDLE).await;
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_said_and_can_be_retried() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.wire.cut();
        page.press("Summarize").await;
        let text = panel(&page).await;
        assert!(text.starts_with("Nutgraf can't be reached"), "{text}");
        page.wire.mend();
        page.press("Retry").await;
        page.find("a.sentence").await;
        page.until("document.querySelector('.problem') === null").await;
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_ends_early_is_never_shown_as_a_summary() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        let partial = "event: delta\ndata: {\"text\":\"Half a sen\"}\n\n";
        for body in ["", partial, ": heartbeat\n\n", "event: done\ndata: {\"text\":"] {
            answer_with(&page, 200, "text/event-stream", body).await;
            page.press("Summarize").await;
            let text = panel(&page).await;
            assert!(text.starts_with("The connection was lost"), "{body:?}: {text}");
            page.js("document.querySelector('.problem').remove();").await;
        }
        assert!(page.place().await.starts_with("/article?"));
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn a_problem_is_shown_in_its_own_words() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        let problem =
            r#"{"title":"Too <b>many</b>","detail":"Wait a bit.","retryable":true,"request_id":"abc"}"#;
        answer_with(&page, 429, "application/problem+json", problem).await;
        page.press("Summarize").await;
        let text = panel(&page).await;
        assert!(
            text.contains("Too <b>many</b>") && text.contains("Wait a bit.") && text.contains("abc"),
            "{text}"
        );
        page.named("button", "Retry").await;
        let event = format!(
            "event: error\ndata: {}\n\n",
            problem.replace("\"retryable\":true", "\"retryable\":false")
        );
        answer_with(&page, 200, "text/event-stream", &event).await;
        page.press("Retry").await;
        panel(&page).await;
        assert_eq!(page.js("return document.querySelectorAll('.problem button').length;").await, 0);
        page.js("window.fetch = window.realFetch;").await;
        page.summarize().await;
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn an_article_that_changed_meanwhile_is_shown_anew() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        let article = r#"{"title":"New <i>title</i>","fetched_at":"2026-01-01T00:00:00Z","paragraphs":[
            {"text":"A 😀 first. Second one.","kind":"text"},{"text":"Head","kind":"heading"},
            {"text":"x","kind":"list_item"},{"text":"y","kind":"list_item"}]}"#;
        let summary = r#"{"text":"Second one.","sentences":[{"text":"Second one.","spans":[{"paragraph":0,"start":11,"end":22,
            "score":1}],"unsupported":[{"start":0,"end":6}]}],"engine":"extractive","model":{"id":"m","revision":""},
            "timings":{"total_ms":5},"replica":"","format":"paragraph","language":"en","notices":["degraded"]}"#;
        let event = |name: &str, data: &str| format!("event: {name}\ndata: {}\n\n", data.replace('\n', ""));
        let body = event("article", article) + &event("done", summary);
        answer_with(&page, 200, "text/event-stream", &body).await;
        page.summarize().await;
        assert_eq!(page.text("h1").await, "New <i>title</i>");
        assert_eq!(page.text("mark").await, "Second one.");
        let shape = page.js("return Array.from(document.querySelector('.body').children, (node) => node.tagName + node.childElementCount).join();").await;
        assert_eq!(shape, "P2,H20,UL2");
        assert!(page.text(".notice").await.starts_with("The extractive engine stood in"));
        assert_eq!(page.js("return document.querySelector('.unsupported').textContent;").await, "Second (not found in the article)");
        let notices = page.js("return document.querySelector('[data-part=notices]').textContent;").await;
        assert!(notices.as_str().is_some_and(|text| text.contains("wavy underline")), "{notices}");
        page.assert_quiet().await;
    })
    .await;
}

/// A stream that ends because the gateway goes down, after `before`.
fn going_down(before: &str) -> String {
    let problem = r#"{"type":"urn:nutgraf:problem:shutting-down","title":"Nutgraf is stopping","detail":"Try again.","retryable":true}"#;
    format!("{before}event: error\ndata: {problem}\n\n")
}

#[tokio::test]
async fn a_gateway_that_goes_down_before_any_text_is_asked_once_more() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        let waiting = "event: progress\ndata: {\"phase\":\"queued\",\"done\":0,\"total\":0}\n\n";
        answer_with(&page, 200, "text/event-stream", &going_down(waiting)).await;
        // Only the first stream ends so; the gateway is back for the second.
        page.js("const once = window.fetch; window.asked = 0; window.fetch = (...all) => (asked++ === 0 ? once : realFetch)(...all);").await;
        page.summarize().await;
        assert_eq!(page.js("return asked;").await, 2);
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_stays_down_or_has_told_text_is_not_asked_again_by_itself() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        for (before, asked) in [("", 2), ("event: delta\ndata: {\"text\":\"Half a sen\"}\n\n", 1)] {
            answer_with(&page, 200, "text/event-stream", &going_down(before)).await;
            page.js("const each = window.fetch; window.asked = 0; window.fetch = (...all) => { asked += 1; return each(...all); };").await;
            page.press("Summarize").await;
            let text = panel(&page).await;
            assert!(text.starts_with("Nutgraf is stopping"), "{text}");
            assert_eq!(page.js("return asked;").await, asked);
            page.named("button", "Retry").await;
            page.js("document.querySelector('.problem').remove();").await;
        }
        page.assert_quiet().await;
    })
    .await;
}
