#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds the Debian packages in BUILD/deb, in a copy of the tree with debian/ on top, where
# dpkg-buildpackage wants it, and lets lintian read them.  The same tree gives the same bytes, in
# whatever folder, at whatever time and in whatever time zone.
#
# usage: packaging/deb.sh VERSION BUILD [--no-lintian]
set -euo pipefail
export LC_ALL=C
usage='usage: packaging/deb.sh VERSION BUILD [--no-lintian]'
version=${1:?$usage}
folder=$(realpath -m "${2:?$usage}")/deb
lintian=${3:-yes}
cd "$(dirname "$0")/.."

said=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
if [ "$said" != "$version" ]; then
	echo "deb: packaging/debian/changelog has version $said, the Makefile $version" >&2
	exit 1
fi

# The names of all files of the project, each ended by NUL.
find_files()
{
	if [ -e .git ] && git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
		git ls-files -z --cached --others --exclude-standard
	else
		find . \( -path ./build -o -path ./debian -o -path ./.git \) -prune \
			-o -type f -printf '%P\0'
	fi
}

# A file keeps its time in a package, so all get that of the changelog.
when=$(dpkg-parsechangelog -l packaging/debian/changelog -S Timestamp)
copy=$folder/authfence-$version
rm -rf "$folder"
mkdir -p "$copy"
find_files | sort -z | tar --create --null --files-from=- --mtime="@$when" --mode='u+rwX,go+rX,go-w' |
	tar --extract --directory="$copy" --no-same-owner
cp -a "$copy/packaging/debian" "$copy/debian"

cd "$copy"
# Variables of a make that runs this, such as B, are not for the one in there.
env -i PATH="$PATH" HOME="${HOME:-/}" LC_ALL=C TZ="${TZ:-UTC}" DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-}" \
	dpkg-buildpackage -us -uc -b > "$folder/log" 2>&1 || {
	tail -n 40 "$folder/log" >&2
	echo "deb: dpkg-buildpackage failed (whole log: $folder/log)" >&2
	exit 1
}
ls "$folder"/*.deb
[ "$lintian" != --no-lintian ] || exit 0
lintian --fail-on error,warning --allow-root "$folder"/*.changes
echo 'deb: lintian has neither errors nor warnings'
