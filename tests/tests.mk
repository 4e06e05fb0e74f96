# SPDX-License-Identifier: MIT
# Included by the Makefile: the parts of `make test` one by one, and what takes longer than it.
FUZZ_TIME ?= 60
FUZZ := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))

# cmocka 2 has new names for assert_in_range(), which cmocka 1 has not.
$(addsuffix .o,$(UNIT)): WARN += -Wno-deprecated-declarations
$(addsuffix .o,$(UNIT) $(FUZZ)): | build/.found-tests
$(UNIT): %: %.o $(B)/tools.a $(B)/core.a
	$(Q)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -l:libbrotlienc.a $(TLS) $(LIBS) -lcmocka -lm

# The tap without what looks for TLS libraries.
$(B)/tests/unit/test_tap_threads: $(addprefix $(B)/shim/tap/,tap.o forks.o table.o unwatched.o process.o found_file.o hook_guard.o environ.o own_pid.o loader.o)

# These tests fail allocations, those of the linked archives too.
$(B)/tests/unit/test_wire_memory $(B)/tests/unit/test_capture_memory: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# With CC=clang SAN=address,undefined,fuzzer-no-link; gcc's only replay files.
FUZZER := $(if $(filter clang%,$(CC)),-fsanitize=fuzzer,$(B)/tests/fuzz/replay.o)
$(FUZZ): %: %.o $(filter %.o,$(FUZZER)) $(B)/tools.a $(B)/core.a
	$(Q)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) $(filter -f%,$(FUZZER)) -o $@ $^ $(TLS) $(LIBS) -lcmocka -lm

# All of them, whichever fails.
unit: $(UNIT)
	@bad=0; for t in $^; do $$t || { echo "FAILED: $$t"; bad=1; }; done; exit $$bad

captures: $(B)/tests/unit/test_captures
	$<

# The command, and the unit tests but for the tap's, as static programs of musl: what judges and
# reports has no need of glibc. tests/e2e/portable.py runs them.
MUSL = musl-gcc -static -L$(shell scripts/fetch-musl-archives.sh) -idirafter /usr/include -idirafter /usr/include/$(shell uname -m)-linux-gnu
portable: all
	$(Q)$(MAKE) --no-print-directory B=build/musl WERROR=1 CC="$(MUSL)" STATIC= build/musl/orshim \
		$(patsubst $(B)/%,build/musl/%,$(filter-out $(B)/tests/unit/test_tap_% %/test_embedded_tls,$(UNIT)))

e2e: all
	scripts/fetch-clients.sh small
	tests/e2e/clients.py --http2

test-clients: all
	tests/run.py clients

# Attached to a hundred times, killed at each system call, a GiB from each hostile server: hours.
test-long: all
	tests/run.py long

# Built by the README in Debian 11, 12, 13 and sid, and tried there; needs root and the network.
test-systems: all
	tests/systems/build.sh $(SUITES)
	scripts/fetch-musl.sh
	tests/systems/containers.py
	tests/systems/hosts.sh

# Built for arm64, and tried: by qemu-user, and in one start of Debian's arm64 kernel; docs/reliability.md.
test-arm64: build/.setup-arm64
	$(MAKE) all
	scripts/fetch-clients.sh arm64
	tests/systems/arm64.py
	tests/systems/arm64_machine.py

# What a fleet's engines make of logs: real engines, 20 million exchanges; docs/fleet.md.
test-fleet: build/.setup-fleet
	tests/run.py fleet

# Three machines in namespaces, rsyslog, PostgreSQL, and the answer; docs/fleet.md.
fleet-demo: build/.setup-fleet
	$(MAKE) all
	tests/fleet/demo.py

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
	valgrind --tool=helgrind --fair-sched=yes -q --error-exitcode=9 --suppressions=tests/race/helgrind.supp $<

bench: all
	tests/bench/run.py

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

.PHONY: unit captures portable e2e test-clients test-long test-arm64 test-fleet fleet-demo test-systems suites soak memory races bench fuzz fuzz-run coverage coverage-run
