# orshim. `make demo` and `make test` do all the set-up; the other targets say what they are.
PREFIX  ?= /usr/local
DESTDIR ?=
CFLAGS  ?= -O2 -g
SAN     ?=
Q       := $(if $(V),,@)
FUZZ_TIME ?= 60
comma   := ,
B       := build$(if $(SAN),/$(subst $(comma),-,$(SAN)))$(if $(filter clang%,$(CC)),/clang)

STD  := -std=gnu11 -D_GNU_SOURCE -Ishim -I. -Ibuild/cjson -Ibuild/gen -fPIC -fvisibility=hidden \
	-ftls-model=initial-exec -MMD -MP $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
WARN := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith \
	-Wwrite-strings -Wshadow -Wundef
HARD := -Wl,-z,defs,-z,relro,-z,now,--as-needed
# The _fini() of the C start files is empty; its page would be read at each exit.
HARD += -Wl,-fini=orshim_has_no_fini
# The command alone speaks TLS itself: the relay of orshim run.
TLS  := -l:libssl.a
LIBS := -l:libnghttp2.a -l:libz.a -l:libbrotlidec.a -l:libbrotlicommon.a -l:libzstd.a -l:libcrypto.a

objects = $(patsubst %.c,$(B)/%.o,$(wildcard $(addsuffix /*.c,$(1))))
CORE  := $(call objects,shim shim/base shim/wire shim/diagnose shim/diagnose/* shim/report) $(B)/cJSON.o
# What looks into programs only reads: orshim doctor and the tests do so, too.
FIND  := $(call objects,shim/tap/find)
TAP   := $(call objects,shim/tap shim/tap/follow)
TOOL  := $(call objects,tools tools/*)
MAIN  := $(B)/tools/orshim.o $(B)/tools/commands.o
UNIT  := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
FUZZ  := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))

all: $(B)/liborshim.so $(B)/orshim

$(B)/core.a: $(CORE) $(FIND)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/liborshim.so: $(TAP) $(B)/core.a
	$(Q)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) -shared $(HARD) -Wl,--exclude-libs,ALL -o $@.new $^ $(LIBS)
	@mv $@.new $@ # in one step: a process may be loading it

# The commands without their main(): unit tests link what they need of it.
$(B)/tools.a: $(filter-out $(MAIN),$(TOOL))
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/orshim: $(MAIN) $(B)/tools.a $(B)/core.a
	$(Q)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(TLS) $(LIBS) -lm

$(UNIT): %: %.o $(B)/tools.a $(B)/core.a
	$(Q)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -l:libbrotlienc.a $(TLS) $(LIBS) -lcmocka -lm

# The tap without what looks for TLS libraries.
$(B)/tests/unit/test_tap_threads: $(addprefix $(B)/shim/tap/,tap.o table.o desk.o handed.o passage.o environ.o own_pid.o loader.o)

# With CC=clang SAN=address,undefined,fuzzer-no-link; gcc's only replay files.
FUZZER := $(if $(filter clang%,$(CC)),-fsanitize=fuzzer,$(B)/tests/fuzz/replay.o)
$(FUZZ): %: %.o $(filter %.o,$(FUZZER)) $(B)/tools.a $(B)/core.a
	$(Q)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) $(filter -f%,$(FUZZER)) -o $@ $^ $(TLS) $(LIBS) -lcmocka -lm

# These tests fail allocations, those of the linked archives too.
$(B)/tests/unit/test_wire_memory $(B)/tests/unit/test_capture_memory: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

$(B)/shim/%.o: WARN += -include shim/base/banned.h $(if $(SAN),,-Wframe-larger-than=16384)
$(B)/%.o: %.c | build/.setup build/cjson/cJSON.c build/gen/rule_ids.def
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) -c -o $@ $<

# The rules' ids without their texts, and written anew only when they change: who names a rule
# is not compiled again for a text.
SECTIONS := $(patsubst %,shim/diagnose/rules/%.def,credential place framing content answer history)
build/gen/rule_ids.def: $(SECTIONS)
	@mkdir -p $(@D)
	@sed -nE 's/^RULE\(([a-z0-9_]+),[^,]*,[^,]*,[^,]*, *([A-Z_]+),$$/RULE_ID(\1, \2)/p' $^ >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/tools/report/page.o: tools/report/page/report.css tools/report/page/report.js

$(B)/cJSON.o: build/cjson/cJSON.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) -DCJSON_HIDE_SYMBOLS -DCJSON_NESTING_LIMIT=128 $(CFLAGS) -c -o $@ $<

# Installs what is missing, once; the stamp is newer than the script that made it.
build/.setup: scripts/setup.sh
	scripts/setup.sh
	@mkdir -p build && touch $@

build/cjson/cJSON.c: scripts/fetch-cjson.sh | build/.setup
	scripts/fetch-cjson.sh build/cjson

unit: $(UNIT)
	@for t in $(UNIT); do $$t || exit 1; done

captures: $(B)/tests/unit/test_captures
	$<

demo: all
	scripts/demo.sh

test: build/.setup
	scripts/test.sh

e2e: all
	scripts/fetch-clients.sh small
	tests/e2e/clients.py --http2

test-clients: all
	scripts/test.sh clients

# What others wrote, bare and under the shim; docs/reliability.md.
suites: all
	scripts/fetch-clients.sh all
	tests/suites/run.py

soak: all
	tests/suites/soak.py $(SOAK_TIME)

# Memory after 1,000, 10,000 and 100,000 connections; real programs under memcheck.
memory: all
	tests/memory/connections.py 100000 2000
	tests/memory/programs.py all

# Eight threads in the tap, watched by ThreadSanitizer and by Helgrind.
races: build/tests/unit/test_tap_threads
	$(MAKE) SAN=thread build/thread/tests/unit/test_tap_threads
	build/thread/tests/unit/test_tap_threads
	valgrind --tool=helgrind -q --error-exitcode=9 --suppressions=tests/race/helgrind.supp $<

bench: all
	tests/bench/run.py
	tests/bench/instructions.py

# Every target for FUZZ_TIME seconds under ASan and UBSan; what was found stays in build/corpus.
fuzz: $(filter $(B)/tests/unit/test_wire_%,$(UNIT))
	@mkdir -p build/corpus/fuzz_connection
	@for t in $^; do ORSHIM_SEEDS=build/corpus/fuzz_connection $$t >/dev/null 2>&1 || exit 1; done
	$(MAKE) CC=clang SAN=fuzzer-no-link,address,undefined CFLAGS="-O1 -g" fuzz-run

fuzz-run: $(FUZZ)
	@for f in $^; do n=$${f##*/}; mkdir -p build/corpus/$$n build/crashes; \
	$$f -max_total_time=$(FUZZ_TIME) -timeout=20 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0 \
		-artifact_prefix=build/crashes/$$n- build/corpus/$$n $(wildcard tests/fuzz/corpus) || exit 1; \
	echo "$$n: $(FUZZ_TIME) s, nothing found"; done

# Our lines that unit tests, captures and the fuzz targets' seeds go through; docs/reliability.md.
coverage:
	$(MAKE) CC=gcc B=build/coverage CFLAGS="-O0 -g --coverage" coverage-run
	scripts/coverage.py build/coverage

coverage-run: $(UNIT) $(FUZZ)
	@find $(B) -name '*.gcda' -delete
	@for t in $(UNIT); do $$t >$(B)/said 2>&1 || { cat $(B)/said; exit 1; }; done
	@for f in $(FUZZ); do find tests/fuzz/corpus/$${f##*/fuzz_} -type f -exec $$f {} + >$(B)/said 2>&1 || { cat $(B)/said; exit 1; }; done

# Debian's own zsh and fish look elsewhere than those below /usr/local.
SHARE := $(PREFIX)/share
BASH_COMPLETION := $(SHARE)/bash-completion/completions/orshim
ZSH_COMPLETION  := $(SHARE)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)/_orshim
FISH_COMPLETION := $(SHARE)/fish/vendor_completions.d/orshim.fish

install: all
	install -D -m 755 $(B)/orshim $(DESTDIR)$(PREFIX)/bin/orshim
	install -D -m 755 scripts/orshim-run $(DESTDIR)$(PREFIX)/bin/orshim-run
	install -D -m 755 scripts/orshim-code $(DESTDIR)$(PREFIX)/bin/orshim-code
	install -D -m 755 $(B)/liborshim.so $(DESTDIR)$(PREFIX)/lib/liborshim.so
	install -D -m 644 -t $(DESTDIR)$(SHARE)/man/man1 docs/orshim.1 docs/orshim-run.1 docs/orshim-code.1
	install -D -m 644 -t $(DESTDIR)$(SHARE)/man/man7 docs/liborshim.7 docs/orshim-rules.7
	$(B)/orshim completion bash | install -D -m 644 /dev/stdin $(DESTDIR)$(BASH_COMPLETION)
	$(B)/orshim completion zsh | install -D -m 644 /dev/stdin $(DESTDIR)$(ZSH_COMPLETION)
	$(B)/orshim completion fish | install -D -m 644 /dev/stdin $(DESTDIR)$(FISH_COMPLETION)

uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/orshim bin/orshim-run bin/orshim-code lib/liborshim.so) \
		$(addprefix $(DESTDIR)$(SHARE)/man/,man1/orshim.1 man1/orshim-run.1 man1/orshim-code.1 man7/liborshim.7 man7/orshim-rules.7) \
		$(addprefix $(DESTDIR),$(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION))

# build/orshim_VERSION_ARCHITECTURE.deb
deb: all
	scripts/make-deb.sh

# check-layers, check-sizes, check-exports, check-needed, check-docs
check-%: all
	scripts/$@.sh

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

docs: $(B)/orshim
	scripts/check-docs.sh --update

clean:
	rm -rf build

.PHONY: all unit captures demo test e2e test-clients suites soak memory races bench fuzz fuzz-run \
	coverage coverage-run install uninstall deb format docs clean
.SECONDARY:
-include $(shell find build -name '*.d' -type f 2>/dev/null)
