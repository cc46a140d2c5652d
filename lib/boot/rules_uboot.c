/* SPDX-License-Identifier: MIT */
/* What U-Boot finds: file systems, extlinux.conf, the label that boots. */
#include <inttypes.h>

#include "base/hint.h"
#include "boot/rules.h"
#include "fs/fs.h"

/* Only the file systems that take part in the boot are judged. */
static void judge_filesystems(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_config *config = sb_facts_config(facts);

	for (size_t i = 0; i < stmboot_image_part_count(facts->image); i++) {
		const struct stmboot_part *part = stmboot_image_part(facts->image, i);
		bool searched = part == facts->searched ||
				(config != NULL && config->partition == part->number);
		struct sb_scope inner;

		if (part->ext4 == NULL || !(searched || part == facts->root))
			continue;
		inner = sb_scope_part(scope, facts, part);
		/* with an initrd nobody knows which file system is mounted in the end */
		if (part == facts->root && facts->has_initrd)
			inner.ceiling = STMBOOT_WARNING;
		sb_ext4_validate(&inner, part->ext4, part->size);
	}
}

static const char *where_searched(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_part *part = facts->searched;

	if (part == NULL)
		return facts->uboot_view.count == 0
			       ? stmboot_gpt_reason_text(facts->uboot_view.reason)
			       : "no partition to look at";
	if (facts->fs_status != STMBOOT_OK)
		return sb_text(scope,
			       "partition %" PRIu32 " holds no file system that U-Boot reads (%s)",
			       part->number, sb_found_content(part->content));
	return sb_text(scope, "no extlinux.conf in partition %" PRIu32 "%s", part->number,
		       facts->bootable_count > 1 ? " or another bootable one" : "");
}

/* A partition with a configuration that U-Boot does not look at, for want of the flag. */
static const struct stmboot_part *unflagged(const struct sb_facts *facts)
{
	for (size_t i = 0; i < facts->uboot_view.count; i++) {
		const struct stmboot_part *part =
			stmboot_image_find(facts->image, facts->uboot_view.partitions[i]->number);
		struct stmboot_fs_node node;
		struct stmboot_fs *fs;

		if (part == NULL || part->ext4 == NULL || part == facts->searched ||
		    sb_image_fs_uboot(facts->image, part->number, &fs) != STMBOOT_OK)
			continue;
		if (stmboot_fs_stat(fs, "/boot/extlinux/extlinux.conf", true, &node) ==
			    STMBOOT_OK ||
		    stmboot_fs_stat(fs, "/extlinux/extlinux.conf", true, &node) == STMBOOT_OK)
			return part;
	}
	return NULL;
}

/* How U-Boot is given a configuration, by what keeps it from finding one. */
static const char *config_hint(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_part *there = facts->is_card ? unflagged(facts) : NULL;

	if (facts->is_card && facts->uboot_view.count == 0)
		return "mend the partition table first";
	if (there != NULL)
		return sb_text(scope,
			       "partition %" PRIu32 " has one, but not the bootable flag: run "
			       "`stmboot gpt set IMAGE %" PRIu32 " bootable=yes`",
			       there->number, there->number);
	if (facts->searched == NULL || (facts->is_card && facts->bootable_count == 0))
		return "set the flag of the partition that is to hold it: `stmboot gpt set IMAGE "
		       "PARTITION bootable=yes`";
	if (facts->fs_status != STMBOOT_OK)
		return sb_text(scope,
			       "write a file system with one: `stmboot part write IMAGE %" PRIu32
			       " FILE`",
			       facts->searched->number);
	return sb_text(
		scope,
		"put one there: `stmboot fs mkdir --parents IMAGE %s && stmboot fs put IMAGE "
		"FILE %s`",
		sb_hint_place(scope, (int32_t)facts->searched->number, "/boot/extlinux"),
		sb_hint_place(scope, (int32_t)facts->searched->number,
			      "/boot/extlinux/extlinux.conf"));
}

static void check_config_found(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope inner = *scope;

	if (facts->config >= 0 || (!facts->is_card && facts->searched == NULL))
		return;
	if (facts->searched != NULL)
		inner = sb_scope_part(scope, facts, facts->searched);
	if (!facts->is_card) /* a bare file system need not be the one that U-Boot looks at */
		inner.ceiling = STMBOOT_WARNING;
	sb_report(&inner, SB_EXTLINUX_NOT_FOUND,
		  &(struct sb_finding){
			  .found = where_searched(facts, scope),
			  .expected = "/boot/extlinux/extlinux.conf in a partition with the "
				      "bootable flag",
			  .hint = config_hint(facts, scope) });
}

/* The first one with the flag that does not have the configuration that counts; 0: none. */
static uint32_t flagged_in_vain(const struct sb_facts *facts)
{
	const struct sb_config *config = sb_facts_config(facts);

	for (size_t i = 0; i < facts->uboot_view.count; i++) {
		const struct stmboot_partition *entry = facts->uboot_view.partitions[i];

		if (entry->bootable && (config == NULL || entry->number != config->partition))
			return entry->number;
	}
	return 0;
}

static void check_bootable(const struct sb_facts *facts, const struct sb_scope *scope)
{
	if (facts->bootable_count < 2)
		return;
	sb_report(scope, SB_EXTLINUX_SEVERAL_BOOTABLE,
		  &(struct sb_finding){
			  .offset = facts->uboot_view.copy != NULL
					    ? facts->uboot_view.copy->entries_offset
					    : 0,
			  .found = sb_text(scope, "%zu partitions with the bootable flag",
					   facts->bootable_count),
			  .expected = "one: U-Boot tries them in the order of their numbers",
			  .hint = sb_text(scope,
					  "clear the flag of the others: `stmboot gpt set IMAGE "
					  "%" PRIu32 " bootable=no`",
					  flagged_in_vain(facts)) });
}

static const char *rm_hint(const struct sb_scope *scope, const struct sb_config *config,
			   const char *what)
{
	return sb_text(scope, "%s: `stmboot fs rm IMAGE %s`", what,
		       sb_hint_place(scope, (int32_t)config->partition, config->path));
}

static void check_several(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_config *config = sb_facts_config(facts);

	for (size_t i = 0; config != NULL && i < facts->config_count; i++) {
		const struct sb_config *other = &facts->configs[i];
		struct sb_scope inner = *scope;

		if (other->script || other == config)
			continue;
		inner.partition = (int32_t)other->partition;
		inner.path = other->path;
		inner.src = other->src;
		sb_report(&inner, SB_EXTLINUX_SEVERAL,
			  &(struct sb_finding){
				  .found = sb_text(scope, "partition %" PRIu32 ":%s",
						   other->partition, other->path),
				  .expected = sb_text(scope,
						      "only partition %" PRIu32 ":%s, which counts",
						      config->partition, config->path),
				  .hint = rm_hint(scope, other,
						  "remove the one that is not meant") });
	}
}

static struct sb_scope script_scope(const struct sb_config *script, const struct sb_scope *scope)
{
	struct sb_scope inner = *scope;

	inner.partition = (int32_t)script->partition;
	inner.path = script->path;
	inner.src = script->src;
	return inner;
}

/* Is number `i` a script that U-Boot comes to before the configuration that counts? */
static bool comes_first(const struct sb_facts *facts, size_t i)
{
	return facts->configs[i].script && (facts->config < 0 || (size_t)facts->config > i);
}

/* A script that only searches elsewhere, as ST's does, is followed. */
static void check_scripts(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; i < facts->config_count; i++) {
		const struct sb_config *script = &facts->configs[i];
		struct sb_scope inner = script_scope(script, scope);

		if (!comes_first(facts, i) || script->what.fault != SB_SCRIPT_RUNS ||
		    (sb_boot_script_is_followed(&script->what.commands) && !script->from_script))
			continue;
		sb_report(&inner, SB_EXTLINUX_SCRIPT_FIRST,
			  &(struct sb_finding){
				  .found = sb_text(scope, "partition %" PRIu32 ":%s",
						   script->partition, script->path),
				  .hint = rm_hint(scope, script,
						  "remove the script, or move extlinux.conf to "
						  "/extlinux") });
	}
}

/* U-Boot says so and goes on with the next place. */
static void check_script_damage(const struct sb_facts *facts, const struct sb_scope *scope)
{
	static const struct {
		uint64_t offset, length;
		const char *found, *expected;
	} faults[] = {
		[SB_SCRIPT_NO_IMAGE] = { 0, 4, "no uImage", "a uImage around the text" },
		[SB_SCRIPT_HEADER_CRC] = { 4, 4, "a header that does not match its CRC", NULL },
		[SB_SCRIPT_DATA_CRC] = { 24, 4, "data that does not match its CRC", NULL },
		[SB_SCRIPT_TYPE] = { 30, 1, "a uImage of another type", "the type script" },
		[SB_SCRIPT_EMPTY] = { 64, 4, "an empty script", "commands" },
	};

	for (size_t i = 0; i < facts->config_count; i++) {
		const struct sb_config *script = &facts->configs[i];
		enum sb_script_fault fault = script->what.fault;
		struct sb_scope inner = script_scope(script, scope);
		uint64_t size;

		if (!comes_first(facts, i) || fault == SB_SCRIPT_RUNS ||
		    fault == SB_SCRIPT_UNREADABLE)
			continue;
		size = stmboot_source_size(script->src);
		sb_report(&inner, SB_EXTLINUX_SCRIPT_DAMAGED,
			  &(struct sb_finding){
				  .offset = faults[fault].offset,
				  .length = faults[fault].length,
				  .no_offset = size < faults[fault].offset + faults[fault].length,
				  .found = faults[fault].found,
				  .expected = faults[fault].expected,
				  .hint = sb_hint_replace(&inner,
							  "make it again (mkimage -A arm -T script "
							  "-C none -d boot.cmd boot.scr.uimg)") });
	}
}

/* It is there, and U-Boot gets nothing out of it: another one may count in its place. */
static void check_readable(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; i < facts->config_count; i++) {
		const struct sb_config *config = &facts->configs[i];
		struct sb_scope inner = *scope;

		if (config->script || config->conf != NULL)
			continue;
		inner.partition = (int32_t)config->partition;
		inner.path = config->path;
		inner.src = config->src;
		if (facts->config != (int)i)
			inner.ceiling = STMBOOT_WARNING;
		sb_report(&inner, SB_EXTLINUX_UNREADABLE,
			  &(struct sb_finding){
				  .found = stmboot_status_text(config->status),
				  .expected = "a text of at most 1 MiB and 100,000 lines",
				  .hint = sb_hint_replace(&inner, "write the file again") });
	}
}

/* clang-format off */
static const sb_facts_rule config_rows[] = {
	{ SB_EXTLINUX_NOT_FOUND, check_config_found },
	{ SB_EXTLINUX_SEVERAL_BOOTABLE, check_bootable },
	{ SB_EXTLINUX_SEVERAL, check_several },
	{ SB_EXTLINUX_SCRIPT_FIRST, check_scripts },
	{ SB_EXTLINUX_SCRIPT_DAMAGED, check_script_damage },
	{ SB_EXTLINUX_UNREADABLE, check_readable },
};
/* clang-format on */

const struct sb_rules sb_config_rules = SB_RULES(config_rows);

static const char *get_variable(void *user, const char *name)
{
	return sb_facts_getenv(user, name);
}

static void judge_text(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_config *config = sb_facts_config(facts);
	struct sb_facts copy = *facts;
	struct stmboot_extlinux_environment env = { .get = get_variable, .user = &copy };
	struct stmboot_extlinux_check check = { .struct_size = sizeof(check), .env = &env };

	if (config == NULL || config->conf == NULL)
		return;
	check.boots = config->boots >= 0 ? (int32_t)facts->attempt->label : STMBOOT_EXTLINUX_NONE;
	check.path = config->path;
	check.partition = (int32_t)config->partition;
	/* without memory the list remembers it */
	if (stmboot_extlinux_validate(facts->ctx, config->conf, config->src, &check,
				      scope->diags) != STMBOOT_OK)
		return;
}

static const char *failure_text(enum sb_failure failure)
{
	static const char *const texts[] = {
		[SB_BOOTS] = "it boots",
		[SB_FAILS_NO_KERNEL] = "it has no kernel",
		[SB_FAILS_INITRD] = "its initrd cannot be loaded",
		[SB_FAILS_KERNEL] = "its kernel cannot be loaded",
		[SB_FAILS_KERNEL_FORMAT] = "its kernel is none that U-Boot starts",
		[SB_FAILS_BOOTARGS] = "its command line is too long for U-Boot",
		[SB_FAILS_FDT] = "its device tree cannot be loaded",
		[SB_FAILS_FDT_FORMAT] = "its device tree is damaged",
		[SB_FAILS_OVERLAY] = "an overlay does not apply",
		[SB_FAILS_LOCALBOOT] = "it leaves the boot to a local command",
		[SB_FAILS_FIT] = "U-Boot rejects its FIT",
	};

	return texts[failure];
}

static void check_labels(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_config *config = sb_facts_config(facts);
	struct sb_scope inner;

	if (config == NULL || config->boots < 0)
		return;
	inner = sb_scope_config(scope, facts);
	for (int i = 0; i < config->boots; i++) {
		const struct stmboot_extlinux_label *label =
			&config->conf->labels[config->attempts[i].label];
		struct sb_finding finding = sb_finding_at(&label->name);

		finding.found = sb_text(scope, "label %s: %s", label->name.text,
					failure_text(config->attempts[i].failure));
		finding.expected = "the first label that is tried boots";
		finding.hint = sb_text(
			scope,
			"mend it, or take the one that boots: `stmboot extlinux default IMAGE %s`",
			sb_hint_word(scope, sb_facts_label(facts)->name.text));
		sb_report(&inner, SB_EXTLINUX_LABEL_FAILS, &finding);
	}
}

static const sb_facts_rule label_rows[] = {
	{ SB_EXTLINUX_LABEL_FAILS, check_labels },
};

const struct sb_rules sb_label_rules = SB_RULES(label_rows);

void sb_judge_uboot(const struct sb_facts *facts, const struct sb_scope *scope)
{
	judge_filesystems(facts, scope);
	sb_judge_journals(facts, scope);
	sb_facts_judge(&sb_config_rules, config_rows, facts, scope);
	judge_text(facts, scope);
	sb_facts_judge(&sb_label_rules, label_rows, facts, scope);
}
