//! Articles and their summaries.

use super::*;

#[tokio::test]
async fn get_news_leads_to_the_address_of_an_article() {
    let stage = upstream().start().await;
    let page = stage.get("/random?source=courier").await;
    assert_eq!((page.status(), page.header("location")), (303, article_path("/article", &[]).as_str()));
}

#[tokio::test]
async fn what_was_opened_is_not_picked_again() {
    let mut upstream = upstream();
    upstream.headline_url = Some("https://news.example/headline");
    upstream.headlines = Ok(["one", "headline", "two"]
        .map(|slug| scraping::Headline {
            url: format!("https://news.example/{slug}"),
            title: slug.into(),
            ..scraping::Headline::default()
        })
        .to_vec());
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let get = |path: String, cookie: String| {
        let request = Request::get(path).header("accept", "text/html").header("cookie", cookie);
        stage.send(request.body(Body::empty()).unwrap())
    };
    let news = get("/random?source=courier".into(), String::new()).await;
    let there = news.header("location").to_owned();
    assert_eq!(there, "/article?url=https%3A%2F%2Fnews.example%2Fheadline");
    assert_eq!((seen.count("list_headlines"), news.header("set-cookie")), (0, ""));

    let first = get("/article?url=https://news.example/two".into(), String::new()).await;
    let cookie = |page: &Page| page.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(first.header("set-cookie").ends_with("; Path=/; HttpOnly; SameSite=Lax"));
    // The article is kept by its headline's address too.
    let second = get(there, cookie(&first)).await;
    assert_eq!((second.status(), seen.count("get_article")), (200, 1));
    get("/random?source=courier".into(), cookie(&second)).await;
    let call = seen.calls().pop().unwrap();
    let urls = r#"exclude_urls: ["https://news.example/two", "https://news.example/headline"]"#;
    assert!(call.message.contains(urls), "{call:?}");
    // A damaged cookie is none.
    let news = get("/random".into(), "nutgraf_seen=zzzzzzzz".into()).await;
    assert_eq!((news.status(), seen.count("list_headlines")), (303, 1));
}

#[tokio::test]
async fn an_article_is_shown_to_the_character() {
    let stage = upstream().start().await;
    let page = stage.get(&article_path("/article", &[])).await;
    assert_eq!(page.status(), 200);
    assert_eq!(page.text("h1"), HOSTILE);
    let shown: Vec<(String, String)> =
        page.all("[data-p]").iter().map(|node| (node.value().name().to_owned(), text(*node))).collect();
    let tags = ["p", "h2", "p", "li", "li", "p"];
    assert_eq!(shown, tags.map(|tag| (tag.to_owned(), HOSTILE.to_owned())));
    assert_eq!(page.text("time"), "4 November 2026, 09:05 UTC+05:30");
    let original = page.one(".dateline a");
    assert_eq!((original.attr("href"), original.attr("rel")), (Some(URL), Some("noreferrer noopener")));
    assert!(
        page.all(".sentence, mark").is_empty() && page.one("[data-part=ledger]").attr("hidden").is_some()
    );
}

#[tokio::test]
async fn each_sentence_leads_to_its_passage_and_back() {
    let stage = upstream().start().await;
    let page = stage.get(&article_path("/summary", &[])).await;
    assert_eq!(page.status(), 200);
    let expected: String = HOSTILE.chars().skip(5).take(7).collect();
    let sentences = page.all("a.sentence");
    assert_eq!(sentences.iter().map(|node| text(*node)).collect::<Vec<_>>(), [HOSTILE, "Two 😀."]);
    let target = |node: ElementRef<'_>| page.one(&format!("[id='{}']", &node.attr("href").unwrap()[1..]));
    assert_eq!(text(target(sentences[0])), expected);
    assert_eq!(text(target(sentences[1])), "😀");
    assert_eq!(text(target(page.one(".answer a.number"))), HOSTILE.chars().take(3).collect::<String>());
    let back: Vec<String> = page.all(".body a.number").iter().map(|node| text(target(*node))).collect();
    assert_eq!(back, [HOSTILE, "Two 😀.", HOSTILE]);
    // Marks and links back leave the text as it is.
    assert!(page.all("[data-p]").iter().all(|node| text(*node) == HOSTILE));
}

#[tokio::test]
async fn an_answer_says_what_made_it_and_how_it_compares() {
    let stage = Upstream { models: Ok(vec![extractive()]), ..upstream() }.start().await;
    let page = stage.get(&article_path("/summary", &[])).await;
    let made_by = page.text("[data-part=made-by]");
    assert_eq!(
        made_by,
        format!("Engine extractive · model extractive 1 · from {HOSTILE} · 1 ms · replica replica-1")
    );
    assert!(page.text("[data-part=measure]").contains("% of its length"));
    let again = stage.get(&article_path("/summary", &[])).await;
    assert_eq!(again.text("[data-part=made-by]"), format!("{made_by} · from the cache"));
}

#[tokio::test]
async fn the_form_keeps_what_was_chosen() {
    let stage = upstream().start().await;
    let chosen = [("length", "long"), ("format", "bullets"), ("engine", "extractive")];
    let page = stage.get(&article_path("/summary", &chosen)).await;
    let checked: Vec<_> = page.all("input[checked]").iter().filter_map(|node| node.attr("value")).collect();
    assert_eq!(checked, ["long", "bullets"]);
    assert_eq!(page.one("input[name=engine]").attr("value"), Some("extractive"));
    assert_eq!(page.one("form input[name=url]").attr("value"), Some(URL));
    assert_eq!(page.all(".answer ul > li").len(), 2);
}

#[tokio::test]
async fn what_the_article_does_not_support_is_marked_and_said() {
    let mut upstream = upstream();
    let unsupported = |start, end| summarizing::Unsupported {
        kind: summarizing::UnsupportedKind::Number.into(),
        text: String::new(),
        start,
        end,
    };
    let mut doubtful = sentence("Zoë has 40 boats.", &[]);
    doubtful.unsupported = vec![unsupported(8, 10), unsupported(9, 99)];
    upstream.summary.as_mut().unwrap().sentences = vec![doubtful];
    let page = upstream.start().await.get(&article_path("/summary", &[])).await;
    assert_eq!(page.text("span.sentence .unsupported"), "40 (not found in the article)");
    assert_eq!(page.text("span.sentence"), "Zoë has 40 (not found in the article) boats.");
    assert!(page.text(".notice").contains("wavy underline"), "{}", page.text(".notice"));
}

#[tokio::test]
async fn a_teaser_and_a_summarys_notices_are_said_on_the_page() {
    let mut upstream = upstream();
    upstream.article.as_mut().unwrap().extraction.as_mut().unwrap().verdict =
        scraping::PageVerdict::Paywalled.into();
    upstream.summary.as_mut().unwrap().notices =
        vec![summarizing::Notice::ReturnedWhole.into(), summarizing::Notice::LanguageNotSupported.into()];
    let page = upstream.start().await.get(&article_path("/summary", &[])).await;
    let notices: Vec<String> = page.all(".notice").iter().map(|node| text(*node)).collect();
    assert_eq!(notices.len(), 3);
    assert!(notices[0].contains("subscribers") && notices[1].contains("too short"), "{notices:?}");
}

#[tokio::test]
async fn a_pasted_text_stands_beside_its_summary_and_can_be_sent_again() {
    let mut upstream = upstream();
    upstream.summary.as_mut().unwrap().sentences = vec![sentence("One.", &[(1, 2, 6)])];
    let stage = upstream.start().await;
    let pasted = format!("\n{HOSTILE}\r\n\n  One. Two.  \n");
    let page = stage.post("/summary", &[("text", &pasted), ("title", " A title ")]).await;
    assert_eq!(page.status(), 200);
    assert_eq!(page.text("h1"), "A title");
    let shown: Vec<String> = page.all("[data-p]").iter().map(|node| text(*node)).collect();
    assert_eq!(shown, [HOSTILE, "  One. Two.  "]);
    assert_eq!(page.text("mark"), "One.");
    assert_eq!(page.text("form textarea[name=text]"), pasted.replace("\r\n", "\n"));
    assert_eq!(page.one("form").attr("method"), Some("post"));
}

#[tokio::test]
async fn a_text_of_a_megabyte_fits_however_it_is_encoded() {
    let stage = upstream().start().await;
    let page = stage.post("/summary", &[("text", &"Ä😀 \n".repeat(110_000))]).await;
    assert_eq!(page.status(), 200);
}
