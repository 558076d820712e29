//! What is printed about models.

use std::{fmt::Display, path::Path};

use model_hub::{
    CachedRepo, LocalModel, ModelInfo,
    preset::{self, Preset, WeightType},
    reference::FileName,
};
use serde_json::{Value, json};

use crate::exit::{Failure, print, say};

/// Digits of a commit that people need.
const SHORT: usize = 12;

pub(super) fn cached(repos: &[CachedRepo], cache: &Path, json: bool) -> Result<(), Failure> {
    if json {
        return print(&json!(repos).to_string());
    }
    if repos.is_empty() {
        say("note", format!("there are no models in {}", cache.display()));
        return Ok(());
    }
    let mut rows = vec![["MODEL", "REVISION", "SIZE", "LAST USED", "STATE"].map(str::to_owned)];
    for repo in repos {
        for revision in &repo.revisions {
            let used = revision.last_used.map(|time| time.strftime("%Y-%m-%d").to_string());
            let names = revision.refs.join(", ");
            let commit: String = revision.commit.as_str().chars().take(SHORT).collect();
            rows.push([
                repo.repo.to_string(),
                if names.is_empty() { commit } else { format!("{commit} ({names})") },
                revision.size.to_string(),
                used.unwrap_or_default(),
                revision.missing.as_ref().map_or_else(|| "whole".to_owned(), |why| format!("half: {why}")),
            ]);
        }
        if repo.unfinished.0 > 0 || repo.revisions.is_empty() {
            let state = "unfinished download".to_owned();
            let name = repo.repo.to_string();
            rows.push([name, String::new(), repo.unfinished.to_string(), String::new(), state]);
        }
    }
    table(&rows)
}

pub(super) fn presets(json: bool) -> Result<(), Failure> {
    if json {
        let all: Vec<Value> = preset::all().iter().map(preset_json).collect();
        return print(&json!(all).to_string());
    }
    let mut rows =
        vec![["PRESET", "DOWNLOAD", "MEMORY", "LANGUAGES", "LICENCE", "GOOD FOR"].map(str::to_owned)];
    rows.extend(preset::all().iter().map(|preset| {
        [
            preset.name.to_owned(),
            format!("about {}", preset.download()),
            format!("about {}", preset.memory(WeightType::Int8)),
            preset.languages.join(" "),
            preset.licence.to_owned(),
            preset.good_for.to_owned(),
        ]
    }));
    table(&rows)
}

pub(super) fn info(known: &ModelInfo, json: bool) -> Result<(), Failure> {
    if json {
        let unusable = known.unusable.as_ref().map(ToString::to_string);
        return print(
            &json!({
                "repo": known.repo, "commit": known.commit, "licence": known.licence, "unusable": unusable,
                "preset": known.preset.map(preset_json), "local": known.local.as_ref().map(local_json),
            })
            .to_string(),
        );
    }
    let mut rows = vec![row("repository", &known.repo), row("commit", &known.commit)];
    if let Some(preset) = known.preset {
        rows.push(row("preset", preset.name));
        rows.push(row("good for", preset.good_for));
        rows.push(row("languages", preset.languages.join(", ")));
        rows.push(row("download", format!("about {}", preset.download())));
        rows.push(row("memory", format!("about {}", preset.memory(WeightType::Int8))));
    }
    if let Some(licence) = known.licence.as_deref().or(known.preset.map(|preset| preset.licence)) {
        rows.push(row("licence", licence));
    }
    if let Some(why) = &known.unusable {
        rows.push(row("unusable", why));
    }
    match &known.local {
        Some(local) => rows.extend(local_rows(local)),
        None => rows.push(row("here", "no")),
    }
    table(&rows)
}

pub(super) fn directory(local: &LocalModel, json: bool) -> Result<(), Failure> {
    if json { print(&json!({"local": local_json(local)}).to_string()) } else { table(&local_rows(local)) }
}

fn preset_json(preset: &Preset) -> Value {
    json!({
        "name": preset.name, "repo": preset.repo(), "family": preset.family, "languages": preset.languages,
        "licence": preset.licence, "good_for": preset.good_for, "parameters": preset.parameters(),
        "download_bytes": preset.download(), "memory_bytes": preset.memory(WeightType::Int8),
    })
}

fn local_json(local: &LocalModel) -> Value {
    json!({"dir": local.dir, "commit": local.revision, "bytes": local.size(), "files": local.files})
}

fn local_rows(local: &LocalModel) -> Vec<[String; 2]> {
    let files: Vec<&str> = local.files.iter().map(FileName::as_str).collect();
    vec![row("here", local.dir.display()), row("size", local.size()), row("files", files.join(", "))]
}

fn row(name: &str, value: impl Display) -> [String; 2] {
    [name.to_owned(), value.to_string()]
}

/// Columns as wide as their widest cell; the last one as it comes.
fn table<const N: usize>(rows: &[[String; N]]) -> Result<(), Failure> {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        print(cells.join("  ").trim_end())?;
    }
    Ok(())
}
