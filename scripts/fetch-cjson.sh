#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-cjson.sh DIR: cJSON.c and cJSON.h of the distribution's own source
# package into DIR.
set -eu

dir=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
"$(dirname "$0")/fetch-source.sh" cjson "$work"
mkdir -p "$dir"
cp "$work"/cjson-*/cJSON.c "$work"/cjson-*/cJSON.h "$dir/"
