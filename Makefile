# orshim. `make` only builds; `make setup` installs what is missing, as do `make demo` and `make test`.
PREFIX  ?= /usr/local
DESTDIR ?=
CFLAGS  ?= -O2 -g
WERROR  ?=
SAN     ?=
Q       := $(if $(V),,@)
comma   := ,
B       := build$(if $(SAN),/$(subst $(comma),-,$(SAN)))$(if $(filter clang%,$(CC)),/clang)

STD  := -std=gnu11 -D_GNU_SOURCE -Ishim -I. -Ibuild/cjson -Ibuild/gen -fPIC -fvisibility=hidden \
	-ftls-model=initial-exec -MMD -MP $(if $(SAN),-DORSHIM_ANY_GLIBC -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
WARN := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith \
	-Wwrite-strings -Wshadow -Wundef $(if $(WERROR),-Werror)
HARD := -Wl,-z,defs,-z,relro,-z,now,--as-needed
# The command alone speaks TLS itself: the relay of orshim run.
TLS  := -l:libssl.a
# OpenSSL from 3.2 on has zlib, brotli and zstd compress certificates, where a distribution wants it.
LIBS := -l:libnghttp2.a -Wl,--start-group -l:libcrypto.a -l:libz.a -l:libbrotlidec.a -l:libbrotlienc.a \
	-l:libbrotlicommon.a -l:libzstd.a -Wl,--end-group -ldl -lpthread

objects = $(patsubst %.c,$(B)/%.o,$(patsubst %.S,%.c,$(wildcard $(addsuffix /*.[cS],$(1)))))
CORE  := $(call objects,shim shim/base shim/wire shim/diagnose shim/diagnose/* shim/report) $(B)/cJSON.o
# What looks into programs only reads: orshim doctor and the tests do so, too.
FIND  := $(call objects,shim/tap/find)
TAP   := $(call objects,shim/tap shim/tap/preload_env)
TOOL  := $(call objects,tools tools/*)
MAIN  := $(B)/tools/orshim.o $(B)/tools/commands.o
UNIT  := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))

all: $(B)/liborshim.so $(B)/orshim

$(B)/core.a: $(CORE) $(FIND)
# The commands without their main(): unit tests link what they need of it.
$(B)/tools.a: $(filter-out $(MAIN),$(TOOL))
$(B)/%.a:
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/liborshim.so: $(TAP) $(B)/core.a
	$(Q)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) -shared $(HARD) -Wl,--exclude-libs,ALL -o $@.new $^ $(filter-out -ldl -lpthread,$(LIBS))
	@mv $@.new $@ # in one step: a process may be loading it

# Without a shared library it runs in any container; tools/orshim.c avoids what libc warns about.
# These warnings are filtered: with ld's --no-warnings undefined symbols would pass, too.
STATIC := $(if $(SAN),,-static-pie)
$(B)/orshim: $(MAIN) $(B)/tools.a $(B)/core.a
	$(Q)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) $(STATIC) -o $@.new $^ $(TLS) $(LIBS) -lm 2>$@.said || { cat $@.said >&2; exit 1; }
	@grep -v -e ': in function .*:$$' -e 'in statically linked applications' $@.said >&2 || :
	@mv $@.new $@

$(B)/shim/%.o: WARN += -include shim/base/banned.h $(if $(SAN),,-Wframe-larger-than=16384)
$(B)/%.o: %.c | build/.found-build $(addprefix build/gen/,rule_ids.def checks.def patterns.def)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) -c -o $@ $<

$(B)/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(CFLAGS) -c -o $@ $<

$(B)/cJSON.o: Makefile | build/.found-build
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) -DCJSON_HIDE_SYMBOLS -DCJSON_NESTING_LIMIT=128 $(CFLAGS) -c -o $@ build/cjson/cJSON.c

$(B)/tools/report/page.o: $(wildcard tools/report/page/*)

# What is missing is named, once; and installed, once, the stamp is newer than the script that did it.
build/.found-%:
	@CC="$(CC) $(CFLAGS)" scripts/setup.sh --check $*
	@[ $* != build ] || [ -x build/orshim ] || echo 'building, which takes a minute or two'
	@touch $@
build/.setup-%: scripts/setup.sh
	@scripts/setup.sh $* && touch $@
setup:
	@scripts/setup.sh && touch build/.setup-demo build/.setup-tests

demo: build/.setup-demo
	@$(MAKE) -s --no-print-directory -j$$(nproc) all
	@scripts/demo.sh

test: build/.setup-tests
	@tests/run.py fast

docs:
	scripts/check-docs.sh --update
check-layers: all
check-exports check-needed check-glibc: $(B)/liborshim.so
docs check-docs: $(B)/orshim
check-layers check-sizes check-exports check-needed check-glibc check-docs:
	scripts/$@.sh

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

clean: # the source of cJSON stays, as the installed packages do
	rm -rf $(filter-out build/cjson,$(wildcard build/*)) build/.found-*

include shim/diagnose/rules.mk tests/tests.mk scripts/install.mk
.PHONY: all setup demo test docs check-layers check-sizes check-exports check-needed check-glibc check-docs format clean
.SECONDARY:
-include $(shell find build -name '*.d' -type f 2>/dev/null)
