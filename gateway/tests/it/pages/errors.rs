//! Pages that tell of trouble: the right status, what to do next, and what the visitor had put in.
#![expect(clippy::disallowed_types, reason = "names the codes that a service fails with")]

use tonic::Code;

use gateway::{config::Config, error::ProblemKind};

use super::*;
use crate::{
    problems::{OF_THE_SCRAPER, OF_THE_SUMMARIZER, bare},
    upstream::{alone, refused},
};

#[tokio::test]
async fn an_address_that_is_none_is_kept_beside_what_is_wrong_with_it() {
    let stage = upstream().start().await;
    for path in ["/article", "/summary"] {
        let page = stage.get(&format!("{path}?{}", query(&[("url", HOSTILE)]))).await;
        assert_eq!(page.status(), 400);
        let input = page.one("input[name=url]");
        assert_eq!((input.attr("value"), input.attr("aria-invalid")), (Some(HOSTILE), Some("true")));
        assert_eq!(page.text("#problem-title"), "That is no web address");
        let described = input.attr("aria-describedby").unwrap().split(' ');
        assert_eq!(described.map(|id| page.text(&format!("#{id}"))).count(), 2);
    }
    assert_eq!(stage.get("/article").await.status(), 400);
}

#[tokio::test]
async fn an_article_that_cannot_be_read_has_the_status_of_its_problem() {
    let cases = [
        ((Code::NotFound, "PAGE_NOT_FOUND"), 404, false),
        ((Code::PermissionDenied, "PRIVATE_ADDRESS"), 403, false),
        ((Code::FailedPrecondition, "PAYWALLED"), 422, false),
        ((Code::Unavailable, "UNREACHABLE"), 502, true),
        ((Code::DeadlineExceeded, "TIMEOUT"), 504, true),
        ((Code::ResourceExhausted, "BUSY"), 429, true),
    ];
    for (reason, status, retry) in cases {
        let stage = Upstream { article: Err(reason), ..upstream() }.start().await;
        let page = stage.get(&article_path("/article", &[])).await;
        assert_eq!(page.status(), status, "{reason:?}");
        assert_eq!(page.one("input[name=url]").attr("value"), Some(URL));
        assert_eq!(page.all(".problem a[href='']").len(), usize::from(retry), "{reason:?}");
        assert_eq!(page.header("retry-after").is_empty(), status != 429, "{reason:?}");
        assert!(!page.html.html().contains("not for the reader"));
        assert_eq!(page.text(".problem code"), page.header("x-request-id"));
    }
}

/// The page says what the API says, in the same status.
fn assert_says(page: &Page, slug: &str, status: u16) {
    let kind = ProblemKind::ALL.iter().find(|kind| kind.slug() == slug).unwrap();
    assert_eq!((page.status(), page.text("#problem-title")), (status, kind.title().to_owned()), "{slug}");
    let detail = page.text("#problem-detail");
    assert!(detail.contains(kind.detail()), "{slug}: {detail}");
    assert_eq!(page.text(".problem code"), page.header("x-request-id"));
}

#[tokio::test]
async fn whatever_a_service_refuses_is_said_on_the_page() {
    for (reason, slug, status) in OF_THE_SCRAPER {
        let article = Err(refused(bare(reason.as_str_name())));
        let stage = Upstream { article, ..upstream() }.start().await;
        for path in ["/article", "/summary"] {
            assert_says(&stage.get(&article_path(path, &[])).await, slug, status);
        }
    }
    for (reason, slug, status) in OF_THE_SUMMARIZER {
        let summary = Err(refused(bare(reason.as_str_name())));
        let stage = Upstream { summary, ..upstream() }.start().await;
        assert_says(&stage.get(&article_path("/summary", &[])).await, slug, status);
        assert_says(&stage.post("/summary", &[("text", "One. Two.")]).await, slug, status);
    }
}

#[tokio::test]
async fn a_form_that_is_larger_than_any_text_is_a_page_too() {
    let stage = upstream().start_with(Config { max_text: 100, ..Config::default() }).await;
    let page = stage.post("/summary", &[("text", &"a".repeat(400))]).await;
    assert_says(&page, "body-too-large", 413);
}

#[tokio::test]
async fn an_address_without_its_scheme_is_completed() {
    let upstream = upstream();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    assert_eq!(stage.get("/article?url=news.example%2Fstory").await.status(), 200);
    assert!(seen.of("get_article")[0].message.contains("https://news.example/story"), "{seen:?}");
}

#[tokio::test]
async fn the_browser_leaves_it_to_the_page_to_say_what_is_wrong() {
    let stage = upstream().start().await;
    let page = stage.get("/").await;
    assert_eq!(page.all("form[novalidate]").len(), 2);
    // A browser cuts what is longer than `maxlength` without a word.
    assert!(page.all("#url[maxlength], #text[maxlength]").is_empty());
}

#[tokio::test]
async fn a_source_that_is_down_leaves_the_rest_of_the_page_working() {
    let down = (Code::Unavailable, "UNREACHABLE");
    let stage = Upstream { headlines: Err(down), article: Err(down), ..upstream() }.start().await;
    let front = stage.get("/?source=gazette").await;
    assert_eq!(front.status(), 200);
    assert_eq!(front.text("option[selected]"), "Gazette");
    assert_eq!(front.text("#problem-title"), "The site can't be reached");
    assert!(front.text("#problem-detail").contains("Pick another source"));
    let news = stage.get("/random?source=gazette").await;
    assert_eq!((news.status(), news.text("option[selected]")), (502, "Gazette".to_owned()));
    for page in [front, news] {
        assert_eq!(page.all("form").len(), 3);
    }
}

#[tokio::test]
async fn a_source_that_there_is_not_is_not_found() {
    let reason = (Code::NotFound, "UNKNOWN_SOURCE");
    let stage = Upstream { headlines: Err(reason), article: Err(reason), ..upstream() }.start().await;
    for path in ["/?source=x", "/random?source=x"] {
        let page = stage.get(path).await;
        assert_eq!(page.status(), 404, "{path}");
        assert!(page.text("#problem-detail").contains("from the list"), "{path}");
    }
}

#[tokio::test]
async fn without_a_scraper_a_text_can_still_be_pasted() {
    let stage = alone().await;
    let page = stage.get("/").await;
    assert_eq!(page.status(), 200);
    assert!(page.all("select").is_empty());
    assert_eq!(page.text("#problem-title"), "Articles can't be read right now");
    page.one("form[action='/summary'] textarea[name=text]");
}

#[tokio::test]
async fn a_summary_that_fails_leaves_the_article_to_read() {
    for (reason, status) in
        [((Code::ResourceExhausted, "QUEUE_FULL"), 429), ((Code::Internal, "INTERNAL"), 500)]
    {
        let stage = Upstream { summary: Err(reason), ..upstream() }.start().await;
        let page = stage.get(&article_path("/summary", &[])).await;
        assert_eq!(page.status(), status);
        assert_eq!(page.all("[data-p]").len(), 6);
        page.one(".summary .problem a[href='']");
        assert_eq!(page.header("retry-after").is_empty(), status != 429);
    }
}

#[tokio::test]
async fn a_text_that_is_refused_is_not_lost() {
    let text = format!("\n\n{HOSTILE}\nsecond line");
    let stage = upstream().start().await;
    let page = stage.post("/summary", &[("text", &text), ("title", HOSTILE), ("format", "haiku")]).await;
    assert_eq!(page.status(), 400);
    assert_eq!(page.text("textarea[name=text]"), text);
    assert_eq!(page.one("input[name=title]").attr("value"), Some(HOSTILE));
    // Loading the address again would send nothing.
    assert!(page.all(".problem a").is_empty());

    let down = Upstream { summary: Err((Code::Unavailable, "SHUTTING_DOWN")), ..upstream() }.start().await;
    let page = down.post("/summary", &[("text", &text)]).await;
    assert_eq!((page.status(), page.text("textarea[name=text]")), (503, text));
}

#[tokio::test]
async fn a_text_that_is_empty_or_too_long_is_refused() {
    let stage = upstream().start().await;
    for fields in [&[("text", " \n ")][..], &[]] {
        let page = stage.post("/summary", fields).await;
        assert_eq!((page.status(), page.text("#problem-title")), (400, "There is no text".to_owned()));
    }
    let page = stage.post("/summary", &[("text", &"a".repeat(1_000_001))]).await;
    assert_eq!(page.status(), 413);
    assert!(page.text("#problem-detail").contains("1.0 MB"));
}

#[tokio::test]
async fn what_is_not_there_is_a_page_with_its_request_id() {
    let stage = upstream().start().await;
    let page = stage.get("/no/such/page").await;
    assert_eq!((page.status(), page.text("h1")), (404, "There is nothing here".to_owned()));
    assert_eq!(page.text(".problem code"), page.header("x-request-id"));
    let page = stage.post("/article", &[]).await;
    assert_eq!((page.status(), page.header("allow")), (405, "GET,HEAD"));
    let page =
        stage.send(Request::post("/summary").header("accept", "text/html").body("x".into()).unwrap()).await;
    assert_eq!(page.head.status(), StatusCode::BAD_REQUEST);
}
