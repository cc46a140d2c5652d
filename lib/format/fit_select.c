/* SPDX-License-Identifier: MIT */
/*
 * What a loader takes out of a FIT. U-Boot boot/image-fit.c,
 * fit_conf_get_node() and boot_get_fdt_fit(); boot/common_fit.c,
 * fit_find_config_node(); common/spl/spl_fit.c, spl_load_simple_fit().
 */
#include <string.h>
#include <strings.h>

#include "base/context.h"
#include "format/fit.h"
#include "source/source.h"
#include "source/unpack.h"

/* As libfdt compares: a name without '@' is also that of a node with a unit address. */
static bool is_named(const char *node, const char *name, size_t length)
{
	if (strncmp(node, name, length) != 0)
		return false;
	return node[length] == '\0' || (node[length] == '@' && memchr(name, '@', length) == NULL);
}

const struct stmboot_fit_image *stmboot_fit_find_image(const struct stmboot_fit *fit,
						       const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < fit->image_count; i++)
		if (is_named(fit->images[i].name, name, length))
			return &fit->images[i];
	return NULL;
}

const struct stmboot_fit_configuration *
stmboot_fit_find_configuration(const struct stmboot_fit *fit, const char *name)
{
	size_t length;

	if (name == NULL)
		name = fit->default_configuration;
	if (name == NULL)
		return NULL;
	length = strcspn(name, "#");
	for (size_t i = 0; i < fit->configuration_count; i++)
		if (is_named(fit->configurations[i].name, name, length))
			return &fit->configurations[i];
	return NULL;
}

/* DH's boards look for the revision that their straps give (board_fit_config_name_match()). */
static bool is_for_revision(const struct stmboot_fit_configuration *configuration)
{
	return configuration->description != NULL &&
	       strstr(configuration->description, "_somrev") != NULL;
}

/* Whole names count here, and a configuration without a description ends the search. */
static const struct stmboot_fit_configuration *find_as_spl(const struct stmboot_fit *fit)
{
	const struct stmboot_fit_configuration *found = NULL;

	for (size_t i = 0; i < fit->configuration_count; i++) {
		const struct stmboot_fit_configuration *c = &fit->configurations[i];

		if (fit->default_configuration != NULL &&
		    strcmp(c->name, fit->default_configuration) == 0)
			return c;
		if (found == NULL && is_for_revision(c))
			found = c;
	}
	return found;
}

struct selection {
	const struct stmboot_fit *fit;
	struct sb_arena *arena;
	struct sb_fit_load *load;
	size_t capacity;
};

static void add(struct selection *s, enum sb_fit_role role, const char *name)
{
	struct sb_fit_member *member = sb_arena_push(
		s->arena, &s->load->members, &s->load->member_count, &s->capacity, sizeof(*member));

	if (member == NULL)
		return;
	member->role = role;
	member->name = name;
	member->image = stmboot_fit_find_image(s->fit, name);
}

/* "conf#overlay-1#overlay-2": the device trees of the others are overlays. */
static void add_more_overlays(struct selection *s)
{
	const char *more = s->load->asked != NULL ? strchr(s->load->asked, '#') : NULL;

	for (; more != NULL; more = strchr(more + 1, '#')) {
		const struct stmboot_fit_configuration *c =
			stmboot_fit_find_configuration(s->fit, more + 1);

		for (size_t i = 0; c != NULL && i < c->fdt_count; i++)
			add(s, SB_FIT_OVERLAY, c->fdt[i]);
	}
}

static void select_as_bootm(struct selection *s)
{
	const struct stmboot_fit_configuration *c = s->load->configuration;

	if (c->kernel != NULL)
		add(s, SB_FIT_KERNEL, c->kernel);
	if (c->ramdisk != NULL && !s->load->other_ramdisk)
		add(s, SB_FIT_RAMDISK, c->ramdisk);
	for (size_t i = 0; i < c->fdt_count && !s->load->other_fdt; i++)
		add(s, i == 0 ? SB_FIT_FDT : SB_FIT_OVERLAY, c->fdt[i]);
	if (c->fdt_count > 0 && !s->load->other_fdt)
		add_more_overlays(s);
	for (size_t i = 0; i < c->loadable_count; i++)
		add(s, SB_FIT_LOADABLE, c->loadables[i]);
}

/* What is no firmware is looked for among the loadables. */
static void select_as_spl(struct selection *s)
{
	const struct stmboot_fit_configuration *c = s->load->configuration;
	bool has_firmware =
		c->firmware != NULL && stmboot_fit_find_image(s->fit, c->firmware) != NULL;

	if (!has_firmware && c->loadable_count > 0)
		add(s, SB_FIT_FIRMWARE, c->loadables[0]);
	else if (c->firmware != NULL)
		add(s, SB_FIT_FIRMWARE, c->firmware);
	if (c->fdt_count > 0)
		add(s, SB_FIT_FDT, c->fdt[0]);
	for (size_t i = has_firmware ? 0 : 1; i < c->loadable_count; i++)
		add(s, SB_FIT_LOADABLE, c->loadables[i]);
}

enum stmboot_status sb_fit_select(struct sb_arena *arena, const struct stmboot_fit *fit,
				  struct sb_fit_load *load)
{
	struct selection s = { .fit = fit, .arena = arena, .load = load };

	load->members = NULL;
	load->member_count = 0;
	load->configuration = load->reader == SB_FIT_SPL
				      ? find_as_spl(fit)
				      : stmboot_fit_find_configuration(fit, load->asked);
	if (load->configuration == NULL)
		return STMBOOT_OK;
	if (load->reader == SB_FIT_SPL)
		select_as_spl(&s);
	else
		select_as_bootm(&s);
	return arena->failed ? STMBOOT_NO_MEMORY : STMBOOT_OK;
}

static bool is_fatal(enum stmboot_status status)
{
	return status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED;
}

static enum stmboot_status look_at_head(struct stmboot_source *src, struct sb_fit_member *member)
{
	const struct stmboot_fit_image *image = member->image;
	uint8_t head[SB_COMPRESSION_HEAD];
	enum stmboot_status status;
	size_t got;

	if (!image->inside)
		return STMBOOT_OK;
	status = sb_source_peek(src, image->offset, head,
				image->bytes < sizeof(head) ? (size_t)image->bytes : sizeof(head),
				&got);
	member->was_read = status == STMBOOT_OK;
	if (member->was_read)
		member->packed = sb_compression_detect(head, got);
	return is_fatal(status) ? status : STMBOOT_OK;
}

enum stmboot_status sb_fit_look(struct stmboot_source *src, struct sb_fit_load *load)
{
	for (size_t i = 0; i < load->member_count; i++) {
		enum stmboot_status status = STMBOOT_OK;

		if (load->members[i].image != NULL)
			status = look_at_head(src, &load->members[i]);
		if (status != STMBOOT_OK)
			return status;
	}
	return STMBOOT_OK;
}

uint64_t sb_fit_end(const struct stmboot_fit *fit)
{
	uint64_t end = fit->total_bytes;

	for (size_t i = 0; i < fit->image_count; i++)
		if (fit->images[i].inside && fit->images[i].offset + fit->images[i].bytes > end)
			end = fit->images[i].offset + fit->images[i].bytes;
	return end;
}

const struct sb_fit_member *sb_fit_member_of(const struct sb_fit_load *load, enum sb_fit_role role)
{
	for (size_t i = 0; i < load->member_count; i++)
		if (load->members[i].role == role && load->members[i].image != NULL)
			return &load->members[i];
	return NULL;
}

/* U-Boot boot/image.c, uimage_comp[], in any case; its lz4 is the frame format. */
bool sb_fit_compression(const char *name, enum stmboot_compression *out)
{
	static const struct {
		const char *name;
		enum stmboot_compression compression;
	} names[] = {
		{ "none", STMBOOT_COMPRESSION_NONE },   { "gzip", STMBOOT_COMPRESSION_GZIP },
		{ "bzip2", STMBOOT_COMPRESSION_BZIP2 }, { "lzma", STMBOOT_COMPRESSION_LZMA },
		{ "lzo", STMBOOT_COMPRESSION_LZO },     { "lz4", STMBOOT_COMPRESSION_LZ4 },
		{ "zstd", STMBOOT_COMPRESSION_ZSTD },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(names[i].name, name) != 0)
			continue;
		*out = names[i].compression;
		return true;
	}
	return false;
}
