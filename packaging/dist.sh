#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes BUILD/authfence-VERSION.tar.gz: every file of the tree, the same bytes each time.  The time of
# all files is SOURCE_DATE_EPOCH, else that of the last commit, else that of CHANGELOG.md.
#
# usage: packaging/dist.sh VERSION BUILD
set -euo pipefail
export LC_ALL=C
version=${1:?usage: packaging/dist.sh VERSION BUILD}
build=$(realpath -m "${2:?usage: packaging/dist.sh VERSION BUILD}")
cd "$(dirname "$0")/.."
name=authfence-$version
mkdir -p "$build"

if [ -e .git ] && git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
	git ls-files -z > "$build/dist.files"
	when=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
else
	find . -type f ! -path './build/*' ! -path './.git/*' -printf '%P\0' > "$build/dist.files"
	when=${SOURCE_DATE_EPOCH:-$(stat -c %Y CHANGELOG.md)}
fi
sort -z -o "$build/dist.files" "$build/dist.files"
tar --create --null --files-from="$build/dist.files" --format=gnu \
	--transform="s,^,$name/," --mtime="@$when" --owner=0 --group=0 --numeric-owner \
	--mode='u+rwX,go+rX,go-w' | gzip -n -9 > "$build/$name.tar.gz.new"
mv "$build/$name.tar.gz.new" "$build/$name.tar.gz"
rm "$build/dist.files"
echo "$build/$name.tar.gz"
