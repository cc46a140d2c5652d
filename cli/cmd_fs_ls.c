/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "at_place.h"
#include "fail.h"
#include "style.h"

/* A line of --long; the texts stand in one buffer, as it may move while it grows. */
struct row {
	struct stmboot_fs_node node;
	size_t name, target; /* where they begin; target 0: none */
};

/* Something that could not be read; both as above. */
struct trouble_row {
	size_t path, message;
};

/* As many as a list of findings holds. */
enum { MOST_TROUBLES = 10000 };

struct listing {
	const struct at_place *at;
	const struct options *o;
	struct style style;
	struct buffer out;
	struct json json;
	struct buffer texts;
	struct row *rows;
	size_t row_count, row_capacity;
	struct trouble_row *troubles;
	size_t trouble_count, trouble_capacity;
	size_t left_out; /* troubles that are only counted */
	bool failed;     /* there is no memory */
};

/* Room for one more in an array of the listing. */
static void *push(struct listing *l, void *array, size_t *count, size_t *capacity, size_t size)
{
	size_t wanted = *capacity != 0 ? *capacity * 2 : 64;
	void *grown = *count == *capacity ? realloc(array, wanted * size) : array;

	if (grown == NULL) {
		l->failed = true;
		return NULL;
	}
	if (*count == *capacity)
		*capacity = wanted;
	(*count)++;
	return grown;
}

/* Text and its NUL, kept with the others; where it begins. */
static size_t keep(struct listing *l, const char *text)
{
	size_t at = l->texts.length;

	buffer_add(&l->texts, text, strlen(text) + 1);
	return at;
}

static struct trouble_row *push_trouble(struct listing *l, const char *path)
{
	struct trouble_row *rows =
		push(l, l->troubles, &l->trouble_count, &l->trouble_capacity, sizeof(*rows));

	if (rows == NULL)
		return NULL;
	l->troubles = rows;
	rows += l->trouble_count - 1;
	rows->path = keep(l, path);
	rows->message = l->texts.length;
	return rows;
}

static void add_trouble(struct listing *l, const struct stmboot_fs_step *step)
{
	if (l->trouble_count == MOST_TROUBLES) {
		l->left_out++;
		return;
	}
	if (push_trouble(l, step->path) == NULL)
		return;
	buffer_printf(&l->texts, "could not read it: %s", step->trouble);
	if (step->has_offset)
		buffer_printf(&l->texts, ", at offset 0x%" PRIx64 " of the medium", step->offset);
	buffer_add(&l->texts, "", 1);
}

/* The last one: how many are left out. */
static void end_troubles(struct listing *l)
{
	if (l->left_out == 0 || push_trouble(l, l->at->path) == NULL)
		return;
	buffer_printf(&l->texts, "%zu more could not be read", l->left_out);
	buffer_add(&l->texts, "", 1);
}

static void add_row(struct listing *l, const struct stmboot_fs_step *step, const char *name)
{
	struct row *rows = push(l, l->rows, &l->row_count, &l->row_capacity, sizeof(*rows));

	if (rows == NULL)
		return;
	l->rows = rows;
	rows += l->row_count - 1;
	*rows = (struct row){ .node = step->inode->node, .name = keep(l, name) };
	if (step->inode->target != NULL)
		rows->target = keep(l, step->inode->target);
}

static void add_entry(struct listing *l, const struct stmboot_fs_step *step)
{
	const char *name = step->depth > 0 ? step->below : l->at->path;

	if (l->o->value[OPTION_JSON] != 0) {
		json_open(&l->json, NULL, '{');
		json_text(&l->json, "path", step->path);
		add_node_json(&l->json, &step->inode->node, step->inode->target);
		json_close(&l->json, '}');
	} else if (l->o->value[OPTION_LONG] != 0) {
		add_row(l, step, name);
	} else {
		style_escape(&l->style, &l->out, name);
		buffer_puts(&l->out, "\n");
	}
}

static enum stmboot_fs_answer visit(void *user, const struct stmboot_fs_step *step)
{
	struct listing *l = user;

	if (step->status != STMBOOT_OK)
		add_trouble(l, step);
	if (step->event == STMBOOT_FS_ENTER && step->inode != NULL &&
	    (step->depth > 0 || step->inode->node.type != STMBOOT_FS_DIRECTORY))
		add_entry(l, step);
	return l->failed ? STMBOOT_FS_STOP : STMBOOT_FS_GO_ON;
}

/* Columns of numbers, each as wide as the widest of them. */
enum { LINKS, UID, GID, SIZE, NUMBERS };

static int digits(uint64_t number)
{
	int count = 1;

	for (; number >= 10; number /= 10)
		count++;
	return count;
}

static bool is_device(const struct stmboot_fs_node *node)
{
	return node->type == STMBOOT_FS_CHAR_DEVICE || node->type == STMBOOT_FS_BLOCK_DEVICE;
}

static void widen(const struct stmboot_fs_node *node, int widths[NUMBERS])
{
	const int wanted[NUMBERS] = {
		[LINKS] = digits(node->links),
		[UID] = digits(node->uid),
		[GID] = digits(node->gid),
		[SIZE] = is_device(node)
				 ? digits(node->device_major) + 2 + digits(node->device_minor)
				 : digits(node->size),
	};

	for (size_t i = 0; i < NUMBERS; i++)
		if (wanted[i] > widths[i])
			widths[i] = wanted[i];
}

static void add_long(struct listing *l, const struct row *row, const int widths[NUMBERS])
{
	const struct stmboot_fs_node *node = &row->node;
	char mode[MODE_TEXT], when[TIME_TEXT], size[24], line[160];

	mode_text(node, mode);
	time_text(node->mtime, when);
	if (is_device(node))
		(void)snprintf(size, sizeof(size), "%" PRIu32 ", %" PRIu32, node->device_major,
			       node->device_minor);
	else
		(void)snprintf(size, sizeof(size), "%" PRIu64, node->size);
	(void)snprintf(line, sizeof(line), "%s %*" PRIu32 " %*" PRIu32 " %*" PRIu32 " %*s %s ",
		       mode, widths[LINKS], node->links, widths[UID], node->uid, widths[GID],
		       node->gid, widths[SIZE], size, when);
	buffer_puts(&l->out, line);
	style_escape(&l->style, &l->out, l->texts.data + row->name);
	if (row->target != 0) {
		buffer_puts(&l->out, " -> ");
		style_escape(&l->style, &l->out, l->texts.data + row->target);
	}
	buffer_puts(&l->out, "\n");
}

static void add_rows(struct listing *l)
{
	int widths[NUMBERS] = { 0 };

	for (size_t i = 0; i < l->row_count; i++)
		widen(&l->rows[i].node, widths);
	for (size_t i = 0; i < l->row_count && !l->texts.failed; i++)
		add_long(l, &l->rows[i], widths);
}

static void add_errors_json(struct listing *l)
{
	json_close(&l->json, ']');
	json_open(&l->json, "errors", '[');
	for (size_t i = 0; i < l->trouble_count && !l->texts.failed; i++) {
		json_open(&l->json, NULL, '{');
		json_text(&l->json, "path", l->texts.data + l->troubles[i].path);
		json_text(&l->json, "message", l->texts.data + l->troubles[i].message);
		json_close(&l->json, '}');
	}
	json_close(&l->json, ']');
	json_close(&l->json, '}');
}

static void complain_of(const struct listing *l, const struct trouble_row *row)
{
	struct buffer subject = { 0 };

	buffer_printf(&subject, "%s: %s", l->o->operands[0], l->texts.data + row->path);
	complain(l->o, subject.data, l->texts.data + row->message, NULL);
	buffer_release(&subject);
}

/* What could be read is shown, and what could not is said. */
static int show(struct listing *l)
{
	int result;

	end_troubles(l);
	if (l->o->value[OPTION_JSON] != 0)
		add_errors_json(l);
	else
		add_rows(l);
	l->out.failed = l->out.failed || l->failed || l->texts.failed;
	result = finish(l->o, &l->out);
	for (size_t i = 0; i < l->trouble_count && result != EXIT_NOT_DONE; i++)
		complain_of(l, &l->troubles[i]);
	return result == EXIT_DONE && l->trouble_count > 0 ? EXIT_NOT_DONE : result;
}

static void release(struct listing *l)
{
	free(l->troubles);
	free(l->rows);
	buffer_release(&l->texts);
	buffer_release(&l->out);
}

/* A symbolic link to a directory is followed, and any other shown as it is. */
static int list(const struct at_place *at)
{
	struct listing l = { .at = at,
			     .o = at->o,
			     .style = style_choose((enum color_choice)at->o->value[OPTION_COLOR]) };
	struct stmboot_fs_walk_options how = { .struct_size = sizeof(how) };
	struct stmboot_fs_node node;
	enum stmboot_status status;
	int result;

	l.json.out = &l.out;
	how.follow = stmboot_fs_stat(at->fs, at->path, true, &node) == STMBOOT_OK &&
		     node.type == STMBOOT_FS_DIRECTORY;
	how.max_depth = at->o->value[OPTION_RECURSIVE] != 0 ? 0 : 1;
	if (at->o->value[OPTION_JSON] != 0) {
		json_open(&l.json, NULL, '{');
		json_text(&l.json, "schema", "stmboot.fs-ls/1");
		json_u64(&l.json, "partition", at->partition);
		json_text(&l.json, "path", at->path);
		json_open(&l.json, "entries", '[');
	}
	status = stmboot_fs_walk(at->fs, at->path, &how, visit, &l);
	result = status == STMBOOT_OK ? show(&l) : fail_at_place(at, status);
	release(&l);
	return result;
}

int cmd_fs_ls(struct stmboot_context *ctx, const struct options *o)
{
	return with_place(ctx, o, o->operand_count > 1 ? o->operands[1] : "/", list);
}
