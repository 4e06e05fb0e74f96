# SPDX-License-Identifier: MIT
# Included by the Makefile. What the C files need of the rules, without their texts, and written anew
# only when it changes: for a text nothing is compiled again but the tables that hold it.
RULES := $(patsubst %,shim/diagnose/rules/%.def,credential place framing content answer history)
build/gen/rule_ids.def: $(RULES)
	@mkdir -p $(@D)
	@sed -nE 's/^RULE\(([a-z0-9_]+),$$/RULE_ID(\1)/p' $^ >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
build/gen/checks.def: $(RULES)
	@mkdir -p $(@D)
	@sed 's/, *\./\n./g' $^ | sed -nE 's/.*\.(check|shared|describe) = ([a-z0-9_]+).*/FUNCTION(\1, \2)/p' | sort -u >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
build/gen/patterns.def: shim/diagnose/patterns.awk shim/diagnose/meaning.def
	@mkdir -p $(@D)
	@LC_ALL=C awk -f $^ >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
