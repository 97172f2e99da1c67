# Shared by every conformance/*/run. Source it, call `new_token` where a token is needed, state checks
# with `ok`, `refused` and `says`, and end with `finish`.
#
# CHAINHSM_SO names the module; without it, the release build of this repository is taken. All state
# lives in a temp directory with a cheap Argon2, so a run takes seconds and leaves nothing behind.
# A check that fails prints the command's output. VERBOSE=1 prints every output.

set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
CHAINHSM_SO=${CHAINHSM_SO:-$root/target/release/libchainhsm.so}
if [ ! -f "$CHAINHSM_SO" ]; then
	echo "no module at $CHAINHSM_SO: build it, or set CHAINHSM_SO" >&2
	exit 2
fi
CHAINHSM_SO=$(readlink -f "$CHAINHSM_SO")
export CHAINHSM_SO

work=$(mktemp -d "${TMPDIR:-/tmp}/chainhsm-conformance.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
umask 077
cat >chainhsm.toml <<EOF
store = "$work/store"
[argon2]
memory_kib = 64
iterations = 1
lanes = 1
[log]
level = "warn"
file = "$work/log"
EOF
export CHAINHSM_CONF=$work/chainhsm.toml

SO_PIN=officer-0000
PIN=user-0000
LABEL=conformance

passed=0
failed=0

# A check passed or failed: `judge STATUS NAME`; the output is in $work/out.
judge() {
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok    $2"
		[ -z "${VERBOSE:-}" ] || sed 's/^/      | /' "$work/out"
	else
		failed=$((failed + 1))
		echo "FAIL  $2"
		sed 's/^/      | /' "$work/out"
	fi
}

# True when a program ended by itself: the shell reports a signal as 128 and more. Some say 255 for "no".
alive() { [ "$1" -lt 126 ] || [ "$1" -eq 255 ]; }

# ok NAME COMMAND…: the command succeeds.
ok() {
	_name=$1
	shift
	"$@" >"$work/out" 2>&1 </dev/null
	judge $? "$_name"
}

# refused NAME COMMAND…: the command fails, and is not killed by a signal.
refused() {
	_name=$1
	shift
	"$@" >"$work/out" 2>&1 </dev/null
	status=$?
	[ "$status" -ne 0 ] && alive "$status"
	judge $? "$_name"
}

# says NAME PATTERN COMMAND…: the output has a line with the pattern (an extended regular expression),
# and the command is not killed by a signal.
says() {
	_name=$1
	pattern=$2
	shift 2
	"$@" >"$work/out" 2>&1 </dev/null
	alive $? && grep -Eq -- "$pattern" "$work/out"
	judge $? "$_name"
}

# Like says, and the command succeeds as well.
ok_says() {
	_name=$1
	pattern=$2
	shift 2
	"$@" >"$work/out" 2>&1 </dev/null && grep -Eq -- "$pattern" "$work/out"
	judge $? "$_name"
}

# Leaves without failing when a needed program is not installed.
need() {
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

skip() {
	echo "skipped: $1"
	echo "$passed passed, $failed failed"
	exit 0
}

# A token with both PINs set, made with pkcs11-tool.
new_token() {
	need pkcs11-tool
	tool --slot-index 0 --init-token --label "$LABEL" --so-pin "$SO_PIN" >out 2>&1 &&
		tool --token-label "$LABEL" --login --login-type so --so-pin "$SO_PIN" \
			--init-pin --pin "$PIN" >out 2>&1 && return
	cat out >&2
	echo "no token could be made" >&2
	exit 2
}

# pkcs11-tool with the module; and with the user logged in to the token.
tool() { pkcs11-tool --module "$CHAINHSM_SO" "$@"; }
user() { tool --token-label "$LABEL" --login --pin "$PIN" "$@"; }

# A Python with what `requirements.txt` beside the caller names; made once, under target/.
venv() {
	need python3
	sum=$(cksum <"$here/requirements.txt" | cut -d' ' -f1)
	venv=$root/target/conformance-venv-$sum
	if [ ! -f "$venv/complete" ]; then
		python3 -m venv "$venv" >out 2>&1 &&
			"$venv/bin/pip" --quiet install -r "$here/requirements.txt" >out 2>&1 &&
			touch "$venv/complete" || {
			cat out
			skip "the Python packages could not be installed"
		}
	fi
	python=$venv/bin/python
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}
