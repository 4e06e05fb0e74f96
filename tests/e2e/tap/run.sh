#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh: programs that use TLS in unusual ways, bare and under the shim (run.py).
exec python3 "$(dirname "$0")/run.py" "$@"
