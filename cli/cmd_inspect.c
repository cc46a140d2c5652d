/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <errno.h>
#include <string.h>

#include <stmboot/boot.h>
#include <stmboot/edit.h>
#include <stmboot/image.h>

#include "buffer.h"
#include "fail.h"
#include "page.h"
#include "render.h"
#include "wall.h"

/* An image that is inspected, inside the wall. */
struct inspection {
	struct stmboot_context *ctx;
	const struct options *o;
	struct stmboot_image *image;
	struct wall wall;
};

static int show(const struct options *o, const struct report *report)
{
	struct buffer out = { 0 };

	if (o->value[OPTION_JSON] != 0)
		render_json(&out, report);
	else
		render_text(&out, report, o);
	return finish(o, &out);
}

static bool is_page_alone(const struct options *o)
{
	return o->value[OPTION_HTML] != 0 && strcmp(option_word(o, OPTION_HTML), "-") == 0;
}

/* The page goes first: nothing is shown when it cannot be written. */
static int show_page(struct inspection *in, const struct report *report, struct buffer *page)
{
	const bool written = !page->failed && page_hand_over(&in->wall, page);
	const int result = page->failed ? fail(in->o, in->o->operands[0],
					       stmboot_status_text(STMBOOT_NO_MEMORY), NULL)
			   : written    ? show(in->o, report)
					: EXIT_NOT_DONE;

	buffer_release(page);
	return result;
}

static int show_all(struct inspection *in, const struct report *report)
{
	const struct options *o = in->o;
	struct buffer out = { 0 };
	struct page page;
	enum stmboot_status status;

	if (o->value[OPTION_HTML] == 0)
		return show(o, report);
	status = page_gather(in->ctx, report, in->image, o->value[OPTION_DEEP] != 0, &page);
	if (status == STMBOOT_OK)
		render_html(&out, &page);
	page_release(&page);
	if (status != STMBOOT_OK)
		return fail(o, o->operands[0], stmboot_status_text(status), NULL);
	return is_page_alone(o) ? finish(o, &out) : show_page(in, report, &out);
}

static int trace(struct inspection *in)
{
	const struct options *o = in->o;
	const struct stmboot_boot_options how = { .struct_size = sizeof(how),
						  .deep = o->value[OPTION_DEEP] != 0 };
	struct stmboot_diags *diags = NULL;
	const struct stmboot_boot *boot = NULL;
	enum stmboot_status status = stmboot_diags_new(in->ctx, &diags);
	int result;

	if (status == STMBOOT_OK)
		status = stmboot_boot_trace(in->ctx, in->image, &how, diags, &boot);
	if (status == STMBOOT_OK)
		result = show_all(in, &(struct report){ in->image, boot, diags, boot->verdict,
							boot->stops_at });
	else
		result = fail(o, o->operands[0], stmboot_status_text(status), NULL);
	stmboot_boot_free(boot);
	stmboot_diags_free(diags);
	return result;
}

enum stmboot_medium medium_asked(const struct options *o)
{
	static const enum stmboot_medium media[] = { [MEDIUM_AUTO] = STMBOOT_MEDIUM_AUTO,
						     [MEDIUM_SD] = STMBOOT_MEDIUM_SD,
						     [MEDIUM_EMMC] = STMBOOT_MEDIUM_EMMC };

	return media[o->value[OPTION_MEDIUM]];
}

struct stmboot_image_options image_options(const struct options *o, char *path)
{
	return (struct stmboot_image_options){ .struct_size = sizeof(struct stmboot_image_options),
					       .medium = medium_asked(o),
					       .state_directory =
						       stmboot_state_directory(path, STATE_PATH) };
}

/* Outside: all that is left to do when the inside only prints. */
static int wait_for_inside(struct stmboot_context *ctx, struct wall *wall)
{
	(void)ctx;
	return wall_finish(wall, "unchanged");
}

/* As open_image(); `outside` is done there. */
static bool open_inside(struct stmboot_context *ctx, const struct options *o,
			struct stmboot_image **image, struct wall *wall,
			int (*outside)(struct stmboot_context *ctx, struct wall *wall), int *result)
{
	char path[STATE_PATH];
	const struct stmboot_image_options how = image_options(o, path);
	enum stmboot_status status;

	errno = 0;
	status = stmboot_image_prepare(ctx, o->operands[0], &how, image);
	if (status != STMBOOT_OK) {
		*result = fail_open(o, o->operands[0], status, errno);
		return false;
	}
	switch (wall_raise(wall, o, WALL_ANY_FILE)) {
	case WALL_INSIDE:
		errno = 0;
		status = stmboot_image_decode(*image);
		if (status == STMBOOT_OK)
			return true;
		*result = fail_open(o, o->operands[0], status, errno);
		break;
	case WALL_OUTSIDE:
		*result = outside(ctx, wall);
		break;
	case WALL_FAILED:
		*result = wall_fail(o);
		break;
	}
	stmboot_image_close(*image);
	return false;
}

bool open_image(struct stmboot_context *ctx, const struct options *o, struct stmboot_image **image,
		int *result)
{
	struct wall wall;

	return open_inside(ctx, o, image, &wall, wait_for_inside, result);
}

/* What answers a question about the boot does not show findings; but this one may be the answer. */
static void tell_unread(const struct options *o, const struct stmboot_diags *diags)
{
	for (size_t i = 0; i < stmboot_diags_count(diags); i++)
		if (strcmp(stmboot_diags_get(diags, i)->code, "image.read-error") == 0) {
			complain(
				o, o->operands[0],
				"a part of the image could not be read, and may say something else",
				"'stmboot inspect' tells where");
			return;
		}
}

int with_boot(struct stmboot_context *ctx, const struct options *o,
	      int (*tell)(struct stmboot_context *ctx, const struct options *o,
			  struct stmboot_image *image, const struct stmboot_boot *boot))
{
	struct stmboot_image *image = NULL;
	struct stmboot_diags *diags = NULL;
	const struct stmboot_boot *boot = NULL;
	enum stmboot_status status;
	int result;

	if (!open_image(ctx, o, &image, &result))
		return result;
	status = stmboot_diags_new(ctx, &diags);
	if (status == STMBOOT_OK)
		status = stmboot_boot_trace(ctx, image, NULL, diags, &boot);
	if (status == STMBOOT_OK)
		tell_unread(o, diags);
	result = status == STMBOOT_OK ? tell(ctx, o, image, boot)
				      : fail(o, o->operands[0], stmboot_status_text(status), NULL);
	stmboot_boot_free(boot);
	stmboot_diags_free(diags);
	stmboot_image_close(image);
	return result;
}

int cmd_inspect(struct stmboot_context *ctx, const struct options *o)
{
	struct inspection in = { .ctx = ctx, .o = o };
	const bool to_file = o->value[OPTION_HTML] != 0 && !is_page_alone(o);
	int result;

	if (is_page_alone(o) && o->value[OPTION_JSON] != 0)
		return fail(o, NULL, "--json and the page cannot both go to standard output",
			    "name a file instead of '-'");
	if (!open_inside(ctx, o, &in.image, &in.wall, to_file ? page_take_over : wait_for_inside,
			 &result))
		return result;
	result = trace(&in);
	stmboot_image_close(in.image);
	return result;
}
