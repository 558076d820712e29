//! What holds for every page.

use super::*;

#[tokio::test]
async fn every_page_has_its_landmarks_and_one_main_heading() {
    for (name, page) in every_page().await {
        assert_eq!(page.one("html").attr("lang"), Some("en"), "{name}");
        for landmark in ["body > header", "body > main#main", "body > footer", "h1, .problem h1"] {
            page.one(landmark);
        }
        assert_eq!(page.one("body > a.skip").attr("href"), Some("#main"), "{name}");
        assert!(page.text("title").ends_with(" – Nutgraf"), "{name}");
        let mut ids: Vec<&str> = page.all("[id]").iter().filter_map(|node| node.attr("id")).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "an id is there twice on the page {name}");
    }
}

#[tokio::test]
async fn headings_go_down_one_step_at_a_time() {
    for (name, page) in every_page().await {
        let levels: Vec<u32> = page
            .all("h1, h2, h3, h4, h5, h6")
            .iter()
            .map(|heading| heading.value().name()[1..].parse().unwrap())
            .collect();
        assert_eq!(levels.first(), Some(&1), "{name}");
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: {levels:?}");
    }
}

#[tokio::test]
async fn every_control_has_a_label_and_every_button_a_name() {
    let mut controls = 0;
    for (name, page) in every_page().await {
        for control in page.all("input:not([type=hidden]), select, textarea:not([hidden])") {
            let by_id = control.attr("id").map(|id| page.all(&format!("label[for='{id}']")).len());
            let around =
                control.ancestors().filter_map(ElementRef::wrap).any(|node| node.value().name() == "label");
            assert!(by_id == Some(1) || around, "{name}: {}", control.html());
            controls += 1;
        }
        for group in page.all("fieldset") {
            assert_eq!(group.select(&Selector::parse("legend").unwrap()).count(), 1, "{name}");
            assert_eq!(group.select(&Selector::parse("input[checked]").unwrap()).count(), 1, "{name}");
        }
        for button in page.all("button, a") {
            let named = !text(button).trim().is_empty() || button.attr("aria-label").is_some();
            assert!(named, "{name}: {}", button.html());
        }
    }
    assert!(controls > 90, "{controls}");
}

#[tokio::test]
async fn what_others_wrote_stays_text_on_every_page() {
    for (name, page) in every_page().await {
        assert!(page.all("style, [style], iframe, object, base, img[src=x]").is_empty(), "{name}");
        let scripts = page.all("script");
        assert_eq!(scripts.len(), 1, "{name}");
        assert!(
            scripts[0].attr("src").unwrap().starts_with("/static/") && text(scripts[0]).is_empty(),
            "{name}"
        );
        for element in page.all("*") {
            for (attribute, value) in element.value().attrs() {
                assert!(!attribute.starts_with("on"), "{name}: {}", element.html());
                assert!(
                    !value.trim_start().to_ascii_lowercase().starts_with("javascript:"),
                    "{name}: {value}"
                );
            }
        }
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{name}: {policy}");
    }
}

#[tokio::test]
async fn a_hostile_headline_is_shown_to_the_character() {
    let stage = upstream().start().await;
    let page = stage.get("/").await;
    assert_eq!(page.text(".headlines h3 a"), HOSTILE);
    assert_eq!(page.text(".headlines li > p:not(.small)"), HOSTILE);
    assert_eq!(page.text("option[selected]"), "The <b>Courier</b>");
    let href = page.one(".headlines h3 a").attr("href").unwrap();
    let fields: Vec<_> =
        url::form_urlencoded::parse(href.strip_prefix("/article?").unwrap().as_bytes()).collect();
    assert_eq!(fields, [("url".into(), URL.into())]);
}

#[tokio::test]
async fn pages_are_kept_for_the_browsers_history_only() {
    for (name, page) in every_page().await {
        assert_eq!(page.header("cache-control"), "private, no-cache", "{name}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{name}");
    }
}
