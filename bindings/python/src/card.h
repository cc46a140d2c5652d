/* SPDX-License-Identifier: MIT */
#ifndef CARD_H
#define CARD_H

#include "binding.h"

/* A source that is open: its object may go while another thread uses the card. */
struct opened {
	struct opened *next;
	struct stmboot_source *src; /* NULL once it is closed, and in no list then */
	bool orphan;                /* its object is gone: to be closed by who holds the lock */
};

/* A file system as U-Boot sees it, kept open. */
struct seen {
	struct seen *next;
	uint32_t partition;
	struct stmboot_fs *fs;
};

struct card {
	PyObject ob_base;
	struct guard guard;
	struct feed *feed; /* what the image is read from, when it is no file of a path */
	struct stmboot_source *source;
	struct stmboot_image *image; /* NULL when it is closed */
	struct stmboot_diags *diags;
	const struct stmboot_boot *boot;
	struct seen *seen;
	struct opened *opened;
};

/* Lock a card that is open. False with an exception. */
bool card_lock(struct card *card);
/* The same, with its boot followed. */
bool card_lock_boot(struct card *card);
void card_unlock(struct card *card);

/* An open file or partition of a locked card; it owns `src` from here on, whatever comes. */
PyObject *source_open(struct card *card, struct stmboot_source *src);

/* Close what is open of a locked card: all, or what has no object any more. */
void sources_close(struct card *card, bool all);

/* The methods of files.c. */
#define CARD_METHOD(name) PyObject *card_##name(PyObject *self, PyObject *args)

CARD_METHOD(fs);
CARD_METHOD(stat);
CARD_METHOD(readlink);
CARD_METHOD(resolve);
CARD_METHOD(open_file);
CARD_METHOD(open_partition);
CARD_METHOD(listdir);
CARD_METHOD(walk);
CARD_METHOD(attributes);
CARD_METHOD(extract);

/* Those of reports.c. */
CARD_METHOD(env);
CARD_METHOD(fwu);
CARD_METHOD(extlinux);
CARD_METHOD(gpt);
CARD_METHOD(stm32);
CARD_METHOD(fip);
CARD_METHOD(open_fip);
CARD_METHOD(extract_image);
CARD_METHOD(extract_package);
CARD_METHOD(extract_partition);
CARD_METHOD(read_dtb);

#endif
