/* SPDX-License-Identifier: MIT */
#include "man_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void man_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("_*\\<>#[]|", *text) != NULL)
			putchar('\\');
		putchar(*text);
	}
}

void man_bold(const char *text)
{
	putchar('*');
	man_text(text);
	putchar('*');
}

void man_lower(const char *name)
{
	for (; *name != '\0'; name++)
		putchar(tolower((unsigned char)*name));
}
