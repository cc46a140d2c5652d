/* SPDX-License-Identifier: MIT */
/* What Linux finds: its root file system and the first process. */
#include <inttypes.h>
#include <string.h>

#include "boot/rules.h"

/* Behind an initrd that cannot be seen through nothing here is more than likely. */
static struct sb_scope soften(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope inner = *scope;

	if (facts->has_initrd)
		inner.ceiling = STMBOOT_WARNING;
	return inner;
}

/* The line that made the command line. */
static struct sb_scope at_cmdline(const struct sb_facts *facts, const struct sb_scope *scope,
				  struct sb_finding *finding)
{
	struct sb_scope outer = soften(facts, scope);

	*finding = sb_finding_append(facts);
	return sb_scope_config(&outer, facts);
}

/* The one ext4 that holds an init: what root= was probably meant to name. */
static const struct stmboot_part *likely_root(const struct sb_facts *facts)
{
	for (size_t i = 0; i < facts->linux_view.count; i++) {
		const struct stmboot_part *part =
			stmboot_image_find(facts->image, facts->linux_view.partitions[i]->number);
		struct stmboot_fs_node node;
		struct stmboot_fs *fs;

		if (part != NULL && part->ext4 != NULL &&
		    sb_image_fs_linux(facts->image, part->number, &fs) == STMBOOT_OK &&
		    stmboot_fs_stat(fs, "/sbin/init", false, &node) == STMBOOT_OK)
			return part;
	}
	return NULL;
}

static const char *by_partuuid(const struct sb_scope *scope, const struct stmboot_part *part)
{
	return part != NULL && part->entry != NULL
		       ? sb_text(scope, "run `stmboot set-bootargs IMAGE root=PARTUUID=%s`",
				 part->entry->guid)
		       : NULL;
}

static void check_root_given(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_cmdline *cmdline = facts->cmdline;
	struct sb_finding finding;
	struct sb_scope inner;

	if (cmdline == NULL ||
	    (cmdline->root.kind != STMBOOT_ROOT_NONE && cmdline->root.kind != STMBOOT_ROOT_INVALID))
		return;
	inner = at_cmdline(facts, scope, &finding);
	finding.expected = "root=PARTUUID=<GUID of the root partition>";
	finding.hint = by_partuuid(scope, likely_root(facts));
	if (cmdline->root.kind == STMBOOT_ROOT_NONE) {
		finding.found = "no root=";
		sb_report(&inner, SB_BOOTARGS_NO_ROOT, &finding);
		return;
	}
	finding.found = sb_text(scope, "root=%s: %s", cmdline->root.spec, cmdline->root.problem);
	sb_report(&inner, SB_BOOTARGS_BAD_ROOT, &finding);
}

/* rootdelay= waits, too; an initrd waits by its own means. */
static void check_rootwait(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_cmdline *cmdline = facts->cmdline;
	struct sb_finding finding;
	struct sb_scope inner;

	if (cmdline == NULL || facts->has_initrd || cmdline->root.kind == STMBOOT_ROOT_NONE ||
	    facts->root_elsewhere || cmdline->rootwait || cmdline->rootdelay > 0)
		return;
	inner = at_cmdline(facts, scope, &finding);
	finding.found = "no rootwait";
	finding.hint = "run `stmboot set-bootargs IMAGE rootwait`";
	sb_report(&inner, SB_BOOTARGS_NO_ROOTWAIT, &finding);
}

static bool needs_initramfs(const struct stmboot_cmdline *cmdline)
{
	return cmdline->root.kind == STMBOOT_ROOT_UUID || cmdline->root.kind == STMBOOT_ROOT_LABEL;
}

static void check_root_spelling(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_finding finding;
	struct sb_scope inner;

	if (facts->cmdline == NULL || facts->has_initrd || !needs_initramfs(facts->cmdline))
		return;
	inner = at_cmdline(facts, scope, &finding);
	finding.found = sb_text(scope, "root=%s without an initrd", facts->cmdline->root.spec);
	finding.expected = facts->root != NULL && facts->root->entry != NULL
				   ? sb_text(scope, "root=PARTUUID=%s", facts->root->entry->guid)
				   : "root=PARTUUID=, root=PARTLABEL= or a device name";
	finding.hint = by_partuuid(scope, facts->root);
	sb_report(&inner, SB_ROOTFS_NEEDS_INITRD, &finding);
}

static void check_root_found(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_cmdline *cmdline = facts->cmdline;
	const struct stmboot_part *likely;
	struct sb_finding finding;
	struct sb_scope inner;

	if (!facts->is_card || cmdline == NULL || facts->root != NULL || facts->root_elsewhere ||
	    cmdline->root.kind == STMBOOT_ROOT_NONE || cmdline->root.kind == STMBOOT_ROOT_INVALID)
		return;
	inner = at_cmdline(facts, scope, &finding);
	finding.found = sb_text(scope, "root=%s", cmdline->root.spec);
	finding.expected = facts->linux_view.count == 0
				   ? sb_text(scope, "a partition, but Linux sees none: %s",
					     stmboot_gpt_reason_text(facts->linux_view.reason))
				   : sb_text(scope, "one of the %zu partitions that Linux sees",
					     facts->linux_view.count);
	likely = likely_root(facts);
	if (likely != NULL)
		finding.hint =
			sb_text(scope,
				"partition %" PRIu32 " holds /sbin/init: run `stmboot set-bootargs "
				"IMAGE root=PARTUUID=%s`",
				likely->number, likely->entry->guid);
	sb_report(&inner, SB_ROOTFS_NOT_FOUND, &finding);
}

static void check_root_unique(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_finding finding;
	struct sb_scope inner;

	if (facts->root_matches < 2)
		return;
	inner = at_cmdline(facts, scope, &finding);
	finding.found = sb_text(scope, "root=%s matches %zu partitions", facts->cmdline->root.spec,
				facts->root_matches);
	finding.expected = "one";
	finding.hint = by_partuuid(scope, facts->root);
	sb_report(&inner, SB_ROOTFS_AMBIGUOUS, &finding);
}

static bool names_a_disk(const struct stmboot_cmdline *cmdline)
{
	return cmdline != NULL && (cmdline->root.kind == STMBOOT_ROOT_MMC ||
				   cmdline->root.kind == STMBOOT_ROOT_NUMBER);
}

/* What this card is to Linux, and why. */
static const char *disk_text(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_disk *disk = &facts->disk;

	return sb_text(scope, "mmcblk%" PRIu32 " (%s%s)", disk->number,
		       disk->host != NULL ? disk->host : "the first controller",
		       disk->alias          ? ", by its alias"
		       : disk->host != NULL ? ", without an alias"
					    : "");
}

static void check_root_here(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_finding finding;
	struct sb_scope inner;

	if (!facts->root_elsewhere)
		return;
	inner = at_cmdline(facts, scope, &finding);
	finding.found = sb_text(scope, "root=%s", facts->cmdline->root.spec);
	finding.expected = "a partition of this card";
	if (names_a_disk(facts->cmdline) && facts->disk.known) {
		finding.expected = sb_text(scope, "a partition of this card, which is %s",
					   disk_text(facts, scope));
		finding.hint = by_partuuid(scope, likely_root(facts));
	}
	sb_report(&inner, SB_ROOTFS_ELSEWHERE, &finding);
}

static void check_disk_number(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_finding finding;
	struct sb_scope inner;

	if (!names_a_disk(facts->cmdline) || facts->root_elsewhere || !facts->disk.contested)
		return;
	inner = at_cmdline(facts, scope, &finding);
	finding.found = sb_text(scope, "root=%s, and no alias of %s", facts->cmdline->root.spec,
				facts->disk.host);
	finding.expected = "a name that stays the same";
	finding.hint = by_partuuid(scope, facts->root);
	sb_report(&inner, SB_ROOTFS_DISK_NUMBER, &finding);
}

static bool is_filesystem(enum stmboot_content content)
{
	return content == STMBOOT_CONTENT_SQUASHFS || content == STMBOOT_CONTENT_BTRFS ||
	       content == STMBOOT_CONTENT_F2FS || content == STMBOOT_CONTENT_EROFS ||
	       content == STMBOOT_CONTENT_CRAMFS || content == STMBOOT_CONTENT_FAT;
}

/* What the superblock says was judged by then; here it is whether Linux can mount it. */
static void check_root_mounts(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope outer = soften(facts, scope), inner;

	if (facts->root == NULL || facts->root_status == STMBOOT_OK)
		return;
	inner = sb_scope_part(&outer, facts, facts->root);
	if (is_filesystem(facts->root->content))
		sb_report(&inner, SB_ROOTFS_UNKNOWN_FILESYSTEM,
			  &(struct sb_finding){
				  .found = stmboot_content_text(facts->root->content) });
	else
		sb_report(
			&inner, SB_ROOTFS_NO_FILESYSTEM,
			&(struct sb_finding){
				.found = facts->root->ext4 != NULL
						 ? sb_text(scope, "ext4 that cannot be read: %s",
							   stmboot_status_text(facts->root_status))
						 : sb_found_content(facts->root->content),
				.expected = "a file system" });
}

static const char *missing_driver(const struct sb_release *release)
{
	if (!release->filesystem)
		return "ext4";
	if (!release->block)
		return "mmc_block";
	return !release->host ? "armmmci, the SD host" : NULL;
}

/*
 * Without its release, the kernel is any of those that have modules; it is an
 * error only when none of them could do it.
 */
static void check_drivers(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_release *blamed = NULL;
	struct sb_finding finding;
	struct sb_scope inner;

	if (facts->has_initrd || facts->attempt == NULL || needs_initramfs(facts->cmdline))
		return;
	for (size_t i = 0; i < facts->release_count; i++) {
		const struct sb_release *release = &facts->releases[i];

		if (!release->has_builtin || missing_driver(release) == NULL)
			return;
		blamed = release;
	}
	if (blamed == NULL)
		return;
	inner = at_cmdline(facts, scope, &finding);
	finding.found =
		sb_text(scope, "in kernel %s a module: %s", blamed->name, missing_driver(blamed));
	finding.expected = "a built-in driver, or an initrd that brings it";
	finding.hint = "add an initrd line to the label, or build the driver into the kernel";
	sb_report(&inner, SB_ROOTFS_NEEDS_INITRD, &finding);
}

static void check_modules(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const char *release = facts->identity != NULL ? facts->identity->release : NULL;
	struct sb_scope inner;

	if (release == NULL || facts->root_fs == NULL || facts->release_count == 0)
		return;
	for (size_t i = 0; i < facts->release_count; i++)
		if (strcmp(facts->releases[i].name, release) == 0)
			return;
	inner = sb_scope_part(scope, facts, facts->root);
	inner.path = "/lib/modules";
	sb_report(&inner, SB_KERNEL_NO_MODULES,
		  &(struct sb_finding){
			  .no_offset = true,
			  .found = sb_text(scope, "/lib/modules/%s", facts->releases[0].name),
			  .expected = sb_text(scope, "/lib/modules/%s", release) });
}

static bool is_missing(const struct sb_init *init)
{
	return init->status == STMBOOT_NOT_FOUND || init->status == STMBOOT_LIMIT;
}

static void report_init(const struct sb_facts *facts, const struct sb_scope *scope,
			const struct sb_init *init)
{
	const struct sb_program *program = &init->program;
	struct sb_finding finding = { .no_offset = init->src == NULL };
	enum sb_code code = SB_INIT_DAMAGED;
	struct sb_scope inner = *scope;

	inner.path = init->path;
	inner.src = init->src;
	if (init->status != STMBOOT_OK) {
		finding.found = stmboot_status_text(init->status);
	} else if (init->node.type != STMBOOT_FS_FILE || (init->node.mode & 0111) == 0) {
		code = SB_INIT_NOT_EXECUTABLE;
		finding.found = sb_text(scope, "mode %04" PRIo32, init->node.mode);
		finding.expected = "a file that may be executed, for example mode 0755";
		finding.hint = "give it the permission (chmod 755) and make the image again";
	} else if (program->kind == SB_PROGRAM_ELF && program->bits != 0 &&
		   !sb_facts_runs_machine(facts, program)) {
		code = SB_INIT_WRONG_MACHINE;
		finding.offset = 18;
		finding.length = 2;
		finding.found = sb_elf_machine_text(facts->arena, program->machine);
		finding.expected = facts->soc == STMBOOT_SOC_STM32MP2 ? "AArch64 or ARM" : "ARM";
		finding.hint = "take the root file system that was built for this board";
	} else if (init->interpreter != STMBOOT_OK) {
		code = SB_INIT_NO_INTERPRETER;
		finding.found = sb_text(scope, "%s: %s", init->interpreter_path,
					stmboot_status_text(init->interpreter));
		finding.expected = "a program of that path that runs on this processor";
		finding.hint = "put it there: it belongs to the C library or to the interpreter's "
			       "package";
	} else {
		finding.found = "neither an ELF program nor a script";
		finding.expected = "a program that begins with an ELF header or #!";
		finding.hint = "copy the program again";
	}
	sb_report(&inner, code, &finding);
}

/* The first of the usual programs decides; a shell that is started instead is a warning. */
static void check_init(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope outer = soften(facts, scope), inner;
	size_t missing = 0;

	if (facts->root_fs == NULL || facts->init == 0)
		return;
	inner = sb_scope_part(&outer, facts, facts->root);
	/* a bare file system may never be meant as a root */
	if (facts->init > 0 || !facts->is_card)
		inner.ceiling = STMBOOT_WARNING;
	for (size_t i = 0; i < facts->init_count && (int)i != facts->init; i++) {
		if (is_missing(&facts->inits[i]))
			missing++;
		else
			report_init(facts, &inner, &facts->inits[i]);
	}
	if (missing != (facts->init > 0 ? (size_t)facts->init : facts->init_count))
		return;
	inner.path = facts->inits[0].path;
	sb_report(&inner, SB_INIT_NOT_FOUND,
		  &(struct sb_finding){
			  .no_offset = true,
			  .found = facts->init > 0 ? sb_text(scope, "only %s",
							     facts->inits[facts->init].path)
						   : stmboot_status_text(facts->inits[0].status),
			  .expected = facts->inits[0].path,
			  .hint = "check that root= names the right partition" });
}

sb_rule *const sb_rules_linux[] = {
	check_root_given,  check_root_found,    check_root_unique, check_root_here,
	check_disk_number, check_root_spelling, check_rootwait,    check_root_mounts,
	check_drivers,     check_modules,       check_init,        NULL,
};
