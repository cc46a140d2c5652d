/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>

/* An absolute path, as the XDG Base Directory Specification asks for. */
static const char *folder_of(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] == '/' ? value : NULL;
}

const char *state_directory(char path[STATE_PATH])
{
	const char *own = folder_of("STMBOOT_STATE_DIR");
	const char *state = folder_of("XDG_STATE_HOME");
	const char *home = folder_of("HOME");
	int length = -1;

	if (own != NULL)
		length = snprintf(path, STATE_PATH, "%s", own);
	else if (state != NULL)
		length = snprintf(path, STATE_PATH, "%s/stmboot", state);
	else if (home != NULL)
		length = snprintf(path, STATE_PATH, "%s/.local/state/stmboot", home);
	return length > 0 && length < STATE_PATH ? path : NULL;
}
