/* SPDX-License-Identifier: MIT */
/* The first process, and the drivers that the kernel brings to reach it. Linux init/main.c. */
#include <string.h>

#include "base/context.h"
#include "boot/facts.h"
#include "source/source.h"

enum { MAX_SCRIPTS = 5 }; /* exec_binprm() in fs/exec.c */

/* Tried one after another when the command line has no init=. */
static const char *const programs[SB_INIT_PROGRAMS] = { "/sbin/init", "/etc/init", "/bin/init",
							"/bin/sh" };

bool sb_facts_runs_machine(const struct sb_facts *facts, const struct sb_program *program)
{
	if (program->big_endian)
		return false;
	if (program->machine == SB_ELF_ARM && program->bits == 32)
		return true; /* an arm64 kernel runs 32-bit programs, too */
	return facts->soc == STMBOOT_SOC_STM32MP2 && program->machine == SB_ELF_AARCH64;
}

/* A file that may be executed, opened; STMBOOT_NOT_FOUND for one that may not. */
static enum stmboot_status open_program(struct sb_facts *facts, const char *path,
					struct stmboot_source **src)
{
	struct stmboot_fs_node node;
	enum stmboot_status status = stmboot_fs_stat(facts->root_fs, path, true, &node);

	if (status != STMBOOT_OK)
		return status;
	if (node.type != STMBOOT_FS_FILE || (node.mode & 0111) == 0)
		return STMBOOT_NOT_FOUND;
	return stmboot_fs_open(facts->root_fs, path, src);
}

static enum stmboot_status read_program(struct sb_facts *facts, const char *path,
					struct sb_program *out)
{
	struct stmboot_source *src = NULL;
	enum stmboot_status status = open_program(facts, path, &src);

	if (status == STMBOOT_OK)
		status = sb_program_decode(facts->arena, src, out);
	stmboot_source_close(src);
	return status;
}

/* What a program needs, and whether that can be started for it. */
static enum stmboot_status read_interpreter(struct sb_facts *facts, const struct sb_program *needs,
					    struct sb_program *out)
{
	enum stmboot_status status = read_program(facts, needs->interpreter, out);

	if (status != STMBOOT_OK)
		return status;
	if (out->kind == SB_PROGRAM_UNKNOWN ||
	    (out->kind == SB_PROGRAM_SCRIPT && needs->kind == SB_PROGRAM_ELF))
		return STMBOOT_NOT_RECOGNISED;
	if (out->kind == SB_PROGRAM_ELF && (out->damaged || !sb_facts_runs_machine(facts, out)))
		return STMBOOT_UNSUPPORTED;
	return STMBOOT_OK;
}

/*
 * The interpreter of a script may be a script itself, a few times over
 * (fs/exec.c); that of an ELF program has to be ELF and needs no further one
 * (fs/binfmt_elf.c).
 */
static enum stmboot_status find_interpreter(struct sb_facts *facts, struct sb_init *init)
{
	struct sb_program needs = init->program, found = { 0 };
	unsigned scripts = 0;

	while (needs.interpreter != NULL && init->interpreter == STMBOOT_OK) {
		init->interpreter_path = needs.interpreter;
		if (needs.kind == SB_PROGRAM_SCRIPT && ++scripts > MAX_SCRIPTS) {
			init->interpreter = STMBOOT_LIMIT;
			break;
		}
		init->interpreter = read_interpreter(facts, &needs, &found);
		if (needs.kind == SB_PROGRAM_ELF)
			break;
		needs = found;
	}
	return sb_is_fatal(init->interpreter) ? init->interpreter : STMBOOT_OK;
}

static bool runs(const struct sb_facts *facts, const struct sb_init *init)
{
	const struct sb_program *program = &init->program;

	if (init->status != STMBOOT_OK || init->node.type != STMBOOT_FS_FILE ||
	    (init->node.mode & 0111) == 0 || program->kind == SB_PROGRAM_UNKNOWN ||
	    init->interpreter != STMBOOT_OK)
		return false;
	return program->kind == SB_PROGRAM_SCRIPT ||
	       (!program->damaged && sb_facts_runs_machine(facts, program));
}

static enum stmboot_status look_at(struct sb_facts *facts, const char *path, struct sb_init *init)
{
	char resolved[STMBOOT_FS_PATH_BYTES];
	enum stmboot_status status;

	*init = (struct sb_init){ .path = path };
	init->status = stmboot_fs_stat(facts->root_fs, path, true, &init->node);
	if (init->status == STMBOOT_OK)
		init->status = stmboot_fs_resolve(facts->root_fs, path, resolved, sizeof(resolved));
	if (init->status == STMBOOT_OK) {
		init->resolved = sb_arena_strdup(facts->arena, resolved);
		if (init->node.type == STMBOOT_FS_FILE)
			init->status = stmboot_fs_open(facts->root_fs, path, &init->src);
	}
	if (init->src != NULL)
		init->status = sb_program_decode(facts->arena, init->src, &init->program);
	status = init->status;
	if (status == STMBOOT_OK)
		status = find_interpreter(facts, init);
	init->runs = runs(facts, init);
	return sb_is_fatal(status) ? status : STMBOOT_OK;
}

static enum stmboot_status find_init(struct sb_facts *facts)
{
	const char *wanted = facts->cmdline != NULL ? facts->cmdline->init : NULL;
	size_t count = wanted != NULL ? 1 : SB_INIT_PROGRAMS;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < count && status == STMBOOT_OK && facts->init < 0; i++) {
		struct sb_init *init = &facts->inits[facts->init_count++];

		status = look_at(facts, wanted != NULL ? wanted : programs[i], init);
		if (init->runs)
			facts->init = (int)i;
	}
	return status;
}

/* Does the list of built-in modules name "<driver>.ko" as a file of its own? */
bool sb_release_builds_in(const struct sb_release *release, const char *name)
{
	size_t length = strlen(name);

	if (!release->has_builtin)
		return false;
	for (const char *at = strstr(release->builtin, name); at != NULL; at = strstr(at + 1, name))
		if (at > release->builtin && at[-1] == '/' && strncmp(at + length, ".ko", 3) == 0)
			return true;
	return false;
}

static enum stmboot_status read_builtin(struct sb_facts *facts, struct sb_release *release)
{
	const char *path =
		sb_arena_printf(facts->arena, "/lib/modules/%s/modules.builtin", release->name);
	struct stmboot_source *src = NULL;
	enum stmboot_status status;
	char *list = NULL;
	size_t size;

	if (path == NULL)
		return STMBOOT_NO_MEMORY;
	status = stmboot_fs_open(facts->root_fs, path, &src);
	if (status == STMBOOT_OK)
		status = sb_source_load(facts->arena, src, sb_limits(facts->ctx)->max_text_bytes,
					&list, &size);
	stmboot_source_close(src);
	if (status != STMBOOT_OK)
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	release->has_builtin = true;
	release->builtin = list;
	release->filesystem = sb_release_builds_in(release, "ext4");
	release->block = sb_release_builds_in(release, "mmc_block");
	/* the module of drivers/mmc/host/mmci.c */
	release->host = sb_release_builds_in(release, "armmmci");
	return STMBOOT_OK;
}

static bool note_release(void *user, const struct stmboot_fs_entry *entry)
{
	struct sb_facts *facts = user;
	struct sb_release *release;

	if (entry->name[0] == '.' || entry->type != STMBOOT_FS_DIRECTORY)
		return true;
	release = &facts->releases[facts->release_count++];
	release->name = sb_arena_strdup(facts->arena, entry->name);
	return facts->release_count < SB_MAX_RELEASES;
}

static enum stmboot_status find_releases(struct sb_facts *facts)
{
	enum stmboot_status status =
		stmboot_fs_list(facts->root_fs, "/lib/modules", note_release, facts);

	if (sb_is_fatal(status))
		return status;
	for (size_t i = 0; i < facts->release_count; i++) {
		if (facts->releases[i].name == NULL)
			return STMBOOT_NO_MEMORY;
		status = read_builtin(facts, &facts->releases[i]);
		if (status != STMBOOT_OK)
			return status;
	}
	return STMBOOT_OK;
}

enum stmboot_status sb_facts_init(struct sb_facts *facts)
{
	enum stmboot_status status;

	if (facts->root_fs == NULL)
		return STMBOOT_OK;
	status = find_releases(facts);
	return status == STMBOOT_OK ? find_init(facts) : status;
}
