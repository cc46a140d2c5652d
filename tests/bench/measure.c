/* SPDX-License-Identifier: MIT */
/*
 * Run a command with its output thrown away; print its wall time in
 * nanoseconds, its peak memory in KiB and its status. Small itself, because
 * Linux counts the memory of the process that starts a program as the
 * program's own.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void run(char **command)
{
	int null = open("/dev/null", O_RDWR);

	if (null >= 0 && dup2(null, 0) >= 0 && dup2(null, 1) >= 0 && dup2(null, 2) >= 0)
		execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int64_t before, after;
	int status;
	pid_t child;

	if (argc < 2)
		return 2;
	before = now();
	child = fork();
	if (child == 0)
		run(argv + 1);
	if (child < 0 || wait4(child, &status, 0, &usage) < 0)
		return 2;
	after = now();
	printf("%" PRId64 " %ld %d\n", after - before, usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
