//! The main way through the page with nothing but a keyboard.

use fantoccini::key::Key;

use crate::stage::{Scripts, Stage, with_browser};

/// Presses Tab until what has the focus fits.
async fn tab_to(page: &Stage, fits: &str) {
    for _ in 0..60 {
        page.keys(&[Key::Tab]).await;
        if page.js(&format!("const node = document.activeElement; return Boolean({fits});")).await == true {
            let visible = page
                .js("const style = getComputedStyle(document.activeElement.closest('label') ?? document.activeElement);
                     return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;")
                .await;
            assert_eq!(visible, true, "the focus can't be seen on {fits}");
            return;
        }
    }
    panic!("the keyboard never gets to {fits}");
}

#[tokio::test]
async fn everything_can_be_done_with_a_keyboard() {
    with_browser(Scripts::On, |page| async move {
        page.goto("/").await;
        page.keys(&[Key::Tab]).await;
        assert_eq!(page.js("return document.activeElement.className;").await, "skip");
        page.until("document.querySelector('.skip').getBoundingClientRect().top >= 0").await;
        page.keys(&[Key::Enter]).await;
        page.until("document.activeElement.id === 'main'").await;
        tab_to(&page, "node.textContent === 'Get News'").await;
        page.keys(&[Key::Enter]).await;
        page.find("[data-story]").await;
        tab_to(&page, "node.value === 'medium'").await;
        page.keys(&[Key::Right]).await;
        page.until("document.querySelector('[value=long]').checked").await;
        tab_to(&page, "node.textContent === 'Summarize'").await;
        page.keys(&[Key::Enter]).await;
        page.find("a.sentence").await;
        page.until("document.activeElement.textContent === 'Summarize'").await;
        tab_to(&page, "node.id === 'sum-0'").await;
        page.until("document.querySelector('mark.lit') !== null").await;
        page.keys(&[Key::Enter]).await;
        page.until("document.querySelector('mark:target') !== null").await;
        // The passage is followed by the way back.
        tab_to(&page, "node.hash === '#sum-0'").await;
        page.keys(&[Key::Enter]).await;
        page.until("location.hash === '#sum-0'").await;
        page.assert_quiet().await;
    })
    .await;
}
