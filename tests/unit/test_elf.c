/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <elf.h>
#include <string.h>

#include "format/elf.h"

struct fixture {
	struct stmboot_context *ctx;
	struct sb_arena arena;
	struct sb_program program;
};

static struct fixture decode(const void *data, size_t size)
{
	struct fixture f = { 0 };
	struct stmboot_source *src;

	cr_assert_eq(stmboot_context_new(NULL, &f.ctx), STMBOOT_OK);
	sb_arena_init(&f.arena, f.ctx);
	cr_assert_eq(stmboot_source_from_memory(f.ctx, data, size, &src), STMBOOT_OK);
	cr_assert_eq(sb_program_decode(&f.arena, src, &f.program), STMBOOT_OK);
	stmboot_source_close(src);
	return f;
}

static void release(struct fixture *f)
{
	sb_arena_release(&f->arena);
	stmboot_context_free(f->ctx);
}

struct script_case {
	const char *name;
	const char *text;
	const char *interpreter; /* NULL: no script */
	const char *argument;
};

/* Expected values: Linux fs/binfmt_script.c. */
static const struct script_case script_cases[] = {
	{ "a plain line", "#!/bin/sh\necho\n", "/bin/sh", NULL },
	{ "blanks before and behind the path", "#! \t/bin/sh \t\n", "/bin/sh", NULL },
	{ "all that follows is one argument", "#!/usr/bin/env -S python3 -u \n", "/usr/bin/env",
	  "-S python3 -u" },
	{ "a carriage return belongs to the path", "#!/bin/sh\r\n", "/bin/sh\r", NULL },
	{ "a file may end without a line feed", "#!/bin/sh", "/bin/sh", NULL },
	{ "a line without a path is no program", "#! \n/bin/sh\n", NULL, NULL },
	{ "a comment is no program", "# !/bin/sh\n", NULL, NULL },
	{ "a byte order mark hides the line", "\xef\xbb\xbf#!/bin/sh\n", NULL, NULL },
	{ "an empty file is no program", "", NULL, NULL },
	{ "one byte is no program", "#", NULL, NULL },
};

Test(elf, scripts)
{
	for (size_t i = 0; i < sizeof(script_cases) / sizeof(script_cases[0]); i++) {
		const struct script_case *c = &script_cases[i];
		struct fixture f = decode(c->text, strlen(c->text));

		cr_expect_eq(f.program.kind,
			     c->interpreter != NULL ? SB_PROGRAM_SCRIPT : SB_PROGRAM_UNKNOWN, "%s",
			     c->name);
		if (c->interpreter != NULL && f.program.interpreter != NULL)
			cr_expect_str_eq(f.program.interpreter, c->interpreter, "%s", c->name);
		cr_expect_eq(f.program.argument != NULL, c->argument != NULL, "%s", c->name);
		if (c->argument != NULL && f.program.argument != NULL)
			cr_expect_str_eq(f.program.argument, c->argument, "%s", c->name);
		release(&f);
	}
}

Test(elf, a_path_that_may_be_cut_at_256_bytes_is_refused_but_an_argument_is_not)
{
	char text[400];
	struct fixture f;

	memset(text, 'a', sizeof(text));
	memcpy(text, "#!/", 3);
	text[300] = '\n';
	f = decode(text, sizeof(text));
	cr_expect_eq(f.program.kind, SB_PROGRAM_UNKNOWN);
	release(&f);

	text[100] = ' ';
	f = decode(text, sizeof(text));
	cr_expect_eq(f.program.kind, SB_PROGRAM_SCRIPT);
	cr_expect_eq(strlen(f.program.interpreter), 98);
	cr_expect_eq(strlen(f.program.argument), 256 - 101);
	release(&f);

	text[255] = '\n';
	text[100] = 'a';
	f = decode(text, sizeof(text));
	cr_expect_eq(f.program.kind, SB_PROGRAM_SCRIPT, "the line feed is the last byte read");
	release(&f);
}

/* A program as a linker makes it, by the system's own <elf.h>. */
struct elf32 {
	Elf32_Ehdr header;
	Elf32_Phdr segments[2];
	char interpreter[28];
};

static struct elf32 armhf(void)
{
	return (struct elf32){
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_DYN,
			    .e_machine = EM_ARM,
			    .e_phoff = offsetof(struct elf32, segments),
			    .e_phentsize = sizeof(Elf32_Phdr),
			    .e_phnum = 2 },
		.segments = { { .p_type = PT_LOAD },
			      { .p_type = PT_INTERP,
				.p_offset = offsetof(struct elf32, interpreter),
				.p_filesz = 25 } },
		.interpreter = "/lib/ld-linux-armhf.so.3",
	};
}

Test(elf, a_dynamic_arm_program)
{
	struct elf32 elf = armhf();
	struct fixture f = decode(&elf, sizeof(elf));

	cr_expect_eq(f.program.kind, SB_PROGRAM_ELF);
	cr_expect_eq(f.program.bits, 32);
	cr_expect_eq(f.program.machine, SB_ELF_ARM);
	cr_expect_eq(f.program.type, SB_ELF_DYN);
	cr_expect_not(f.program.big_endian);
	cr_expect_not(f.program.damaged);
	cr_expect_str_eq(f.program.interpreter, "/lib/ld-linux-armhf.so.3");
	cr_expect_str_eq(sb_elf_machine_text(&f.arena, f.program.machine), "ARM");
	cr_expect_str_eq(sb_elf_machine_text(&f.arena, 999), "machine 999");
	release(&f);
}

Test(elf, this_test_itself)
{
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct sb_arena arena;
	struct sb_program program;

	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	sb_arena_init(&arena, ctx);
	cr_assert_eq(stmboot_source_open_file(ctx, "/proc/self/exe", &src), STMBOOT_OK);
	cr_assert_eq(sb_program_decode(&arena, src, &program), STMBOOT_OK);
	cr_expect_eq(program.kind, SB_PROGRAM_ELF);
	cr_expect_eq(program.bits, 8 * sizeof(void *));
	cr_expect_not(program.damaged);
	cr_assert_not_null(program.interpreter);
	cr_expect_eq(program.interpreter[0], '/');
	stmboot_source_close(src);
	sb_arena_release(&arena);
	stmboot_context_free(ctx);
}

struct damage_case {
	const char *name;
	size_t offset;
	uint32_t value;
	size_t bytes;
};

static const struct damage_case damage_cases[] = {
	{ "a class that does not exist", EI_CLASS, 3, 1 },
	{ "a byte order that does not exist", EI_DATA, 0, 1 },
	{ "program headers past the end", offsetof(Elf32_Ehdr, e_phoff), 0xfffffff0, 4 },
	{ "no program headers", offsetof(Elf32_Ehdr, e_phnum), 0, 2 },
	{ "more program headers than the file has", offsetof(Elf32_Ehdr, e_phnum), 0xffff, 2 },
	{ "program headers of another size", offsetof(Elf32_Ehdr, e_phentsize), 56, 2 },
	{ "an interpreter past the end", offsetof(struct elf32, segments[1].p_offset), 0xffffffff,
	  4 },
	{ "an interpreter longer than a path", offsetof(struct elf32, segments[1].p_filesz), 4097,
	  4 },
	{ "an interpreter of one byte", offsetof(struct elf32, segments[1].p_filesz), 1, 4 },
	{ "an interpreter without its NUL", offsetof(struct elf32, segments[1].p_filesz), 20, 4 },
};

Test(elf, damage)
{
	for (size_t i = 0; i < sizeof(damage_cases) / sizeof(damage_cases[0]); i++) {
		const struct damage_case *c = &damage_cases[i];
		struct elf32 elf = armhf();
		struct fixture f;

		memcpy((char *)&elf + c->offset, &c->value, c->bytes);
		f = decode(&elf, sizeof(elf));
		cr_expect_eq(f.program.kind, SB_PROGRAM_ELF, "%s", c->name);
		cr_expect(f.program.damaged, "%s", c->name);
		cr_expect_null(f.program.interpreter, "%s", c->name);
		release(&f);
	}
}

Test(elf, a_file_cut_within_its_header_is_damaged)
{
	struct elf32 elf = armhf();

	for (size_t cut = 6; cut < offsetof(struct elf32, interpreter) + 25; cut++) {
		struct fixture f = decode(&elf, cut);

		cr_expect(f.program.damaged, "cut to %zu", cut);
		release(&f);
	}
}
