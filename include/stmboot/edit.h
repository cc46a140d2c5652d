/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Edits: all or nothing.
 *
 * An edit stages what it writes in memory, over the image as it is. The result
 * can be read, traced and checked there. A commit then writes a redo log
 * beside the image (for a block device: into the state directory), makes it
 * durable, applies it and removes it. An edit that was interrupted, at any
 * moment, has either not happened, or is finished from its log by the next
 * commit or by stmboot_edit_recover(); until then everything that reads the
 * image sees it as the edit was to make it.
 *
 * What stood there before is kept in the state directory, so that an edit can
 * be taken back. Those records are readable for their user only, and the
 * oldest are dropped when there are more than 32 of all images together, or
 * when they take more than 64 MiB.
 *
 * A large edit tells the progress callback of its context how far it is, each time that
 * another MiB is done, and asks whether to stop. An edit that is stopped has not happened.
 * Once its log has its name the edit has: it is carried to its end, and nobody is asked.
 *
 * Not promised: a device that loses what it said was durable, or that damages
 * neighbours of a sector it writes.
 */
#ifndef STMBOOT_EDIT_H
#define STMBOOT_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/refusal.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stmboot_edit;

/** How to edit. Zero it and set struct_size. */
struct stmboot_edit_options {
	size_t struct_size;
	/**
	 * Where undo records and the logs of block devices are kept, made when it is
	 * missing. NULL: nothing can be undone, and no block device edited.
	 */
	const char *state_directory;
	/** Leave the image alone and write a copy with the edit here. NULL: in place. */
	const char *output;
	/** Only look: the image is opened for reading, and a commit is refused. */
	bool dry_run;
};

/**
 * Where the program keeps undo records and logs, for its user: STMBOOT_STATE_DIR,
 * else "stmboot" in XDG_STATE_HOME or ~/.local/state. XDG Base Directory
 * Specification: what is not absolute does not count.
 *
 * @param buffer  receives the path and its NUL
 * @param size    bytes in buffer; 4096 is enough for any path
 * @return buffer; NULL when no such folder is known, or it does not fit
 */
STMBOOT_API const char *stmboot_state_directory(char *buffer, size_t size);

/** What became of the image. */
enum stmboot_edit_state {
	STMBOOT_EDIT_UNCHANGED, /**< it is as it was */
	STMBOOT_EDIT_DONE,      /**< it is as it was to be */
	STMBOOT_EDIT_PENDING,   /**< a complete log waits: the edit will be finished */
};

/**
 * The name of a state.
 *
 * @param state  what to name
 * @return "unchanged", "done" or "pending"; static
 */
STMBOOT_API const char *stmboot_edit_state_text(enum stmboot_edit_state state);

/** One change, for a person. */
struct stmboot_edit_change {
	const char *what;   /**< never NULL */
	const char *before; /**< NULL: there was none */
	const char *after;  /**< NULL: there is none */
};

/** A range of the medium that differs, whole sectors of 512 bytes. */
struct stmboot_edit_range {
	uint64_t offset; /**< bytes from the start of the medium */
	uint64_t length; /**< in bytes */
};

/** What a commit would do. Borrowed from the edit until the next call for it. */
struct stmboot_edit_plan {
	const struct stmboot_edit_change *changes; /**< in the order they were described */
	size_t change_count;
	const struct stmboot_edit_range *writes; /**< in the order of the medium */
	size_t write_count;
	uint64_t bytes;           /**< in all writes */
	const char *const *notes; /**< what a person may want to know beside these */
	size_t note_count;
};

/** What a commit did. Borrowed from the edit. */
struct stmboot_edit_result {
	enum stmboot_edit_state state;
	bool undoable;            /**< an undo record was kept */
	const char *undo_trouble; /**< why none was kept although it was to be, or NULL */
};

/**
 * Begin an edit.
 *
 * The image is locked against other edits until the edit is closed. Nothing is
 * written: an edit that was interrupted is read through, and finished when
 * this one is committed.
 *
 * @param ctx      allocator and limits; must outlive the edit
 * @param path     a regular file or a block device; a compressed image only with
 *                 output or dry_run
 * @param options  borrowed for the call; NULL for all defaults
 * @param why      says why not; may be NULL
 * @param out      on success, an edit to release with stmboot_edit_close()
 * @return STMBOOT_OK; STMBOOT_CONFLICT when another program holds the image, a
 *         file system of it is mounted, or it changed since an edit was
 *         interrupted; STMBOOT_UNSUPPORTED when it cannot be edited in place or
 *         a later version left its log; STMBOOT_CANCELLED; else as
 *         stmboot_image_open().
 *         On failure *out is untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_edit_begin(struct stmboot_context *ctx, const char *path,
		   const struct stmboot_edit_options *options, struct stmboot_refusal *why,
		   struct stmboot_edit **out);

/**
 * Begin an edit that takes the last one back: what stood there before is
 * staged. Its commit drops the undo record, so that the next undo takes back
 * the edit before.
 *
 * @param ctx      allocator and limits; must outlive the edit
 * @param path     a regular file or a block device
 * @param options  borrowed for the call; NULL for all defaults
 * @param why      says why not; may be NULL
 * @param out      on success, an edit to release with stmboot_edit_close()
 * @return as stmboot_edit_begin(); STMBOOT_NOT_FOUND when there is nothing to
 *         take back; STMBOOT_CONFLICT also when what the edit wrote has changed since
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_edit_begin_undo(struct stmboot_context *ctx, const char *path,
			const struct stmboot_edit_options *options, struct stmboot_refusal *why,
			struct stmboot_edit **out);

/**
 * The medium with what is staged: to be opened with stmboot_image_open_source(),
 * traced and checked. An image that was opened before a write does not know of it.
 *
 * @param edit  that was begun
 * @return a source borrowed from the edit
 */
STMBOOT_API struct stmboot_source *stmboot_edit_source(struct stmboot_edit *edit);

/**
 * Did an earlier edit of this image wait to be finished when this one began?
 *
 * @param edit  that was begun
 * @return whether it did
 */
STMBOOT_API bool stmboot_edit_is_interrupted(const struct stmboot_edit *edit);

/**
 * Stage a write. The first failure stays: nothing can be committed after it.
 *
 * @param edit    that was begun
 * @param offset  bytes from the start of the medium
 * @param data    copied
 * @param size    bytes of it
 * @return STMBOOT_OK; STMBOOT_TRUNCATED past the end of the medium;
 *         STMBOOT_LIMIT when more is staged than the context allows;
 *         STMBOOT_NO_MEMORY; STMBOOT_IO
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_edit_write(struct stmboot_edit *edit, uint64_t offset, const void *data, size_t size);

/**
 * Say what is changed, for the plan and the undo record.
 *
 * @param edit    that was begun
 * @param what    copied
 * @param before  copied; NULL: there was none
 * @param after   copied; NULL: there is none
 * @return STMBOOT_OK or STMBOOT_NO_MEMORY
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_edit_describe(struct stmboot_edit *edit,
									const char *what,
									const char *before,
									const char *after);

/**
 * What a commit would write: sectors that are staged as they are do not count.
 *
 * @param edit  that was begun
 * @param out   on success, borrowed from the edit until the next call for it
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; the first failure of a write; STMBOOT_IO;
 *         STMBOOT_CONFLICT when what is to be replaced changed since it was staged;
 *         STMBOOT_CANCELLED
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_edit_plan(struct stmboot_edit *edit, const struct stmboot_edit_plan **out);

/**
 * Commit what is staged, or write the copy. An edit that changes nothing writes
 * nothing, except for the copy. An edit is committed once.
 *
 * @param edit  that was begun
 * @param why   says why not; may be NULL
 * @return STMBOOT_OK when it is done and durable; STMBOOT_CONFLICT when the
 *         image changed since the edit began; STMBOOT_UNSUPPORTED for a dry
 *         run, STMBOOT_INVALID_ARGUMENT for the second time;
 *         STMBOOT_NO_MEMORY, STMBOOT_IO, or the first failure of a write;
 *         STMBOOT_CANCELLED before the commit point, so that nothing was changed.
 *         stmboot_edit_result() tells what became of the image.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_edit_commit(struct stmboot_edit *edit,
								      struct stmboot_refusal *why);

/**
 * What the commit did, or STMBOOT_EDIT_UNCHANGED before it.
 *
 * @param edit  that was begun
 * @return borrowed from the edit
 */
STMBOOT_API const struct stmboot_edit_result *stmboot_edit_result(const struct stmboot_edit *edit);

/**
 * Release an edit and the lock; what was not committed is abandoned.
 *
 * @param edit  NULL is fine
 */
STMBOOT_API void stmboot_edit_close(struct stmboot_edit *edit);

/** What a recovery found. */
enum stmboot_recovery {
	STMBOOT_RECOVERY_CLEAN,    /**< no edit was interrupted */
	STMBOOT_RECOVERY_FINISHED, /**< a complete log was applied */
	STMBOOT_RECOVERY_DROPPED,  /**< the log was incomplete: the edit never happened */
	STMBOOT_RECOVERY_PENDING,  /**< a log waits still, for it could not be finished */
};

/**
 * The name of what a recovery found.
 *
 * @param recovery  what to name
 * @return "clean", "finished", "dropped" or "pending"; static
 */
STMBOOT_API const char *stmboot_recovery_text(enum stmboot_recovery recovery);

/**
 * Finish an edit that was interrupted, or drop what is left of it.
 *
 * A complete log is applied only when every sector that it names is as it was
 * before the edit, or as it was to be; otherwise nothing is touched. Once that has
 * begun, nobody is asked whether to stop.
 *
 * @param ctx      allocator and limits; borrowed for the call
 * @param path     a regular file or a block device
 * @param options  state_directory alone is used; NULL for all defaults
 * @param why      says why not; may be NULL
 * @param out      what was found; on failure STMBOOT_RECOVERY_PENDING when a log
 *                 was, else untouched
 * @return STMBOOT_OK; STMBOOT_CONFLICT when the image changed since, or as
 *         stmboot_edit_begin(); STMBOOT_IO; STMBOOT_UNSUPPORTED when a later
 *         version made the log; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_edit_recover(struct stmboot_context *ctx, const char *path,
		     const struct stmboot_edit_options *options, struct stmboot_refusal *why,
		     enum stmboot_recovery *out);

/** An edit that can be taken back. */
struct stmboot_undo {
	int64_t time;        /**< seconds since 1970 */
	const char *summary; /**< what the edit did, in words */
	uint64_t bytes;      /**< that it wrote */
};

struct stmboot_undos;

/**
 * The edits of an image that can be taken back, the last one first.
 *
 * @param ctx      allocator; must outlive the list
 * @param path     a regular file or a block device
 * @param options  state_directory alone is used
 * @param out      on success, a list to release with stmboot_undos_free()
 * @return STMBOOT_OK, also when there are none; as stmboot_source_open_file();
 *         STMBOOT_NO_MEMORY
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status
stmboot_undos_list(struct stmboot_context *ctx, const char *path,
		   const struct stmboot_edit_options *options, struct stmboot_undos **out);

/**
 * Release a list.
 *
 * @param undos  NULL is fine
 */
STMBOOT_API void stmboot_undos_free(struct stmboot_undos *undos);

/**
 * How many edits a list holds.
 *
 * @param undos  a list
 * @return their number
 */
STMBOOT_API size_t stmboot_undos_count(const struct stmboot_undos *undos);

/**
 * An edit that can be taken back.
 *
 * @param undos  a list
 * @param index  from 0, which is the last edit
 * @return borrowed from the list, or NULL past the end
 */
STMBOOT_API const struct stmboot_undo *stmboot_undos_get(const struct stmboot_undos *undos,
							 size_t index);

#ifdef __cplusplus
}
#endif

#endif
