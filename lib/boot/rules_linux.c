/* SPDX-License-Identifier: MIT */
/* What Linux finds: its root file system and the first process. */
#include <inttypes.h>
#include <string.h>

#include "base/hint.h"
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

static bool has_root(const struct sb_facts *facts, enum stmboot_cmdline_root_kind kind)
{
	return facts->cmdline != NULL && facts->cmdline->root.kind == kind;
}

static const char root_example[] = "root=PARTUUID=<GUID of the root partition>";

static void check_root_given(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_finding finding;
	struct sb_scope inner = at_cmdline(facts, scope, &finding);

	if (!has_root(facts, STMBOOT_ROOT_NONE))
		return;
	finding.found = "no root=";
	finding.expected = root_example;
	finding.hint = by_partuuid(scope, likely_root(facts));
	sb_report(&inner, SB_BOOTARGS_NO_ROOT, &finding);
}

static void check_root_spelling(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_finding finding;
	struct sb_scope inner = at_cmdline(facts, scope, &finding);

	if (!has_root(facts, STMBOOT_ROOT_INVALID))
		return;
	finding.found = sb_text(scope, "root=%s: %s", facts->cmdline->root.spec,
				facts->cmdline->root.problem);
	finding.expected = root_example;
	finding.hint = by_partuuid(scope, likely_root(facts));
	sb_report(&inner, SB_BOOTARGS_BAD_ROOT, &finding);
}

/* rootdelay= waits, too; an initrd waits by its own means. */
static void check_rootwait(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_cmdline *cmdline = facts->cmdline;
	struct sb_finding finding;
	struct sb_scope inner;

	if (cmdline == NULL || facts->has_initrd || facts->root_elsewhere || cmdline->rootwait ||
	    cmdline->rootdelay > 0)
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

static void check_root_found(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_cmdline *cmdline = facts->cmdline;
	const struct stmboot_part *likely;
	struct sb_finding finding;
	struct sb_scope inner;

	if (!facts->is_card || cmdline == NULL || facts->root != NULL || facts->root_elsewhere)
		return;
	inner = at_cmdline(facts, scope, &finding);
	finding.found = sb_text(scope, "root=%s", cmdline->root.spec);
	finding.expected = facts->linux_view.count == 0
				   ? sb_text(scope, "a partition, but Linux sees none: %s",
					     stmboot_gpt_reason_text(facts->linux_view.reason))
				   : sb_text(scope, "one of the %zu partitions that Linux sees",
					     facts->linux_view.count);
	likely = likely_root(facts);
	if (facts->linux_view.count == 0)
		finding.hint = "mend the partition table first";
	else if (likely != NULL)
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
static bool is_unmounted(const struct sb_facts *facts)
{
	return facts->root != NULL && facts->root_status != STMBOOT_OK;
}

static void check_root_followed(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope outer = soften(facts, scope), inner;

	if (!is_unmounted(facts) || !is_filesystem(facts->root->content))
		return;
	inner = sb_scope_part(&outer, facts, facts->root);
	sb_report(&inner, SB_ROOTFS_UNKNOWN_FILESYSTEM,
		  &(struct sb_finding){ .found = stmboot_content_text(facts->root->content) });
}

/* The file system that was meant, or one in this place. */
static const char *mount_hint(const struct sb_facts *facts, const struct sb_scope *scope,
			      const struct sb_scope *inner)
{
	const struct stmboot_part *likely = likely_root(facts);

	if (facts->root->ext4 != NULL)
		return "mend the file system first";
	return likely != NULL ? by_partuuid(scope, likely)
			      : sb_hint_replace(inner, "write the root file system");
}

static void check_root_mounts(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope outer = soften(facts, scope), inner;

	if (!is_unmounted(facts) || is_filesystem(facts->root->content))
		return;
	inner = sb_scope_part(&outer, facts, facts->root);
	sb_report(&inner, SB_ROOTFS_NO_FILESYSTEM,
		  &(struct sb_finding){
			  .found = facts->root->ext4 != NULL
					   ? sb_text(scope, "ext4 that cannot be read: %s",
						     stmboot_status_text(facts->root_status))
					   : sb_found_content(facts->root->content),
			  .expected = "a file system",
			  .hint = mount_hint(facts, scope, &inner) });
}

static const char *missing_driver(const struct sb_release *release)
{
	if (!release->filesystem)
		return "ext4";
	if (!release->block)
		return "mmc_block";
	return !release->host ? "armmmci, the SD host" : NULL;
}

static void report_spelling(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_finding finding;
	struct sb_scope inner = at_cmdline(facts, scope, &finding);

	finding.found = sb_text(scope, "root=%s without an initrd", facts->cmdline->root.spec);
	finding.expected = facts->root != NULL && facts->root->entry != NULL
				   ? sb_text(scope, "root=PARTUUID=%s", facts->root->entry->guid)
				   : "root=PARTUUID=, root=PARTLABEL= or a device name";
	finding.hint = by_partuuid(scope, facts->root);
	sb_report(&inner, SB_ROOTFS_NEEDS_INITRD, &finding);
}

/*
 * Without its release, the kernel is any of those that have modules; it is an
 * error only when none of them could do it.
 */
static const struct sb_release *release_without_driver(const struct sb_facts *facts)
{
	const struct sb_release *blamed = NULL;

	for (size_t i = 0; i < facts->release_count; i++) {
		const struct sb_release *release = &facts->releases[i];

		if (!release->has_builtin || missing_driver(release) == NULL)
			return NULL;
		blamed = release;
	}
	return blamed;
}

static const char *initrd_hint(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct stmboot_extlinux_label *label = sb_facts_label(facts);
	const struct sb_config *config = sb_facts_config(facts);

	if (label == NULL || config == NULL)
		return "build the driver into the kernel";
	return sb_text(scope,
		       "build the driver into the kernel, or add an initrd: `stmboot fs put IMAGE "
		       "FILE %s && stmboot extlinux set IMAGE %s initrd /boot/initrd.img`",
		       sb_hint_place(scope, (int32_t)config->partition, "/boot/initrd.img"),
		       sb_hint_word(scope, label->name.text));
}

static void report_driver(const struct sb_facts *facts, const struct sb_scope *scope,
			  const struct sb_release *release)
{
	struct sb_finding finding;
	struct sb_scope inner = at_cmdline(facts, scope, &finding);

	finding.found =
		sb_text(scope, "in kernel %s a module: %s", release->name, missing_driver(release));
	finding.expected = "a built-in driver, or an initrd that brings it";
	finding.hint = initrd_hint(facts, scope);
	sb_report(&inner, SB_ROOTFS_NEEDS_INITRD, &finding);
}

static void check_initrd_needed(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_release *release = release_without_driver(facts);

	if (facts->has_initrd || facts->cmdline == NULL)
		return;
	if (needs_initramfs(facts->cmdline))
		report_spelling(facts, scope);
	else if (release != NULL && facts->attempt != NULL)
		report_driver(facts, scope, release);
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

/* clang-format off */
static const sb_facts_rule root_rows[] = {
	{ SB_BOOTARGS_NO_ROOT, check_root_given },
	{ SB_BOOTARGS_BAD_ROOT, check_root_spelling },
	{ SB_ROOTFS_NOT_FOUND, check_root_found },
	{ SB_ROOTFS_AMBIGUOUS, check_root_unique },
	{ SB_ROOTFS_ELSEWHERE, check_root_here },
	{ SB_ROOTFS_DISK_NUMBER, check_disk_number },
	{ SB_ROOTFS_NEEDS_INITRD, check_initrd_needed },
	{ SB_BOOTARGS_NO_ROOTWAIT, check_rootwait },
	{ SB_ROOTFS_UNKNOWN_FILESYSTEM, check_root_followed },
	{ SB_ROOTFS_NO_FILESYSTEM, check_root_mounts },
	{ SB_KERNEL_NO_MODULES, check_modules },
};
/* clang-format on */

const struct sb_rules sb_root_rules = SB_RULES(root_rows);

/* A program that Linux would start, and does not. */
struct checked {
	const struct sb_facts *facts;
	struct sb_scope scope;
	const struct sb_init *init;
};

/* What is to be written to the whole partition. */
static const char *root_hint(const struct checked *c, const char *what)
{
	struct sb_scope whole = c->scope;

	whole.path = NULL;
	return sb_hint_replace(&whole, what);
}

static void check_executable(const struct checked *c)
{
	const struct stmboot_fs_node *node = &c->init->node;

	if (c->init->status != STMBOOT_OK ||
	    (node->type == STMBOOT_FS_FILE && (node->mode & 0111) != 0))
		return;
	sb_report(&c->scope, SB_INIT_NOT_EXECUTABLE,
		  &(struct sb_finding){
			  .no_offset = c->init->src == NULL,
			  .found = sb_text(&c->scope, "mode %04" PRIo32, node->mode),
			  .expected = "a file that may be executed, for example mode 0755",
			  .hint = sb_text(
				  &c->scope,
				  "give it the permission: `stmboot fs chmod IMAGE 755 %s`",
				  sb_hint_place(&c->scope, c->scope.partition, c->init->path)) });
}

static void check_machine(const struct checked *c)
{
	const struct sb_program *program = &c->init->program;

	if (c->init->status != STMBOOT_OK || program->kind != SB_PROGRAM_ELF ||
	    program->bits == 0 || sb_facts_runs_machine(c->facts, program))
		return;
	sb_report(&c->scope, SB_INIT_WRONG_MACHINE,
		  &(struct sb_finding){
			  .offset = 18,
			  .length = 2,
			  .no_offset = c->init->src == NULL,
			  .found = sb_elf_machine_text(c->facts->arena, program->machine),
			  .expected =
				  c->facts->soc == STMBOOT_SOC_STM32MP2 ? "AArch64 or ARM" : "ARM",
			  .hint = root_hint(c, "take the root file system that was built for this "
					       "board") });
}

static void check_interpreter(const struct checked *c)
{
	if (c->init->status != STMBOOT_OK || c->init->interpreter == STMBOOT_OK)
		return;
	sb_report(&c->scope, SB_INIT_NO_INTERPRETER,
		  &(struct sb_finding){
			  .no_offset = c->init->src == NULL,
			  .found = sb_text(&c->scope, "%s: %s", c->init->interpreter_path,
					   stmboot_status_text(c->init->interpreter)),
			  .expected = "a program of that path that runs on this processor",
			  .hint = sb_text(&c->scope,
					  "put it there, it belongs to the C library or to the "
					  "interpreter's package: `stmboot fs put IMAGE FILE %s`",
					  sb_hint_place(&c->scope, c->scope.partition,
							c->init->interpreter_path)) });
}

/* Whatever else keeps it from being started. */
static void check_damage(const struct checked *c)
{
	struct sb_finding finding = { .no_offset = c->init->src == NULL };

	if (c->init->status != STMBOOT_OK) {
		finding.found = stmboot_status_text(c->init->status);
	} else {
		finding.found = "neither an ELF program nor a script";
		finding.expected = "a program that begins with an ELF header or #!";
		finding.hint = sb_hint_replace(&c->scope, "copy the program again");
	}
	sb_report(&c->scope, SB_INIT_DAMAGED, &finding);
}

/* clang-format off */
static const SB_RULE(const struct checked *) program_rows[] = {
	{ SB_INIT_NOT_EXECUTABLE, check_executable },
	{ SB_INIT_WRONG_MACHINE, check_machine },
	{ SB_INIT_NO_INTERPRETER, check_interpreter },
	{ SB_INIT_DAMAGED, check_damage },
};
/* clang-format on */

const struct sb_rules sb_program_rules = SB_RULES(program_rows);

static bool is_missing(const struct sb_init *init)
{
	return init->status == STMBOOT_NOT_FOUND || init->status == STMBOOT_LIMIT;
}

/* How many of the usual programs come before the one that is started. */
static size_t programs_before(const struct sb_facts *facts)
{
	return facts->init >= 0 ? (size_t)facts->init : facts->init_count;
}

/* The first of the usual programs decides; a shell that is started instead is a warning. */
static struct sb_scope in_root(const struct sb_facts *facts, const struct sb_scope *scope)
{
	struct sb_scope outer = soften(facts, scope);
	struct sb_scope inner = sb_scope_part(&outer, facts, facts->root);

	/* a bare file system may never be meant as a root */
	if (facts->init > 0 || !facts->is_card)
		inner.ceiling = STMBOOT_WARNING;
	return inner;
}

static void judge_programs(const struct sb_facts *facts, const struct sb_scope *scope)
{
	for (size_t i = 0; facts->root_fs != NULL && i < programs_before(facts); i++) {
		struct checked c = { facts, in_root(facts, scope), &facts->inits[i] };

		c.scope.path = c.init->path;
		c.scope.src = c.init->src;
		if (is_missing(c.init))
			continue;
		for (struct sb_run run = sb_run(&sb_program_rules, &c.scope); sb_run_next(&run);)
			program_rows[run.row].check(&c);
	}
}

/* In place of a link that leads nowhere, if there is one. */
static const char *busybox_hint(const struct sb_facts *facts, const struct sb_scope *inner)
{
	const char *place = sb_hint_place(inner, inner->partition, "/sbin/init");
	struct stmboot_fs_node node;
	bool dangling = stmboot_fs_stat(facts->root_fs, "/sbin/init", false, &node) == STMBOOT_OK;

	return sb_text(
		inner,
		"let busybox be it: `%s%s%sstmboot fs ln --symbolic IMAGE ../bin/busybox %s`",
		dangling ? "stmboot fs rm IMAGE " : "", dangling ? place : "",
		dangling ? " && " : "", place);
}

/* init= that names what is not there, root= that names the wrong partition, or no program. */
static const char *init_hint(const struct sb_facts *facts, const struct sb_scope *inner)
{
	const struct stmboot_part *likely = likely_root(facts);
	struct stmboot_fs_node node;

	if (facts->is_card && likely != NULL && likely != facts->root)
		return by_partuuid(inner, likely);
	if (strcmp(inner->path, "/sbin/init") != 0 && facts->is_card &&
	    stmboot_fs_stat(facts->root_fs, "/sbin/init", true, &node) == STMBOOT_OK)
		return "run `stmboot set-bootargs IMAGE --remove init`, and /sbin/init is taken";
	if (stmboot_fs_stat(facts->root_fs, "/bin/busybox", true, &node) == STMBOOT_OK &&
	    strcmp(inner->path, "/sbin/init") == 0)
		return busybox_hint(facts, inner);
	return sb_hint_replace(inner, "put the program there");
}

static void check_init_found(const struct sb_facts *facts, const struct sb_scope *scope)
{
	const struct sb_init *inits = facts->inits;
	struct sb_scope inner;

	if (facts->root_fs == NULL || facts->init == 0)
		return;
	for (size_t i = 0; i < programs_before(facts); i++)
		if (!is_missing(&inits[i]))
			return;
	inner = in_root(facts, scope);
	inner.path = inits[0].path;
	sb_report(&inner, SB_INIT_NOT_FOUND,
		  &(struct sb_finding){
			  .no_offset = true,
			  .found = facts->init > 0
					   ? sb_text(scope, "only %s", inits[facts->init].path)
					   : stmboot_status_text(inits[0].status),
			  .expected = inits[0].path,
			  .hint = init_hint(facts, &inner) });
}

static const sb_facts_rule init_rows[] = {
	{ SB_INIT_NOT_FOUND, check_init_found },
};

const struct sb_rules sb_init_rules = SB_RULES(init_rows);

void sb_judge_linux(const struct sb_facts *facts, const struct sb_scope *scope)
{
	sb_facts_judge(&sb_root_rules, root_rows, facts, scope);
	judge_programs(facts, scope);
	sb_facts_judge(&sb_init_rules, init_rows, facts, scope);
}
