#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh: the action's one step. INPUT_RUN under `orshim run`, with its own status; the report goes
# into the job's summary.
set -u
case $(uname -s)-$(uname -m) in
Linux-x86_64) architecture=x64 ;;
Linux-aarch64) architecture=arm64 ;;
*)
	echo "::error::orshim runs on Linux, x86-64 and arm64; this runner is $(uname -s) on $(uname -m)"
	exit 1
	;;
esac
orshim=$(dirname "$0")/$architecture/bin/orshim
log=${INPUT_LOG:-${RUNNER_TEMP:-/tmp}/orshim.log}
options=(--log "$log")
[ -z "${INPUT_FAIL_ON:-}" ] || options+=(--fail-on "$INPUT_FAIL_ON")
"$orshim" run "${options[@]}" -- bash --noprofile --norc -eo pipefail -c "$INPUT_RUN"
status=$?
[ -z "${GITHUB_OUTPUT:-}" ] || echo "log=$log" >>"$GITHUB_OUTPUT"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -s "$log" ]; then
	"$orshim" report --markdown "$log" >>"$GITHUB_STEP_SUMMARY" || : # 1: it has findings
fi
exit $status
