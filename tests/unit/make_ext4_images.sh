#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes ext2, ext3 and ext4 images of one tree with many feature mixes, and beside them
# the tree, in a folder that is not there yet: make_ext4_images.sh FOLDER
# Where it is there already, nothing is done. Exits with 77 where a tool is missing.
set -eu

for tool in mke2fs debugfs e2fsck dumpe2fs; do
	command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
[ ! -e "$1" ] || exit 0
rm -rf "$1.new"
mkdir "$1.new"
cd "$1.new"

# --- the tree ---
mkdir -p tree/boot/extlinux tree/etc tree/many tree/deep/a/b/c
printf 'label linux\n\tkernel /boot/zImage\n' >tree/boot/extlinux/extlinux.conf
seq 1 60000 >tree/boot/zImage
seq 1 700 >tree/etc/4k
: >tree/etc/empty
printf 'x' >tree/etc/one
seq 1 30 >tree/etc/inline-100
seq 1 100 >tree/etc/name1
ln tree/etc/name1 tree/boot/name2
ln -s zImage tree/boot/relative
ln -s /boot/zImage tree/boot/absolute
ln -s ../boot/./extlinux/../zImage tree/boot/dots
ln -s ././././././././././././././././././././././././././././././zImage tree/boot/slow
ln -s boot tree/directory
ln -s / tree/root
ln -s loop tree/loop
ln -s missing tree/dangling
ln -s .. tree/deep/a/b/c/up
ln -s etc/one tree/link1
i=1
while [ $i -lt 45 ]; do
	ln -s link$i tree/link$((i + 1))
	i=$((i + 1))
done
(cd tree/many && seq -f 'a-rather-long-name-of-a-file-%05.0f' 1 700 | xargs touch)
# Data of 4 KiB behind holes of 4 KiB: one extent each.
awk 'BEGIN { for (i = 0; i < 420; i++) { for (j = 0; j < 4096; j++) printf "%c", 0;
	printf "%04096d", i } }' >blocks
cp --sparse=always blocks tree/etc/extents
rm blocks
seq 1 1000 >tree/etc/sparse
truncate -s 9000000 tree/etc/sparse
seq 1 1000 >>tree/etc/sparse
find tree -exec touch -h -d @1600000000 {} +

# --- the images ---
make() {
	name=$1 size=$2
	shift 2
	mke2fs -q -F -N 2048 -U 01234567-89ab-cdef-0123-456789abcdef -L rootfs -M /mnt/rootfs \
		-E hash_seed=fedcba98-7654-3210-fedc-ba9876543210 -d tree "$@" "$name.img" "$size" >"$name.log" \
		2>&1 || { cat "$name.log"; exit 1; }
}

base=ext_attr,resize_inode,dir_index,filetype,sparse_super,large_file
ext4=$base,has_journal,extent,huge_file,flex_bg,dir_nlink,extra_isize
make ext2-1k 24M -b 1024 -I 256 -O none,$base
make ext2-4k 24M -b 4096 -I 128 -O none,$base
make ext2-plain 24M -b 1024 -I 128 -O none,sparse_super
make ext3-1k 24M -b 1024 -I 256 -O none,$base,has_journal
make ext4-1k 24M -b 1024 -I 256 -O none,$ext4
make ext4-2k 24M -b 2048 -I 256 -O none,$ext4,64bit,metadata_csum
make ext4-4k 24M -b 4096 -I 256 -O none,$ext4,64bit,metadata_csum
make ext4-64k 64M -b 65536 -I 256 -O none,$ext4,64bit,metadata_csum
make uninit-bg 24M -b 1024 -I 256 -O none,$ext4,uninit_bg
make seed-orphan 24M -b 1024 -I 256 \
	-O none,$ext4,64bit,metadata_csum,metadata_csum_seed,orphan_file
make no-flex-bg 24M -b 1024 -I 256 -O none,$base,extent,64bit,metadata_csum
make inode-128 24M -b 4096 -I 128 -O none,$ext4
make inline-data 24M -b 1024 -I 256 -O none,$ext4,64bit,metadata_csum,inline_data
make bigalloc-4k 24M -b 4096 -C 65536 -I 256 -O none,$ext4,64bit,metadata_csum,bigalloc
make bigalloc-1k 24M -b 1024 -C 16384 -I 256 -O none,$ext4,64bit,metadata_csum,bigalloc
MKE2FS_CONFIG=/etc/mke2fs.conf make default 24M -t ext4
make meta-bg 24M -b 1024 -g 256 -I 256 \
	-O none,ext_attr,dir_index,filetype,sparse_super,extent,64bit,metadata_csum,meta_bg
make small-groups 24M -b 1024 -g 1024 -I 256 -O none,$base,extent,64bit,metadata_csum
make ea-inode 24M -b 1024 -I 256 -O none,$ext4,64bit,metadata_csum,ea_inode
# Attributes in the inode and, where it has no room for them, in a block.
seq 1 200 | tr '\n' ' ' >attribute
# The same, a list of rights as a program gives it, and a value in an inode of its own.
printf '\002\0\0\0\001\0\006\0\377\377\377\377\002\0\004\0\350\003\0\0' >acl
printf '\004\0\004\0\377\377\377\377\020\0\004\0\377\377\377\377\040\0\0\0\377\377\377\377' >>acl
seq 1 1000 | head -c 1024 >value
debugfs -w ea-inode.img >attributes.log 2>&1 <<END
ea_set /etc/one user.small "a small note"
ea_set -f attribute /etc/one user.big
ea_set -f value /etc/one user.inode
ea_set -f acl /etc/one system.posix_acl_access
ea_set /etc/one trusted.t ""
ea_set /boot security.s s
END
for name in ext3-1k ext4-1k ext4-2k ext4-4k no-flex-bg inode-128; do
	debugfs -w $name.img >attributes.log 2>&1 <<END
ea_set /etc/one user.small "a small note"
ea_set -f attribute /etc/one user.big
END
done
cp --sparse=always ext4-1k.img htree-1k.img
cp --sparse=always ext4-4k.img htree-4k.img
for name in htree-1k htree-4k; do
	e2fsck -fyD $name.img >$name.log 2>&1 || [ $? -le 1 ]
done

# What debugfs can make and mke2fs cannot: device nodes, extents that were never
# written (with something on the medium), names removed at the start of a block.
debugfs -w ext4-4k.img >special.log 2>&1 <<END
mkdir special
cd special
mknod null c 1 3
mknod disk b 8 300
mknod pipe p
write tree/etc/4k unwritten
sif unwritten size 0
punch unwritten 0 100
fallocate unwritten 0 7
sif unwritten size 32768
sif /boot/zImage flags 0x80010
write tree/etc/one times
sif times atime 0xffffffff
sif times atime_extra 0
sif times ctime_extra 0xfffffffd
sif times mtime_extra 0x7735940d
sif times crtime_extra 0xff2
END
block=$(debugfs -R 'bmap /special/unwritten 0' ext4-4k.img 2>/dev/null | cut -d' ' -f1)
yes stale | head -c 4096 | dd of=ext4-4k.img bs=4096 seek="$block" conv=notrunc status=none
# Twenty folders, one in another, whose path is longer than any may be.
long=$(head -c 250 /dev/zero | tr '\0' d)
mke2fs -q -F -b 1024 -O none,$base,extent,64bit,metadata_csum deep.img 2M
i=0
while [ $i -lt 20 ]; do
	printf 'mkdir %s\ncd %s\n' "$long" "$long"
	i=$((i + 1))
done | debugfs -w -f - deep.img >deep.log 2>&1
mke2fs -q -F -b 4096 -O none,$base,extent,flex_bg,64bit,metadata_csum -E nodiscard large.img 60G \
	>large.log 2>&1
cp --sparse=always ext4-1k.img removed.img
seq -f 'rm /many/a-rather-long-name-of-a-file-%05.0f' 200 300 | debugfs -w -f - removed.img \
	>removed.log 2>&1

for image in *.img; do
	dumpe2fs -h "$image" >"${image%.img}.dump" 2>/dev/null
done
mv "$1.new" "$1"
