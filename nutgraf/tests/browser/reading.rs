//! The main way through the page, with scripts.

use fantoccini::{Locator, key::Key};
use serde_json::Value;

use crate::stage::{Scripts, with_browser};

/// What a summary left on the page.
const RESULT: &str = "const texts = (css) => Array.from(document.querySelectorAll(css), (node) => node.textContent);
    return JSON.stringify([texts('.answer .sentence'), texts('mark'), texts('[data-p]'), texts('[data-part=measure]'),
        Array.from(document.querySelectorAll('a.sentence, a.number'), (node) => node.getAttribute('href')),
        Array.from(document.querySelectorAll('mark'), (node) => [node.id, node.dataset.s])]);";

#[tokio::test]
async fn a_summary_streams_in_and_each_sentence_leads_to_its_passage() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        let address = page.place().await;
        assert!(address.starts_with("/article?url="), "{address}");
        page.js("window.seen = new Set();
             const note = () => {
                 const part = (name) => document.querySelector(`[data-part=${name}]`);
                 seen.add(`${part('cancel').checkVisibility()} ${part('answer').getAttribute('aria-busy')}`);
                 seen.add(part('phase').textContent);
             };
             new MutationObserver(note).observe(document.querySelector('.summary'),
                 { subtree: true, childList: true, attributes: true, characterData: true });")
            .await;
        page.summarize().await;
        page.until("document.querySelector('[data-part=phase]').textContent === 'The summary is ready'")
            .await;
        let seen = page.js("return [...seen];").await;
        let seen: Vec<&str> = seen.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for state in ["true true", "Fetching the article", "false false"] {
            assert!(seen.contains(&state), "{state} is not in {seen:?}");
        }
        let exact = page
            .js("return Array.from(document.querySelectorAll('a.sentence'), (node) => {
                     const passage = document.getElementById(node.hash.slice(1));
                     return passage?.tagName === 'MARK' && node.textContent.startsWith(passage.textContent);
                 });")
            .await;
        let exact = exact.as_array().unwrap();
        assert!(exact.len() >= 2 && exact.iter().all(|one| one == true), "{exact:?}");
        let made_by = page.text("[data-part=made-by]").await;
        assert!(made_by.starts_with("Engine extractive · model extractive"), "{made_by}");
        assert!(made_by.contains(" · from ") && made_by.contains(" ms"), "{made_by}");
        assert!(!made_by.contains("from the cache"), "{made_by}");
        page.press("Summarize").await;
        page.until("document.querySelector('[data-part=made-by]').textContent.endsWith('from the cache')")
            .await;
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn a_reload_shows_what_was_streamed() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.named("label", "Bullets").await.click().await.unwrap();
        page.summarize().await;
        page.until("location.pathname === '/summary'").await;
        let streamed = page.js(RESULT).await;
        assert!(page.place().await.contains("format=bullets"));
        page.client.refresh().await.unwrap();
        page.find("a.sentence").await;
        assert_eq!(page.js(RESULT).await, streamed);
        page.find(".answer li a.sentence").await;
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn a_sentence_and_its_passage_light_up_together() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.summarize().await;
        let lit = "Array.from(document.querySelectorAll('.lit'), (node) => node.id).sort().join()";
        let pair = page.js("const one = document.querySelector('#sum-1'); return [one.id, one.hash.slice(1)].sort().join();").await;
        let pair = pair.as_str().unwrap();
        let on_pair = format!("{lit}.includes('{pair}')");
        page.hover("#sum-1").await;
        page.until(&on_pair).await;
        page.hover("h1").await;
        page.until("document.querySelector('.lit') === null").await;
        page.hover("mark[data-s='1']").await;
        page.until(&on_pair).await;
        page.hover("h1").await;
        page.js("document.querySelector('#sum-1').focus();").await;
        page.until(&on_pair).await;
        page.hover("#sum-0").await;
        page.until("document.querySelector('#sum-0.lit') !== null").await;
        page.hover("h1").await;
        page.until(&on_pair).await;
        page.click("#sum-1").await;
        page.until(
            "(() => { const box = document.querySelector(':target').getBoundingClientRect();
                      return box.top >= 0 && box.bottom <= innerHeight; })()",
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn the_copy_button_copies_the_summary_and_where_it_is_from() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.summarize().await;
        let expected = page
            .js("const text = (css) => Array.from(document.querySelectorAll(css), (node) => node.textContent).join(' ');
                 return `${text('.sentence')}\\n\\n${text('h1')}\\n${document.querySelector('.dateline a').href}\\n`;")
            .await;
        page.press("Copy").await;
        page.named("button", "Copied").await;
        page.goto("/").await;
        page.js("document.querySelector('#text').focus();").await;
        page.chord(Key::Control, 'v').await;
        page.until("document.querySelector('#text').value !== ''").await;
        assert_eq!(page.js("return document.querySelector('#text').value;").await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_pasted_text_is_summarized_and_can_be_summarized_again() {
    with_browser(Scripts::On, |page| async move {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/pasted.txt")).unwrap();
        page.goto("/").await;
        page.find("#title").await.send_keys("<b>Bold</b> & plain").await.unwrap();
        page.find("#text").await.send_keys(&text).await.unwrap();
        page.press("Summarize").await;
        page.find("a.sentence").await;
        assert_eq!(page.text("h1").await, "<b>Bold</b> & plain");
        let medium = page.js("return document.querySelectorAll('.sentence').length;").await.as_u64().unwrap();
        let shown = page.js("return Array.from(document.querySelectorAll('[data-p]'), (node) => node.textContent).join('\\n');").await;
        assert_eq!(shown, text.trim_end());
        page.named("label", "Short").await.click().await.unwrap();
        page.press("Summarize").await;
        page.until(&format!("document.querySelectorAll('.sentence').length < {medium}")).await;
        page.until("document.querySelector('[data-part=answer]').getAttribute('aria-busy') === 'false'").await;
        assert_eq!(page.place().await, "/summary");
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn going_back_finds_the_front_page_ready() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.client.back().await.unwrap();
        page.named("button", "Get News").await;
        page.until("document.querySelector('[aria-busy=true]') === null").await;
        page.press("Get News").await;
        page.find("[data-story]").await;
    })
    .await;
}

#[tokio::test]
async fn get_news_brings_every_article_once_and_then_the_oldest() {
    for scripts in [Scripts::On, Scripts::Off] {
        with_browser(scripts, |page| async move {
            page.goto("/").await;
            let count = page.client.find_all(Locator::Css(".headlines li")).await.unwrap().len();
            assert!(count > 10, "{count}");
            let mut had: Vec<String> = Vec::new();
            for _ in 0..count {
                // Somebody else, who is served by the same program.
                page.goto("/api/v1/articles/random").await;
                page.get_news().await;
                let address = page.place().await;
                assert!(!had.contains(&address), "{address} is one of {had:?}");
                had.push(address);
            }
            page.get_news().await;
            assert_eq!(page.place().await, had[0]);
            // A headline that was opened counts as well.
            page.goto(&had[1]).await;
            page.find("[data-story]").await;
            page.get_news().await;
            assert_eq!(page.place().await, had[2]);
        })
        .await;
    }
}
