# SPDX-License-Identifier: MIT
# Included by the Makefile: the command, the library, manuals and completions below PREFIX, or as a package.
SHARE := $(PREFIX)/share
BASH_COMPLETION := $(SHARE)/bash-completion/completions/orshim
# Debian's own zsh looks elsewhere than those below /usr/local.
ZSH_COMPLETION  := $(SHARE)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)/_orshim
# What writes the completions: one that runs here, when another architecture is built.
ORSHIM ?= $(B)/orshim
FISH_COMPLETION := $(SHARE)/fish/vendor_completions.d/orshim.fish
# README.md for users, and what its links lead to.
DOC   := $(SHARE)/doc/orshim
PAGES := $(wildcard docs/*.md docs/*.png)

install: all
	install -D -m 755 $(B)/orshim $(DESTDIR)$(PREFIX)/bin/orshim
	install -D -m 755 scripts/orshim-run $(DESTDIR)$(PREFIX)/bin/orshim-run
	install -D -m 755 scripts/orshim-code $(DESTDIR)$(PREFIX)/bin/orshim-code
	install -D -m 755 $(B)/liborshim.so $(DESTDIR)$(PREFIX)/lib/liborshim.so
	install -D -m 644 -t $(DESTDIR)$(SHARE)/man/man1 docs/orshim.1 docs/orshim-run.1 docs/orshim-code.1
	install -D -m 644 -t $(DESTDIR)$(SHARE)/man/man7 docs/liborshim.7 docs/orshim-rules.7
	install -D -m 644 -t $(DESTDIR)$(SHARE)/orshim/fleet share/orshim/fleet/*
	install -D -m 644 -t $(DESTDIR)$(SHARE)/orshim docs/schema/log.schema.json docs/schema/report.schema.json \
		docs/schema/watch.schema.json
	install -D -m 644 -t $(DESTDIR)$(DOC)/docs $(PAGES)
	sed '/^## For developers/,$$d' README.md | install -m 644 /dev/stdin $(DESTDIR)$(DOC)/README.md
	$(ORSHIM) completion bash | install -D -m 644 /dev/stdin $(DESTDIR)$(BASH_COMPLETION)
	$(ORSHIM) completion zsh | install -D -m 644 /dev/stdin $(DESTDIR)$(ZSH_COMPLETION)
	$(ORSHIM) completion fish | install -D -m 644 /dev/stdin $(DESTDIR)$(FISH_COMPLETION)

uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/orshim bin/orshim-run bin/orshim-code lib/liborshim.so) \
		$(addprefix $(DESTDIR)$(SHARE)/man/,man1/orshim.1 man1/orshim-run.1 man1/orshim-code.1 man7/liborshim.7 man7/orshim-rules.7) \
		$(addprefix $(DESTDIR)$(SHARE)/orshim/fleet/,$(notdir $(wildcard share/orshim/fleet/*))) \
		$(addprefix $(DESTDIR)$(DOC)/,README.md $(PAGES)) \
		$(addprefix $(DESTDIR)$(SHARE)/orshim/,log.schema.json report.schema.json watch.schema.json) \
		$(addprefix $(DESTDIR),$(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION))

# All that scripts/dist/table names, in build/dist; docs/release.md.
dist:
	scripts/dist.sh

# The Debian package alone, of this build.
deb: all
	@ONLY=deb.sh REUSE=1 scripts/dist.sh build/deb

# Each file of it tried in a clean root, or from a registry on loopback.
test-dist: all
	scripts/fetch-clients.sh small >/dev/null
	scripts/fetch-verdaccio.sh >/dev/null
	scripts/root.sh bullseye ca-certificates curl python3 make >/dev/null
	tests/systems/dist.py

.PHONY: install uninstall dist deb test-dist
