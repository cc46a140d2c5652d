#!/bin/bash
# SPDX-License-Identifier: MIT
# Build all targets as OSS-Fuzz wants them: with CC, CXX, CFLAGS, CXXFLAGS and
# LIB_FUZZING_ENGINE of the environment, from $SRC/stmboot (or where this file
# is), in $WORK, into $OUT, each with its seeds, dictionary and options. What
# the targets need beside libc is linked statically: only $OUT is taken away.

set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
build=$WORK/stmboot

rm -rf "$build"
meson setup "$build" "$here" -Dfuzz_engine="$LIB_FUZZING_ENGINE" -Dtests=disabled \
	-Dprefer_static=true -Db_lundef=false -Dwerror=false

for source in "$here"/fuzz/fuzz_*.c; do
	target=$(basename "$source" .c)
	name=${target#fuzz_}
	ninja -C "$build" "fuzz/$target"
	cp "$build/fuzz/$target" "$OUT/"
	(cd "$here/fuzz/corpus/$name" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
	cp "$here/fuzz/target.options" "$OUT/$target.options"
	if [ -f "$here/fuzz/dict/$name.dict" ]; then
		cp "$here/fuzz/dict/$name.dict" "$OUT/$target.dict"
	fi
done
