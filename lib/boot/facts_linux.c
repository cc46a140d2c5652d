/* SPDX-License-Identifier: MIT */
/*
 * What Linux makes of its command line, and the partition that root= names.
 * Linux init/do_mounts.c, block/early-lookup.c, drivers/of/fdt.c.
 */
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "base/context.h"
#include "boot/facts.h"
#include "format/kernel_payload.h"

/* Of the MMC block driver; CONFIG_MMC_BLOCK_MINORS. */
enum { MMC_MAJOR = 179, MMC_MINORS = 8 };

/* What the payloads of kernel and initrd unpack to; an image of 29 MiB may fill it. */
enum { UNPACKED_SLACK = 24 << 20, UNPACKED_RATIO = 8, MOST_UNPACKED = 256 << 20 };

/*
 * U-Boot writes its variable bootargs into the device tree. Where that is not
 * set, what the tree brought along stays (U-Boot boot/fdt_support.c).
 */
static const char *find_bootargs(const struct sb_facts *facts)
{
	const struct sb_attempt *attempt = facts->attempt;
	const char *own = attempt->dtb != NULL ? attempt->dtb->bootargs : NULL;
	const char *saved = NULL;

	if (attempt->bootargs != NULL && !attempt->bootargs->deleted)
		return attempt->bootargs->text;
	if (attempt->bootargs == NULL && facts->env.found.saved != NULL)
		saved = stmboot_env_find(facts->env.found.saved, "bootargs");
	return saved != NULL ? saved : own != NULL ? own : "";
}

size_t sb_facts_command_line_size(const struct sb_facts *facts)
{
	return facts->soc == STMBOOT_SOC_STM32MP2 ? STMBOOT_CMDLINE_ARM64_BYTES
						  : STMBOOT_CMDLINE_ARM_BYTES;
}

/* The kernel keeps what fits its buffer and says nothing. */
static enum stmboot_status read_cmdline(struct sb_facts *facts)
{
	const char *text = find_bootargs(facts);
	size_t limit = sb_facts_command_line_size(facts) - 1;

	facts->bootargs = sb_arena_strndup(facts->arena, text, strnlen(text, limit));
	if (facts->bootargs == NULL)
		return STMBOOT_NO_MEMORY;
	return stmboot_cmdline_decode(facts->ctx, facts->bootargs, &facts->cmdline);
}

static void take_root(struct sb_facts *facts, uint32_t number)
{
	const struct stmboot_part *part = sb_facts_part(facts, &facts->linux_view, number);

	if (part == NULL)
		return;
	if (facts->root_matches++ == 0)
		facts->root = part;
}

/* The partition number that `number` and PARTNROFF give. */
static uint32_t offset_by(uint32_t number, const struct stmboot_cmdline_root *root)
{
	int64_t sum = (int64_t)number + (root->has_partnroff ? root->partnroff : 0);

	return sum > 0 && sum <= UINT32_MAX ? (uint32_t)sum : 0;
}

/* A shortened GUID matches by its beginning; the first partition found wins. */
static void match_guid(struct sb_facts *facts, const struct stmboot_cmdline_root *root)
{
	size_t length = strlen(root->text);

	for (size_t i = 0; i < facts->linux_view.count; i++) {
		const struct stmboot_partition *entry = facts->linux_view.partitions[i];

		if (length > 0 && strncasecmp(entry->guid, root->text, length) == 0)
			take_root(facts, offset_by(entry->number, root));
	}
}

static void match_label(struct sb_facts *facts, const char *label)
{
	for (size_t i = 0; i < facts->linux_view.count; i++)
		if (strcmp(facts->linux_view.partitions[i]->name_linux, label) == 0)
			take_root(facts, facts->linux_view.partitions[i]->number);
}

/* UUID= and LABEL= are resolved by an initramfs, from the file systems themselves. */
static void match_filesystem(struct sb_facts *facts, const struct stmboot_cmdline_root *root)
{
	for (size_t i = 0; i < facts->linux_view.count; i++) {
		const struct stmboot_part *part =
			stmboot_image_find(facts->image, facts->linux_view.partitions[i]->number);

		if (part == NULL || part->ext4 == NULL)
			continue;
		if (root->kind == STMBOOT_ROOT_UUID ? strcasecmp(part->ext4->uuid, root->text) == 0
						    : strcmp(part->ext4->label, root->text) == 0)
			take_root(facts, part->number);
	}
}

static void match_number(struct sb_facts *facts, uint32_t disk, uint32_t partition)
{
	facts->root_elsewhere = facts->disk.known && disk != facts->disk.number;
	if (!facts->root_elsewhere)
		take_root(facts, partition);
}

static void find_root(struct sb_facts *facts)
{
	const struct stmboot_cmdline_root *root = &facts->cmdline->root;

	facts->disk = sb_disk_of(facts->attempt->dtb, facts->info->medium);
	switch (root->kind) {
	case STMBOOT_ROOT_MMC:
		match_number(facts, root->disk, root->partition);
		break;
	case STMBOOT_ROOT_NUMBER:
		if (root->device_major == MMC_MAJOR)
			match_number(facts, root->device_minor / MMC_MINORS,
				     root->device_minor % MMC_MINORS);
		else
			facts->root_elsewhere = true;
		break;
	case STMBOOT_ROOT_PARTUUID:
	case STMBOOT_ROOT_MBR_PARTUUID:
		match_guid(facts, root);
		break;
	case STMBOOT_ROOT_PARTLABEL:
		match_label(facts, root->text);
		break;
	case STMBOOT_ROOT_UUID:
	case STMBOOT_ROOT_LABEL:
		match_filesystem(facts, root);
		break;
	case STMBOOT_ROOT_DEVICE:
	case STMBOOT_ROOT_NFS:
	case STMBOOT_ROOT_FLASH:
	case STMBOOT_ROOT_RAM:
		facts->root_elsewhere = true;
		break;
	case STMBOOT_ROOT_NONE:
	case STMBOOT_ROOT_INVALID:
		break;
	}
}

/* Without a command line a bare file system is the only root there can be. */
static void take_bare(struct sb_facts *facts)
{
	const struct stmboot_part *bare = stmboot_image_part(facts->image, 0);

	if (!facts->is_card && bare->ext4 != NULL) {
		facts->root = bare;
		facts->root_matches = 1;
	}
}

static enum stmboot_status identify_kernel(struct sb_facts *facts)
{
	const struct sb_attempt *attempt = facts->attempt;
	struct stmboot_kernel_identity *identity = NULL;
	enum stmboot_status status;

	if (!facts->deep || attempt->image == NULL ||
	    attempt->image->format == STMBOOT_KERNEL_UNKNOWN)
		return STMBOOT_OK;
	status = sb_kernel_identify(facts->ctx, attempt->image_src, attempt->image,
				    &facts->unpack_budget, &identity);
	if (sb_is_fatal(status))
		return status;
	facts->identity = identity;
	return STMBOOT_OK;
}

/* A uImage around it is taken off by U-Boot. */
static enum stmboot_status look_into_initrd(struct sb_facts *facts)
{
	struct stmboot_source *src = facts->attempt->initrd.src;
	struct stmboot_uimage *wrapper = NULL;
	struct stmboot_source *inner = NULL;
	enum stmboot_status status;

	facts->initramfs_program =
		facts->cmdline->rdinit != NULL ? facts->cmdline->rdinit : "/init";
	if (!facts->deep || src == NULL)
		return STMBOOT_OK;
	status = stmboot_uimage_decode(facts->ctx, src, &wrapper);
	if (status == STMBOOT_OK)
		status = stmboot_source_window(facts->ctx, src, STMBOOT_UIMAGE_HEADER,
					       wrapper->data_bytes, &inner);
	if (!sb_is_fatal(status))
		status = sb_initramfs_decode(facts->arena, inner != NULL ? inner : src,
					     facts->initramfs_program, true, &facts->unpack_budget,
					     &facts->initramfs);
	stmboot_source_close(inner);
	stmboot_uimage_free(wrapper);
	facts->initramfs.unseen = facts->initramfs.unseen || status != STMBOOT_OK;
	return sb_is_fatal(status) ? status : STMBOOT_OK;
}

/*
 * Kernel and initrd together may unpack to a multiple of the image: a few bytes of LZMA
 * or bzip2 keep a processor busy for seconds.
 */
static enum stmboot_status find_budget(struct sb_facts *facts)
{
	uint64_t most = sb_limits(facts->ctx)->max_unpacked_bytes, bytes = 0;
	enum stmboot_status status =
		sb_image_count_data(facts->image, MOST_UNPACKED / UNPACKED_RATIO, &bytes);

	facts->unpack_budget = sb_min_u64(most, UNPACKED_SLACK + sb_min_u64(bytes, MOST_UNPACKED) *
									 UNPACKED_RATIO);
	return sb_is_fatal(status) ? status : STMBOOT_OK;
}

enum stmboot_status sb_facts_linux(struct sb_facts *facts)
{
	enum stmboot_status status = STMBOOT_OK;

	if (facts->attempt != NULL) {
		status = find_budget(facts);
		if (status == STMBOOT_OK)
			status = read_cmdline(facts);
		facts->has_initrd = facts->attempt->initrd.path != NULL;
		if (status == STMBOOT_OK)
			status = look_into_initrd(facts);
		if (status == STMBOOT_OK)
			status = identify_kernel(facts);
	}
	if (status != STMBOOT_OK)
		return status;
	facts->linux_view = stmboot_gpt_linux_view(
		facts->gpt,
		facts->cmdline != NULL && stmboot_cmdline_find(facts->cmdline, "gpt") != NULL);
	if (facts->is_card && facts->attempt != NULL && facts->cmdline != NULL)
		find_root(facts);
	take_bare(facts);
	facts->root_status = STMBOOT_NOT_FOUND;
	if (facts->root != NULL)
		facts->root_status =
			sb_image_fs_linux(facts->image, facts->root->number, &facts->root_fs);
	return sb_is_fatal(facts->root_status) ? facts->root_status : STMBOOT_OK;
}
