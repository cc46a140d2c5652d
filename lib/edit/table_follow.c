/* SPDX-License-Identifier: MIT */
/* What follows when partitions get other GUIDs and names. */
#include <inttypes.h>
#include <string.h>

#include "boot/trace.h"
#include "edit/edit.h"
#include "edit/table_edit.h"
#include "format/extlinux_edit.h"
#include "format/formats.h"
#include "image/image.h"
#include "source/source.h"

enum { MAX_FSTAB_BYTES = 64 << 10 };

/* Does anything change by which a partition can be named? */
static bool has_other_names(const struct sb_table_change *change)
{
	for (size_t i = 0; i < change->count; i++)
		if (strcmp(change->before[i]->guid, change->after[i]->guid) != 0 ||
		    strcmp(change->before[i]->name_linux, change->after[i]->name_linux) != 0)
			return true;
	return false;
}

/* With what Linux sees of the file systems. */
static struct sb_facts *facts_of(struct stmboot_boot_edit *edit)
{
	return sb_boot_facts(sb_boot_edit_base(edit)->boot);
}

/* The blanks at the end of an append are of no use, and an edit leaves none. */
static const char *append_of(struct stmboot_boot_edit *edit, size_t label)
{
	const char *text =
		stmboot_extlinux_document_conf(edit->document)->labels[label].append.text;
	size_t length;

	if (text == NULL)
		return NULL;
	length = sb_without_cr(text, strlen(text));
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return sb_arena_strndup(&edit->arena, text, length);
}

static enum stmboot_status follow_label(struct stmboot_boot_edit *edit, size_t label,
					const struct sb_table_change *change,
					struct stmboot_refusal *why)
{
	const char *before = append_of(edit, label), *after;
	enum stmboot_status status;

	if (before == NULL)
		return edit->arena.failed ? STMBOOT_NO_MEMORY : STMBOOT_OK;
	status = sb_table_rewrite(&edit->arena, change, before, why, &after);
	if (status != STMBOOT_OK || after == before)
		return status;
	return sb_boot_edit_set_append(edit, label, after, why);
}

static enum stmboot_status follow_labels(struct stmboot_boot_edit *edit,
					 const struct sb_table_change *change,
					 struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_boot_edit_replay_boot(edit, why);
	const struct sb_config *config;
	size_t count;

	if (status != STMBOOT_OK)
		return status;
	config = sb_facts_config(facts_of(edit));
	if (config == NULL || config->conf == NULL)
		return STMBOOT_OK;
	status = sb_boot_edit_open_document(edit, why);
	if (status != STMBOOT_OK)
		return status;
	count = stmboot_extlinux_document_conf(edit->document)->label_count;
	for (size_t i = 0; i < count && status == STMBOOT_OK; i++)
		status = follow_label(edit, i, change, why);
	return status;
}

/* Would the text be another one, if it were to follow? One that could not is, too. */
static bool names_any(struct stmboot_boot_edit *edit, const struct sb_table_change *change,
		      const char *text)
{
	const char *after = text;
	enum stmboot_status status = STMBOOT_OK;

	if (text != NULL)
		status = sb_table_rewrite(&edit->arena, change, text, NULL, &after);
	return status == STMBOOT_CONFLICT || after != text;
}

static enum stmboot_status note(struct stmboot_boot_edit *edit, const char *text)
{
	return text != NULL ? sb_edit_note(edit->edit, text) : STMBOOT_NO_MEMORY;
}

/* Configurations that U-Boot does not get to. */
static enum stmboot_status note_configs(struct stmboot_boot_edit *edit,
					const struct sb_table_change *change)
{
	struct sb_facts *facts = facts_of(edit);
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < facts->config_count && status == STMBOOT_OK; i++) {
		const struct sb_config *config = &facts->configs[i];
		bool named = false;

		if (config == sb_facts_config(facts) || config->conf == NULL)
			continue;
		for (size_t k = 0; k < config->conf->label_count && !named; k++)
			named = names_any(edit, change, config->conf->labels[k].append.text);
		if (named)
			status = note(edit, sb_arena_printf(&edit->arena,
							    "%s in partition %" PRIu32
							    " still names the old one",
							    config->path, config->partition));
	}
	return status;
}

static enum stmboot_status note_environment(struct stmboot_boot_edit *edit,
					    const struct sb_table_change *change)
{
	const struct stmboot_env *saved = facts_of(edit)->env.found.saved;

	for (size_t i = 0; saved != NULL && i < saved->variable_count; i++)
		if (names_any(edit, change, saved->variables[i].value))
			return note(edit, sb_arena_printf(&edit->arena,
							  "%s in U-Boot's saved environment still "
							  "names the old one",
							  saved->variables[i].name));
	return STMBOOT_OK;
}

static enum stmboot_status read_fstab(struct stmboot_boot_edit *edit, const char **out)
{
	struct stmboot_fs *fs = facts_of(edit)->root_fs;
	struct stmboot_source *src = NULL;
	char *text = NULL;
	size_t size;
	enum stmboot_status status = STMBOOT_NOT_FOUND;

	if (fs != NULL)
		status = stmboot_fs_open(fs, "/etc/fstab", &src);
	if (status == STMBOOT_OK)
		status = sb_source_load(&edit->arena, src, MAX_FSTAB_BYTES, &text, &size);
	stmboot_source_close(src);
	*out = text;
	return status == STMBOOT_NO_MEMORY ? status : STMBOOT_OK;
}

/* Its names stand at the beginning of a line, as the value of no key. */
static enum stmboot_status note_fstab(struct stmboot_boot_edit *edit,
				      const struct sb_table_change *change)
{
	const char *text = NULL;
	bool named;
	enum stmboot_status status = read_fstab(edit, &text);

	if (status != STMBOOT_OK || text == NULL)
		return status;
	named = names_any(edit, change, text);
	for (const char *line = text; !named && line != NULL; line = strchr(line, '\n')) {
		const char *word;

		line += *line == '\n';
		word = sb_arena_printf(&edit->arena, "x=%.*s", (int)strcspn(line, " \t\n"), line);
		named = names_any(edit, change, word);
	}
	return named ? note(edit, "/etc/fstab still names the old one") : STMBOOT_OK;
}

static enum stmboot_status load_metadata(struct stmboot_boot_edit *edit)
{
	struct stmboot_image *image = edit->before.image;
	size_t count = stmboot_image_part_count(image);
	enum stmboot_status status = STMBOOT_OK;

	if (edit->metadata_loaded)
		return STMBOOT_OK;
	edit->metadata = sb_arena_array(&edit->arena, count, sizeof(*edit->metadata));
	if (edit->metadata == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < count && status == STMBOOT_OK; i++) {
		const struct stmboot_part *part = stmboot_image_part(image, i);
		struct sb_metadata *metadata = &edit->metadata[edit->metadata_count];
		const struct stmboot_fwu *fwu = part->fwu;

		if (fwu == NULL || !fwu->has_computed_crc || fwu->crc != fwu->computed_crc)
			continue;
		metadata->part = part;
		metadata->bytes = sb_arena_alloc(&edit->arena, (size_t)fwu->metadata_bytes);
		if (metadata->bytes == NULL)
			return STMBOOT_NO_MEMORY;
		status = stmboot_source_read(stmboot_image_part_source(image, part->number), 0,
					     metadata->bytes, (size_t)fwu->metadata_bytes);
		edit->metadata_count++;
	}
	edit->metadata_loaded = status == STMBOOT_OK;
	return status;
}

/* What a GUID is to be, or NULL: nothing that changes has it. */
static const char *new_guid_of(const struct sb_table_change *change, const char *guid)
{
	if (strcmp(change->disk_before, guid) == 0)
		return change->disk_after;
	for (size_t i = 0; i < change->count; i++)
		if (strcmp(change->before[i]->guid, guid) == 0)
			return change->after[i]->guid;
	return NULL;
}

static bool follow_metadata(struct sb_metadata *metadata, const struct sb_table_change *change)
{
	uint64_t places[SB_FWU_MAX_GUIDS];
	size_t count = sb_fwu_guids(metadata->part->fwu, places);
	bool changed = false;

	for (size_t i = 0; i < count; i++) {
		uint8_t *at = metadata->bytes + places[i];
		char text[SB_GUID_TEXT];
		const char *now;

		sb_guid_format(at, text);
		now = new_guid_of(change, text);
		if (now != NULL && strcmp(now, text) != 0)
			changed = sb_guid_parse(now, at) || changed;
	}
	return changed;
}

/* TF-A finds the partition that it loads by the GUID in there (drivers/fwu/fwu.c). */
static enum stmboot_status follow_all_metadata(struct stmboot_boot_edit *edit,
					       const struct sb_table_change *change)
{
	enum stmboot_status status = load_metadata(edit);

	for (size_t i = 0; i < edit->metadata_count && status == STMBOOT_OK; i++) {
		struct sb_metadata *metadata = &edit->metadata[i];
		const char *what;

		if (!follow_metadata(metadata, change))
			continue;
		sb_fwu_seal(metadata->part->fwu, metadata->bytes);
		metadata->changed = true;
		what = sb_arena_printf(&edit->arena, "update metadata in partition %" PRIu32,
				       metadata->part->number);
		status = what != NULL ? stmboot_edit_describe(edit->edit, what, NULL,
							      "names the new GUIDs")
				      : STMBOOT_NO_MEMORY;
	}
	return status;
}

enum stmboot_status sb_table_follow(struct stmboot_boot_edit *edit,
				    const struct sb_table_change *change,
				    struct stmboot_refusal *why)
{
	enum stmboot_status status = STMBOOT_OK;

	if (has_other_names(change)) {
		status = follow_labels(edit, change, why);
		if (status == STMBOOT_OK)
			status = note_configs(edit, change);
		if (status == STMBOOT_OK)
			status = note_environment(edit, change);
		if (status == STMBOOT_OK)
			status = note_fstab(edit, change);
	}
	if (status == STMBOOT_OK)
		status = follow_all_metadata(edit, change);
	return status == STMBOOT_OK && edit->arena.failed ? STMBOOT_NO_MEMORY : status;
}
