# Everyday commands; `just` lists them. Each is plain cargo underneath.

default:
    @just --list

# the page, with everything in one process
run *arguments:
    cargo run --release -- {{arguments}}

# what must pass before a commit
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings
    cargo test --workspace

# everything that CI runs, browser and containers too
ci:
    bash .ci/run

# the three services in containers
up *arguments:
    docker compose up --build {{arguments}}

# accept changed snapshots
snapshots:
    INSTA_UPDATE=always cargo test --workspace
