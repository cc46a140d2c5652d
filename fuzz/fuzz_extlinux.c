/* SPDX-License-Identifier: MIT */
/*
 * extlinux.conf: the input is the file, and what it includes is the input again
 * from its next NUL on. Every value must stand where the model says, the lines
 * must cover the file, and the order must name each label once at most.
 */
#include <stdlib.h>
#include <string.h>

#include <stmboot/extlinux.h>

struct input {
	const char *data;
	size_t size;
};

static void require(bool truth)
{
	if (!truth)
		abort();
}

static enum stmboot_status include(void *user, const char *path, const void **data, size_t *size)
{
	struct input *rest = user;
	const char *nul = rest->size != 0 ? memchr(rest->data, '\0', rest->size) : NULL;

	require(path[0] == '/' && strlen(path) <= STMBOOT_EXTLINUX_PATH_MAX);
	if (nul == NULL)
		return STMBOOT_NOT_FOUND;
	rest->size -= (size_t)(nul + 1 - rest->data);
	rest->data = nul + 1;
	*data = rest->data;
	*size = rest->size;
	return STMBOOT_OK;
}

static void check_text(const struct stmboot_extlinux *conf, const char *data,
		       const struct stmboot_extlinux_text *text)
{
	if (text->text == NULL)
		return;
	require(text->file < conf->file_count);
	require(text->offset + text->length <= conf->files[text->file].size);
	require(text->length <= strlen(text->text));
	if (text->file == 0)
		require(memcmp(data + text->offset, text->text, (size_t)text->length) == 0);
}

static void check_lines(const struct stmboot_extlinux_file *file)
{
	uint64_t at = 0;

	for (size_t i = 0; i < file->line_count; i++) {
		require(file->lines[i].offset == at);
		at += file->lines[i].length + file->lines[i].has_line_feed;
		require(file->lines[i].has_line_feed || i + 1 == file->line_count);
	}
	require(at == file->size);
}

static void check_label(struct stmboot_context *ctx, const struct stmboot_extlinux *conf,
			const char *data, size_t index)
{
	const struct stmboot_extlinux_label *label = &conf->labels[index];
	const struct stmboot_extlinux_text *const texts[] = {
		&label->name,     &label->kernel,   &label->kernel_value, &label->config,
		&label->append,   &label->initrd,   &label->fdt,          &label->fdtdir,
		&label->menu,     &label->ipappend, &label->fdtoverlays,  &label->localboot,
		&label->ended_by,
	};
	const struct stmboot_extlinux_steps *steps;
	const struct stmboot_extlinux_expansion *x;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_text(conf, data, texts[i]);
	for (size_t i = 0; i < label->overlay_count; i++)
		check_text(conf, data, &label->overlays[i]);
	require(stmboot_extlinux_label_steps(ctx, conf, index, NULL, &steps) == STMBOOT_OK);
	require(steps->count > 0);
	stmboot_extlinux_steps_free(steps);
	require(stmboot_extlinux_bootargs(ctx, label, NULL, 64, &x) == STMBOOT_OK);
	require(x == NULL || strlen(x->text) < 64);
	stmboot_extlinux_expansion_free(x);
}

static void check_findings(struct stmboot_context *ctx, const struct stmboot_extlinux *conf)
{
	struct stmboot_extlinux_check check = { .struct_size = sizeof(check),
						.boots = STMBOOT_EXTLINUX_NONE };
	struct stmboot_diags *diags;

	require(stmboot_diags_new(ctx, &diags) == STMBOOT_OK);
	require(stmboot_extlinux_validate(ctx, conf, NULL, &check, diags) == STMBOOT_OK);
	require(conf->outcome == STMBOOT_EXTLINUX_READ || stmboot_diags_count(diags) > 0);
	stmboot_diags_free(diags);
}

static void check_order(const struct stmboot_extlinux_selection *selection, size_t label_count)
{
	bool seen[1000] = { false };

	for (size_t i = 0; i < selection->order_count; i++) {
		require(selection->order[i] < label_count && !seen[selection->order[i]]);
		seen[selection->order[i]] = true;
	}
}

static void run(struct stmboot_context *ctx, const char *data, size_t size, unsigned version)
{
	struct input rest = { data, size };
	struct stmboot_extlinux_options options = { .struct_size = sizeof(options),
						    .version = version,
						    .include = include,
						    .user = &rest };
	const struct stmboot_extlinux *conf;

	if (stmboot_extlinux_decode(ctx, data, size, &options, &conf) != STMBOOT_OK)
		return;
	for (size_t i = 0; i < conf->file_count; i++)
		check_lines(&conf->files[i]);
	for (size_t i = 0; i < conf->label_count; i++)
		check_label(ctx, conf, data, i);
	for (size_t i = 0; i < conf->event_count; i++)
		check_text(conf, data, &conf->events[i].at);
	check_order(&conf->selection, conf->label_count);
	check_findings(ctx, conf);
	stmboot_extlinux_free(conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned versions[] = { 201910, 202301, 202501 };
	struct stmboot_context *ctx;

	if (size > 1 << 16 || stmboot_context_new(NULL, &ctx) != STMBOOT_OK)
		return 0;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		run(ctx, (const char *)data, size, versions[i]);
	stmboot_context_free(ctx);
	return 0;
}
