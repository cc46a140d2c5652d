/* SPDX-License-Identifier: MIT */
/* What the programs that print manual pages for scdoc share. */
#ifndef MAN_TEXT_H
#define MAN_TEXT_H

/* Print text as it is: what scdoc would take as markup is escaped. */
void man_text(const char *text);

/* The same in bold. */
void man_bold(const char *text);

/* A name of the catalogue's rows, such as ERROR, as users see it. */
void man_lower(const char *name);

#endif
