/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <stmboot/boot.h>
#include <stmboot/diag.h>
#include <stmboot/image.h>
#include <stmboot/text.h>

#include "buffer.h"
#include "fail.h"
#include "progress.h"
#include "render.h"
#include "wall.h"

enum { REASON = 240 };

/* More than is ever said of one image: what comes from inside the wall is not believed. */
static const size_t most_said = (size_t)64 << 20;

/* What became of one image: its part of the result, and why there is none. */
struct checked {
	struct buffer out;
	bool done, boots; /* it is judged; it is something that could boot */
	enum stmboot_outcome verdict;
	int stops_at;
	char reason[REASON];        /* the finding that decides, or "" */
	struct stmboot_refusal why; /* without a message: there is none */
};

struct fleet {
	const struct options *o;
	struct stmboot_selection selection;
	struct style style;
	struct checked *images;
	int count;
};

/* An image that is behind its wall. */
struct job {
	struct wall wall;
	int index;
	struct buffer said; /* so far */
};

/* What is said of an image begins with this; then comes its part of the result. */
struct saying {
	unsigned char done, boots; /* 1: it is judged; it is something that could boot */
	enum stmboot_outcome verdict;
	int stops_at;
	char reason[REASON];
	struct stmboot_refusal why;
	size_t out;
};

static bool wants_json(const struct fleet *fleet)
{
	return fleet->o->value[OPTION_JSON] != 0;
}

/* Of many, the row of a table comes before it. */
static void add_text(const struct fleet *fleet, struct checked *image, const char *path,
		     const struct report *report)
{
	int verbose = fleet->o->value[OPTION_VERBOSE];
	bool alone = fleet->count == 1;

	if (report == NULL)
		return;
	if (alone) {
		style_escape(&fleet->style, &image->out, path);
		buffer_puts(&image->out, ": ");
		render_verdict(&image->out, report, &fleet->style);
	}
	if (alone || verbose > 0)
		render_findings(&image->out, report, &fleet->style,
				fleet->o->value[OPTION_QUIET] == 0, verbose > !alone);
	if (!alone && verbose > 0)
		buffer_puts(&image->out, "\n");
}

/* The first finding of the stage that is not passed; else of the worst kind. */
static void find_reason(const struct report *report, char reason[REASON])
{
	static const enum stmboot_severity worst[] = { STMBOOT_NOTE, STMBOOT_WARNING,
						       STMBOOT_ERROR };

	if (report->verdict == STMBOOT_OUTCOME_OK)
		return;
	for (size_t i = 0; i < stmboot_diags_count(report->diags); i++) {
		const struct stmboot_diag *diag = stmboot_diags_get(report->diags, i);

		if (diag->severity != worst[report->verdict] ||
		    (report->stops_at != STMBOOT_NO_STAGE && (int)diag->stage != report->stops_at))
			continue;
		(void)snprintf(reason, REASON, "%s: %s", diag->code, diag->message);
		return;
	}
}

/* A member of the array "images". */
static void add_json(struct checked *image, const char *path, const struct report *report,
		     bool first)
{
	struct json j = { .out = &image->out, .depth = 2, .filled = !first };

	json_open(&j, NULL, '{');
	json_text(&j, "path", path);
	json_text(&j, "verdict", report != NULL ? stmboot_outcome_text(report->verdict) : NULL);
	json_text(&j, "stops_at",
		  report != NULL && report->stops_at != STMBOOT_NO_STAGE
			  ? stmboot_stage_text((enum stmboot_stage)report->stops_at)
			  : NULL);
	if (report != NULL) {
		render_findings_json(&j, report->diags);
	} else {
		json_open(&j, "findings", '[');
		json_close(&j, ']');
	}
	json_text(&j, "error", report == NULL ? image->why.message : NULL);
	json_close(&j, '}');
}

/* `report` is NULL when the image could not be read. */
static void add(const struct fleet *fleet, int index, const struct report *report)
{
	struct checked *image = &fleet->images[index];
	const char *path = fleet->o->operands[index];

	image->done = report != NULL;
	if (image->done) {
		image->verdict = report->verdict;
		image->stops_at = report->stops_at;
		image->boots = render_has_boot(report->boot);
		find_reason(report, image->reason);
	}
	if (wants_json(fleet))
		add_json(image, path, report, index == 0);
	else
		add_text(fleet, image, path, report);
}

static enum stmboot_status judge(struct stmboot_context *ctx, const struct fleet *fleet, int index,
				 struct stmboot_image *opened)
{
	const struct stmboot_boot_options how = { .struct_size = sizeof(how),
						  .deep = fleet->o->value[OPTION_NO_DEEP] == 0 };
	struct report report = { .image = opened };
	struct stmboot_diags *diags = NULL;
	enum stmboot_status status = stmboot_diags_new(ctx, &diags);

	if (status == STMBOOT_OK)
		status = stmboot_boot_trace(ctx, opened, &how, diags, &report.boot);
	if (status == STMBOOT_OK) {
		stmboot_diags_select(diags, &fleet->selection);
		report.diags = diags;
		report.verdict = stmboot_boot_judge(diags, &report.stops_at);
		add(fleet, index, &report);
	}
	stmboot_boot_free(report.boot);
	stmboot_diags_free(diags);
	return status;
}

/* Inside. */
static void check_one(struct stmboot_context *ctx, const struct fleet *fleet, int index,
		      struct stmboot_image *opened)
{
	struct checked *image = &fleet->images[index];
	enum stmboot_status status;

	errno = 0;
	status = stmboot_image_decode(opened);
	if (status != STMBOOT_OK) {
		stmboot_source_explain(fleet->o->operands[index], status, errno, &image->why);
	} else {
		status = judge(ctx, fleet, index, opened);
		if (status != STMBOOT_OK)
			(void)snprintf(image->why.message, sizeof(image->why.message), "%s",
				       stmboot_status_text(status));
	}
	if (status != STMBOOT_OK)
		add(fleet, index, NULL);
}

static _Noreturn void tell(const struct options *o, struct wall *wall, struct checked *image)
{
	struct saying saying = { .done = image->done,
				 .boots = image->boots,
				 .verdict = image->verdict,
				 .stops_at = image->stops_at,
				 .why = image->why,
				 .out = image->out.length };

	progress_clear(o->progress);
	memcpy(saying.reason, image->reason, sizeof(saying.reason));
	if (image->out.failed || !wall_send(wall, &saying, sizeof(saying)) ||
	    !wall_send(wall, image->out.data, saying.out))
		wall_abandon(wall);
	exit(EXIT_DONE);
}

/* False when there is nothing to wait for. */
static bool start(struct stmboot_context *ctx, const struct fleet *fleet, int index,
		  struct job *job)
{
	char folder[STATE_PATH];
	const struct stmboot_image_options how = image_options(fleet->o, folder);
	struct stmboot_refusal why = { .message = "could not start a process to read it" };
	const char *path = fleet->o->operands[index];
	struct stmboot_image *image = NULL;
	enum wall_side side = WALL_FAILED;
	enum stmboot_status status;

	*job = (struct job){ .index = index };
	errno = 0;
	status = stmboot_image_prepare(ctx, path, &how, &image);
	if (status == STMBOOT_OK)
		side = wall_raise(&job->wall, fleet->o, WALL_ANY_FILE);
	else
		stmboot_source_explain(path, status, errno, &why);
	if (side == WALL_INSIDE && fleet->count > 1)
		progress_end(fleet->o->progress);
	if (side == WALL_INSIDE)
		check_one(ctx, fleet, index, image);
	stmboot_image_close(image);
	if (side == WALL_INSIDE)
		tell(fleet->o, &job->wall, &fleet->images[index]);
	if (side == WALL_FAILED) {
		fleet->images[index].why = why;
		add(fleet, index, NULL);
	}
	return side == WALL_OUTSIDE;
}

/* Take what was said apart; false when it is not what an image's process says. */
static bool hear(struct checked *image, const struct buffer *said)
{
	struct saying saying;

	if (said->failed || said->length < sizeof(saying))
		return false;
	memcpy(&saying, said->data, sizeof(saying));
	if (saying.out != said->length - sizeof(saying))
		return false;
	image->done = saying.done != 0;
	image->boots = saying.boots != 0;
	image->verdict =
		saying.verdict <= STMBOOT_OUTCOME_ERROR ? saying.verdict : STMBOOT_OUTCOME_ERROR;
	image->stops_at = saying.stops_at >= 0 && saying.stops_at < STMBOOT_STAGE_COUNT
				  ? saying.stops_at
				  : STMBOOT_NO_STAGE;
	memcpy(image->reason, saying.reason, sizeof(image->reason));
	image->reason[sizeof(image->reason) - 1] = '\0';
	image->why = saying.why;
	image->why.message[sizeof(image->why.message) - 1] = '\0';
	image->why.hint[sizeof(image->why.hint) - 1] = '\0';
	buffer_add(&image->out, said->data + sizeof(saying), saying.out);
	return true;
}

static void end(const struct fleet *fleet, struct job *job)
{
	const struct wall_end ending = wall_reap(&job->wall);
	struct checked *image = &fleet->images[job->index];

	if (ending.crash[0] != '\0' || !hear(image, &job->said)) {
		(void)snprintf(image->why.message, sizeof(image->why.message), "%s",
			       ending.crash[0] != '\0' ? ending.crash
			       : job->said.failed      ? stmboot_status_text(STMBOOT_NO_MEMORY)
						       : wall_lost);
		(void)snprintf(image->why.hint, sizeof(image->why.hint), "%s",
			       ending.hint != NULL ? ending.hint : "");
		add(fleet, job->index, NULL);
	}
	buffer_release(&job->said);
}

/* False at its end, or when it goes on for too long. */
static bool listen_to(struct job *job)
{
	char piece[4096];
	ssize_t got = recv(job->wall.channel, piece, sizeof(piece), 0);

	if (got > 0 && (size_t)got > most_said - job->said.length) {
		job->wall.error = EMSGSIZE;
		return false;
	}
	if (got > 0)
		buffer_add(&job->said, piece, (size_t)got);
	if (got < 0)
		job->wall.error = errno;
	return got > 0 || (got < 0 && errno == EINTR);
}

/* Take what comes, from all of them; how many are left. */
static int listen_to_all(const struct fleet *fleet, struct job *jobs, int count)
{
	struct pollfd asked[MOST_JOBS];

	for (int i = 0; i < count; i++)
		asked[i] = (struct pollfd){ .fd = jobs[i].wall.channel, .events = POLLIN };
	if (poll(asked, (nfds_t)count, -1) < 0)
		return count;
	for (int i = count; i-- > 0;) {
		if (asked[i].revents == 0 || listen_to(&jobs[i]))
			continue;
		end(fleet, &jobs[i]);
		jobs[i] = jobs[--count];
	}
	return count;
}

static int processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

static void check_all(struct stmboot_context *ctx, const struct fleet *fleet)
{
	const int asked = fleet->o->value[OPTION_JOBS], wanted = asked != 0 ? asked : processors();
	const int most = wanted < MOST_JOBS ? wanted : MOST_JOBS;
	struct job jobs[MOST_JOBS];
	int count = 0;

	for (int next = 0; next < fleet->count || count > 0;) {
		while (next < fleet->count && count < most)
			count += start(ctx, fleet, next++, &jobs[count]);
		if (count > 0)
			count = listen_to_all(fleet, jobs, count);
		if (fleet->count > 1)
			progress_count(fleet->o->progress, (uint64_t)(next - count),
				       (uint64_t)fleet->count);
	}
	progress_clear(fleet->o->progress);
}

static void add_summary(const struct fleet *fleet, struct buffer *out)
{
	enum { UNREAD = STMBOOT_OUTCOME_ERROR + 1, KINDS };
	static const char *const names[KINDS] = { "good", "with warnings", "with errors",
						  "could not be read" };
	int totals[KINDS] = { 0 };
	const char *before = ": ";

	for (int i = 0; i < fleet->count; i++)
		totals[fleet->images[i].done ? (int)fleet->images[i].verdict : UNREAD]++;
	if (fleet->o->value[OPTION_VERBOSE] == 0)
		buffer_puts(out, "\n");
	buffer_printf(out, "%d images", fleet->count);
	for (int i = 0; i < KINDS; i++) {
		if (totals[i] == 0)
			continue;
		buffer_printf(out, "%s%d %s", before, totals[i], names[i]);
		before = ", ";
	}
	buffer_puts(out, "\n");
}

/* "stops at kernel", as wide as the widest of its kind. */
static void add_verdict(const struct fleet *fleet, const struct checked *image, struct buffer *out)
{
	enum { WIDEST = sizeof("stops at extlinux") - 1 };
	static const struct {
		const char *utf8, *ascii, *card, *part;
		enum paint paint;
	} kinds[] = {
		[STMBOOT_OUTCOME_OK] = { "✓", "ok   ", "boots", "good", PAINT_GOOD },
		[STMBOOT_OUTCOME_WARNING] = { "!", "warn ", "boots", "good", PAINT_WARNING },
		[STMBOOT_OUTCOME_ERROR] = { "✗", "FAIL ", "boots", "damaged", PAINT_BAD },
		{ "?", "?    ", "unreadable", "unreadable", PAINT_BAD },
	};
	const int kind = image->done ? (int)image->verdict : STMBOOT_OUTCOME_ERROR + 1;
	bool stops = image->done && image->boots && image->stops_at != STMBOOT_NO_STAGE;
	char text[32];

	(void)snprintf(text, sizeof(text), "%s%s",
		       stops          ? "stops at "
		       : image->boots ? kinds[kind].card
				      : kinds[kind].part,
		       stops ? stmboot_stage_text((enum stmboot_stage)image->stops_at) : "");
	style_begin(&fleet->style, out, kinds[kind].paint);
	buffer_puts(out, fleet->style.utf8 ? kinds[kind].utf8 : kinds[kind].ascii);
	buffer_printf(out, " %s", text);
	style_end(&fleet->style, out, kinds[kind].paint);
	buffer_pad(out, WIDEST - strlen(text));
}

/* A path in a column, cut to its width on a terminal; the end counts. Width 0: all of it. */
static void add_path(const struct fleet *fleet, const char *path, size_t width, struct buffer *out)
{
	struct buffer safe = { 0 };
	size_t used;

	style_escape(&fleet->style, &safe, path);
	if (safe.data != NULL) {
		if (fleet->style.terminal && width != 0)
			style_cut_front(&fleet->style, safe.data, width);
		used = style_width(&fleet->style, safe.data);
		buffer_puts(out, safe.data);
		buffer_pad(out, used < width ? width - used : 0);
	}
	out->failed = out->failed || safe.failed;
	buffer_release(&safe);
}

static void add_reason(const struct fleet *fleet, const char *reason, size_t left,
		       struct buffer *out)
{
	struct buffer safe = { 0 };

	style_escape(&fleet->style, &safe, reason);
	if (safe.data != NULL && left > 8) {
		if (fleet->style.terminal)
			style_cut(&fleet->style, safe.data, left);
		buffer_printf(out, "  %s", safe.data);
	}
	out->failed = out->failed || safe.failed;
	buffer_release(&safe);
}

/* Of the widest path; on a terminal, what leaves more room for the reason. */
static size_t path_width(const struct fleet *fleet)
{
	size_t widest = 0, most = fleet->style.width * 3 / 8;

	for (int i = 0; i < fleet->count; i++) {
		struct buffer safe = { 0 };
		size_t width;

		style_escape(&fleet->style, &safe, fleet->o->operands[i]);
		width = safe.data != NULL ? style_width(&fleet->style, safe.data) : 0;
		widest = width > widest ? width : widest;
		buffer_release(&safe);
	}
	return fleet->style.terminal && widest > most ? most : widest;
}

/* A line of the table of many images. */
static void add_row(const struct fleet *fleet, int index, size_t width, struct buffer *out)
{
	enum { BEFORE = 2 + 17 + 2, BEFORE_ASCII = 6 + 17 + 2 };
	const struct checked *image = &fleet->images[index];
	const size_t used = (fleet->style.utf8 ? BEFORE : BEFORE_ASCII) + width + 2;
	const char *reason = image->done ? image->reason : image->why.message;
	const bool has_reason = reason[0] != '\0';

	add_verdict(fleet, image, out);
	buffer_puts(out, "  ");
	add_path(fleet, fleet->o->operands[index], has_reason ? width : 0, out);
	if (has_reason)
		add_reason(fleet, reason,
			   !fleet->style.terminal      ? REASON
			   : fleet->style.width > used ? fleet->style.width - used
						       : 0,
			   out);
	buffer_puts(out, "\n");
}

static void add_all(const struct fleet *fleet, struct buffer *out)
{
	struct json j = { .out = out };
	const size_t width = wants_json(fleet) ? 0 : path_width(fleet);

	if (wants_json(fleet)) {
		json_open(&j, NULL, '{');
		json_text(&j, "schema", "stmboot.check/1");
		json_open(&j, "images", '[');
	}
	for (int i = 0; i < fleet->count; i++) {
		struct checked *image = &fleet->images[i];

		if (!wants_json(fleet) && fleet->count > 1)
			add_row(fleet, i, width, out);
		if (image->out.length != 0)
			buffer_add(out, image->out.data, image->out.length);
		out->failed = out->failed || image->out.failed;
	}
	if (wants_json(fleet)) {
		j.filled = true;
		json_close(&j, ']');
		json_close(&j, '}');
	} else if (fleet->count > 1) {
		add_summary(fleet, out);
	}
}

/* Say what could not be read, and give the exit status. */
static int conclude(const struct fleet *fleet)
{
	static const struct options as_text;
	bool strict = fleet->o->value[OPTION_STRICT] != 0;
	enum stmboot_outcome bad = strict ? STMBOOT_OUTCOME_WARNING : STMBOOT_OUTCOME_ERROR;
	int result = EXIT_DONE;

	for (int i = 0; i < fleet->count; i++) {
		const struct checked *image = &fleet->images[i];

		if (!image->done)
			result = fail(&as_text, fleet->o->operands[i], image->why.message,
				      hint_of(&image->why));
		else if (image->verdict >= bad && result == EXIT_DONE)
			result = EXIT_ANSWER_NO;
	}
	return result;
}

static int check(struct stmboot_context *ctx, struct fleet *fleet)
{
	struct buffer out = { 0 };
	int written, result;

	check_all(ctx, fleet);
	add_all(fleet, &out);
	written = finish(fleet->o, &out);
	result = conclude(fleet);
	for (int i = 0; i < fleet->count; i++)
		buffer_release(&fleet->images[i].out);
	return written != EXIT_DONE ? written : result;
}

/* Whether it is a code or, where those may be given, an area. */
static bool is_known(const char *word, bool areas)
{
	return areas ? stmboot_code_is_known(word) : stmboot_code_find(word) != NULL;
}

/* The first word that means no code, or NULL. */
static const char *unknown_code(const struct options *o)
{
	for (size_t i = 0; i < o->word_count; i++)
		if (!is_known(o->words[i].word, o->words[i].option != OPTION_EXPLAIN))
			return o->words[i].word;
	return NULL;
}

/* The area as well, which is kept in `area` while it is the best. */
static void offer_code(const char *word, const char *code, char area[32], const char **best)
{
	char one[32];
	const char *before = *best;

	(void)snprintf(one, sizeof(one), "%.*s", (int)strcspn(code, "."), code);
	stmboot_similar(word, one, best);
	if (*best == one) {
		(void)snprintf(area, sizeof(one), "%s", one);
		*best = area;
	} else {
		*best = before;
	}
	stmboot_similar(word, code, best);
}

static int fail_code(const struct options *o, const char *unknown)
{
	const char *best = NULL;
	char room[NEAR_ROOM], area[32];

	for (size_t i = 0; i < stmboot_code_count(); i++)
		offer_code(unknown, stmboot_code_at(i)->code, area, &best);
	/* what is wrong, without where */
	for (size_t i = 0; best == NULL && i < stmboot_code_count(); i++)
		if (strcmp(strchr(stmboot_code_at(i)->code, '.') + 1, unknown) == 0)
			best = stmboot_code_at(i)->code;
	return fail(o, unknown, "there is no such code",
		    did_you_mean(best, "'stmboot check --list' lists all", room));
}

static int tell_codes(const struct options *o)
{
	struct buffer out = { 0 };

	render_codes(&out, o);
	return finish(o, &out);
}

int cmd_check(struct stmboot_context *ctx, const struct options *o)
{
	const char *only[MOST_WORDS], *ignore[MOST_WORDS];
	struct fleet fleet = { .o = o, .count = o->operand_count };
	const char *unknown = unknown_code(o);
	int result;

	if (unknown != NULL)
		return fail_code(o, unknown);
	if (o->value[OPTION_LIST] != 0 || o->value[OPTION_EXPLAIN] != 0)
		return tell_codes(o);
	fleet.selection = (struct stmboot_selection){
		.struct_size = sizeof(fleet.selection),
		.only = only,
		.only_count = option_words(o, OPTION_ONLY, only),
		.ignore = ignore,
		.ignore_count = option_words(o, OPTION_IGNORE, ignore),
	};
	fleet.style = style_choose((enum color_choice)o->value[OPTION_COLOR]);
	fleet.images = calloc((size_t)fleet.count, sizeof(*fleet.images));
	if (fleet.images == NULL)
		return fail(o, NULL, stmboot_status_text(STMBOOT_NO_MEMORY), NULL);
	result = check(ctx, &fleet);
	free(fleet.images);
	return result;
}
