/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Partition tables: GPT with its two copies and its protective MBR, and plain
 * MBR tables.
 *
 * Decoding records what stands on the medium, in every copy, and judges
 * nothing. The programs that read a card take different copies and see
 * different entries of them, so there is no one list of partitions: there is
 * the list to describe the card with, and a view for each reader.
 *
 * UEFI Specification 2.10, chapter 5. All LBAs count sectors of
 * stmboot_gpt.sector_size bytes, all offsets bytes of the source.
 */
#ifndef STMBOOT_GPT_H
#define STMBOOT_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/context.h>
#include <stmboot/diag.h>
#include <stmboot/source.h>
#include <stmboot/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	STMBOOT_GUID_TEXT = 37,         /**< a GUID as text with its NUL */
	STMBOOT_GPT_ATTR_BOOTABLE = 2,  /**< attribute bit: legacy BIOS bootable; U-Boot's flag */
	STMBOOT_GPT_FIRST_SECTORS = 34, /**< what TF-A reads of a medium to find partitions */
};

/** What kind of table rules the medium. */
enum stmboot_table_type {
	STMBOOT_TABLE_NONE, /**< neither: a bare part or a bare file system */
	STMBOOT_TABLE_GPT,  /**< a GPT, however damaged */
	STMBOOT_TABLE_MBR,  /**< a plain MBR; a GPT may stand behind it, see the copies */
};

/** The MBR's part in a GPT. */
enum stmboot_pmbr_state {
	STMBOOT_PMBR_MISSING, /**< no 55 AA at the end of LBA 0, or a plain MBR table */
	STMBOOT_PMBR_BAD,     /**< no record of type 0xEE that starts at LBA 1 */
	STMBOOT_PMBR_HYBRID,  /**< a good 0xEE record, and others beside it */
	STMBOOT_PMBR_OK,      /**< a good 0xEE record alone */
};

/** One copy of the GPT. */
enum stmboot_gpt_state {
	STMBOOT_GPT_MISSING,   /**< no "EFI PART" at its place */
	STMBOOT_GPT_BAD,       /**< a header stands there, but it has a defect */
	STMBOOT_GPT_MISPLACED, /**< the backup only: good, but not in the last sector */
	STMBOOT_GPT_OK,
};

/** What is wrong with one copy, as bits. */
enum stmboot_gpt_defect {
	STMBOOT_GPT_HEADER_SIZE = 1 << 0,   /**< below 92 or above the sector size */
	STMBOOT_GPT_HEADER_CRC = 1 << 1,    /**< computed over header_size bytes */
	STMBOOT_GPT_MY_LBA = 1 << 2,        /**< the header says it stands elsewhere */
	STMBOOT_GPT_USABLE_ORDER = 1 << 3,  /**< first usable > last usable */
	STMBOOT_GPT_USABLE_END = 1 << 4,    /**< usable range reaches past the medium */
	STMBOOT_GPT_ENTRY_SIZE = 1 << 5,    /**< not 128: no reader takes another */
	STMBOOT_GPT_ENTRY_COUNT = 1 << 6,   /**< none, or an array above 4 MiB (Linux's kmalloc) */
	STMBOOT_GPT_ENTRIES_RANGE = 1 << 7, /**< the array reaches past the medium */
	STMBOOT_GPT_ENTRIES_CRC = 1 << 8,   /**< computed over count x size bytes */
	STMBOOT_GPT_UNREADABLE = 1 << 9,    /**< the source gave an error; the rest is not known */
};

/** What is wrong with one partition, as bits. */
enum stmboot_partition_defect {
	STMBOOT_PARTITION_ORDER = 1 << 0,    /**< first LBA > last LBA */
	STMBOOT_PARTITION_BEYOND = 1 << 1,   /**< reaches past the end of the medium */
	STMBOOT_PARTITION_OVERLAPS = 1 << 2, /**< shares sectors with partition `overlaps` */
	STMBOOT_PARTITION_UNUSABLE = 1 << 3, /**< leaves the usable range of its header */
};

/** One partition, or one GPT entry that is not empty. */
struct stmboot_partition {
	uint32_t number; /**< as Linux and U-Boot count: entry index + 1; logical MBR: from 5 */
	uint32_t index;  /**< place in the entry array; MBR: in the order of the chain */
	bool used;       /**< false: type GUID zero, but an LBA is not; only TF-A takes it */
	bool bootable;   /**< as U-Boot sees it: attribute bit 2 or an EFI system partition; MBR:
			    status 0x80 or type 0xEF */
	char type_guid[STMBOOT_GUID_TEXT]; /**< lower case; empty in an MBR */
	char guid[STMBOOT_GUID_TEXT];      /**< PARTUUID, lower case; MBR: "xxxxxxxx-nn" */
	uint8_t mbr_type;                  /**< 0 in a GPT */
	uint64_t first_lba;
	uint64_t last_lba; /**< inclusive */
	uint64_t offset;   /**< bytes; UINT64_MAX when it does not fit */
	uint64_t size;     /**< bytes; 0 when first > last, cut where it does not fit 64 bits */
	uint64_t attributes;
	const char *name;       /**< UTF-8; what is not UTF-16 became U+FFFD; "" in an MBR */
	const char *name_uboot; /**< low byte of each unit, as U-Boot compares it */
	const char *name_linux; /**< PARTNAME: 7 bits of each unit, '!' for what is not printable */
	bool name_is_latin1;    /**< no unit above 0xFF in all 36, also behind the terminator */
	uint32_t defects;       /**< enum stmboot_partition_defect */
	uint32_t overlaps;      /**< lowest number of another partition it overlaps, or 0 */
	uint64_t entry_offset;  /**< where its entry or record stands */
	uint32_t entry_length;
};

/** One copy of the GPT: all header fields, what was computed, and its entries. */
struct stmboot_gpt_copy {
	enum stmboot_gpt_state state; /**< of this copy where it was read; never MISPLACED */
	uint32_t defects;             /**< enum stmboot_gpt_defect; 0 when ok or missing */
	uint64_t lba;                 /**< where it was read */
	uint64_t offset;              /**< the same in bytes */
	uint32_t revision;
	uint32_t header_size;
	uint32_t header_crc;
	uint32_t header_crc_computed;    /**< 0 when the header is larger than its sector */
	uint32_t header_crc_92_computed; /**< over 92 bytes, as TF-A does */
	uint64_t my_lba;
	uint64_t alternate_lba;
	uint64_t first_usable_lba;
	uint64_t last_usable_lba;
	char disk_guid[STMBOOT_GUID_TEXT];
	uint64_t entries_lba;
	uint32_t entry_count;
	uint32_t entry_size;
	uint32_t entries_crc;
	uint32_t entries_crc_computed; /**< 0 when the array is out of reach or above 4 MiB */
	uint64_t entries_offset;
	uint64_t entries_length; /**< bytes of the array */
	bool entries_cut; /**< used entries lie past the context's max_gpt_entries and are not kept
			   */
	/** Entries that are not empty, in table order, `used` or not. */
	const struct stmboot_partition *const *entries;
	size_t entry_items;
	/** Of those the used ones. */
	const struct stmboot_partition *const *partitions;
	size_t partition_count;
	/** Of those what Linux takes: among the first 255 and not past the medium's end. */
	const struct stmboot_partition *const *linux_partitions;
	size_t linux_partition_count;
	/** Of those what U-Boot takes: it counts in steps of 128 bytes, whatever entry_size is;
	 * the same as `partitions` when that is 128, none when it is less. */
	const struct stmboot_partition *const *uboot_partitions;
	size_t uboot_partition_count;
};

/** One record of the MBR. */
struct stmboot_mbr_record {
	uint8_t status;
	uint8_t type; /**< 0: unused */
	uint32_t first_lba;
	uint32_t sectors;
};

/** LBA 0. */
struct stmboot_mbr {
	bool has_signature; /**< 55 AA at 510 */
	bool unreadable;    /**< the source gave an error; everything else is zero */
	uint32_t disk_signature;
	struct stmboot_mbr_record records[4];
	int protective; /**< index of the first 0xEE record that starts at LBA 1, or -1 */
	bool looped;    /**< the chain of logical partitions was cut: it loops or is too long */
	bool broken;    /**< a link of the chain leaves the medium or has no signature */
	const struct stmboot_partition *const *partitions; /**< primary, then logical ones */
	size_t partition_count;
	/** What U-Boot takes: also records of no sectors, all four of each link of a chain, and
	 * of two extended partitions only the first. */
	const struct stmboot_partition *const *uboot_partitions;
	size_t uboot_partition_count;
};

/** The tables of a medium; made by stmboot_gpt_decode(). */
struct stmboot_gpt {
	enum stmboot_table_type type;
	uint32_t sector_size; /**< 512, or 4096 when "EFI PART" stands at byte 4096 only */
	uint64_t medium_size; /**< bytes of the source */
	uint64_t sectors;     /**< whole sectors of the source */
	enum stmboot_pmbr_state protective_mbr;
	struct stmboot_mbr mbr;
	struct stmboot_gpt_copy primary; /**< at LBA 1 */
	struct stmboot_gpt_copy backup;  /**< in the last sector */
	/** At the LBA that the primary calls alternate; MISSING when that is the last sector. */
	struct stmboot_gpt_copy alternate;
	/** The backup as a whole: of `backup`, or MISPLACED when only `alternate` is good. */
	enum stmboot_gpt_state backup_state;
	bool copies_differ; /**< primary and the good backup disagree about disk GUID or entries */
	bool stale_backup;  /**< the last sector holds the backup of another disk GUID */
	/** The copy that `partitions` come from: good primary, good backup, good alternate, then
	 * whichever was there; NULL for no GPT. */
	const struct stmboot_gpt_copy *described;
	/** The partitions to describe the card with, in table order. */
	const struct stmboot_partition *const *partitions;
	size_t partition_count;
};

/**
 * Read the partition tables of a medium.
 *
 * Never fails because of what stands on the medium: without a table the type
 * is STMBOOT_TABLE_NONE, and what could not be read is marked as unreadable.
 *
 * @param ctx  allocator and limits (max_gpt_entries are kept per copy; checksums
 *             run over all of them); must outlive the table
 * @param src  the medium; borrowed for the call
 * @param out  on success, a table to release with stmboot_gpt_free(); all it
 *             points to lives as long as it does
 * @return STMBOOT_OK; STMBOOT_NO_MEMORY; STMBOOT_CANCELLED. On failure *out is
 *         untouched.
 */
STMBOOT_API STMBOOT_NODISCARD enum stmboot_status stmboot_gpt_decode(struct stmboot_context *ctx,
								     struct stmboot_source *src,
								     struct stmboot_gpt **out);

/**
 * Release a table.
 *
 * @param gpt  NULL is fine
 */
STMBOOT_API void stmboot_gpt_free(struct stmboot_gpt *gpt);

/**
 * The copy that counts as the backup, wherever it was found.
 *
 * @param gpt  decoded tables
 * @return borrowed from the tables, never NULL
 */
STMBOOT_API const struct stmboot_gpt_copy *stmboot_gpt_backup(const struct stmboot_gpt *gpt);

/**
 * A partition of the list that describes the card.
 *
 * @param gpt     decoded tables
 * @param number  of the partition, from 1
 * @return borrowed from the tables, or NULL
 */
STMBOOT_API const struct stmboot_partition *stmboot_gpt_find_number(const struct stmboot_gpt *gpt,
								    uint32_t number);

/** Why a reader sees what it sees. */
enum stmboot_gpt_reason {
	STMBOOT_GPT_SEES_ALL,          /**< nothing keeps it from any used entry */
	STMBOOT_GPT_NO_TABLE,          /**< there is no table at all */
	STMBOOT_GPT_NO_PROTECTIVE,     /**< the MBR is not protective enough for this reader */
	STMBOOT_GPT_PROTECTIVE_SIZE,   /**< TF-A: the record's size is 0 or 0xFFFFFFFF */
	STMBOOT_GPT_SECTOR_SIZE,       /**< made for 4096-byte sectors */
	STMBOOT_GPT_PRIMARY_UNUSABLE,  /**< and this reader uses no backup */
	STMBOOT_GPT_BOTH_UNUSABLE,     /**< neither copy passes its checks */
	STMBOOT_GPT_ARRAY_UNREACHABLE, /**< TF-A: the entry array is not where it can read it */
	STMBOOT_GPT_STOPS_AT_HOLE,     /**< TF-A: ends at an entry whose two LBAs are zero */
	STMBOOT_GPT_STOPS_AT_NAME,     /**< TF-A: ends at a name that is not Latin-1 */
	STMBOOT_GPT_STOPS_AT_LIMIT,    /**< the reader keeps no more entries */
	STMBOOT_GPT_SKIPS_SOME, /**< Linux: an entry lies past the medium's end, or past 255 */
	STMBOOT_GPT_USES_MBR,   /**< the partitions are those of the MBR */
	STMBOOT_GPT_READS_NONE, /**< the ROM does not read this medium's table */
};

/** What one reader sees; borrowed from the table. */
struct stmboot_gpt_view {
	const struct stmboot_gpt_copy *copy; /**< the copy it takes; NULL: none, or the MBR */
	enum stmboot_gpt_reason reason;
	/** In table order; visible are the first `count`. */
	const struct stmboot_partition *const *partitions;
	size_t count;
	/** Index of the entry at which a STOPS_AT reason arose, else 0. */
	uint32_t stopped_index;
};

/**
 * U-Boot and its SPL: the primary, else silently the backup in the last
 * sector; a protective record is required, else the MBR's partitions.
 * U-Boot disk/part_efi.c, disk/part_dos.c.
 *
 * @param gpt  decoded tables
 * @return a view, borrowed from the tables
 */
STMBOOT_API struct stmboot_gpt_view stmboot_gpt_uboot_view(const struct stmboot_gpt *gpt);

/**
 * Linux.
 *
 * @param gpt            a table
 * @param gpt_parameter  the word `gpt` stands on the command line: the MBR is
 *                       not asked and the backup in the last sector is allowed
 * @return the view; Linux block/partitions/efi.c
 */
STMBOOT_API struct stmboot_gpt_view stmboot_gpt_linux_view(const struct stmboot_gpt *gpt,
							   bool gpt_parameter);

/** Which TF-A is asked; zero what is not known. */
struct stmboot_gpt_tfa {
	uint32_t version;     /**< 208 for v2.8; 0: not known, the newest is assumed */
	uint32_t max_entries; /**< entries it keeps; 0: the usual number for what follows */
	bool stm32mp2;        /**< 8 entries instead of 6 */
	bool fip;             /**< second stage in a FIP; decides up to v2.7 */
	bool optee;           /**< built with OP-TEE; decides up to v2.7 */
	bool fwu;             /**< built with PSA_FWU_SUPPORT; decides for v2.7 */
};

/**
 * How many entries TF-A keeps (PLAT_PARTITION_MAX_ENTRIES of the ST port).
 *
 * @param tfa  which TF-A
 * @return their number
 */
STMBOOT_API uint32_t stmboot_gpt_tfa_entries(const struct stmboot_gpt_tfa *tfa);

/**
 * TF-A BL2 of the ST port: the primary only, within the first 34 sectors, with
 * checks that grew with its versions. An entry counts as used when one of its
 * LBAs is not zero, whatever its type. A plain MBR gives no names and is not
 * shown: reason STMBOOT_GPT_NO_PROTECTIVE.
 * TF-A drivers/partition/partition.c, gpt.c.
 *
 * @param gpt  decoded tables
 * @param tfa  which TF-A
 * @return a view, borrowed from the tables
 */
STMBOOT_API struct stmboot_gpt_view stmboot_gpt_tfa_view(const struct stmboot_gpt *gpt,
							 const struct stmboot_gpt_tfa *tfa);

/**
 * The boot ROM: the primary only. Its partitions are those of the whole copy;
 * stmboot_gpt_fsbl() tells which of them it takes.
 *
 * @param gpt  decoded tables
 * @return a view, borrowed from the tables
 */
STMBOOT_API struct stmboot_gpt_view stmboot_gpt_rom_view(const struct stmboot_gpt *gpt);

/**
 * The partitions whose name begins with "fsbl", in table order. The ROM tries
 * the first two on an SD card.
 *
 * @param view  of stmboot_gpt_rom_view()
 * @param out   receives up to `room` pointers, borrowed from the table
 * @param room  elements of out
 * @return how many there are, also when it is more than room
 */
STMBOOT_API size_t stmboot_gpt_fsbl(const struct stmboot_gpt_view *view,
				    const struct stmboot_partition **out, size_t room);

/**
 * What `part list -bootable` gives: bootable partitions in ascending order of
 * their numbers.
 *
 * @param view         of stmboot_gpt_uboot_view()
 * @param last_number  the highest number that is tried: 128, 64 up to v2021
 * @param out          receives up to `room` pointers, borrowed from the table
 * @param room         elements of out
 * @return how many there are, also when it is more than room
 */
STMBOOT_API size_t stmboot_gpt_bootable(const struct stmboot_gpt_view *view, uint32_t last_number,
					const struct stmboot_partition **out, size_t room);

/**
 * Why a copy is not good, in a few words: the first of its defects.
 *
 * @param defects  bits of enum stmboot_gpt_defect
 * @return static; NULL without any
 */
STMBOOT_API const char *stmboot_gpt_defect_text(uint32_t defects);

/**
 * The name of an attribute bit.
 *
 * @param bit  from 0
 * @return "required", "no-block-io", "bootable", "grow-fs", "read-only", "hidden" or
 *         "no-auto"; NULL for others. Static.
 */
STMBOOT_API const char *stmboot_gpt_attribute_name(unsigned bit);

/**
 * What is set for a partition, by name: its attribute bits, "bit-N" where one
 * has no name, and "bootable" for that status in an MBR.
 *
 * @param partition  borrowed
 * @param index      from 0 on, until the answer is false
 * @param buffer     receives the name and its NUL
 * @param size       bytes in buffer; 16 are enough for every name
 * @return false when fewer are set
 */
STMBOOT_API bool stmboot_partition_attribute(const struct stmboot_partition *partition,
					     size_t index, char *buffer, size_t size);

/**
 * The attribute bit of a name.
 *
 * @param name  as stmboot_gpt_attribute_name() gives it, or "bit-N"
 * @return from 0; -1 for others and for reserved bits (3 to 47)
 */
STMBOOT_API int stmboot_gpt_attribute_bit(const char *name);

/**
 * The short name of a type GUID.
 *
 * @param guid  in lower case
 * @return "linux", "fip", ..., or NULL; static
 */
STMBOOT_API const char *stmboot_gpt_type_name(const char *guid);

/**
 * The type GUID of a short name.
 *
 * @param name  "linux", "fip", ...
 * @return lower case, or NULL; static
 */
STMBOOT_API const char *stmboot_gpt_type_guid(const char *name);

/**
 * A short name of a type GUID.
 *
 * @param index  from 0
 * @return static; NULL past the end
 */
STMBOOT_API const char *stmboot_gpt_type_at(size_t index);

/**
 * The name of a type of table.
 *
 * @param type  what to name
 * @return "gpt", "mbr" or "none"; static
 */
STMBOOT_API const char *stmboot_table_type_text(enum stmboot_table_type type);

/**
 * The name of a state of the protective MBR.
 *
 * @param state  what to name
 * @return "ok", "hybrid", "bad" or "missing"; static
 */
STMBOOT_API const char *stmboot_pmbr_state_text(enum stmboot_pmbr_state state);

/**
 * The name of a state of a copy.
 *
 * @param state  what to name
 * @return "ok", "bad", "missing" or "misplaced"; static
 */
STMBOOT_API const char *stmboot_gpt_state_text(enum stmboot_gpt_state state);

/**
 * Why a view ends where it does, as a short English phrase.
 *
 * @param reason  any value, known or not
 * @return a static string, never NULL
 */
STMBOOT_API const char *stmboot_gpt_reason_text(enum stmboot_gpt_reason reason);

/**
 * The name of what a reader takes.
 *
 * @param gpt   a decoded table
 * @param view  of that table; borrowed for the call
 * @return "primary", "backup" or "mbr"; NULL: nothing. Static.
 */
STMBOOT_API const char *stmboot_gpt_view_text(const struct stmboot_gpt *gpt,
					      const struct stmboot_gpt_view *view);

#ifdef __cplusplus
}
#endif

#endif
