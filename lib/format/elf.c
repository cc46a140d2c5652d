/* SPDX-License-Identifier: MIT */
#include "format/elf.h"

#include <string.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "source/source.h"

/* ELF specification, "ELF header" and "Program header": offsets by class. */
enum { EI_CLASS = 4, EI_DATA = 5, E_TYPE = 16, E_MACHINE = 18, PT_INTERP = 3 };

struct layout {
	uint8_t word; /* bytes of an offset */
	uint8_t header_bytes;
	uint8_t phoff;
	uint8_t phentsize;
	uint8_t phnum;
	uint8_t entry_bytes;
	uint8_t p_offset;
	uint8_t p_filesz;
};

static const struct layout layout32 = { 4, 52, 28, 42, 44, 32, 4, 16 };
static const struct layout layout64 = { 8, 64, 32, 54, 56, 56, 8, 32 };

/* What execve() reads of a file to know it (Linux BINPRM_BUF_SIZE, since 5.1). */
enum { HEAD_BYTES = 256 };

/* Linux fs/binfmt_elf.c refuses longer ones: PATH_MAX, and 64 KiB of program headers. */
enum { MAX_INTERPRETER = 4096, MAX_HEADERS_BYTES = 65536 };

static uint64_t field(const struct sb_program *program, const uint8_t *at, size_t size)
{
	return program->big_endian ? sb_be(at, size) : sb_le(at, size);
}

/* The path must end with a NUL inside its segment. */
static enum stmboot_status read_interpreter(struct sb_arena *arena, struct stmboot_source *src,
					    uint64_t offset, uint64_t bytes,
					    struct sb_program *program)
{
	char path[MAX_INTERPRETER];
	enum stmboot_status status;

	if (bytes < 2 || bytes > sizeof(path) ||
	    !sb_range_within(offset, bytes, program->file_bytes)) {
		program->damaged = true;
		return STMBOOT_OK;
	}
	status = stmboot_source_read(src, offset, path, (size_t)bytes);
	if (status != STMBOOT_OK)
		return status;
	if (path[bytes - 1] != '\0') {
		program->damaged = true;
		return STMBOOT_OK;
	}
	program->interpreter = sb_arena_strdup(arena, path);
	return program->interpreter != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

static enum stmboot_status read_segments(struct sb_arena *arena, struct stmboot_source *src,
					 const struct layout *layout, uint64_t table,
					 uint64_t count, struct sb_program *program)
{
	for (uint64_t i = 0; i < count; i++) {
		uint8_t entry[sizeof(uint64_t) * 7];
		enum stmboot_status status = stmboot_source_read(
			src, table + i * layout->entry_bytes, entry, layout->entry_bytes);

		if (status != STMBOOT_OK)
			return status;
		if (field(program, entry, 4) == PT_INTERP)
			return read_interpreter(
				arena, src, field(program, entry + layout->p_offset, layout->word),
				field(program, entry + layout->p_filesz, layout->word), program);
	}
	return STMBOOT_OK;
}

static enum stmboot_status decode_elf(struct sb_arena *arena, struct stmboot_source *src,
				      const uint8_t *head, size_t size, struct sb_program *program)
{
	const struct layout *layout = head[EI_CLASS] == 2 ? &layout64 : &layout32;
	uint64_t table, count;

	program->kind = SB_PROGRAM_ELF;
	if (size < layout->header_bytes || head[EI_CLASS] < 1 || head[EI_CLASS] > 2 ||
	    head[EI_DATA] < 1 || head[EI_DATA] > 2) {
		program->damaged = true;
		return STMBOOT_OK;
	}
	program->bits = head[EI_CLASS] == 2 ? 64 : 32;
	program->big_endian = head[EI_DATA] == 2;
	program->type = (uint16_t)field(program, head + E_TYPE, 2);
	program->machine = (uint16_t)field(program, head + E_MACHINE, 2);
	table = field(program, head + layout->phoff, layout->word);
	count = field(program, head + layout->phnum, 2);
	if (field(program, head + layout->phentsize, 2) != layout->entry_bytes || count == 0 ||
	    count * layout->entry_bytes > MAX_HEADERS_BYTES ||
	    !sb_range_within(table, count * layout->entry_bytes, program->file_bytes)) {
		program->damaged = true;
		return STMBOOT_OK;
	}
	return read_segments(arena, src, layout, table, count, program);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Length of `text` up to its first blank. */
static size_t word_length(const char *text, size_t size)
{
	size_t length = 0;

	while (length < size && !is_blank(text[length]))
		length++;
	return length;
}

/*
 * Linux fs/binfmt_script.c: the line ends at a line feed, the end of the file
 * or of what was read; a path that may have been cut there is refused. A
 * carriage return is part of the path.
 */
static enum stmboot_status decode_script(struct sb_arena *arena, const char *head, size_t size,
					 struct sb_program *program)
{
	const char *text = head + 2;
	size_t left = strcspn(text, "\n");
	bool cut = size == HEAD_BYTES && left == size - 2;
	size_t length;

	while (left > 0 && is_blank(*text)) {
		text++;
		left--;
	}
	length = word_length(text, left);
	if (length == 0 || (cut && length == left))
		return STMBOOT_OK;
	program->kind = SB_PROGRAM_SCRIPT;
	program->interpreter = sb_arena_strndup(arena, text, length);
	if (program->interpreter == NULL)
		return STMBOOT_NO_MEMORY;
	text += length;
	left -= length;
	while (left > 0 && is_blank(text[left - 1]))
		left--;
	while (left > 0 && is_blank(*text)) {
		text++;
		left--;
	}
	if (left == 0)
		return STMBOOT_OK;
	program->argument = sb_arena_strndup(arena, text, left);
	return program->argument != NULL ? STMBOOT_OK : STMBOOT_NO_MEMORY;
}

enum stmboot_status sb_program_decode(struct sb_arena *arena, struct stmboot_source *src,
				      struct sb_program *out)
{
	struct sb_program program = { .file_bytes = stmboot_source_size(src) };
	char head[HEAD_BYTES + 1] = "";
	enum stmboot_status status;
	size_t got;

	status = sb_source_peek(src, 0, head, HEAD_BYTES, &got);
	if (status != STMBOOT_OK)
		return status;
	if (got > EI_DATA && memcmp(head,
				    "\x7f"
				    "ELF",
				    4) == 0)
		status = decode_elf(arena, src, (const uint8_t *)head, got, &program);
	else if (got >= 2 && memcmp(head, "#!", 2) == 0)
		status = decode_script(arena, head, got, &program);
	if (status == STMBOOT_OK)
		*out = program;
	return status;
}

const char *sb_elf_machine_text(struct sb_arena *arena, uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = {
		{ 3, "x86" },      { 8, "MIPS" },
		{ 20, "PowerPC" }, { 21, "PowerPC64" },
		{ 22, "S390" },    { SB_ELF_ARM, "ARM" },
		{ 62, "x86-64" },  { SB_ELF_AARCH64, "AArch64" },
		{ 243, "RISC-V" }, { 258, "LoongArch" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return sb_arena_printf(arena, "machine %u", machine);
}
