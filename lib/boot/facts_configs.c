/* SPDX-License-Identifier: MIT */
/*
 * Where U-Boot looks for extlinux.conf, and what it finds.
 * U-Boot include/config_distro_bootcmd.h, cmd/part.c.
 */
#include <string.h>

#include "base/context.h"
#include "boot/facts.h"
#include "source/source.h"

enum { MAX_BOOTABLE = 128 };

struct include {
	struct sb_facts *facts;
	struct stmboot_fs *fs;
};

static enum stmboot_status read_include(void *user, const char *path, const void **data,
					size_t *size)
{
	const struct include *include = user;
	struct stmboot_source *src;
	enum stmboot_status status = stmboot_fs_open(include->fs, path, &src);
	char *text = NULL;

	if (status != STMBOOT_OK)
		return sb_is_fatal(status) ? status : STMBOOT_NOT_FOUND;
	status = sb_source_load(include->facts->arena, src,
				sb_limits(include->facts->ctx)->max_text_bytes, &text, size);
	stmboot_source_close(src);
	*data = text;
	return status == STMBOOT_OK || sb_is_fatal(status) ? status : STMBOOT_NOT_FOUND;
}

static const char *directory_of(struct sb_facts *facts, const char *path)
{
	const char *slash = strrchr(path, '/');

	return sb_arena_strndup(facts->arena, path, (size_t)(slash - path) + 1);
}

/* A configuration's text, and how to read it; the options are valid while `include` is. */
static enum stmboot_status load_config(struct sb_facts *facts, const struct sb_config *config,
				       struct include *include,
				       struct stmboot_extlinux_options *options, char **text,
				       size_t *size)
{
	*include = (struct include){ .facts = facts, .fs = config->fs };
	*options =
		(struct stmboot_extlinux_options){ .struct_size = sizeof(*options),
						   .version = facts->uboot_number,
						   .directory = directory_of(facts, config->path),
						   .include = read_include,
						   .user = include };
	return sb_source_load(facts->arena, config->src, sb_limits(facts->ctx)->max_text_bytes,
			      text, size);
}

static enum stmboot_status read_config(struct sb_facts *facts, struct sb_config *config)
{
	struct stmboot_extlinux_options options;
	struct include include;
	char *text = NULL;
	size_t size = 0;
	const uint64_t before = facts->ctx->allocated;
	enum stmboot_status status = STMBOOT_LIMIT;

	if (facts->configs_bytes <= facts->ctx->options.max_decoded_bytes)
		status = load_config(facts, config, &include, &options, &text, &size);
	if (status == STMBOOT_OK)
		status = stmboot_extlinux_decode(facts->ctx, text, size, &options, &config->conf);
	facts->configs_bytes += facts->ctx->allocated - before;
	config->status = status;
	return sb_is_fatal(status) ? status : STMBOOT_OK;
}

enum stmboot_status sb_facts_open_document(struct sb_facts *facts, const struct sb_config *config,
					   struct stmboot_extlinux_document **out)
{
	struct stmboot_extlinux_options options;
	struct include include;
	char *text = NULL;
	size_t size = 0;
	enum stmboot_status status = load_config(facts, config, &include, &options, &text, &size);

	if (status != STMBOOT_OK)
		return status;
	return stmboot_extlinux_document_open(facts->ctx, text, size, &options, out);
}

const struct sb_config *sb_facts_find_config(const struct sb_facts *facts, uint32_t partition,
					     const char *path)
{
	for (size_t i = 0; i < facts->config_count; i++)
		if (facts->configs[i].partition == partition &&
		    strcmp(facts->configs[i].path, path) == 0)
			return &facts->configs[i];
	return NULL;
}

/* A file of that path is noted, whether or not it can be read; a missing one is not. */
static enum stmboot_status try_place(struct sb_facts *facts, const struct stmboot_part *part,
				     struct stmboot_fs *fs, const char *path, bool script)
{
	struct stmboot_source *src;
	struct sb_config *config;
	enum stmboot_status status = stmboot_fs_open(fs, path, &src);

	if (status != STMBOOT_OK)
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	if (facts->config_count == SB_MAX_CONFIGS) {
		stmboot_source_close(src);
		return STMBOOT_OK;
	}
	config = &facts->configs[facts->config_count++];
	*config = (struct sb_config){ .partition = part->number,
				      .path = path,
				      .script = script,
				      .fs = fs,
				      .src = src,
				      .boots = -1 };
	return script ? STMBOOT_OK : read_config(facts, config);
}

/* `${name}` in a value that a script sets; false without memory. */
static bool expand(struct sb_facts *facts, const char *value, const char **out)
{
	const char *result = "", *open;

	while (result != NULL && (open = strstr(value, "${")) != NULL) {
		const char *end = strchr(open, '}');
		const char *name = end != NULL ? sb_arena_strndup(facts->arena, open + 2,
								  (size_t)(end - open) - 2)
					       : "";
		const char *known = name != NULL ? sb_facts_getenv(facts, name) : NULL;

		result = sb_arena_printf(facts->arena, "%s%.*s%s", result, (int)(open - value),
					 value, known != NULL ? known : "");
		value = end != NULL ? end + 1 : "";
	}
	if (result != NULL)
		result = sb_arena_printf(facts->arena, "%s%s", result, value);
	*out = result;
	return result != NULL;
}

/* The variables of the search as a script leaves them, with the file that it looks for itself. */
static bool variables_of(struct sb_facts *facts, const struct sb_boot_script *script,
			 struct sb_search_variables *out)
{
	*out = facts->variables;
	return expand(facts, script->prefixes, &out->prefixes) &&
	       (script->conf == NULL || expand(facts, script->conf, &out->conf));
}

static enum stmboot_status search_places(struct sb_facts *facts, const struct stmboot_part *part,
					 struct stmboot_fs *fs, const struct sb_places *places,
					 bool again);

/*
 * OpenSTLinux's boot script leads on to a folder named after the medium, and
 * there to a file named after the board if there is one (meta-st-stm32mp,
 * boot.scr.cmd).
 */
static enum stmboot_status follow_script(struct sb_facts *facts, const struct stmboot_part *part,
					 struct stmboot_fs *fs, const struct sb_boot_script *script)
{
	struct sb_search_variables variables;
	struct sb_places places;
	size_t before = facts->config_count;
	enum stmboot_status status;

	if (!variables_of(facts, script, &variables) ||
	    !sb_search_places(facts->arena, &variables, &places))
		return STMBOOT_NO_MEMORY;
	status = search_places(facts, part, fs, &places, true);
	if (status == STMBOOT_OK && facts->config_count == before && script->conf_conditional) {
		variables.conf = facts->variables.conf;
		if (!sb_search_places(facts->arena, &variables, &places))
			return STMBOOT_NO_MEMORY;
		status = search_places(facts, part, fs, &places, true);
	}
	return status;
}

/* `again`: from a script, which does not lead to another one. */
static enum stmboot_status search_places(struct sb_facts *facts, const struct stmboot_part *part,
					 struct stmboot_fs *fs, const struct sb_places *places,
					 bool again)
{
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < places->count && status == STMBOOT_OK; i++) {
		size_t before = facts->config_count;
		struct sb_config *config = &facts->configs[before];

		status = try_place(facts, part, fs, places->list[i].path, places->list[i].script);
		if (status != STMBOOT_OK || facts->config_count == before)
			continue;
		config->from_script = again;
		if (!config->script)
			continue;
		status = sb_facts_script(facts, config);
		if (status == STMBOOT_OK && !again && config->what.fault == SB_SCRIPT_RUNS &&
		    sb_boot_script_is_followed(&config->what.commands))
			status = follow_script(facts, part, fs, &config->what.commands);
	}
	return status;
}

static enum stmboot_status search_part(struct sb_facts *facts, const struct stmboot_part *part)
{
	struct stmboot_fs *fs = NULL;
	enum stmboot_status status = sb_image_fs_uboot(facts->image, part->number, &fs);

	if (facts->searched == NULL) {
		facts->searched = part;
		facts->fs_status = status;
	}
	sb_facts_note_journal(facts, part, true);
	if (status != STMBOOT_OK)
		return sb_is_fatal(status) ? status : STMBOOT_OK;
	return search_places(facts, part, fs, &facts->places, false);
}

/* A saved variable counts, also one that does not fit this U-Boot. */
static bool set_variables(struct sb_facts *facts)
{
	const struct stmboot_env *saved = facts->env.found.saved;
	const struct {
		const char *name;
		const char **value;
	} rows[] = {
		{ "boot_prefixes", &facts->variables.prefixes },
		{ "boot_syslinux_conf", &facts->variables.conf },
		{ "boot_scripts", &facts->variables.scripts },
	};

	facts->variables = sb_search_stock;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = saved != NULL ? stmboot_env_find(saved, rows[i].name) : NULL;

		if (value != NULL)
			*rows[i].value = value;
	}
	return sb_search_places(facts->arena, &facts->variables, &facts->places);
}

/* U-Boot's `part list -bootable`, else partition 1 alone. */
static enum stmboot_status search_card(struct sb_facts *facts)
{
	const struct stmboot_partition *found[MAX_BOOTABLE];
	uint32_t last = facts->uboot_number < 202204 ? 64 : 128;
	enum stmboot_status status = STMBOOT_OK;
	const struct stmboot_part *part;

	facts->bootable_count = stmboot_gpt_bootable(&facts->uboot_view, last, found, MAX_BOOTABLE);
	if (facts->bootable_count == 0) {
		part = sb_facts_part(facts, &facts->uboot_view, 1);
		return part != NULL ? search_part(facts, part) : STMBOOT_OK;
	}
	for (size_t i = 0; i < facts->bootable_count && i < MAX_BOOTABLE && status == STMBOOT_OK;
	     i++) {
		part = stmboot_image_find(facts->image, found[i]->number);
		if (part != NULL)
			status = search_part(facts, part);
	}
	return status;
}

/* Does U-Boot stay at this file: a label boots, it waits in the menu, or it hangs? */
static bool stays(const struct sb_config *config)
{
	if (config->conf == NULL)
		return false;
	return config->boots >= 0 || config->conf->outcome == STMBOOT_EXTLINUX_UNDEFINED ||
	       config->conf->selection.wait == STMBOOT_EXTLINUX_WAIT_FOREVER;
}

/* Files are tried one after another until U-Boot stays; else the first one counts. */
static enum stmboot_status choose(struct sb_facts *facts)
{
	int first = -1;

	for (size_t i = 0; i < facts->config_count; i++) {
		struct sb_config *config = &facts->configs[i];
		enum stmboot_status status;

		if (config->script)
			continue;
		facts->config = (int)i;
		first = first < 0 ? (int)i : first;
		status = sb_facts_attempts(facts, config);
		if (status != STMBOOT_OK)
			return status;
		if (stays(config))
			return STMBOOT_OK;
	}
	facts->config = first;
	return STMBOOT_OK;
}

/* The label that boots; in an endless menu, or when none boots, the first that would be tried. */
static int followed(const struct sb_config *config)
{
	bool endless = config->conf->selection.wait == STMBOOT_EXTLINUX_WAIT_FOREVER;

	return config->boots >= 0 && !endless ? config->boots : 0;
}

enum stmboot_status sb_facts_configs(struct sb_facts *facts)
{
	const struct stmboot_part *bare = stmboot_image_part(facts->image, 0);
	const struct sb_config *config;
	enum stmboot_status status = STMBOOT_OK;

	if (!set_variables(facts))
		return STMBOOT_NO_MEMORY;
	if (facts->is_card)
		status = search_card(facts);
	else if (bare->ext4 != NULL)
		status = search_part(facts, bare);
	if (status == STMBOOT_OK)
		status = choose(facts);
	config = sb_facts_config(facts);
	if (config != NULL && config->attempt_count > 0)
		facts->attempt = &config->attempts[followed(config)];
	return status;
}
