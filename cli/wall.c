/* SPDX-License-Identifier: MIT */
#include "wall.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "progress.h"
#include "style.h"
#include "wall_filter.h"

/* Four times what an edit may keep pending: more than any image needs. */
static const rlim_t most_memory = (rlim_t)1 << 30;

/* What only the inside exits with, when it cannot say what it has to: plus an errno. */
enum { NO_STATUS = 3, PATH_ROOM = 4096 };

enum { LAST_OPERAND = -1 };

/* The commands that need files of the host inside: which operands name them. */
static const struct gate {
	enum command_id command;
	enum wall_gate gate;
	int first, last;
} gates[] = {
	{ COMMAND_DTB_OVERLAY, WALL_GATE_READS, 1, INT_MAX },
	{ COMMAND_FIP_EXTRACT, WALL_GATE_WRITES, LAST_OPERAND, LAST_OPERAND },
	{ COMMAND_FS_GET, WALL_GATE_WRITES, 2, 2 },
	{ COMMAND_FS_PUT, WALL_GATE_READS, 1, 1 },
	{ COMMAND_PART_READ, WALL_GATE_WRITES, 2, 2 },
};

static struct gate gate_of(const struct options *o)
{
	struct gate gate = { .gate = WALL_GATE_SHUT };

	for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++)
		if (gates[i].command == o->command)
			gate = gates[i];
	if (gate.first == LAST_OPERAND)
		gate.first = gate.last = o->operand_count - 1;
	return gate;
}

/* Nothing is opened for standard input or output. */
static enum wall_gate gate_asked(const struct options *o, const struct gate *gate)
{
	for (int i = gate->first; i < o->operand_count && i <= gate->last; i++)
		if (strcmp(o->operands[i], "-") != 0)
			return gate->gate;
	return gate->last >= o->operand_count ? gate->gate : WALL_GATE_SHUT;
}

/* The folder that a file is made in, or that folder itself is. */
static const char *folder_of(const char *path, char room[PATH_ROOM])
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	while (length > 0 && path[length - 1] != '/')
		length--;
	if (length == 0)
		return ".";
	(void)snprintf(room, PATH_ROOM, "%.*s", (int)length, path);
	return room;
}

/* The folder that a file is made in; and what leads elsewhere by a symbolic link. */
static void confine_writes(const char *path)
{
	char room[PATH_ROOM], elsewhere[PATH_MAX], parent[PATH_ROOM];
	const char *folders[] = { folder_of(path, room), elsewhere };
	struct stat st;
	bool leads = realpath(path, elsewhere) != NULL && stat(elsewhere, &st) == 0;

	if (leads && !S_ISDIR(st.st_mode))
		folders[1] = folder_of(elsewhere, parent);
	wall_paths_confine(WALL_GATE_WRITES, folders, leads ? 2 : 1);
}

static void confine(const struct options *o, const struct gate *gate, enum wall_gate asked)
{
	const int count = o->operand_count <= gate->last ? o->operand_count : gate->last + 1;

	if (asked == WALL_GATE_WRITES)
		confine_writes(count > gate->first ? o->operands[gate->first] : "file");
	else
		wall_paths_confine(asked, (const char *const *)o->operands + gate->first,
				   (size_t)(count - gate->first));
}

/* Time is not limited: to unpack a card takes as long as it takes, and can be interrupted. */
static void limit_memory(void)
{
	const struct rlimit memory = { most_memory, most_memory };

	(void)setrlimit(RLIMIT_AS, &memory);
}

static void leave_no_core(void)
{
	const struct rlimit core = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &core);
}

/* What takes the place of a filter, as sanitizers and valgrind do, maps far more than is used. */
static void close_in(const struct options *o, pid_t outside, int file, int channel)
{
	const struct gate gate = gate_of(o);
	const struct wall_rights rights = { .gate = gate_asked(o, &gate),
					    .file = file,
					    .channel = channel };

	/* What nobody waits for any more ends, too. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != outside)
		_exit(NO_STATUS);
	leave_no_core();
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (wall_filter_missing() != NULL)
		return;
	limit_memory();
	if (rights.gate != WALL_GATE_SHUT)
		confine(o, &gate, rights.gate);
	wall_filter_apply(&rights);
}

enum wall_side wall_raise(struct wall *wall, const struct options *o, int file)
{
	const pid_t outside = getpid();
	int ends[2], error;

	*wall = (struct wall){ .o = o };
	/* The C library reads files for it that cannot be opened inside. */
	if (o->value[OPTION_JSON] == 0)
		style_load();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return WALL_FAILED;
	progress_clear(o->progress);
	wall->inside = fork();
	error = errno;
	wall->channel = ends[wall->inside != 0];
	(void)close(ends[wall->inside == 0]);
	if (wall->inside < 0)
		(void)close(wall->channel);
	if (wall->inside == 0)
		close_in(o, outside, file, wall->channel);
	errno = error;
	if (wall->inside < 0)
		return WALL_FAILED;
	return wall->inside == 0 ? WALL_INSIDE : WALL_OUTSIDE;
}

bool wall_send(struct wall *wall, const void *data, size_t size)
{
	const char *from = data;

	while (size > 0) {
		ssize_t done = send(wall->channel, from, size, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			wall->error = errno;
			return false;
		}
		from += done;
		size -= (size_t)done;
	}
	return true;
}

bool wall_receive(struct wall *wall, void *data, size_t size)
{
	char *to = data;

	while (size > 0) {
		ssize_t done = recv(wall->channel, to, size, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			wall->error = done < 0 ? errno : 0;
			return false;
		}
		to += done;
		size -= (size_t)done;
	}
	return true;
}

/* The reason goes out as the status. */
_Noreturn void wall_abandon(const struct wall *wall)
{
	_exit(NO_STATUS + (wall->error < 256 - NO_STATUS ? wall->error : 0));
}

static const char report_hint[] = "please report it, with the image if you may";

/* What a signal says of the process that it ended. */
static void say_signal(struct wall_end *end, int number)
{
	const char *what = "a part of stmboot was ended";

	if (number == SIGSYS) {
		what = "a part of stmboot wanted what it may not do";
		end->hint = report_hint;
	} else if (number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGFPE ||
		   number == SIGILL || number == SIGTRAP) {
		what = "a part of stmboot crashed";
		end->hint = report_hint;
	} else if (number == SIGKILL) {
		end->hint = "there may be too little memory";
	}
	(void)snprintf(end->crash, sizeof(end->crash), "%s while it read this (%s)", what,
		       strsignal(number));
}

const char wall_lost[] = "a part of stmboot ended before it was done";

static void say_lost(struct wall_end *end, int error)
{
	(void)snprintf(end->crash, sizeof(end->crash), "%s%s%s", wall_lost, error != 0 ? ": " : "",
		       error != 0 ? strerror(error) : "");
}

struct wall_end wall_reap(struct wall *wall)
{
	struct wall_end end = { .crash = "" };
	int status = 0;
	pid_t found;

	(void)close(wall->channel);
	do
		found = waitpid(wall->inside, &status, 0);
	while (found < 0 && errno == EINTR);
	if (found < 0)
		(void)snprintf(end.crash, sizeof(end.crash),
			       "could not wait for a part of stmboot: %s", strerror(errno));
	else if (WIFSIGNALED(status))
		say_signal(&end, WTERMSIG(status));
	else if (WEXITSTATUS(status) >= NO_STATUS || wall->error != 0)
		say_lost(&end, wall->error != 0 ? wall->error : WEXITSTATUS(status) - NO_STATUS);
	else
		end.status = WEXITSTATUS(status);
	return end;
}

int wall_finish(struct wall *wall, const char *state)
{
	const struct wall_end end = wall_reap(wall);

	return end.crash[0] == '\0'
		       ? end.status
		       : fail_in_state(wall->o, wall->o->operands[0], end.crash, end.hint, state);
}

int wall_fail(const struct options *o)
{
	char message[160];

	(void)snprintf(message, sizeof(message), "could not start a process to read it: %s",
		       strerror(errno));
	return fail_in_state(o, o->operands[0], message, NULL, "unchanged");
}

void wall_describe(char *text, size_t size)
{
	const char *missing = wall_filter_missing();

	if (missing != NULL)
		(void)snprintf(text, size, "none (%s)", missing);
	else
		(void)snprintf(text, size, "seccomp%s", wall_paths_supported() ? ", Landlock" : "");
}
