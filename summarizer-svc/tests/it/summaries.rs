//! What comes back for what goes in.

use nutgraf_proto::summarizer::v1::{self as pb, stream_summary_response::Event};

use crate::server::{reason, start, text};

const STORY: &str = "The city council of Norrey voted on Monday to close the old harbour bridge for two years.\n\
    Published: 12 May 2026\n\
    Engineers found cracks in four of the bridge's nine piers in March. The repair of the bridge will cost 14 million crowns.\n\
    Shop owners on the east bank said that the closure would cost them customers. \"Nobody walks three miles for bread,\" said Mr. Oduya.\n\
    The council promised a free ferry across the harbour every ten minutes. It will run from 5 a.m. to midnight.";

/// Each sentence is, word for word, the passage that its span names.
fn assert_grounded(summary: &pb::Summary, input: &str) {
    let lines: Vec<&str> = input.lines().filter(|line| !line.trim().is_empty()).collect();
    for sentence in &summary.sentences {
        let span = &sentence.spans[0];
        let passage: String = lines[span.paragraph as usize]
            .chars()
            .skip(span.start as usize)
            .take((span.end - span.start) as usize)
            .collect();
        assert_eq!(passage.split_whitespace().collect::<Vec<_>>().join(" "), sentence.text);
    }
}

#[tokio::test]
async fn each_length_has_its_number_of_sentences_and_each_sentence_its_passage() {
    let mut server = start().await;
    for (length, count) in [(pb::Length::Short, 2), (pb::Length::Unspecified, 3), (pb::Length::Long, 5)] {
        let input = pb::SummaryInput { length: length.into(), ..text(STORY) };
        let summary = server.summarize(input).await.unwrap();
        assert_eq!(summary.sentences.len(), count);
        assert_grounded(&summary, STORY);
        assert_eq!((summary.engine(), summary.replica.as_str()), (pb::Engine::Extractive, "test"));
        assert_eq!(summary.coverage.unwrap().sentences_skipped, 1);
    }
}

#[tokio::test]
async fn a_stream_begins_with_accepted_ends_with_done_and_its_deltas_are_the_text() {
    let mut server = start().await;
    let input = pb::SummaryInput { format: pb::Format::Bullets.into(), ..text(STORY) };
    let request = pb::StreamSummaryRequest { input: Some(input) };
    let mut stream = server.client.stream_summary(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        events.push(message.event.unwrap());
    }
    assert!(matches!(events.first(), Some(Event::Accepted(accepted)) if accepted.queue_position == 0));
    let deltas: String = events
        .iter()
        .filter_map(|event| if let Event::Delta(delta) = event { Some(delta.text.as_str()) } else { None })
        .collect();
    let Some(Event::Done(done)) = events.pop() else { panic!("the last event is no done: {events:?}") };
    let texts: Vec<String> =
        done.summary.unwrap().sentences.into_iter().map(|sentence| sentence.text).collect();
    assert_eq!(deltas, texts.join("\n"));
}

#[tokio::test]
async fn headings_and_captions_are_never_quoted() {
    let mut server = start().await;
    let kinds = [pb::ParagraphKind::Heading, pb::ParagraphKind::Caption, pb::ParagraphKind::Text];
    let paragraphs = kinds
        .into_iter()
        .flat_map(|kind| {
            STORY.lines().map(move |line| pb::Paragraph { text: line.to_owned(), kind: kind.into() })
        })
        .collect();
    let content = pb::summary_input::Content::Paragraphs(pb::ParagraphList { paragraphs });
    let input = pb::SummaryInput { content: Some(content), ..pb::SummaryInput::default() };
    let summary = server.summarize(input).await.unwrap();
    assert!(summary.sentences.iter().all(|sentence| sentence.spans[0].paragraph >= 10), "{summary:?}");
}

fn is_whole(summary: &pb::Summary) -> bool {
    summary.notices.contains(&pb::Notice::ReturnedWhole.into())
}

fn texts(summary: &pb::Summary) -> Vec<&str> {
    summary.sentences.iter().map(|sentence| sentence.text.as_str()).collect()
}

#[tokio::test]
async fn a_text_under_three_sentences_comes_back_as_it_is_and_says_so() {
    let mut server = start().await;
    for (story, expected) in [
        ("The bridge is closed. Take the ferry.", vec!["The bridge is closed.", "Take the ferry."]),
        (
            "The bridge is closed.\n\nScroll down for video.",
            vec!["The bridge is closed.", "Scroll down for video."],
        ),
        ("Read more\n", vec!["Read more"]),
        ("Bridge closed\nTake the\u{a0} ferry.", vec!["Bridge closed", "Take the ferry."]),
        ("42", vec!["42"]),
    ] {
        let input = pb::SummaryInput { length: pb::Length::Short.into(), ..text(story) };
        let summary = server.summarize(input).await.unwrap();
        assert_eq!(texts(&summary), expected);
        assert!(is_whole(&summary), "{summary:?}");
        assert_eq!(summary.coverage.unwrap().sentences_skipped, 0);
        assert_grounded(&summary, story);
    }
}

#[tokio::test]
async fn two_sentences_among_boilerplate_are_not_the_whole_text() {
    let mut server = start().await;
    let furniture = "Advertisement\nRead more\nShare this article\nSign up for our newsletter.\nFoto: dpa\n";
    let story = format!("{furniture}The bridge is closed. Take the ferry.\n{furniture}");
    let summary = server.summarize(text(&story)).await.unwrap();
    assert_eq!(texts(&summary), ["The bridge is closed.", "Take the ferry."]);
    assert!(!is_whole(&summary), "{summary:?}");
    assert_eq!(summary.coverage.unwrap().sentences_skipped, 10);
    assert_grounded(&summary, &story);
}

#[tokio::test]
async fn headings_captions_and_the_title_are_no_text() {
    let mut server = start().await;
    let kinds = [pb::ParagraphKind::Heading, pb::ParagraphKind::Text, pb::ParagraphKind::Caption];
    let lines = ["One. Two. Three.", "The bridge is closed! The bridge is closed.", "Four. Five."];
    let paragraphs = kinds.into_iter().zip(lines);
    let paragraphs =
        paragraphs.map(|(kind, text)| pb::Paragraph { text: text.to_owned(), kind: kind.into() }).collect();
    let content = Some(pb::summary_input::Content::Paragraphs(pb::ParagraphList { paragraphs }));
    let title = "The  bridge is CLOSED!".to_owned();
    let summary = server.summarize(pb::SummaryInput { title, content, ..text("") }).await.unwrap();
    assert_eq!(texts(&summary), ["The bridge is closed."]);
    assert!(is_whole(&summary), "{summary:?}");
}

#[tokio::test]
async fn other_languages_work_and_are_named() {
    let mut server = start().await;
    for (language, story) in [
        (
            "de",
            "Der Stadtrat hat am Montag die Schließung der alten Brücke beschlossen. Fachleute hatten im März Risse in vier Pfeilern gefunden. Die Reparatur der Brücke kostet 14 Millionen Kronen. Eine Fähre soll die Brücke zwei Jahre lang ersetzen.",
        ),
        (
            "ja",
            "市議会は月曜日、古い橋を二年間閉鎖することを決めた。三月の検査で橋脚に亀裂が見つかったためである。橋の修理には千四百万クローネかかる。市は無料の渡し船を十分おきに運航する。",
        ),
        (
            "ar",
            "صوت مجلس المدينة يوم الاثنين على إغلاق الجسر القديم لمدة عامين. عثر المهندسون على شقوق في أربع من دعامات الجسر. ستكلف إصلاحات الجسر أربعة عشر مليونا. وعد المجلس بعبارة مجانية عبر الميناء.",
        ),
    ] {
        let summary = server
            .summarize(pb::SummaryInput { length: pb::Length::Short.into(), ..text(story) })
            .await
            .unwrap();
        assert_eq!((summary.language.as_str(), summary.sentences.len()), (language, 2), "{summary:?}");
        assert_grounded(&summary, story);
    }
}

fn only_headings(input: &mut pb::SummaryInput) {
    let kinds = [pb::ParagraphKind::Heading, pb::ParagraphKind::Caption];
    let paragraphs = kinds.map(|kind| pb::Paragraph { text: STORY.to_owned(), kind: kind.into() }).to_vec();
    input.content = Some(pb::summary_input::Content::Paragraphs(pb::ParagraphList { paragraphs }));
}

#[tokio::test]
async fn every_refusal_has_its_reason() {
    let mut server = start().await;
    let with = |change: fn(&mut pb::SummaryInput)| {
        let mut input = text(STORY);
        change(&mut input);
        input
    };
    for (expected, input) in [
        ("EMPTY_INPUT", pb::SummaryInput::default()),
        ("EMPTY_INPUT", text(" \n\t ")),
        ("INPUT_TOO_LARGE", text(&"A long sentence. ".repeat(70_000))),
        ("NOTHING_TO_SUMMARIZE", text("Read more\nScroll down for video\nAdvertisement")),
        ("NOTHING_TO_SUMMARIZE", with(only_headings)),
        ("ENGINE_UNAVAILABLE", with(|input| input.engine = pb::Engine::Abstractive.into())),
        ("UNKNOWN_MODEL", with(|input| input.model = "gpt".to_owned())),
        ("INVALID_OPTION", with(|input| input.length = 99)),
        ("INVALID_OPTION", with(|input| input.language = "not a language".to_owned())),
    ] {
        let status = server.summarize(input).await.unwrap_err();
        assert_eq!(reason(&status), expected, "{status:?}");
    }
}

#[tokio::test]
async fn the_models_are_listed() {
    let mut server = start().await;
    let answer = server.client.list_models(pb::ListModelsRequest {}).await.unwrap().into_inner();
    assert_eq!(
        (answer.models[0].id.as_str(), answer.models[0].state()),
        ("extractive", pb::ModelState::Ready)
    );
}

#[tokio::test]
async fn whatever_the_text_is_made_of_its_spans_are_exact() {
    let mut server = start().await;
    for story in [
        "The \0bridge\u{1b}[31m is\u{7f} closed. \u{200b}Take the ferry. It is\u{feff} free. It runs\u{2028}until late.".to_owned(),
        "\u{202b}הגשר נסגר ביום שני.\u{202c} המעבורת פועלת. The bridge is closed. אל תאחרו!".to_owned(),
        "👩‍👩‍👧 The family left. 🇳🇴 Norway won. e\u{301}té came late. Ⅻ. The end is near.".to_owned(),
        "The  bridge \t was \u{a0} closed. It\u{3000}was old. They   wept. They left.".to_owned(),
        format!("The bridge {} closed.", "which is very, very old and ".repeat(400)),
        "a".repeat(100_000),
        "橋は閉鎖された。The bridge is closed. Мост закрыт. الجسر مغلق. สะพานปิดแล้ว".to_owned(),
    ] {
        let summary = server.summarize(text(&story)).await.unwrap();
        assert!(!summary.sentences.is_empty());
        assert_grounded(&summary, &story);
    }
}

#[tokio::test]
async fn the_language_of_one_long_line_without_spaces_is_told() {
    let mut server = start().await;
    let summary = server.summarize(text(&"桥关闭了，市政府提供渡船。".repeat(2_000))).await.unwrap();
    assert_eq!(summary.language, "zh");
}

#[tokio::test]
async fn a_title_is_never_quoted() {
    let mut server = start().await;
    let title = "The city council voted on Monday to close the old harbour bridge.".to_owned();
    let input = pb::SummaryInput { title: title.clone(), ..text(&format!("{title}\n{STORY}")) };
    let summary = server.summarize(input).await.unwrap();
    assert!(!texts(&summary).contains(&title.as_str()), "{summary:?}");
}
