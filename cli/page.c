/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <stmboot/extract.h>
#include <stmboot/source.h>

#include "fail.h"

/* More than any page has: what comes from inside the wall is not believed. */
static const uint64_t most_bytes = UINT64_C(256) << 20;

/* The outside's answer. */
static const char written = 'w', not_written = 'n';

/* What only says that there is nothing to show. */
static bool is_fatal(enum stmboot_status status)
{
	return status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED;
}

static enum stmboot_status find_places(struct page *page)
{
	const struct stmboot_diags *diags = page->report->diags;
	const size_t count = stmboot_diags_count(diags);

	page->places = calloc(count + 1, sizeof(const struct stmboot_region *));
	if (page->places == NULL)
		return STMBOOT_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		page->places[i] = stmboot_map_find(page->map, &stmboot_diags_get(diags, i)->place);
	return STMBOOT_OK;
}

static enum stmboot_status measure_dtb(struct stmboot_context *ctx, struct stmboot_image *image,
				       struct page *page)
{
	struct stmboot_file_ref where;
	struct stmboot_dtb *dtb = NULL;
	enum stmboot_status status =
		stmboot_boot_read_dtb(ctx, image, page->report->boot, NULL, NULL, &where, &dtb);

	if (status == STMBOOT_OK)
		page->dtb_bytes = dtb->header.total_bytes;
	stmboot_dtb_free(dtb);
	return is_fatal(status) ? status : STMBOOT_OK;
}

enum stmboot_status page_gather(struct stmboot_context *ctx, const struct report *report,
				struct stmboot_image *image, bool deep, struct page *page)
{
	enum stmboot_status status;

	*page = (struct page){ .report = report, .deep = deep };
	status = stmboot_map_new(ctx, image, &page->map);
	if (status == STMBOOT_OK)
		status = find_places(page);
	if (status == STMBOOT_OK)
		status = stmboot_boot_words_new(ctx, report->boot, &page->words);
	if (status == STMBOOT_OK) {
		status = stmboot_boot_read_configuration(report->boot, &page->document);
		status = is_fatal(status) ? status : STMBOOT_OK;
	}
	if (status == STMBOOT_OK)
		status = measure_dtb(ctx, image, page);
	return status;
}

void page_release(struct page *page)
{
	stmboot_extlinux_document_free(page->document);
	stmboot_boot_words_free(page->words);
	stmboot_map_free(page->map);
	free(page->places);
	*page = (struct page){ 0 };
}

bool page_hand_over(struct wall *wall, const struct buffer *page)
{
	const uint64_t size = page->length;
	char answer = not_written;

	if (!wall_send(wall, &size, sizeof(size)) || !wall_send(wall, page->data, page->length) ||
	    !wall_receive(wall, &answer, 1))
		wall_abandon(wall);
	return answer == written;
}

/* NULL, and errno, when it does not come. */
static char *receive(struct wall *wall, uint64_t *size)
{
	char *data;

	if (!wall_receive(wall, size, sizeof(*size)) || *size > most_bytes)
		return NULL;
	data = malloc((size_t)*size + 1);
	if (data != NULL && wall_receive(wall, data, (size_t)*size))
		return data;
	free(data);
	return NULL;
}

static enum stmboot_status write_file(struct stmboot_context *ctx, const struct options *o,
				      const char *data, uint64_t size, struct stmboot_refusal *why)
{
	const struct stmboot_extract_options how = { .struct_size = sizeof(how),
						     .image = o->operands[0] };
	struct stmboot_source *src = NULL;
	enum stmboot_status status = stmboot_source_from_memory(ctx, data, (size_t)size, &src);

	if (status == STMBOOT_OK)
		status = stmboot_extract_source(ctx, src, option_word(o, OPTION_HTML), &how, why);
	stmboot_source_close(src);
	return status;
}

/* The inside has ended, and said why; or the outside does. It cannot be done without a page. */
static int finish_without(struct wall *wall)
{
	const int result = wall_finish(wall, "unchanged");

	return result != EXIT_DONE
		       ? result
		       : fail(wall->o, option_word(wall->o, OPTION_HTML), wall_lost, NULL);
}

int page_take_over(struct stmboot_context *ctx, struct wall *wall)
{
	const struct options *o = wall->o;
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;
	uint64_t size = 0;
	char *data = receive(wall, &size);
	int result;

	if (data == NULL)
		return finish_without(wall);
	status = write_file(ctx, o, data, size, &why);
	free(data);
	(void)wall_send(wall, status == STMBOOT_OK ? &written : &not_written, 1);
	result = wall_finish(wall, "unchanged");
	if (status == STMBOOT_OK)
		return result;
	return fail(o, option_word(o, OPTION_HTML),
		    why.message[0] != '\0' ? why.message : stmboot_status_text(status),
		    hint_of(&why));
}
