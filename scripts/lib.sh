# What the scripts share. Sourced, never run; the caller has set -eu.

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

# The module and the program that conformance scripts, demo and benches use.
export CHAINHSM_MODULE="${CHAINHSM_MODULE:-$target/release/libchainhsm.so}"
export CHAINHSM_BIN="${CHAINHSM_BIN:-$target/release/chainhsm}"

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# need_cargo: Debian's own cargo is too old, so it is not installed from there.
need_cargo() {
    command -v cargo >/dev/null && return
    die "cargo is missing. Install Rust with rustup (https://rustup.rs):
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
Then open a new shell and run this again."
}

# need COMMAND PACKAGE ...: installs the packages whose commands are missing.
need() {
    missing=
    while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null || missing="$missing $2"
        shift 2
    done
    # shellcheck disable=SC2086
    [ -z "$missing" ] || install_packages $missing
}

install_packages() {
    command -v apt-get >/dev/null || die "missing: $* (no apt-get here: install them by hand)"
    say "installing: $*"
    as_root apt-get update -qq >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "root is needed for: $*"
    fi
}

# need_python: python3 that can make a virtual environment.
need_python() {
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3 python3-venv
}
