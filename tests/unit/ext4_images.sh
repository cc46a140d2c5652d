#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a test program over ext2, ext3 and ext4 images: ext4_images.sh PROGRAM [ARGUMENT...]
# The program finds a copy of its own of what make_ext4_images.sh makes in
# $STMBOOT_EXT4_IMAGES. They are made once in $STMBOOT_EXT4_CACHE, where that is set.
set -eu

PATH=$PATH:/sbin:/usr/sbin
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
export STMBOOT_EXT4_IMAGES="$dir/images" E2FSPROGS_FAKE_TIME=1700000000 MKE2FS_CONFIG=/dev/null

maker=$(dirname "$0")/make_ext4_images.sh
cache=${STMBOOT_EXT4_CACHE:-$dir/cache}
made=$cache/$(cksum <"$maker" | tr ' ' -)
mkdir -p "$cache"
flock "$cache" "$maker" "$made"
cp -a --sparse=always "$made" "$STMBOOT_EXT4_IMAGES"
# shellcheck disable=SC2086 # a command with its arguments
${STMBOOT_RUN_UNDER:-} "$@"
