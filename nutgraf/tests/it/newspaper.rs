//! The bundled newspaper, from its files to what the API answers.

use newsroom::edition::{Block, Edition};
use serde_json::Value;

use crate::house::House;

/// What an article's file says, block by block, with one space where it has several.
fn written(blocks: &[Block<'_>]) -> Vec<(&'static str, String)> {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    blocks
        .iter()
        .flat_map(|block| match block {
            Block::Paragraph(text) => vec![("text", line(text))],
            Block::Heading(text) => vec![("heading", line(text))],
            Block::Quote(lines) => lines.iter().map(|text| ("quote", line(text))).collect(),
            Block::List(items) => items.iter().map(|text| ("list_item", line(text))).collect(),
        })
        .collect()
}

fn read(article: &Value) -> Vec<(&str, String)> {
    let paragraphs = article["paragraphs"].as_array().unwrap().iter();
    paragraphs
        .map(|paragraph| {
            (paragraph["kind"].as_str().unwrap(), paragraph["text"].as_str().unwrap().to_owned())
        })
        .filter(|(kind, _)| *kind != "caption")
        .collect()
}

#[tokio::test]
async fn every_article_is_read_block_for_block_and_nothing_else_is() {
    let house = House::open().await;
    let edition = Edition::bundled().unwrap();
    let headlines = house.get("/api/v1/headlines?source=demo").await.json();
    let headlines = headlines["headlines"].as_array().unwrap();
    assert_eq!(headlines.len(), edition.articles.len());
    for headline in headlines {
        let url = headline["url"].as_str().unwrap();
        let file = edition.article(url.rsplit('/').next().unwrap()).unwrap();
        let article = house.get(&format!("/api/v1/articles?url={url}")).await.json();
        assert_eq!(article["title"], file.title);
        assert_eq!(article["language"], file.language);
        assert_eq!(read(&article), written(&file.blocks()), "{}", file.slug);
    }
}
