#!/bin/sh
# SPDX-License-Identifier: MIT
# make-deb.sh: build/orshim_VERSION_ARCHITECTURE.deb, of what `make install` puts
# below /usr. The package owns nothing else and has no scripts, so that removing
# it leaves nothing behind. DEBFULLNAME and DEBEMAIL say who made it.
set -eu
cd "$(dirname "$0")/.."

version=$(sed -n 's/^#define ORSHIM_VERSION "\(.*\)"/\1/p' shim/base/version.h)-1
maintainer="${DEBFULLNAME:-orshim} <${DEBEMAIL:-packages@orshim.invalid}>"
architecture=$(dpkg --print-architecture)
file=build/orshim_${version}_$architecture.deb
root=build/deb/orshim
rm -rf build/deb
mkdir -p "$root/DEBIAN" build/deb/debian
umask 022

make --no-print-directory install PREFIX=/usr DESTDIR="$PWD/$root" >/dev/null
strip --strip-unneeded "$root/usr/bin/orshim" "$root/usr/lib/liborshim.so"
install -D -m 644 docs/copyright "$root/usr/share/doc/orshim/copyright"
install -D -m 644 CHANGELOG.md "$root/usr/share/doc/orshim/changelog"
install -m 644 README.md "$root/usr/share/doc/orshim/"
install -D -m 644 -t "$root/usr/share/doc/orshim/docs" docs/*.md docs/*.png
install -D -m 644 /dev/stdin "$root/usr/share/doc/orshim/changelog.Debian" <<CHANGELOG
orshim ($version) unstable; urgency=medium

  * What is new stands in changelog.gz.

 -- $maintainer  $(date -R ${SOURCE_DATE_EPOCH:+-d "@$SOURCE_DATE_EPOCH"})
CHANGELOG
# The library is preloaded by its path and never linked to; and what it brings
# along must not meet the tool's own copy of the same library.
install -D -m 644 /dev/stdin "$root/usr/share/lintian/overrides/orshim" <<'OVERRIDES'
orshim: sharedobject-in-library-directory-missing-soname [usr/lib/liborshim.so]
orshim: embedded-library zlib [usr/lib/liborshim.so]
orshim: embedded-library zlib [usr/bin/orshim]
OVERRIDES
find "$root/usr/share/man" "$root/usr/share/doc/orshim/changelog" \
	"$root/usr/share/doc/orshim/changelog.Debian" -type f -exec gzip -9n {} +

# What it needs is read from the programs themselves.
printf 'Source: orshim\n\nPackage: orshim\nArchitecture: any\n' >build/deb/debian/control
depends=$(cd build/deb && dpkg-shlibdeps -O orshim/usr/bin/orshim orshim/usr/lib/liborshim.so |
	sed -n 's/^shlibs:Depends=//p')
cat >"$root/DEBIAN/control" <<CONTROL
Package: orshim
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: $depends
Recommends: curl
Suggests: nginx
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
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
chmod 644 "$root/DEBIAN/md5sums"
dpkg-deb --root-owner-group --build "$root" "$file" >/dev/null
echo "$file"
