#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""sbom.py FILE: an SPDX 2.3 list of what is linked into the command and the library.

The list is the linker's: link.log has the archives that it took parts of. Package and version are
those of the package manager that owns the archive; header-only parts and cJSON, which is compiled
from the distribution's source, are read from their headers.
"""

import datetime
import hashlib
import json
import os
import re
import subprocess
import sys

# source package: its licence (SPDX), where it is from
LICENCES = {
    "openssl": ("Apache-2.0", "https://www.openssl.org"),
    "nghttp2": ("MIT", "https://nghttp2.org"),
    "zlib": ("Zlib", "https://zlib.net"),
    "brotli": ("MIT", "https://github.com/google/brotli"),
    "libzstd": ("BSD-3-Clause OR GPL-2.0-only", "https://facebook.github.io/zstd/"),
    "glibc": ("LGPL-2.1-or-later", "https://www.gnu.org/software/libc/"),
    "gcc": ("GPL-3.0-or-later WITH GCC-exception-3.1", "https://gcc.gnu.org"),
    "uthash": ("BSD-1-Clause", "https://troydhanson.github.io/uthash/"),
    "cjson": ("MIT", "https://github.com/DaveGamble/cJSON"),
}


def asked(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=True).stdout.strip()


def owner(archive):
    """(source package, its version) of the installed package that ARCHIVE is a file of."""
    path = os.path.realpath(archive)
    for name in {archive, path, os.path.normpath(archive), path.replace("/usr/lib", "/lib", 1)}:
        try:
            package = asked("dpkg-query", "-S", name).split(": ")[0].split(",")[0]
        except subprocess.CalledProcessError:
            continue
        source, version, built = asked("dpkg-query", "-W", "-f",
                                       "${source:Package} ${source:Version} ${Version}", package).split()
        if "cross" in source:  # built for another machine, from sources of these versions
            version = re.sub(r"cross\d+$", "", built)
        source = source.replace("cross-toolchain-base", "glibc")
        return re.sub(r"(-\d+)?(-cross.*)?$", "", source), version
    return None


def linked(log):
    """{source package: version} by the linker's trace."""
    found = {}
    with open(log, encoding="utf-8") as lines:
        text = lines.read()
    for archive in sorted(set(re.findall(r"^\(?(/[^\s():]+\.[ao])\b", text, re.M))):
        if os.path.realpath(archive).startswith(os.environ["top"] + "/"):
            continue
        known = of_sysroot(archive) or owner(archive)
        if not known:
            sys.exit("sbom: nobody knows which package %s is from" % archive)
        found[known[0]] = known[1]
    return found


def of_sysroot(archive):
    """As owner(), for a folder of unpacked packages: scripts/fetch-arm64.sh lists them in it."""
    folder = re.match(r".*/arm64-[^/]+", archive)
    if not folder:
        return None
    packages = {"libcrypto": "libssl-dev", "libssl": "libssl-dev", "libnghttp2": "libnghttp2-dev",
                "libz.": "zlib1g-dev", "libzstd": "libzstd-dev", "libbrotli": "libbrotli-dev"}
    package = next((packages[start] for start in packages if os.path.basename(archive).startswith(start)),
                   "libc6-dev")
    with open(os.path.join(folder[0], "packages"), encoding="ascii") as lines:
        return next(tuple(line.split()[1:]) for line in lines if line.split()[0] == package)


def by_headers():
    with open(os.path.join(os.environ["top"], "build/cjson/cJSON.h"), encoding="utf-8") as header:
        numbers = re.findall(r"#define CJSON_VERSION_\w+ (\d+)", header.read())
    yield "cjson", ".".join(numbers[:3])
    yield "uthash", asked("dpkg-query", "-W", "-f", "${source:Version}", "uthash-dev")


def main():
    version, architecture = os.environ["V"], os.environ["A"]
    parts = {**linked("link.log"), **dict(by_headers())}
    unknown = sorted(set(parts) - set(LICENCES))
    if unknown:
        sys.exit("sbom: the licence of %s is not in scripts/dist/sbom.py" % ", ".join(unknown))
    when = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    with open("tree/usr/lib/liborshim.so", "rb") as library:
        unique = hashlib.sha256(library.read()).hexdigest()
    packages = [{"SPDXID": "SPDXRef-orshim", "name": "orshim", "versionInfo": version,
                 "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
                 "licenseConcluded": "MIT", "licenseDeclared": "MIT", "copyrightText": "NOASSERTION",
                 "primaryPackagePurpose": "APPLICATION"}]
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                  "relatedSpdxElement": "SPDXRef-orshim"}]
    for name in sorted(parts):
        licence, home = LICENCES[name]
        packages.append({"SPDXID": "SPDXRef-" + name, "name": name, "versionInfo": parts[name],
                         "downloadLocation": home, "filesAnalyzed": False,
                         "licenseConcluded": licence, "licenseDeclared": licence,
                         "copyrightText": "NOASSERTION"})
        relations.append({"spdxElementId": "SPDXRef-orshim", "relationshipType": "STATIC_LINK",
                          "relatedSpdxElement": "SPDXRef-" + name})
    document = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
                "name": "orshim-%s-linux-%s" % (version, architecture),
                "documentNamespace": "https://orshim.invalid/spdx/%s/%s/%s" %
                                     (version, architecture, unique),
                "creationInfo": {"created": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
                                 "creators": ["Tool: orshim-sbom"]},
                "packages": packages, "relationships": relations}
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(document, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()
