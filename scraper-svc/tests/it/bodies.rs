//! What arrives as bytes is read as text: encodings, compression, missing types.

use std::sync::{Arc, Mutex};

use axum::{Router, http::header, routing::get};

use crate::sites::{one_page, packings, page, read, scraper, site};

#[tokio::test]
async fn pages_are_decoded_as_they_are_encoded() {
    let russian = "В понедельник городской совет";
    let chinese = "星期一，市议会讨论了这座旧桥的未来，工程师们在三月份发现了裂缝。";
    let japanese = "月曜日の市議会は";
    let (cyrillic, _, _) = encoding_rs::WINDOWS_1251.encode(russian);
    let (gbk, _, _) = encoding_rs::GBK.encode(chinese);
    let (shift_jis, _, _) = encoding_rs::SHIFT_JIS.encode(japanese);
    let in_page = |mark: &[u8], head: &str| {
        let template = page("@@").replacen("<head>", &format!("<head>{head}"), 1);
        let mut bytes = Vec::new();
        for (index, part) in template.split("@@").enumerate() {
            if index > 0 {
                bytes.extend_from_slice(mark);
            }
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    };
    let utf_16: Vec<u8> =
        [0xfeff].into_iter().chain(page(russian).encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (body, content_type, expected) in [
        (in_page(&cyrillic, "<meta charset=windows-1251>"), "text/html", russian),
        (in_page(&shift_jis, ""), "text/html; charset=shift_jis", japanese),
        (utf_16, "text/html", russian),
        (page(russian).into_bytes(), "text/html; charset=utf-8", russian),
        (in_page(&gbk, ""), "text/html", chinese),
        // The header is wrong, and the page right.
        (in_page(&cyrillic, "<meta charset=windows-1251>"), "text/html; charset=utf-8", russian),
        (in_page(&gbk, "<meta charset=gb2312>"), "text/html; charset=iso-8859-1", chinese),
    ] {
        let site = one_page(body, content_type).await;
        let article = read(&scraper(&site).await, &site.url("/a")).await.unwrap();
        assert_eq!(article.paragraphs.len(), 5, "{content_type}");
        assert!(
            article.paragraphs[0].text.starts_with(expected),
            "{content_type}: {:?}",
            article.paragraphs[0]
        );
    }
}

#[tokio::test]
async fn compressed_pages_are_unpacked() {
    for (name, layer) in packings() {
        let send = || async { ([(header::CONTENT_TYPE, "text/html")], page("Packed")) };
        let seen = Arc::new(Mutex::new(None));
        let watched = Arc::clone(&seen);
        let watch = axum::middleware::map_response(move |response: axum::response::Response| {
            *watched.lock().unwrap() = response.headers().get(header::CONTENT_ENCODING).cloned();
            async { response }
        });
        let site = site(Router::new().route("/a", get(send)).layer(layer).layer(watch)).await;
        let article = read(&scraper(&site).await, &site.url("/a")).await.unwrap();
        assert!(article.paragraphs[0].text.starts_with("Packed the council"), "{name}");
        assert_eq!(seen.lock().unwrap().as_ref().unwrap(), name);
    }
}

#[tokio::test]
async fn a_page_without_a_media_type_is_read_if_it_looks_like_html() {
    let send = |body: String| async move { axum::body::Body::from(body) };
    let router = Router::new()
        .route("/a", get(move || send(page("Untyped"))))
        .route("/text", get(move || send("The council met on Monday.".repeat(100))));
    let site = site(router).await;
    let scraper = scraper(&site).await;
    assert!(read(&scraper, &site.url("/a")).await.is_ok());
    assert!(read(&scraper, &site.url("/text")).await.is_err());
}
