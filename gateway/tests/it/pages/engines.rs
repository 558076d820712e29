//! The choice of an engine and a model.

use summarizing::ModelState;

use super::*;
use crate::upstream::alone;

fn with_models(models: Vec<summarizing::Model>) -> Upstream {
    Upstream { models: Ok([extractive()].into_iter().chain(models).collect()), ..upstream() }
}

/// The rows of the choice as they read, and the value that is picked.
fn choice(page: &Page) -> (Vec<String>, Option<String>) {
    let rows = page.all(".engines label").iter().map(|row| text(*row)).collect();
    let picked = page.all("input[name=model][checked]");
    (rows, picked.first().and_then(|node| node.attr("value")).map(str::to_owned))
}

#[tokio::test]
async fn with_nothing_to_choose_the_page_stays_as_it_is() {
    let without = upstream().start().await;
    let only_extractive = with_models(Vec::new()).start().await;
    let unknown = Upstream { models: Err(refused("INTERNAL")), ..upstream() }.start().await;
    for stage in [without, only_extractive, unknown] {
        for path in ["/", &article_path("/article", &[]), &article_path("/summary", &[])] {
            let page = stage.get(path).await;
            assert_eq!(page.status(), 200, "{path}");
            assert!(page.all("[name=model], [data-state-of], [data-part=models]").is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn each_model_is_offered_with_its_state_in_plain_words() {
    let states = [
        (ModelState::Absent, "not downloaded"),
        (ModelState::Downloading, "downloading, 312 of 1,222 MB"),
        (ModelState::Loading, "loading"),
        (ModelState::Ready, "ready"),
        (ModelState::Failed, "failed: the disk is full"),
    ];
    let stage =
        with_models(states.map(|(state, _)| writer(&format!("m-{state:?}"), state)).to_vec()).start().await;
    let writers = states.map(|(state, words)| format!("m-{state:?} · {words}"));
    let fixed = ["Automatic · best one ready", "extractive · ready"];
    let expected: Vec<String> = fixed.map(str::to_owned).into_iter().chain(writers).collect();
    for path in ["/", &article_path("/article", &[]), &article_path("/summary", &[])] {
        let page = stage.get(path).await;
        assert_eq!(choice(&page), (expected.clone(), Some(String::new())), "{path}");
        assert_eq!(page.one("[data-state-of=m-Loading]").attr("data-state"), Some("loading"));
        assert_eq!(page.text("[data-part=models]"), "");
    }
}

#[tokio::test]
async fn what_was_picked_is_asked_for_and_stays_picked() {
    let upstream = with_models(vec![writer("distilbart", ModelState::Ready)]);
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    for (fields, picked, asked) in [
        (&[("model", "")][..], "", [r#"model: """#, "engine: Auto"]),
        (&[("model", "distilbart")], "distilbart", [r#"model: "distilbart""#, "engine: Auto"]),
        (&[("engine", "abstractive")], "distilbart", [r#"model: """#, "engine: Abstractive"]),
        (&[("model", "extractive")], "extractive", [r#"model: "extractive""#, "engine: Auto"]),
        // The button that offers it stands beside a list in which the other is still picked.
        (
            &[("model", "distilbart"), ("engine", "extractive")],
            "extractive",
            [r#"model: """#, "engine: Extractive"],
        ),
    ] {
        let pasted: Vec<_> = [("text", "One. Two.")].into_iter().chain(fields.iter().copied()).collect();
        for page in
            [stage.get(&article_path("/summary", fields)).await, stage.post("/summary", &pasted).await]
        {
            assert_eq!((page.status(), choice(&page).1.as_deref()), (200, Some(picked)), "{fields:?}");
            let message = seen.calls().into_iter().rfind(|call| call.method == "summarize").unwrap().message;
            assert!(asked.iter().all(|part| message.contains(part)), "{fields:?}: {message}");
        }
    }
}

#[tokio::test]
async fn a_choice_that_is_not_offered_is_kept_all_the_same() {
    let fields = [("engine", "abstractive"), ("model", "distilbart")];
    let page = upstream().start().await.get(&article_path("/summary", &fields)).await;
    for (name, value) in fields {
        assert_eq!(page.one(&format!("input[type=hidden][name={name}]")).attr("value"), Some(value));
    }
}

#[tokio::test]
async fn a_model_that_is_not_ready_is_shown_with_a_way_on_without_it() {
    let metadata = [
        ("model", "distilbart"),
        ("state", "downloading"),
        ("downloaded_bytes", "311900000"),
        ("download_bytes", "1222320000"),
    ];
    let upstream = Upstream {
        summary: Err(refused("MODEL_NOT_READY")),
        metadata: metadata.map(|(key, value)| (key, value.to_owned())).to_vec(),
        ..with_models(vec![writer("distilbart", ModelState::Downloading)])
    };
    let stage = upstream.start().await;
    let pasted = [("text", "One. Two."), ("model", "distilbart")];
    for page in [
        stage.get(&article_path("/summary", &[("model", "distilbart")])).await,
        stage.post("/summary", &pasted).await,
    ] {
        assert_eq!((page.status(), page.header("retry-after")), (503, "2"));
        let told = page.one(".problem [data-state-of=distilbart]");
        assert_eq!(text(told), "downloading, 312 of 1,222 MB");
        assert_eq!(told.attr("data-state"), Some("downloading"));
        let button = page.one("button[name=engine][value=extractive]");
        assert_eq!(text(button), "Use the extractive engine now");
        // The first button of a form is the one that Enter presses.
        assert_eq!(text(page.all("#ask button[type=submit], [form=ask]")[0]), "Summarize");
        page.one(&format!(
            "form#{} input[name=model][value=distilbart][checked]",
            button.attr("form").unwrap()
        ));
    }
}

#[tokio::test]
async fn only_a_problem_of_engines_offers_another_engine() {
    for (reason, offered) in [
        ("ENGINE_UNAVAILABLE", 1),
        ("UNKNOWN_MODEL", 1),
        ("MODEL_NOT_READY", 1),
        ("QUEUE_FULL", 0),
        ("INTERNAL", 0),
    ] {
        let stage = Upstream { summary: Err(refused(reason)), ..upstream() }.start().await;
        let page = stage.get(&article_path("/summary", &[])).await;
        assert_eq!(page.all(".problem button").len(), offered, "{reason}");
        assert!(page.all("[data-state-of]").is_empty(), "{reason}");
    }
}

#[tokio::test]
async fn a_summarizer_that_does_not_tell_its_models_does_not_hold_up_a_page() {
    let stage = Upstream { hangs: &["list_models"], ..upstream() }.start().await;
    let page = stage.get(&article_path("/article", &[])).await;
    assert_eq!((page.status(), page.all("[data-p]").len()), (200, 6));
    assert_eq!(alone().await.get("/").await.status(), 200);
}
