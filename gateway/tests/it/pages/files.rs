//! The page's own files.

use std::collections::{BTreeSet, HashMap};

use super::*;

async fn file(stage: &Stage, path: &str, tag: &str) -> (u16, HashMap<String, String>, String) {
    let request = Request::get(path).header("if-none-match", tag).body(Body::empty()).unwrap();
    let (head, body) = stage.app.clone().call(request).await.unwrap().into_parts();
    let headers =
        head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let headers = headers.collect();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn references(stage: &Stage) -> BTreeSet<String> {
    let page = stage.get("/").await;
    let of = |attribute: &'static str| {
        page.all(&format!("[{attribute}^='/static/']"))
            .into_iter()
            .filter_map(move |node| node.attr(attribute).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    of("src").into_iter().chain(of("href")).collect()
}

#[tokio::test]
async fn files_are_kept_for_good_because_their_address_changes_with_them() {
    let stage = upstream().start().await;
    let paths = references(&stage).await;
    assert!(paths.len() >= 10, "{paths:?}");
    for path in paths {
        let (status, headers, body) = file(&stage, &path, "").await;
        let kind = match path.rsplit_once('.').unwrap().1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!((status, headers["content-type"].as_str()), (200, kind), "{path}");
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
        assert!(!body.is_empty());
        let (status, _, body) = file(&stage, &path, &format!("\"other\", W/{}", headers["etag"])).await;
        assert_eq!((status, body.as_str()), (304, ""), "{path}");
    }
}

#[tokio::test]
async fn every_file_that_a_script_imports_is_there() {
    let stage = upstream().start().await;
    let paths = references(&stage).await;
    let mut imports = 0;
    for path in paths.iter().filter(|path| path.rsplit('.').next() == Some("js")) {
        let (_, _, body) = file(&stage, path, "").await;
        for line in body.lines().filter(|line| line.starts_with("import ")) {
            let name = line.rsplit_once("\"./").unwrap().1.trim_end_matches("\";");
            let (folder, _) = path.rsplit_once('/').unwrap();
            assert!(
                paths.contains(&format!("{folder}/{name}")),
                "{path} imports {name}, which no page preloads"
            );
            imports += 1;
        }
    }
    assert!(imports >= 4, "{imports}");
}

#[tokio::test]
async fn a_file_of_another_version_is_not_kept() {
    let stage = upstream().start().await;
    let (status, headers, _) = file(&stage, "/static/0123456789abcdef/app.js", "").await;
    assert_eq!((status, headers["cache-control"].as_str()), (200, "no-cache"));
    for path in ["/static/0123456789abcdef/none.js", "/static/x/..%2fCargo.toml", "/static/app.js"] {
        assert_eq!(file(&stage, path, "").await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn crawlers_and_seekers_of_icons_are_answered() {
    let stage = upstream().start().await;
    let (status, headers, body) = file(&stage, "/robots.txt", "").await;
    assert_eq!((status, headers["content-type"].as_str()), (200, "text/plain; charset=utf-8"));
    assert!(body.contains("\nDisallow: /\n"), "{body}");
    let (status, headers, _) = file(&stage, "/favicon.ico", "").await;
    assert_eq!(status, 307);
    assert_eq!(file(&stage, &headers["location"], "").await.1["content-type"], "image/svg+xml");
}
