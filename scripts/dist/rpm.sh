#!/bin/sh
# SPDX-License-Identifier: MIT
# rpm.sh FILE: the same files as the Debian package, by rpmbuild.
# shellcheck source=scripts/dist/pack.sh
. "${top:?}/scripts/dist/pack.sh"

rm -rf rpm
mkdir rpm
(cd tree && find usr ! -type d | sed 's|^|/|; s|\(.*/man/.*\)|\1*|' | sort) >rpm/files
cat >rpm/orshim.spec <<SPEC
Name: orshim
Version: $V
Release: 1
Summary: Find out why a tool gets 401 although its key is right
License: MIT
URL: https://orshim.invalid/
# It is asked for by no name but libc's, and that without a version above 2.17.
AutoReqProv: no
Requires: glibc >= 2.17
%description
liborshim.so is preloaded into a tool that OpenRouter or another API refuses
with 401 or "Provider returned error". It sees what the tool really sends and
is answered through its TLS library, and says in one short diagnosis what is
wrong with the Authorization header, the body or the destination.
%install
cp -R %{from}/usr %{buildroot}
mkdir -p %{buildroot}/usr/share/licenses/orshim
cp %{top}/docs/copyright %{buildroot}/usr/share/licenses/orshim
find %{buildroot} -exec touch -h -d @$SOURCE_DATE_EPOCH {} +
%files -f %{_topdir}/files
/usr/share/licenses/orshim
SPEC
rpmbuild --quiet -bb --target "$R-linux" \
	--define "_topdir $PWD/rpm" --define "from $PWD/tree" --define "top $top" \
	--define "_buildhost orshim" --define "debug_package %{nil}" --define "__os_install_post %{nil}" \
	--define "use_source_date_epoch_as_buildtime 1" --define "clamp_mtime_to_source_date_epoch 1" \
	--define "_build_id_links none" --define "_binary_payload w9.gzdio" \
	rpm/orshim.spec >rpm/log 2>&1 || {
	cat rpm/log >&2
	exit 1
}
find rpm/RPMS -name '*.rpm' -exec mv {} "$1" \;
