# What is done often. `just` lists it; each line also works without just.

_default:
    @'{{just_executable()}}' --list

# Format, lints and docs, without tests
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Every test; or those whose name contains a word
test *words:
    cargo test {{words}}

# Simulated cores with faults: the tests of tests/sim
sim *words:
    cargo test --test sim {{words}}

# One fuzz target for some time, from its seeds where it has some (needs nightly and cargo-fuzz)
fuzz target seconds="600":
    mkdir -p fuzz/corpus/{{target}}
    cargo +nightly fuzz run {{target}} fuzz/corpus/{{target}} $(find fuzz/seeds -name {{target}}) -- -max_total_time={{seconds}}

# What threads share with each other, under every order in which they may meet
loom:
    cd loom && cargo test

# The tests of what a store is read from, under Miri (needs nightly with the component miri)
miri:
    CARGO_TARGET_DIR=target/miri PROPTEST_CASES=8 MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-tree-borrows" cargo +nightly miri test --lib -- store:: --skip runtime::

# Benches of the hot structures; or those whose name contains a word
bench *words:
    cargo bench --bench hot -- {{words}}

# Instructions of the same against their baseline, as shipped; `just instructions --renew` writes it anew
instructions *more:
    cargo test --release --test instructions -- {{more}}

# Corecast beside the other brokers that are installed, an hour; `just load --quick` takes five minutes
load *more:
    cargo build --release
    target/release/loadtest compare --bars loadtest/bars.toml --out report {{more}}

# What CI runs
ci:
    .ci/run

# A broker
run *arguments:
    cargo run --release -- {{arguments}}
