/* SPDX-License-Identifier: MIT */
/*
 * What is on a card and what each program of the boot makes of it, gathered
 * once. Rules read these facts and never parse.
 */
#ifndef SB_BOOT_FACTS_H
#define SB_BOOT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/boot.h>
#include <stmboot/boot_env.h>
#include <stmboot/boot_fwu.h>
#include <stmboot/boot_words.h>
#include <stmboot/cmdline.h>
#include <stmboot/env.h>
#include <stmboot/extlinux.h>
#include <stmboot/extlinux_edit.h>

#include "base/arena.h"
#include "base/diag.h"
#include "boot/disk.h"
#include "boot/env_places.h"
#include "boot/search.h"
#include "format/boot_script.h"
#include "boot/generations.h"
#include "format/chips.h"
#include "format/cpio.h"
#include "format/elf.h"
#include "format/fit.h"
#include "format/formats.h"
#include "image/image.h"

enum {
	SB_MAX_CONFIGS = 16,
	SB_MAX_RELEASES = 8,
	SB_MAX_JOURNALS = 16,
	SB_MAX_OVERLAYS = 64,
	SB_INIT_PROGRAMS = 4,
};

/* A program's version as it stands on the card. */
struct sb_program_version {
	const char *text; /* "2023.01+dfsg-2", "v2.8"; NULL: not found */
	unsigned number;  /* U-Boot: 202301; TF-A: 208; 0: not found */
};

/* One of the places that the ROM looks at; without a source there is nothing. */
struct sb_first_stage {
	const struct stmboot_part *part; /* NULL: it is none of the image's partitions */
	uint64_t offset;                 /* on the medium */
	struct stmboot_source *src;
	struct stmboot_source *window; /* the source, where no part has it */
	bool is_stm32;
	struct stmboot_stm32 image;
	struct sb_scan scan;
	bool good; /* the ROM starts it */
};

/* How the first stage finds the second. */
enum sb_search {
	SB_SEARCH_NONE,
	SB_SEARCH_NUMBER,   /* SPL: a partition number */
	SB_SEARCH_NAME,     /* TF-A: an exact name */
	SB_SEARCH_TYPE,     /* TF-A from v2.8: a type GUID */
	SB_SEARCH_METADATA, /* TF-A: a unique GUID, which the metadata of updates gives */
	SB_SEARCH_BARE,     /* the image is the second stage */
};

struct sb_second_stage {
	enum sb_search search;
	uint32_t number;                 /* asked for, by number */
	const char *name;                /* asked for, by name */
	const struct stmboot_part *part; /* NULL: not found */
	struct stmboot_source *src;
	bool is_uimage;
	struct stmboot_uimage uimage;
	bool is_stm32;
	struct stmboot_stm32 stm32;
	bool is_fip;
	struct stmboot_fip fip;
	bool is_fit;
	bool is_fdt;                    /* a FIT, or a device tree that SPL takes for one */
	enum stmboot_status fit_status; /* of decoding it */
	struct sb_fit_load fit_load;    /* with is_fit */
	struct sb_scan scan;
	uint64_t end;                         /* bytes of the partition that the image takes */
	const struct stmboot_part *misplaced; /* another partition that holds a second stage */
};

/* The metadata of firmware updates, and what TF-A makes of it. */
struct sb_updates {
	bool any; /* there is a partition for it */
	struct stmboot_boot_fwu said;
	const struct stmboot_part *copies[2]; /* NULL: there is none */
	const struct stmboot_part *banks[STMBOOT_FWU_MAX_BANKS];
};

/* A saved variable that has another value than this U-Boot gives it. */
struct sb_override {
	const struct stmboot_env_variable *variable;
	enum stmboot_env_class class;
	const char *stock; /* that value; NULL: not found */
};

/* Where U-Boot keeps its environment, and what is there. */
struct sb_environment {
	struct stmboot_boot_env found;
	const struct stmboot_part *parts[SB_ENV_COPIES]; /* that the copies are in, or NULL */
	const struct stmboot_env *read[SB_ENV_COPIES];   /* to be released */
	struct stmboot_env_area *file;                   /* to be released */
	uint32_t gap; /* missing number that hides a partition of that name, or 0 */
	struct sb_override *overrides;
	size_t override_count;
	size_t override_capacity;
};

/* A file that U-Boot was told to load. */
struct sb_file {
	struct stmboot_extlinux_text value; /* where the configuration names it */
	const char *path;                   /* asked for; NULL: none */
	enum stmboot_status status;         /* of opening it as U-Boot does */
	struct stmboot_source *src;         /* NULL unless opened */
	uint64_t size;
	const char *trouble; /* of the file system, or NULL */
	const char *similar; /* another place where a file of that name is, or NULL */
};

/* Why a label does not boot. */
enum sb_failure {
	SB_BOOTS,
	SB_FAILS_NO_KERNEL,
	SB_FAILS_INITRD,
	SB_FAILS_KERNEL,
	SB_FAILS_KERNEL_FORMAT,
	SB_FAILS_BOOTARGS,
	SB_FAILS_FDT,
	SB_FAILS_FDT_FORMAT,
	SB_FAILS_OVERLAY,
	SB_FAILS_LOCALBOOT,
	SB_FAILS_FIT,
};

struct sb_overlay {
	struct sb_file file;
	struct stmboot_dtb *dtb; /* NULL when it could not be read */
	const char *reason;      /* why it does not apply, or NULL */
};

/* What became of one label. */
struct sb_attempt {
	size_t label;
	enum sb_failure failure;
	const struct stmboot_extlinux_steps *steps; /* what U-Boot did; paths live here */
	struct sb_file initrd;
	struct sb_file kernel;
	struct stmboot_kernel *image; /* of the kernel, out of any uImage or FIT; NULL: unknown */
	struct stmboot_source *image_src;
	struct stmboot_uimage *wrapper; /* uImage around the kernel, or NULL */
	bool kernel_is_fit;
	struct stmboot_fit *fit; /* NULL: none, or damaged */
	enum stmboot_status fit_status;
	struct sb_fit_load fit_load; /* with fit */
	bool initrd_in_fit;          /* the file is an image of the FIT */
	bool fdt_in_fit;
	const struct stmboot_extlinux_expansion *bootargs; /* NULL: left alone */
	struct sb_file fdt;
	bool fdt_from_dir;
	struct stmboot_dtb *dtb; /* NULL: none was loaded */
	struct sb_overlay *overlays;
	size_t overlay_count;
};

/* Why U-Boot does not run a boot script. */
enum sb_script_fault {
	SB_SCRIPT_RUNS,
	SB_SCRIPT_UNREADABLE,
	SB_SCRIPT_NO_IMAGE, /* no uImage around it */
	SB_SCRIPT_HEADER_CRC,
	SB_SCRIPT_DATA_CRC,
	SB_SCRIPT_TYPE, /* a uImage of something else */
	SB_SCRIPT_EMPTY,
};

/* A boot script, as far as its text tells. */
struct sb_script {
	enum sb_script_fault fault;
	struct stmboot_uimage image; /* with any fault behind SB_SCRIPT_NO_IMAGE */
	bool is_fit;
	struct sb_boot_script commands;
};

/* One extlinux.conf or boot script on the card. */
struct sb_config {
	uint32_t partition;
	const char *path;
	bool script;
	struct sb_script what; /* of a script */
	bool from_script;      /* a boot script leads here */
	struct stmboot_fs *fs;
	struct stmboot_source *src;
	const struct stmboot_extlinux *conf; /* NULL for a script or when it cannot be read */
	enum stmboot_status status;          /* of reading it */
	struct sb_attempt *attempts;         /* in U-Boot's order, up to the one that boots */
	size_t attempt_count;
	int boots; /* index of the attempt that boots, or -1 */
};

/* The journal of a file system that takes part in the boot, and was not unmounted. */
struct sb_journal {
	const struct stmboot_part *part;
	bool searched;              /* U-Boot looks there for a configuration */
	enum stmboot_status status; /* of reading it */
	struct sb_image_journal read;
};

/* A file as one of the two readers of a file system finds it. */
struct sb_seen {
	enum stmboot_status status;
	struct stmboot_source *src; /* NULL: it finds none */
	uint32_t inode;
	uint64_t size;
};

/* A file that takes part in the boot, and is another to U-Boot than to Linux. */
struct sb_difference {
	uint32_t partition;
	const char *path;
	enum stmboot_stage stage; /* that it belongs to */
	struct sb_seen by_uboot;
	struct sb_seen by_linux;
	uint64_t first; /* byte that differs, where both find one */
};

/* One program that Linux would start. */
struct sb_init {
	const char *path;
	const char *resolved;       /* after symbolic links, or NULL */
	enum stmboot_status status; /* of finding it */
	struct stmboot_fs_node node;
	struct sb_program program;
	enum stmboot_status interpreter; /* of finding what the program needs */
	const char *interpreter_path;    /* the last one that was looked for, or NULL */
	bool runs;
	struct stmboot_source *src;
};

/* A directory of /lib/modules. */
struct sb_release {
	const char *name;
	const char *builtin; /* modules.builtin */
	bool has_builtin;    /* it could be read */
	bool filesystem;     /* the driver of ext4 is built in */
	bool host;           /* the driver of the SD host is built in */
	bool block;          /* mmc_block is built in */
};

/* The e2fsck of the system on the card; looked for where the file system needs a newer one. */
struct sb_fsck {
	const char *feature;               /* that not every e2fsck knows, or NULL */
	enum stmboot_ext4_feature_set set; /* where it stands */
	unsigned needed;                   /* the first release that knows it: 147 is 1.47 */
	const char *path;                  /* of the program; NULL: there is none */
	const char *version;               /* NULL: not found */
	unsigned number;                   /* 147; 0: not found */
};

struct sb_facts {
	struct stmboot_context *ctx;
	struct sb_arena *arena;
	struct stmboot_image *image;
	const struct stmboot_image_info *info;
	const struct stmboot_gpt *gpt;
	bool deep;
	const struct sb_facts *earlier; /* while they are gathered, or NULL */
	bool is_card;                   /* a table: SD card or eMMC user area */

	/* rom */
	struct stmboot_gpt_view rom_view;
	size_t fsbl_count; /* how many there are; two of them count */
	struct sb_first_stage fsbl[SB_FSBL_COPIES];
	int fsbl_taken;      /* index of the copy that the ROM starts, or -1 */
	bool is_raw;         /* without a GPT the ROM looks at places of its own */
	uint64_t unused_raw; /* an STM32 header stands at such a place, for nothing; or 0 */
	enum stmboot_soc soc;
	const char *board; /* first compatible of U-Boot's own device tree, or NULL */

	/* fsbl, ssbl */
	enum stmboot_fsbl_kind fsbl_kind;
	struct sb_program_version fsbl_version;
	const struct sb_generation *generation;
	struct stmboot_gpt_tfa tfa;
	struct stmboot_gpt_view loader_view;
	struct sb_updates updates;
	struct sb_second_stage second;
	const char *secure_os; /* what runs beside U-Boot: "OP-TEE", "SP_min"; NULL: not found */
	struct sb_program_version secure;
	struct sb_program_version uboot;
	unsigned uboot_number; /* found, or assumed */
	bool uboot_assumed;
	const struct stmboot_dtb *control; /* U-Boot's own device tree, or NULL; the image has it */
	struct sb_environment env;

	/* extlinux */
	struct stmboot_gpt_view uboot_view;
	struct sb_search_variables variables; /* of the search, stock or saved */
	struct sb_places places;              /* that they name in a partition */
	size_t bootable_count;                /* partitions with the flag */
	struct sb_config configs[SB_MAX_CONFIGS];
	size_t config_count;
	uint64_t configs_bytes;              /* allocated to read them */
	int config;                          /* index of the one that counts, or -1 */
	const struct sb_attempt *attempt;    /* the one that boots, else the first tried, or NULL */
	const struct stmboot_part *searched; /* the first partition that U-Boot looked at */
	enum stmboot_status fs_status;       /* of reading its file system */

	/* what all labels load, together */
	uint64_t loaded_bytes;   /* allocated for device trees and FITs */
	uint64_t kernel_bytes;   /* in the files of kernels */
	uint64_t hashed_bytes;   /* looked at for hashes of FITs */
	uint64_t unpack_budget;  /* of the payloads of kernel and initrd */
	uint64_t compared_bytes; /* of files, as they are with and without the journal */
	size_t tried;            /* labels */
	const char *unloaded;    /* the first file that is more than is looked at, or NULL */

	/* what a journal keeps from U-Boot */
	struct sb_journal journals[SB_MAX_JOURNALS];
	size_t journal_count;
	struct sb_difference *differences;
	size_t difference_count;
	size_t difference_capacity;

	/* kernel, dtb */
	bool has_bare_fit; /* the image is a FIT with a kernel */
	struct sb_fit_load bare_fit;
	struct stmboot_kernel_identity *identity; /* deep only */
	const char *bootargs;                     /* what the kernel gets, or NULL */
	const struct stmboot_cmdline *cmdline;    /* NULL: no label */
	bool has_initrd;
	const char *initramfs_program; /* what the kernel starts from it */
	struct sb_initramfs initramfs; /* deep only */

	/* rootfs, init */
	struct stmboot_gpt_view linux_view;
	struct sb_disk disk;
	const struct stmboot_part *root; /* NULL: not found */
	bool root_elsewhere;             /* root= names another disk, or no disk */
	size_t root_matches;
	struct stmboot_fs *root_fs;
	enum stmboot_status root_status; /* of mounting it */
	struct sb_release releases[SB_MAX_RELEASES];
	size_t release_count;
	struct sb_fsck fsck;
	struct sb_init inits[SB_INIT_PROGRAMS];
	size_t init_count;
	int init; /* index of the one that starts, or -1 */
};

/*
 * Gather all facts. Strings and records live in the arena, what needs closing
 * is closed by sb_facts_release(), also after a failure. What the same context gathered
 * from an earlier state of the image, or NULL, saves work: it may be gone afterwards.
 * STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_facts_gather(struct stmboot_context *ctx, struct sb_arena *arena, struct stmboot_image *image,
		bool deep, const struct sb_facts *earlier, struct sb_facts *facts);

/* Close what the facts hold open. */
void sb_facts_release(struct sb_facts *facts);

/* The parts of the gathering, in order; each builds on those before it. */
STMBOOT_NODISCARD enum stmboot_status sb_facts_rom(struct sb_facts *facts);
void sb_facts_secure_os(struct sb_facts *facts);
STMBOOT_NODISCARD enum stmboot_status sb_facts_loaders(struct sb_facts *facts);
STMBOOT_NODISCARD enum stmboot_status sb_facts_environment(struct sb_facts *facts);
STMBOOT_NODISCARD enum stmboot_status sb_facts_script(struct sb_facts *facts,
						      struct sb_config *config);
STMBOOT_NODISCARD enum stmboot_status sb_facts_overrides(struct sb_facts *facts);
STMBOOT_NODISCARD enum stmboot_status sb_facts_configs(struct sb_facts *facts);
STMBOOT_NODISCARD enum stmboot_status sb_facts_attempts(struct sb_facts *facts,
							struct sb_config *config);
STMBOOT_NODISCARD enum stmboot_status sb_facts_linux(struct sb_facts *facts);
STMBOOT_NODISCARD enum stmboot_status sb_facts_init(struct sb_facts *facts);
STMBOOT_NODISCARD enum stmboot_status sb_facts_fsck(struct sb_facts *facts);
STMBOOT_NODISCARD enum stmboot_status sb_facts_journals(struct sb_facts *facts);

/* What SPL takes out of the second stage, where that is a FIT. */
STMBOOT_NODISCARD enum stmboot_status sb_facts_second_fit(struct sb_facts *facts);

/* Does a FIT hold a kernel, rather than a second stage? */
bool sb_facts_is_kernel_fit(const struct stmboot_fit *fit);

/* What bootm would take out of an image that is a FIT. */
STMBOOT_NODISCARD enum stmboot_status sb_facts_bare_fit(struct sb_facts *facts,
							const struct stmboot_part *part);

/* What bootm takes out of a label's kernel, which is a FIT, once all steps are taken. */
STMBOOT_NODISCARD enum stmboot_status sb_facts_kernel_fit(struct sb_facts *facts,
							  const struct sb_config *config,
							  struct sb_attempt *attempt);

/* The device tree of a file that a label loads; STMBOOT_LIMIT when all labels load too much. */
STMBOOT_NODISCARD enum stmboot_status
sb_facts_decode_tree(struct sb_facts *facts, const struct sb_file *file, struct stmboot_dtb **out);

/* Change the device tree of a label by an overlay that was read; one that fails spoils it. */
STMBOOT_NODISCARD enum stmboot_status sb_facts_apply_overlay(struct sb_facts *facts,
							     struct sb_attempt *attempt,
							     struct sb_overlay *overlay);

/* Remember a file system that takes part in the boot, if its journal has to be replayed. */
void sb_facts_note_journal(struct sb_facts *facts, const struct stmboot_part *part, bool searched);

/*
 * What TF-A makes of the metadata of firmware updates, and which partition it
 * gives; the generation and what the loader sees are known.
 */
void sb_facts_updates(struct sb_facts *facts);

/* The first partition of a name that a reader sees, or NULL. */
const struct stmboot_part *sb_facts_named(const struct sb_facts *facts,
					  const struct stmboot_gpt_view *view, const char *name);

/* Look at one first stage, at its part or its window. */
STMBOOT_NODISCARD enum stmboot_status sb_facts_first_stage(struct sb_facts *facts,
							   const struct stmboot_part *part,
							   struct sb_first_stage *stage);

/* What makes the gathering stop; anything else is a fact about the card. */
static inline bool sb_is_fatal(enum stmboot_status status)
{
	return status == STMBOOT_NO_MEMORY || status == STMBOOT_CANCELLED;
}

/* U-Boot's environment as far as it is known: set at every start, or saved. */
const char *sb_facts_getenv(const struct sb_facts *facts, const char *name);

/* Who sets that variable; unknown where sb_facts_getenv() gives NULL. */
enum stmboot_variable_origin sb_facts_variable_origin(const struct sb_facts *facts,
						      const char *name);

/* COMMAND_LINE_SIZE of the card's kernel, with its NUL. */
size_t sb_facts_command_line_size(const struct sb_facts *facts);

/* Is a driver, named as its module would be, built into the kernels of a release? */
bool sb_release_builds_in(const struct sb_release *release, const char *name);

/* "2023.01..." is 202301, "v2.8..." is 208; 0 when it is no version. */
unsigned sb_version_number(const char *text);

/* Is an ELF program for a processor that the card's kernel can run it on? */
bool sb_facts_runs_machine(const struct sb_facts *facts, const struct sb_program *program);

/* The partition of a number in a reader's view, or NULL. */
const struct stmboot_part *sb_facts_part(const struct sb_facts *facts,
					 const struct stmboot_gpt_view *view, uint32_t number);

/*
 * A configuration read once more, to be changed: as stmboot_extlinux_document_open()
 * and reading its files.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_facts_open_document(struct sb_facts *facts, const struct sb_config *config,
		       struct stmboot_extlinux_document **out);

/* The configuration at that place, or NULL. */
const struct sb_config *sb_facts_find_config(const struct sb_facts *facts, uint32_t partition,
					     const char *path);

/* The configuration that counts, or NULL. */
static inline const struct sb_config *sb_facts_config(const struct sb_facts *facts)
{
	return facts->config >= 0 ? &facts->configs[facts->config] : NULL;
}

/* The label that the later stages follow, or NULL. */
const struct stmboot_extlinux_label *sb_facts_label(const struct sb_facts *facts);

#endif
