//! `nutgraf serve`.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    process::{Child, Command},
    thread::available_parallelism,
};

use crate::{
    client::ask,
    program::{program, run},
};

/// A server, and the one line that it prints once it is ready.
fn serve(command: &mut Command) -> (Child, String, impl std::io::Read) {
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    (child, line, out)
}

fn terminate(child: &Child) {
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

#[cfg(unix)]
#[tokio::test]
async fn the_address_is_the_only_line_and_a_signal_ends_it_in_order() {
    for arguments in [&["--listen", "127.0.0.1:0"][..], &["serve", "--listen", "127.0.0.1:0"], &[]] {
        let mut command = program();
        command.args(arguments).args(["--newsroom", "127.0.0.1:0"]);
        if arguments.is_empty() {
            command.env("NUTGRAF_LISTEN", "127.0.0.1:0");
        }
        let (mut child, line, mut out) = serve(&mut command);
        let address = line.trim_end();
        let ready = ask("GET", &format!("{address}/readyz"), None).await;
        assert_eq!(ready.status, 200, "{line}");
        terminate(&child);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[tokio::test]
async fn proxies_of_the_environment_are_not_used() {
    // Bound, and never answered: whoever asks it waits in vain.
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", proxy.local_addr().unwrap());
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--newsroom", "127.0.0.1:0", "--fetch-timeout", "5s"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, &at);
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    let (mut child, line, _out) = serve(&mut command);
    let read = ask("GET", &format!("{}/api/v1/articles/random", line.trim_end()), None).await;
    terminate(&child);
    assert_eq!((read.status, child.wait().unwrap().code()), (200, Some(0)));
}

/// The threads of a process that compute with models, and the processors that each may run on.
#[cfg(target_os = "linux")]
fn team(process: u32) -> Vec<(String, String)> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let mut team: Vec<_> = threads
        .map(|thread| {
            let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
            let of = |key: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(key));
                line.unwrap().trim().to_owned()
            };
            (of("Name:"), of("Cpus_allowed_list:"))
        })
        .filter(|(name, _)| name.starts_with("team-"))
        .collect();
    team.sort();
    team
}

#[cfg(target_os = "linux")]
#[test]
fn models_compute_with_as_many_threads_as_are_asked_for_and_where() {
    let folder = tempfile::tempdir().unwrap();
    inference::testing::random_model(folder.path(), 256, &serde_json::json!({})).unwrap();
    let processors = available_parallelism().unwrap().get();
    for (threads, pinned) in [(1, false), (2, false), (2, true), (10_000, true)] {
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0", "--newsroom", "127.0.0.1:0", "--model"]).arg(folder.path());
        command.args(["--model-threads", &threads.to_string()]).args(pinned.then_some("--pin-model-threads"));
        let (mut child, _, _out) = serve(&mut command);
        let team = team(child.id());
        terminate(&child);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        // Whoever asks for a step is one of them.
        assert_eq!(team.len(), threads.min(processors) - 1, "{threads} of {processors}: {team:?}");
        let places: Vec<&str> = team.iter().map(|(_, places)| places.as_str()).collect();
        assert!(!pinned || places.iter().all(|places| places.parse::<usize>().is_ok()), "{places:?}");
        let others = |at: usize| places.iter().skip(at + 1).any(|other| *other == places[at]);
        assert!(!pinned || !(0..places.len()).any(others), "{places:?}");
    }
}

#[test]
fn what_it_cannot_listen_on_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let busy = run(["--listen", &address]);
    assert_eq!((busy.status, busy.out.as_str()), (1, ""));
    assert!(busy.err.contains(&address), "{}", busy.err);
    let bad = run(["serve", "--listen", "nowhere", "--max-text", "0", "--read-timeout", "soon"]);
    assert_eq!(bad.status, 2);
    assert!(bad.err.contains("--listen") && bad.err.contains("--read-timeout"), "{}", bad.err);
    drop(taken);
    assert_eq!(run(["health", "--listen", &address]).status, 2);
}
