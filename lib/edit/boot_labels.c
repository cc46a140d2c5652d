/* SPDX-License-Identifier: MIT */
/* Changing the labels of the configuration that counts, wherever its files are. */
#include <string.h>

#include <stmboot/text.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/similar.h"
#include "boot/trace.h"
#include "edit/boot_edit.h"
#include "edit/edit.h"
#include "format/cmdline.h"
#include "format/extlinux_edit.h"

static const char inspect_hint[] = "'stmboot inspect' says what U-Boot finds";

enum stmboot_status sb_boot_edit_open_document(struct stmboot_boot_edit *edit,
					       struct stmboot_refusal *why)
{
	struct sb_facts *facts;
	const struct sb_config *config;
	enum stmboot_status status;

	if (edit->document != NULL)
		return STMBOOT_OK;
	status = sb_boot_edit_replay_boot(edit, why);
	if (status != STMBOOT_OK)
		return status;
	facts = sb_boot_facts(sb_boot_edit_base(edit)->boot);
	config = sb_facts_config(facts);
	if (config == NULL || config->conf == NULL) {
		status = sb_refuse_unread(sb_boot_edit_base(edit), 0, why);
		if (status != STMBOOT_OK)
			return status;
		return sb_refuse(why, STMBOOT_NOT_FOUND, inspect_hint,
				 "there is no extlinux.conf that U-Boot would read");
	}
	status = sb_facts_open_document(facts, config, &edit->document);
	edit->partition = config->partition;
	edit->path = config->path;
	return status;
}

static enum stmboot_status refuse_label(const struct stmboot_extlinux *conf, const char *name,
					struct stmboot_refusal *why)
{
	char room[SB_DID_YOU_MEAN];
	const char *best = NULL;

	for (size_t i = 0; i < conf->label_count; i++)
		stmboot_similar(name, conf->labels[i].name.text, &best);
	return sb_refuse(why, STMBOOT_NOT_FOUND,
			 sb_did_you_mean(best, "'stmboot extlinux show' lists them", room),
			 "there is no label '%s'", name);
}

/* The only label of that name, also where it ends with a CR. */
static enum stmboot_status find_name(const struct stmboot_extlinux *conf, const char *name,
				     size_t *out, struct stmboot_refusal *why)
{
	size_t length = strlen(name), found = 0;

	for (size_t i = 0; i < conf->label_count; i++) {
		const char *text = conf->labels[i].name.text;

		if (strncmp(text, name, length) != 0 ||
		    (text[length] != '\0' && strcmp(text + length, "\r") != 0))
			continue;
		*out = i;
		found++;
	}
	if (found > 1)
		return sb_refuse(why, STMBOOT_CONFLICT, "give them names of their own first",
				 "%zu labels have the name '%s'", found, name);
	if (found == 0)
		return refuse_label(conf, name, why);
	return STMBOOT_OK;
}

static enum stmboot_status find_label(struct stmboot_boot_edit *edit, const char *name, size_t *out,
				      struct stmboot_refusal *why)
{
	const struct stmboot_boot *boot;
	enum stmboot_status status = sb_boot_edit_open_document(edit, why);

	if (status != STMBOOT_OK)
		return status;
	boot = sb_boot_edit_base(edit)->boot;
	if (name != NULL)
		return find_name(stmboot_extlinux_document_conf(edit->document), name, out, why);
	if (boot->label_index == STMBOOT_NO_LABEL)
		status = sb_refuse_unread(sb_boot_edit_base(edit), 0, why);
	if (status != STMBOOT_OK)
		return status;
	if (boot->label_index == STMBOOT_NO_LABEL)
		return sb_refuse(why, STMBOOT_NOT_FOUND, inspect_hint,
				 "U-Boot finds no label that it could boot");
	*out = (size_t)boot->label_index;
	return STMBOOT_OK;
}

static const struct stmboot_extlinux_label *label_at(const struct stmboot_boot_edit *edit,
						     size_t index)
{
	return &stmboot_extlinux_document_conf(edit->document)->labels[index];
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Say what changed in words, unless nothing did. */
static enum stmboot_status describe(struct stmboot_boot_edit *edit, const char *what,
				    const char *before, const char *after)
{
	if (what == NULL)
		return STMBOOT_NO_MEMORY;
	/* What could not be kept is not what was not there. */
	if (edit->arena.failed)
		return STMBOOT_NO_MEMORY;
	return same(before, after) ? STMBOOT_OK
				   : stmboot_edit_describe(edit->edit, what, before, after);
}

static const char *name_of(struct stmboot_boot_edit *edit, size_t label, const char *key)
{
	const char *name = label_at(edit, label)->name.text;

	return sb_arena_printf(&edit->arena, "%s of label %.*s", key, (int)strcspn(name, "\r"),
			       name);
}

static enum stmboot_status set_bootargs(struct stmboot_boot_edit *edit, size_t label,
					const struct stmboot_cmdline_edit *change,
					struct stmboot_refusal *why)
{
	const char *before = sb_arena_strdup(&edit->arena, label_at(edit, label)->append.text);
	enum stmboot_status status =
		stmboot_extlinux_document_set_bootargs(edit->document, label, change, why);

	if (status != STMBOOT_OK)
		return status;
	return describe(edit, name_of(edit, label, "append"), before,
			label_at(edit, label)->append.text);
}

enum stmboot_status sb_boot_edit_set_append(struct stmboot_boot_edit *edit, size_t label,
					    const char *value, struct stmboot_refusal *why)
{
	const char *before = sb_arena_strdup(&edit->arena, label_at(edit, label)->append.text);
	enum stmboot_status status =
		stmboot_extlinux_document_set(edit->document, label, "append", value, why);

	if (status != STMBOOT_OK)
		return status;
	return describe(edit, name_of(edit, label, "append"), before,
			label_at(edit, label)->append.text);
}

static bool is_noted(const struct stmboot_edit *edit, const char *text)
{
	for (size_t i = 0; i < edit->note_count; i++)
		if (strcmp(edit->notes[i], text) == 0)
			return true;
	return false;
}

/* The kernel passes over what it does not know, without a word. */
static enum stmboot_status note_misspelt(struct stmboot_boot_edit *edit,
					 const char *const *arguments, size_t count)
{
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < count && status == STMBOOT_OK; i++) {
		const char *key =
			sb_arena_strndup(&edit->arena, arguments[i], strcspn(arguments[i], "="));
		const char *meant = key != NULL ? sb_cmdline_meant(key) : NULL;
		const char *note = NULL;

		if (meant != NULL)
			note = sb_arena_printf(&edit->arena, "'%s' may be a misspelt '%s'", key,
					       meant);
		if (edit->arena.failed)
			return STMBOOT_NO_MEMORY;
		if (note != NULL && !is_noted(edit->edit, note))
			status = sb_edit_note(edit->edit, note);
	}
	return status;
}

static enum stmboot_status note_all_misspelt(struct stmboot_boot_edit *edit,
					     const struct stmboot_cmdline_edit *change)
{
	struct stmboot_cmdline_edit c = { 0 };
	enum stmboot_status status;

	memcpy(&c, change, (size_t)sb_min_u64(change->struct_size, sizeof(c)));
	status = note_misspelt(edit, c.set, c.set_count);
	return status == STMBOOT_OK ? note_misspelt(edit, c.add, c.add_count) : status;
}

enum stmboot_status stmboot_boot_edit_set_bootargs(struct stmboot_boot_edit *edit,
						   const char *label,
						   const struct stmboot_cmdline_edit *change,
						   struct stmboot_refusal *why)
{
	size_t index;
	enum stmboot_status status = find_label(edit, label, &index, why);

	if (status == STMBOOT_OK)
		status = set_bootargs(edit, index, change, why);
	return status == STMBOOT_OK ? note_all_misspelt(edit, change) : status;
}

enum stmboot_status stmboot_boot_edit_set_all_bootargs(struct stmboot_boot_edit *edit,
						       const struct stmboot_cmdline_edit *change,
						       struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_boot_edit_open_document(edit, why);
	size_t count, changed = 0;

	if (status != STMBOOT_OK)
		return status;
	count = stmboot_extlinux_document_conf(edit->document)->label_count;
	for (size_t i = 0; i < count && status == STMBOOT_OK; i++) {
		if (label_at(edit, i)->localboot.text != NULL)
			continue;
		status = set_bootargs(edit, i, change, why);
		changed++;
	}
	if (changed == 0)
		return sb_refuse(why, STMBOOT_NOT_FOUND, inspect_hint,
				 "no label of the configuration boots a kernel");
	if (status == STMBOOT_OK)
		status = note_all_misspelt(edit, change);
	return sb_boot_edit_spoil(edit, status, why);
}

enum stmboot_status stmboot_boot_edit_append(struct stmboot_boot_edit *edit, const char *label,
					     struct stmboot_refusal *why, const char **out)
{
	size_t index;
	enum stmboot_status status = find_label(edit, label, &index, why);

	if (status == STMBOOT_OK)
		*out = label_at(edit, index)->append.text;
	return status;
}

/* The value that a key has in a label now, by what the caller calls it. */
static const char *value_of(struct stmboot_boot_edit *edit, size_t label, const char *key)
{
	return sb_arena_strdup(&edit->arena, sb_extlinux_label_value(label_at(edit, label), key));
}

static enum stmboot_status change_key(struct stmboot_boot_edit *edit, const char *label,
				      const char *key, const char *value,
				      struct stmboot_refusal *why)
{
	struct stmboot_extlinux_document *document;
	const char *before;
	size_t index;
	enum stmboot_status status = find_label(edit, label, &index, why);

	if (status != STMBOOT_OK)
		return status;
	document = edit->document;
	before = value_of(edit, index, key);
	if (value != NULL)
		status = stmboot_extlinux_document_set(document, index, key, value, why);
	else
		status = stmboot_extlinux_document_unset(document, index, key, why);
	if (status != STMBOOT_OK)
		return status;
	return describe(edit, name_of(edit, index, key), before, value_of(edit, index, key));
}

enum stmboot_status stmboot_boot_edit_set(struct stmboot_boot_edit *edit, const char *label,
					  const char *key, const char *value,
					  struct stmboot_refusal *why)
{
	return change_key(edit, label, key, value, why);
}

enum stmboot_status stmboot_boot_edit_unset(struct stmboot_boot_edit *edit, const char *label,
					    const char *key, struct stmboot_refusal *why)
{
	return change_key(edit, label, key, NULL, why);
}

static const char *label_text(struct stmboot_boot_edit *edit,
			      const struct stmboot_extlinux_setting *settings, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count && text != NULL; i++)
		text = sb_arena_printf(&edit->arena, "%s%s%s=%s", text, i > 0 ? ", " : "",
				       settings[i].key, settings[i].value);
	return text;
}

enum stmboot_status stmboot_boot_edit_add_label(struct stmboot_boot_edit *edit, const char *name,
						const struct stmboot_extlinux_setting *settings,
						size_t count, struct stmboot_refusal *why)
{
	enum stmboot_status status = sb_boot_edit_open_document(edit, why);
	const char *text = label_text(edit, settings, count);

	if (status == STMBOOT_OK && text == NULL)
		status = STMBOOT_NO_MEMORY;
	if (status == STMBOOT_OK)
		status = stmboot_extlinux_document_add(edit->document, name, settings, count, why);
	if (status != STMBOOT_OK)
		return status;
	return describe(edit, sb_arena_printf(&edit->arena, "label %s", name), NULL, text);
}

enum stmboot_status stmboot_boot_edit_remove_label(struct stmboot_boot_edit *edit,
						   const char *label, struct stmboot_refusal *why)
{
	const char *what, *before;
	size_t index;
	enum stmboot_status status = find_label(edit, label, &index, why);

	if (status != STMBOOT_OK)
		return status;
	what = name_of(edit, index, "lines");
	before = sb_arena_strdup(&edit->arena, label_at(edit, index)->kernel_value.text);
	status = stmboot_extlinux_document_remove(edit->document, index, why);
	return status == STMBOOT_OK ? describe(edit, what, before != NULL ? before : "", NULL)
				    : status;
}

enum stmboot_status stmboot_boot_edit_set_default(struct stmboot_boot_edit *edit, const char *label,
						  struct stmboot_refusal *why)
{
	const struct stmboot_extlinux *conf;
	const char *before;
	size_t index;
	enum stmboot_status status = find_label(edit, label, &index, why);

	if (status != STMBOOT_OK)
		return status;
	conf = stmboot_extlinux_document_conf(edit->document);
	before = sb_arena_strdup(&edit->arena, conf->default_name.text);
	status = stmboot_extlinux_document_set_default(edit->document, index, why);
	conf = stmboot_extlinux_document_conf(edit->document);
	return status == STMBOOT_OK ? describe(edit, "default", before, conf->default_name.text)
				    : status;
}

enum stmboot_status stmboot_boot_edit_set_timeout(struct stmboot_boot_edit *edit, uint32_t tenths,
						  struct stmboot_refusal *why)
{
	const struct stmboot_extlinux *conf;
	const char *before;
	enum stmboot_status status = sb_boot_edit_open_document(edit, why);

	if (status != STMBOOT_OK)
		return status;
	conf = stmboot_extlinux_document_conf(edit->document);
	before = sb_arena_strdup(&edit->arena, conf->timeout.text);
	status = stmboot_extlinux_document_set_timeout(edit->document, tenths, why);
	conf = stmboot_extlinux_document_conf(edit->document);
	return status == STMBOOT_OK ? describe(edit, "timeout", before, conf->timeout.text)
				    : status;
}

enum stmboot_status sb_boot_edit_stage_files(struct stmboot_boot_edit *edit,
					     struct stmboot_refusal *why)
{
	size_t count =
		edit->document != NULL ? stmboot_extlinux_document_file_count(edit->document) : 0;
	enum stmboot_status status = STMBOOT_OK;

	for (size_t i = 0; i < count && status == STMBOOT_OK; i++) {
		const struct stmboot_extlinux_document_file *file =
			stmboot_extlinux_document_file(edit->document, i);

		if (file->changed)
			status = sb_boot_edit_replace_file(
				edit, edit->partition, file->path != NULL ? file->path : edit->path,
				file->text, file->size, why);
	}
	return status;
}

static bool same_files(const struct stmboot_extlinux_document *a,
		       const struct stmboot_extlinux_document *b)
{
	size_t count = stmboot_extlinux_document_file_count(a);

	if (count != stmboot_extlinux_document_file_count(b))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct stmboot_extlinux_document_file *x =
			stmboot_extlinux_document_file(a, i);
		const struct stmboot_extlinux_document_file *y =
			stmboot_extlinux_document_file(b, i);

		if (x->size != y->size || memcmp(x->text, y->text, x->size) != 0)
			return false;
	}
	return true;
}

enum stmboot_status sb_boot_edit_read_back(struct stmboot_boot_edit *edit,
					   struct stmboot_refusal *why)
{
	struct sb_facts *facts = sb_boot_facts(edit->after.boot);
	const struct sb_config *config = sb_facts_find_config(facts, edit->partition, edit->path);
	struct stmboot_extlinux_document *document = NULL;
	enum stmboot_status status = STMBOOT_NOT_FOUND;
	bool good;

	/* where the table was changed U-Boot may look elsewhere, and the boot tells */
	if (config == NULL && edit->table != NULL)
		return STMBOOT_OK;
	if (config != NULL && config->conf != NULL)
		status = sb_facts_open_document(facts, config, &document);
	good = status == STMBOOT_OK && same_files(edit->document, document);
	stmboot_extlinux_document_free(document);
	if (good || sb_is_fatal(status))
		return status;
	return sb_refuse(why, STMBOOT_INTERNAL, "please report this",
			 "U-Boot would not read from the file system what was written");
}
