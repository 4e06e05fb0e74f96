# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# cases.sh, sourced by the shell tests: a case and its verdict, the mock OpenRouter,
# and the clean-up at the end. $work is the test's temporary folder; a command of a
# case writes to $work/out and $work/err, and $work/all collects both.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck disable=SC2034 # the tests' own
build=$root/${BUILD:-build} orshim=$root/${BUILD:-build}/orshim \
	cache=${ORSHIM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/orshim}
work=$(mktemp -d)
passed=0 failed=0 left_out=0
evidence=("$work/out" "$work/err") # what is shown where a case fails
started=()                         # processes that end with the test
: >"$work/all"
unset NO_COLOR LD_PRELOAD SSL_CERT_FILE OPENROUTER_API_KEY \
	ORSHIM_LOG ORSHIM_TEXT ORSHIM_HOSTS ORSHIM_RULES ORSHIM_LIB
export XDG_STATE_HOME=$work/state

leave() {
	[ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$work"
}
trap leave EXIT

verdict() { # STATUS NAME
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $2"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $2"
		cat "${evidence[@]}" 2>/dev/null | cut -c1-300 | head -n 60 | sed 's/^/# /'
	fi
}

check() { # NAME COMMAND...: it succeeds
	local name=$1
	shift
	"$@" >"$work/out" 2>&1
	verdict $? "$name"
}

run() { # NAME STATUS COMMAND...: it ends with STATUS
	local name=$1 want=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err" </dev/null
	local got=$?
	cat "$work/out" "$work/err" >>"$work/all"
	[ "$got" = "$want" ]
	verdict $? "$name: exit status $want (was $got)"
}

misuse() { # NAME STATUS WORD COMMAND...: exactly one line, on stderr, with WORD in it
	local name=$1 want=$2 word=$3
	shift 3
	run "$name" "$want" "$@"
	[ "$(wc -l <"$work/err")" = 1 ] && grep -qF -- "$word" "$work/err" && [ ! -s "$work/out" ]
	verdict $? "$name: one line on stderr that says '$word'"
}

# The stand-in OpenRouter: where it listens is $port, whom to trust $ca.
standin() {
	coproc STANDIN { exec "$root/tests/mock/openrouter.py"; }
	# shellcheck disable=SC2153 # set by coproc
	started+=("$STANDIN_PID")
	read -r -u "${STANDIN[0]}" standin_says || {
		echo "the mock OpenRouter did not start"
		exit 1
	}
	# shellcheck disable=SC2034 # the tests' own
	port=$(standin_has port) ca=$(standin_has ca)
}
standin_has() { # NAME: what it says of itself under NAME
	sed -n "s/.*\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p" <<<"$standin_says"
}

skip() { # NAME: this case cannot be tried here, and why
	left_out=$((left_out + 1))
	echo "skip - $1"
}

skip_all() { # WHY: nothing of this test can be tried here
	echo "skip - $1"
	exit 77
}

finish() { # the last line of a test; nothing checked is a failure
	local rest=""
	[ "$left_out" = 0 ] || rest=", $left_out skipped"
	echo "$passed passed, $failed failed$rest"
	exit $((failed > 0 || passed == 0))
}
