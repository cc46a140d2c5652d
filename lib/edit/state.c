/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <stmboot/edit.h>

/* An absolute path, as the XDG Base Directory Specification asks for. */
static const char *folder_of(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] == '/' ? value : NULL;
}

const char *stmboot_state_directory(char *buffer, size_t size)
{
	const char *own = folder_of("STMBOOT_STATE_DIR");
	const char *state = folder_of("XDG_STATE_HOME");
	const char *home = folder_of("HOME");
	int length = -1;

	if (own != NULL)
		length = snprintf(buffer, size, "%s", own);
	else if (state != NULL)
		length = snprintf(buffer, size, "%s/stmboot", state);
	else if (home != NULL)
		length = snprintf(buffer, size, "%s/.local/state/stmboot", home);
	return length > 0 && (size_t)length < size ? buffer : NULL;
}
