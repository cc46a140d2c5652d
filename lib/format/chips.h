/* SPDX-License-Identifier: MIT */
/*
 * What differs between the chips, as far as a boot medium shows it: the header
 * that a boot ROM accepts, where it loads a first stage to, and what TF-A for
 * the chip wants in a FIP. A new chip is a value of enum stmboot_soc, a row of
 * the chips and one of the headers; which programs run on it stands in
 * boot/generations.c.
 */
#ifndef SB_FORMAT_CHIPS_H
#define SB_FORMAT_CHIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stmboot/stm32.h>

enum { SB_FSBL_COPIES = 2, SB_CHIP_IMAGES = 5, SB_CHIP_FIP_SET = 8 };

/* A version of the STM32 header, and where the ROM puts what stands behind it. */
struct sb_chip_header {
	uint32_t version;
	enum stmboot_soc soc;
	const char *text;
	uint32_t base_bytes;  /* without extensions */
	uint32_t usual_bytes; /* with them, as all tools fill them up */
	uint32_t key_bytes;   /* of a public key, and of a signature */
	uint32_t padding_bytes;
	uint32_t ram_first;     /* internal memory */
	uint32_t payload_first; /* where the ROM puts the first payload byte */
	uint32_t ram_end;
	uint32_t safe_bytes; /* a payload that surely fits */
	uint32_t most_bytes; /* one byte more surely does not fit */
	uint32_t m33_bytes;  /* of a first stage for the coprocessor; 0: there is none */
	bool exact;          /* payload_first is documented */
};

/* The header of a version, or NULL. */
const struct sb_chip_header *sb_chip_header(uint32_t version);

/* Header number `index`, or NULL behind the last. */
const struct sb_chip_header *sb_chip_header_at(size_t index);

/* An image of a FIP, as TF-A for a chip loads it. */
struct sb_chip_image {
	const char *name;    /* as fiptool calls it */
	uint32_t address;    /* 0: wherever it fits */
	uint32_t most_bytes; /* what there is room for */
	bool sp_min;         /* only where the secure OS is SP_min */
};

struct sb_chip {
	enum stmboot_soc soc;
	const char *text;
	const char *board;       /* what compatibles of its boards have in them */
	const char *coprocessor; /* what names of first stages for a coprocessor begin with */
	uint64_t raw_fsbl[SB_FSBL_COPIES]; /* where they stand without a GPT */
	struct sb_chip_image images[SB_CHIP_IMAGES];
	const char *fip_set[SB_CHIP_FIP_SET]; /* without which BL2 stops */
	bool sp_min;                          /* may run SP_min, which has a device tree */
};

/* The chip, or NULL. */
const struct sb_chip *sb_chip(enum stmboot_soc soc);

/* Chip number `index`, or NULL behind the last. */
const struct sb_chip *sb_chip_at(size_t index);

/* The chip of a board, by its compatible. */
enum stmboot_soc sb_chip_of_board(const char *compatible);

/* What a chip has to say of an image in its FIP, or NULL. Without a chip: what all agree on. */
const struct sb_chip_image *sb_chip_image(enum stmboot_soc soc, const char *name);

#endif
