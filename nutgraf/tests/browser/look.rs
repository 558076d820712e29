//! Widths, colours and sizes.

use fantoccini::key::Key;
use nutgraf_proto::summarizer::v1::ModelState;
use serde_json::{Value, json};

use crate::{
    stage::{Scripts, Stage, with_browser, with_browser_before},
    summarizer::Summarizer,
};

/// Texts whose contrast is below WCAG 2.2's AA (1.4.3): 4.5, or 3 where they are large.
const FAINT: &str = "
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b]
        .map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const background = (node) => {
        for (let at = node; at; at = at.parentElement) {
            const color = channels(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        const node = text.parentElement;
        if (!text.data.trim() || !node.checkVisibility() || node.closest('.hushed, option')) continue;
        const style = getComputedStyle(node);
        const [one, other] = [luminance(channels(style.color)), luminance(background(node))].sort((a, b) => b - a);
        const size = parseFloat(style.fontSize);
        const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
        const contrast = (one + 0.05) / (other + 0.05);
        if (contrast < needed) faint.push(`${contrast.toFixed(2)} ${text.data.trim().slice(0, 40)}`);
    }
    return faint;";

/// Controls outside of running text that are smaller than 44 by 44 pixels (WCAG 2.2, 2.5.5).
const SMALL: &str = "
    return Array.from(document.querySelectorAll('button, select, input:not([type=hidden]), textarea, a.button'))
        .filter((node) => node.checkVisibility())
        .map((node) => [node.name || node.textContent, node.getBoundingClientRect()])
        .filter(([, box]) => box.width < 44 || box.height < 44)
        .map(([name]) => name);";

async fn resize(page: &Stage, width: u32, height: u32) {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    page.devtools("Emulation.setDeviceMetricsOverride", size).await;
}

async fn prefer(page: &Stage, feature: &str, value: &str) {
    let features = json!({ "features": [{ "name": feature, "value": value }] });
    page.devtools("Emulation.setEmulatedMedia", features).await;
}

#[tokio::test]
async fn no_page_scrolls_sideways_from_320_pixels_on() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.summarize().await;
        page.until("location.pathname === '/summary'").await;
        let summary = page.place().await;
        for path in ["/", &summary, "/article?url=nope", "/no/such/page"] {
            for width in [320, 375, 768, 1024, 1280, 2560] {
                resize(&page, width, 800).await;
                page.goto(path).await;
                let over = page.js("const { scrollWidth, clientWidth } = document.documentElement; return scrollWidth - clientWidth;").await;
                assert_eq!(over, 0, "{path} at {width}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_summary_comes_first_on_a_narrow_page_and_beside_the_article_on_a_wide_one() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        let boxes = "const box = (css) => document.querySelector(css).getBoundingClientRect();
            const [one, other] = [box('.summary'), box('.body')];
            return one.right <= other.left && one.top === other.top ? 'beside'
                : one.bottom <= other.top && one.left >= 0 ? 'above' : 'elsewhere';";
        for (width, place) in [(375, "above"), (1280, "beside")] {
            resize(&page, width, 800).await;
            assert_eq!(page.js(boxes).await, place, "{width}");
        }
        // It stays in view while the article is read.
        page.js("scrollTo({ top: document.body.scrollHeight / 3, behavior: 'instant' });").await;
        page.until("document.querySelector('.summary').getBoundingClientRect().top >= 0").await;
        // The measure is made for reading, by the mean width of the article's characters.
        let characters = page
            .js("const all = [...document.querySelectorAll('.body p')];
            const canvas = document.createElement('canvas').getContext('2d');
            const style = getComputedStyle(all[0]);
            canvas.font = `${style.fontSize} ${style.fontFamily}`;
            const text = all.map((p) => p.textContent).join(' ');
            return all[0].getBoundingClientRect().width / (canvas.measureText(text).width / text.length);")
            .await;
        let characters = characters.as_f64().unwrap();
        assert!((58.0..=78.0).contains(&characters), "{characters} characters a line");
    })
    .await;
}

#[tokio::test]
async fn on_a_narrow_page_a_passage_offers_the_way_back_to_its_sentence() {
    with_browser(Scripts::On, |page| async move {
        let offered = |offered: bool| {
            let there = "document.querySelector('.return').checkVisibility()";
            format!("(document.querySelector('mark:target') !== null) === {offered} && {there} === {offered}")
        };
        page.get_news().await;
        resize(&page, 375, 700).await;
        page.summarize().await;
        page.until(&offered(false)).await;
        page.click("#sum-1").await;
        page.until(&offered(true)).await;
        page.click(".return").await;
        page.until("location.hash === '#sum-1'").await;
        page.until(&offered(false)).await;
        // On a wide page the summary stays in view.
        resize(&page, 1280, 700).await;
        page.click("#sum-1").await;
        page.until("document.querySelector('mark:target') !== null").await;
        assert_eq!(page.js("return document.querySelector('.return').checkVisibility();").await, false);
    })
    .await;
}

#[tokio::test]
async fn a_text_is_set_in_the_direction_of_its_own_language() {
    with_browser(Scripts::On, |page| async move {
        page.goto("/").await;
        let text = "قال الوزير يوم الاثنين إن الجسر سيفتح قريبا. وأضاف أن العمل استغرق عامين كاملين. \
                    وسيبقى العبار القديم في الخدمة حتى نهاية العام. ويتوقع المهندسون أن تعبره آلاف السيارات.";
        page.find("#text").await.send_keys(text).await.unwrap();
        page.press("Summarize").await;
        page.find("a.sentence").await;
        let set = page
            .js("return ['.answer', '.body'].map((css) => document.querySelector(css))
                 .map((node) => [node.lang, getComputedStyle(node).direction]);")
            .await;
        assert_eq!(set, json!([["ar", "rtl"], ["ar", "rtl"]]));
        assert_eq!(page.js("return document.documentElement.lang;").await, "en");
    })
    .await;
}

#[tokio::test]
async fn texts_can_be_read_in_light_and_dark_and_controls_can_be_hit() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.summarize().await;
        page.until("location.pathname === '/summary'").await;
        let summary = page.place().await;
        let mut backgrounds = Vec::new();
        for scheme in ["light", "dark"] {
            prefer(&page, "prefers-color-scheme", scheme).await;
            for path in ["/", &summary, "/article?url=nope"] {
                page.goto(path).await;
                page.js("document.querySelector('.sentence')?.focus(); for (const one of document.getAnimations()) one.finish();").await;
                assert_eq!(page.js(FAINT).await, json!([]), "{scheme} {path}");
                assert_eq!(page.js(SMALL).await, json!([]), "{scheme} {path}");
            }
            backgrounds.push(page.js("return getComputedStyle(document.body).backgroundColor;").await);
        }
        assert_ne!(backgrounds[0], backgrounds[1]);
    })
    .await;
}

#[tokio::test]
async fn a_choice_of_models_fits_can_be_read_and_can_be_hit() {
    let summarizer = Summarizer::downloading(312_000_000);
    summarizer.turn(ModelState::Failed, "the disk is full, so that nothing more can be kept on it");
    with_browser_before(summarizer.serve_pages(), Scripts::On, |page| async move {
        page.get_news().await;
        let summary = page.place().await.replace("/article", "/summary") + "&model=distilbart";
        for scheme in ["light", "dark"] {
            prefer(&page, "prefers-color-scheme", scheme).await;
            for path in ["/", &summary] {
                for width in [320, 375, 1280] {
                    resize(&page, width, 800).await;
                    page.goto(path).await;
                    page.find(".engines").await;
                    assert_eq!(page.js(FAINT).await, json!([]), "{scheme} {path}");
                    assert_eq!(page.js(SMALL).await, json!([]), "{scheme} {path}");
                    let over = page.js("const { scrollWidth, clientWidth } = document.documentElement; return scrollWidth - clientWidth;").await;
                    assert_eq!(over, 0, "{path} at {width}");
                }
            }
        }
        // The keyboard goes through the rows, and the one that has the focus can be told.
        page.js("document.querySelector('[name=model]:checked').focus();").await;
        page.keys(&[Key::Up, Key::Up]).await;
        let outlined = "getComputedStyle(document.activeElement.closest('label')).outlineStyle !== 'none'";
        page.until(&format!("document.activeElement.value === '' && document.activeElement.checked && {outlined}")).await;
    })
    .await;
}

#[tokio::test]
async fn who_asks_for_less_motion_gets_none() {
    with_browser(Scripts::On, |page| async move {
        prefer(&page, "prefers-reduced-motion", "reduce").await;
        page.get_news().await;
        page.summarize().await;
        let moving = page
            .js("return [...document.querySelectorAll('*')].filter((node) => {
                     const style = getComputedStyle(node);
                     return style.transitionDuration !== '0s' || style.animationName !== 'none'
                         || style.scrollBehavior === 'smooth';
                 }).map((node) => node.tagName);")
            .await;
        assert_eq!(moving, Value::Array(Vec::new()));
    })
    .await;
}

#[tokio::test]
async fn screen_readers_hear_of_phases_and_of_nothing_else() {
    with_browser(Scripts::On, |page| async move {
        page.get_news().await;
        page.summarize().await;
        let live = page
            .js("return Array.from(document.querySelectorAll('[aria-live], [role=status], [role=alert], [role=log]'),
                     (node) => node.dataset.part);")
            .await;
        assert_eq!(live, json!(["phase"]));
        assert_eq!(page.js("return document.querySelector('.elapsed').getAttribute('aria-hidden');").await, "true");
    })
    .await;
}
