/* SPDX-License-Identifier: MIT */
/*
 * A host in memory whose power can be cut.
 *
 * It plays sb_host: files, names, syncs. Of a large image only the sectors
 * that were written are kept, over a base that is never written. Everything
 * that changes it is recorded, so that the state after a cut at any moment can
 * be made again, with any of what was not synced by then missing.
 *
 * The model is harsher than a disk: of unsynced writes any subset survives,
 * each torn at 512 bytes; every name has on its own any of the values that it
 * had since its directory was synced; and what a failed sync concerned may be
 * lost although a later sync succeeds.
 */
#ifndef DISK_H
#define DISK_H

#include "source/host.h"

enum { DISK_FILES = 64, DISK_NAMES = 64, DISK_HANDLES = 16 };

struct disk_sector {
	uint64_t number;
	uint8_t data[512];
};

struct disk_file {
	struct stmboot_source *base; /* what stands where no sector was written; NULL: zeros */
	uint64_t size;
	struct disk_sector *sectors; /* sorted */
	size_t count;
	size_t capacity;
	bool locked;
};

struct disk_name {
	char path[128];
	int file; /* -1: no such name */
};

enum disk_op_kind {
	DISK_WRITE,
	DISK_SIZE, /* the file grew, or was cut */
	DISK_NAME, /* a name got another value */
	DISK_SYNC,
	DISK_SYNC_DIRECTORY,
};

struct disk_op {
	enum disk_op_kind kind;
	int file;
	uint64_t offset; /* or the new size */
	size_t size;
	uint8_t *data;
	char path[128];
	bool failed; /* a sync that failed */
};

/* A call that fails. */
struct disk_fault {
	unsigned at;   /* number of the call, from 1; 0: none */
	bool for_good; /* and all after it */
	int error;     /* errno */
};

struct disk {
	struct disk_file files[DISK_FILES];
	size_t file_count;
	struct disk_name names[DISK_NAMES];
	size_t name_count;
	int handles[DISK_HANDLES]; /* file, or -1 */
	bool device;               /* the image is a block device */
	struct disk_op *ops;
	size_t op_count;
	size_t op_capacity;
	struct disk_fault fault;
	unsigned calls;
	struct sb_host host;
};

extern const char disk_image[]; /* the path of the image */
extern const char disk_state[]; /* the state directory */

/* A disk that holds an image alone. The base is borrowed. */
void disk_init(struct disk *disk, struct stmboot_source *base, bool device);
void disk_release(struct disk *disk);

/* Forget what was done: what the disk holds now is durable. */
void disk_settle(struct disk *disk);

/* How a state after a cut is made: for unsynced operations, what is left of them. */
enum disk_choice {
	DISK_KEEP_ALL,
	DISK_KEEP_NONE,
	DISK_ALL_BUT_ONE,
	DISK_ONLY_ONE,
	DISK_RANDOM,
};

/*
 * The state after a cut before operation number `cut` of what was recorded,
 * from `start`, the same disk before. `which` is the operation of
 * DISK_ALL_BUT_ONE and DISK_ONLY_ONE, or the seed of DISK_RANDOM.
 */
void disk_cut(const struct disk *start, const struct disk *recorded, size_t cut,
	      enum disk_choice choice, uint64_t which, struct disk *out);

/* Was operation `op` made durable by one before `cut`? */
bool disk_is_durable(const struct disk *recorded, size_t op, size_t cut);

void disk_copy(const struct disk *from, struct disk *to);

/* After a disk was moved in memory. */
void disk_rebind(struct disk *disk);

/* The image as programs see it now. */
void disk_read_image(const struct disk *disk, uint64_t offset, void *buffer, size_t size);

/* Does a name exist? */
bool disk_has(const struct disk *disk, const char *path);

/* A small generator of numbers. */
uint64_t disk_random(uint64_t *state);

#endif
