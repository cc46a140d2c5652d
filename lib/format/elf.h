/* SPDX-License-Identifier: MIT */
/* What a file that is to be executed needs: ELF header and interpreter, or a script's #! line. */
#ifndef SB_FORMAT_ELF_H
#define SB_FORMAT_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include <stmboot/source.h>

#include "base/arena.h"

/* ELF e_machine and e_type values that matter here. */
enum { SB_ELF_ARM = 40, SB_ELF_X86_64 = 62, SB_ELF_AARCH64 = 183 };
enum { SB_ELF_EXEC = 2, SB_ELF_DYN = 3 };

enum sb_program_kind {
	SB_PROGRAM_UNKNOWN, /* neither: the kernel answers ENOEXEC */
	SB_PROGRAM_ELF,
	SB_PROGRAM_SCRIPT, /* starts with #! */
};

struct sb_program {
	enum sb_program_kind kind;
	uint64_t file_bytes;
	/* ELF */
	uint8_t bits; /* 32 or 64 */
	bool big_endian;
	uint16_t type;
	uint16_t machine;
	bool damaged; /* the program headers do not lie within the file */
	/* both: the program that the kernel starts first, or NULL */
	const char *interpreter;
	/* script: what follows the interpreter on its line, or NULL */
	const char *argument;
};

/*
 * Look at a file as execve() does; strings live in the arena.
 * STMBOOT_OK; STMBOOT_NO_MEMORY; or what reading gave.
 */
STMBOOT_NODISCARD enum stmboot_status
sb_program_decode(struct sb_arena *arena, struct stmboot_source *src, struct sb_program *out);

/* "ARM", "AArch64", ..., or "machine <n>" made in the arena; NULL without memory. */
const char *sb_elf_machine_text(struct sb_arena *arena, uint16_t machine);

#endif
