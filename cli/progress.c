/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "style.h"

enum { PATIENCE = 500, EVERY = 100, LINE = 160 };

static int64_t now(void)
{
	struct timespec time = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

struct progress progress_begin(bool quiet)
{
	const char *term = getenv("TERM");
	bool able = term != NULL && strcmp(term, "dumb") != 0;

	return (struct progress){ .wanted = !quiet && able && isatty(STDERR_FILENO),
				  .beside_output = isatty(STDOUT_FILENO) != 0,
				  .began = now() };
}

void progress_end(struct progress *progress)
{
	progress->wanted = false;
}

static void add(char line[LINE], const char *text)
{
	size_t length = strlen(line);

	(void)snprintf(line + length, LINE - length, "%s", text);
}

/* "3 s", "2 min 10 s" */
static void add_time(char line[LINE], uint64_t seconds)
{
	char text[64];

	if (seconds < 60)
		(void)snprintf(text, sizeof(text), "%" PRIu64 " s", seconds);
	else
		(void)snprintf(text, sizeof(text), "%" PRIu64 " min %" PRIu64 " s", seconds / 60,
			       seconds % 60);
	add(line, text);
}

static void add_done(const struct progress *progress, char line[LINE], uint64_t done,
		     uint64_t total)
{
	char size[SIZE_TEXT], text[2 * SIZE_TEXT];

	if (progress->of_images) {
		(void)snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " images", done,
			       total);
		add(line, text);
		return;
	}
	style_size(done, size);
	add(line, size);
	if (total == 0)
		return;
	style_size(total, size);
	add(line, " of ");
	add(line, size);
}

/* By the mean rate so far. */
static void add_rate(const struct progress *progress, char line[LINE], uint64_t done,
		     uint64_t total, uint64_t spent)
{
	const double rate = (double)(done - progress->first) / (double)spent; /* a millisecond */
	const double most_seconds = 1e6;
	char size[SIZE_TEXT];
	double left;

	if (rate <= 0)
		return;
	if (!progress->of_images) {
		style_size((uint64_t)(rate * 1000), size);
		add(line, ", ");
		add(line, size);
		add(line, "/s");
	}
	left = total > done ? (double)(total - done) / rate / 1000 : 0;
	/* of what hardly moves nobody knows */
	if (left <= 0 || left > most_seconds)
		return;
	add(line, ", ");
	add_time(line, (uint64_t)left + 1);
	add(line, " left");
}

static void write_line(const char *line)
{
	/* What cannot be shown is no reason to stop. */
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		return;
}

static void show(struct progress *progress, uint64_t done, uint64_t total, uint64_t spent)
{
	char line[LINE] = "\r", percent[8];

	if (total != 0) {
		(void)snprintf(
			percent, sizeof(percent), "%3u%%  ",
			(unsigned)((double)(done < total ? done : total) * 100 / (double)total));
		add(line, percent);
	}
	add_done(progress, line, done, total);
	add_rate(progress, line, done, total, spent);
	add(line, "\033[K");
	write_line(line);
	progress->shown = true;
}

static void tell(struct progress *progress, uint64_t done, uint64_t total)
{
	int64_t time;

	if (!progress->wanted)
		return;
	time = now();
	/* What has less than before is another piece of work. */
	if (progress->piece == 0 || done < progress->before) {
		progress->piece = time;
		progress->first = done;
	}
	progress->before = done;
	if (time - progress->began < PATIENCE || time - progress->piece < EVERY ||
	    time - progress->last < EVERY)
		return;
	progress->last = time;
	show(progress, done, total, (uint64_t)(time - progress->piece));
}

void progress_show(void *user, uint64_t done, uint64_t total)
{
	tell(user, done, total);
}

void progress_stream(struct progress *progress, uint64_t done, uint64_t total)
{
	if (!progress->beside_output)
		tell(progress, done, total);
}

void progress_count(struct progress *progress, uint64_t done, uint64_t total)
{
	progress->of_images = true;
	tell(progress, done, total);
}

void progress_clear(struct progress *progress)
{
	if (progress == NULL || !progress->shown)
		return;
	write_line("\r\033[K");
	progress->shown = false;
}
