# Shortcuts for those who have just; nothing needs it.

# What CI runs, on a clean checkout.
ci:
    bash .ci/run

# The quick loop.
test:
    cargo test

# Formatting and lints, as CI wants them.
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# Renew .sqlx after a change to SQL or to a migration.
prepare:
    bash .ci/prepare

# The demo of the README.
demo:
    cargo run --release --example demo

# The Debian package, into target/debian. Needs cargo-deb.
deb:
    deploy/deb.sh

# The tarball with its SHA256SUMS, into target/dist.
tarball:
    deploy/tarball.sh
