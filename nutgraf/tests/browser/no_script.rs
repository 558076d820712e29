//! The page in a browser that runs no scripts.

use crate::stage::{Scripts, with_browser};

#[tokio::test]
async fn news_is_read_and_summarized_through_forms() {
    with_browser(Scripts::Off, |page| async move {
        page.get_news().await;
        page.press("Summarize").await;
        page.find("a.sentence").await;
        let address = page.place().await;
        assert!(address.starts_with("/summary?url=") && address.contains("length=medium"), "{address}");
        page.find("[data-part=copy][hidden]").await;
        page.click("#sum-0").await;
        let passage = page.find("mark:target").await;
        let sentence = page.text("#sum-0").await;
        assert!(sentence.starts_with(&passage.text().await.unwrap()), "{sentence}");
        page.click("mark:target + a.number").await;
        page.find("#sum-0:target").await;
    })
    .await;
}

#[tokio::test]
async fn headlines_addresses_and_texts_work_through_forms() {
    with_browser(Scripts::Off, |page| async move {
        page.goto("/").await;
        page.press("Show headlines").await;
        page.find(".headlines a").await;
        assert!(page.place().await.starts_with("/?source="));
        let headline = page.text(".headlines a").await;
        page.click(".headlines a").await;
        page.find("[data-story]").await;
        assert_eq!(page.text("h1").await, headline);

        page.goto("/").await;
        page.find("#url").await.send_keys("http://127.0.0.2:9/private").await.unwrap();
        page.press("Read it").await;
        page.find(".problem").await;
        assert_eq!(page.text("#problem-title").await, "That address is not public");
        let kept = page.find("#url").await.prop("value").await.unwrap();
        assert_eq!(kept.as_deref(), Some("http://127.0.0.2:9/private"));

        page.find("#text").await.send_keys(include_str!("pasted.txt")).await.unwrap();
        page.named("label", "Bullets").await.click().await.unwrap();
        page.press("Summarize").await;
        page.find(".answer li a.sentence").await;
    })
    .await;
}
