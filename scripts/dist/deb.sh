#!/bin/sh
# SPDX-License-Identifier: MIT
# deb.sh FILE: of what `make install` puts below /usr. The package owns nothing else and has no
# scripts, so that removing it leaves nothing behind. DEBFULLNAME and DEBEMAIL say who made it.
# shellcheck source=scripts/dist/pack.sh
. "${top:?}/scripts/dist/pack.sh"

maintainer="${DEBFULLNAME:-orshim} <${DEBEMAIL:-packages@orshim.invalid}>"
rm -rf deb
mkdir -p deb/DEBIAN
cp -R tree/usr deb
doc=deb/usr/share/doc/orshim
install -D -m 644 "$top/docs/copyright" "$doc/copyright"
install -m 644 "$top/CHANGELOG.md" "$doc/changelog"
cat >"$doc/changelog.Debian" <<CHANGELOG
orshim ($V-1) unstable; urgency=medium

  * What is new is in changelog.gz.

 -- $maintainer  $(date -R -d "@$SOURCE_DATE_EPOCH")
CHANGELOG
# The library is preloaded by its path and never linked to; what both bring along must not meet the
# tool's own copy of the same library; and the command runs in containers of other systems.
mkdir -p deb/usr/share/lintian/overrides
cat >deb/usr/share/lintian/overrides/orshim <<'OVERRIDES'
orshim: sharedobject-in-library-directory-missing-soname [usr/lib/liborshim.so]
orshim: embedded-library zlib [usr/lib/liborshim.so]
orshim: embedded-library zlib [usr/bin/orshim]
orshim: statically-linked-binary [usr/bin/orshim]
OVERRIDES
find deb/usr/share/man "$doc/changelog" "$doc/changelog.Debian" -type f -exec gzip -9n {} +
cat >deb/DEBIAN/control <<CONTROL
Package: orshim
Version: $V-1
Architecture: $D
Maintainer: $maintainer
Installed-Size: $(find deb/usr -type f -exec stat -c %s {} + | awk '{ n += int(($1 + 1023) / 1024) } END { print n }')
Depends: libc6 (>= 2.17)
Recommends: curl
Section: devel
Priority: optional
Description: find out why a tool gets 401 although its key is right
 liborshim.so is preloaded into a tool that OpenRouter or another API refuses
 with 401 or "Provider returned error". It sees what the tool really sends and
 is answered through its TLS library, and says in one short diagnosis what is
 wrong with the Authorization header, the body or the destination.
 .
 It never changes what the tool does, needs no root, no proxy and no
 certificate, and shows no secret.
CONTROL
(cd deb && find usr -type f -print0 | sort -z | xargs -0 md5sum) >deb/DEBIAN/md5sums
chmod 644 deb/DEBIAN/md5sums
find deb -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --build deb "$1" >/dev/null
