/* SPDX-License-Identifier: MIT */
/*
 * To be loaded before the libraries of stmboot: a clock that gets later by STMBOOT_CLOCK
 * milliseconds each time that it is asked. So what takes long does not.
 */
#include <stdlib.h>
#include <time.h>

static struct {
	long step, milliseconds;
} state;

__attribute__((constructor)) static void prepare(void)
{
	const char *step = getenv("STMBOOT_CLOCK");

	state.step = step != NULL ? strtol(step, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	(void)clock;
	state.milliseconds += state.step;
	time->tv_sec = 1 + state.milliseconds / 1000;
	time->tv_nsec = state.milliseconds % 1000 * 1000000;
	return 0;
}
