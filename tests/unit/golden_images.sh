#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds golden images, and a card pulled out of a running board, and runs a test
# program over them:
# golden_images.sh GOLDEN PROGRAM [ARGUMENT...]
# The program finds each of them as NAME.img in $STMBOOT_GOLDEN_IMAGES.
set -eu

golden=$1
shift
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
for name in bare-stm32 bare-uimage boot-script emmc endless-menu environment-behind-a-hole \
	environment-hits-rootfs environment-not-kept fit-kernel healthy raw-places \
	saved-environment tfa-ssbl; do
	"$golden" build $name "$dir/$name.img"
done
"$(dirname "$golden")/../rules/pulled-card" "$dir/pulled.img"
export STMBOOT_GOLDEN_IMAGES="$dir"
# shellcheck disable=SC2086 # a command with its arguments
${STMBOOT_RUN_UNDER:-} "$@"
