#!/bin/bash
# SPDX-License-Identifier: MIT
# launch.sh: what `orshim run` says of the keys in reach before the tool starts:
# one block where something is wrong, nothing otherwise, and never a value.
set -u
cd "$(dirname "$0")/../.." || exit 2
orshim=$PWD/${BUILD:-build}/orshim
. tests/e2e/cases.sh
evidence=("$work/err")
declare -A says_cases=()
quiet_cases=0

a=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
b=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
mkdir -p "$work/project/.git" "$work/project/src/deep" "$work/outside/below" "$work/home"

# launch FOLDER NAME=VALUE…: the block goes to $work/err
launch() {
	local folder=$1
	shift
	(cd "$work/$folder" && env -i PATH="$PATH" HOME="$work/home" TMPDIR="$work" \
		XDG_STATE_HOME="$work/home" "$@" "$orshim" run -- true) >"$work/out" 2>"$work/err.whole"
	status=$?
	sed '/^orshim: no process/,$d' "$work/err.whole" >"$work/err"
	cat "$work/out" "$work/err.whole" >>"$work/all"
}

quiet() { # quiet NAME FOLDER NAME=VALUE…
	local name=$1
	shift
	launch "$@"
	quiet_cases=$((quiet_cases + 1))
	[ "$status" = 0 ] && [ ! -s "$work/err" ]
	verdict $? "quiet: $name"
}

says() { # says NAME RULE WORDS FOLDER NAME=VALUE…
	local name=$1 rule=$2 words=$3
	shift 3
	says_cases[$rule]=$((${says_cases[$rule]:-0} + 1))
	launch "$@"
	[ "$status" = 0 ] && grep -q "\[$rule\]" "$work/err" &&
		tr -s ' \n' ' ' <"$work/err" | grep -qF -- "$words" &&
		[ "$(grep -c '^orshim: before' "$work/err")" = 1 ]
	verdict $? "$name: $rule, '$words'"
}

dotenv() { # dotenv FOLDER FORMAT…: writes FOLDER/.env
	local folder=$1
	shift
	rm -f "$work"/project/.env "$work"/project/src/.env "$work"/outside/.env
	# shellcheck disable=SC2059 # the format is the test's
	printf "$@" >"$work/$folder/.env"
}

quiet 'no key at all' project
quiet 'a good key' project OPENROUTER_API_KEY=$a
quiet 'a local dummy of another vendor' project OPENAI_API_KEY=test ANTHROPIC_API_KEY=EMPTY
quiet 'a variable that is none of our business' project SHOP_API_KEY='"a b"' PS1='"$ "'
quiet 'the block is switched off' project OPENROUTER_API_KEY="\"$a\"" ORSHIM_TEXT=off
quiet 'the rule is switched off' project OPENROUTER_API_KEY="\"$a\"" \
	ORSHIM_RULES=key_variable_damaged=off
says 'quotes' key_variable_damaged 'OPENROUTER_API_KEY holds quotation marks' \
	project OPENROUTER_API_KEY="\"$a\""
says 'a line break' key_variable_damaged 'OPENROUTER_API_KEY holds a line break' \
	project OPENROUTER_API_KEY="$a
"
# shellcheck disable=SC1111 # as it was pasted
says 'a pasted quote' key_variable_damaged 'OPENROUTER_API_KEY holds a byte that is not ASCII' \
	project OPENROUTER_API_KEY="“$a”"
# shellcheck disable=SC2016 # as it was written in a file that nobody expanded
says 'a template' key_variable_damaged 'holds a template that nobody expanded: ${KEY}' \
	project OPENROUTER_API_KEY='${KEY}'
says 'a placeholder' key_variable_damaged 'placeholder from documentation: your-api-key' \
	project OPENROUTER_API_KEY=your-api-key
says 'a label of the dashboard' key_variable_damaged 'as a screen shows it' \
	project OPENROUTER_API_KEY=sk-or-v1-0e6...1c96
says 'undefined' key_variable_damaged 'stands for no value: undefined' \
	project OPENROUTER_API_KEY=undefined

dotenv project 'OPENROUTER_API_KEY=%s\n' "$a"
quiet '.env has the same' project OPENROUTER_API_KEY=$a
quiet '.env alone' project
dotenv project 'export OPENROUTER_API_KEY = "%s" # mine\r\n' "$a"
quiet '.env has the same in quotes' project OPENROUTER_API_KEY=$a
dotenv project '# %s\nOPENROUTER_API_KEY=\nOTHER="\nOPENROUTER_API_KEY=%s\n"\n' "$b" "$b"
quiet '.env has it empty, in a comment, inside another value' project OPENROUTER_API_KEY=$a
# shellcheck disable=SC2016
dotenv project 'OPENROUTER_API_KEY=${SECRET}\n'
quiet '.env refers to another variable' project OPENROUTER_API_KEY=$a
dotenv project 'OPENROUTER_API_KEY=%s\nOPENROUTER_API_KEY=%s\n' "$b" "$a"
quiet 'the last line counts' project OPENROUTER_API_KEY=$a
dotenv project 'A=1\nexport OPENROUTER_API_KEY="%s"\n' "$b"
says '.env differs' key_shadows_dotenv "is sk-or-v1-0e6...1c96 in the environment, and ./.env line 2 has" \
	project OPENROUTER_API_KEY=$a
says '.env of the project differs' key_shadows_dotenv '../../.env line 2 has sk-or-v1-d47...ab35' \
	project/src/deep OPENROUTER_API_KEY=$a
printf 'OPENROUTER_API_KEY=%s\n' "$a" >"$work/project/src/.env"
quiet 'the nearest .env counts' project/src/deep OPENROUTER_API_KEY=$a
dotenv project 'OPENROUTER_API_KEY=“%s”\n' "$a"
says '.env has a pasted quote' key_variable_damaged 'not ASCII' project
dotenv outside 'OPENROUTER_API_KEY=%s\n' "$b"
quiet 'outside of a project no parent is read' outside/below OPENROUTER_API_KEY=$a
says 'outside of a project the folder itself is' key_shadows_dotenv './.env line 1' \
	outside OPENROUTER_API_KEY=$a
dotenv project 'A=1\n'
mkfifo "$work/project/src/.env"
quiet 'a .env that is no file' project/src OPENROUTER_API_KEY=$a
rm "$work/project/src/.env"

says 'almost the right name' key_variable_near_miss 'OPEN_ROUTER_API_KEY is set' \
	project OPEN_ROUTER_API_KEY=$a
says 'lower case' key_variable_near_miss 'openrouter_api_key is set' project openrouter_api_key=$a
quiet 'both names' project OPENROUTER_KEY=$a OPENROUTER_API_KEY=$a
dotenv project 'OPENROUTER_KEY=%s\n' "$a"
says 'almost the right name in .env' key_variable_near_miss './.env line 1' project
dotenv project 'OPENROUTER_API_KEY=%s\n' "$a"
quiet 'almost the right name, and the right one in .env' project OPENROUTER_KEY=$a

for rule in key_variable_damaged key_shadows_dotenv key_variable_near_miss; do
	[ "${says_cases[$rule]:-0}" -ge 3 ] && [ "$quiet_cases" -ge 3 ]
	verdict $? "$rule: at least three cases of each kind"
done
! grep -qE "${a#sk-or-v1-}|${b#sk-or-v1-}" "$work/all"
verdict $? 'no key was written'
finish
