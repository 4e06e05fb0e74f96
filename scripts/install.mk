# SPDX-License-Identifier: MIT
# Included by the Makefile: the command, the library, manuals and completions below PREFIX, or as a package.
SHARE := $(PREFIX)/share
BASH_COMPLETION := $(SHARE)/bash-completion/completions/orshim
# Debian's own zsh looks elsewhere than those below /usr/local.
ZSH_COMPLETION  := $(SHARE)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)/_orshim
FISH_COMPLETION := $(SHARE)/fish/vendor_completions.d/orshim.fish

install: all
	install -D -m 755 $(B)/orshim $(DESTDIR)$(PREFIX)/bin/orshim
	install -D -m 755 scripts/orshim-run $(DESTDIR)$(PREFIX)/bin/orshim-run
	install -D -m 755 scripts/orshim-code $(DESTDIR)$(PREFIX)/bin/orshim-code
	install -D -m 755 $(B)/liborshim.so $(DESTDIR)$(PREFIX)/lib/liborshim.so
	install -D -m 644 -t $(DESTDIR)$(SHARE)/man/man1 docs/orshim.1 docs/orshim-run.1 docs/orshim-code.1
	install -D -m 644 -t $(DESTDIR)$(SHARE)/man/man7 docs/liborshim.7 docs/orshim-rules.7
	install -D -m 644 -t $(DESTDIR)$(SHARE)/orshim/fleet share/orshim/fleet/*
	install -D -m 644 -t $(DESTDIR)$(SHARE)/orshim docs/schema/log.schema.json docs/schema/report.schema.json
	$(B)/orshim completion bash | install -D -m 644 /dev/stdin $(DESTDIR)$(BASH_COMPLETION)
	$(B)/orshim completion zsh | install -D -m 644 /dev/stdin $(DESTDIR)$(ZSH_COMPLETION)
	$(B)/orshim completion fish | install -D -m 644 /dev/stdin $(DESTDIR)$(FISH_COMPLETION)

uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/orshim bin/orshim-run bin/orshim-code lib/liborshim.so) \
		$(addprefix $(DESTDIR)$(SHARE)/man/,man1/orshim.1 man1/orshim-run.1 man1/orshim-code.1 man7/liborshim.7 man7/orshim-rules.7) \
		$(addprefix $(DESTDIR)$(SHARE)/orshim/fleet/,$(notdir $(wildcard share/orshim/fleet/*))) \
		$(addprefix $(DESTDIR)$(SHARE)/orshim/,log.schema.json report.schema.json) \
		$(addprefix $(DESTDIR),$(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION))

# build/orshim_VERSION_ARCHITECTURE.deb
deb: all
	scripts/make-deb.sh

.PHONY: install uninstall deb
