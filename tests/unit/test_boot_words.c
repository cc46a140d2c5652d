/* SPDX-License-Identifier: MIT */
/* Where the words of the command line come from, on small cards that are edited. */
#include "../support/boot_card.h"

#include <stmboot/boot_words.h>

static struct stmboot_context *ctx;
static struct stmboot_boot_edit *edit;
static const struct stmboot_boot *boot;
static const struct stmboot_boot_words *words;

static void begin(void)
{
	set_up();
	cr_assert_eq(stmboot_context_new(NULL, &ctx), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_begin(ctx, card, &options, &why, &edit), STMBOOT_OK);
}

static void finish(void)
{
	stmboot_boot_words_free(words);
	stmboot_boot_edit_close(edit);
	stmboot_context_free(ctx);
	tear_down();
}

static void set(const char *key, const char *value)
{
	cr_assert_eq(stmboot_boot_edit_set(edit, NULL, key, value, &why), STMBOOT_OK, "%s",
		     why.message);
}

static void read_words(void)
{
	const struct stmboot_edit_plan *plan;

	cr_assert_eq(stmboot_boot_edit_stage(edit, &why, &plan), STMBOOT_OK, "%s", why.message);
	boot = stmboot_boot_edit_after(edit).boot;
	cr_assert_eq(stmboot_boot_words_new(ctx, boot, &words), STMBOOT_OK);
}

static void expect_word(size_t index, const char *text, enum stmboot_word_origin origin,
			uint32_t line, const char *variable)
{
	const struct stmboot_boot_word *word = &words->words[index];

	cr_assert_lt(index, words->count);
	cr_expect_str_eq(word->text, text);
	cr_expect_eq(word->origin, origin, "%s: %d", text, (int)word->origin);
	cr_expect_eq(word->line, line, "%s: line %u", text, (unsigned)word->line);
	cr_expect_eq(strncmp(boot->bootargs + word->offset, text, (size_t)word->length), 0);
	cr_expect_eq(word->length, strlen(text));
	cr_expect_eq(word->variable != NULL, variable != NULL, "%s", text);
	if (word->variable != NULL && variable != NULL)
		cr_expect_str_eq(word->variable, variable);
}

TestSuite(boot_words, .init = begin, .fini = finish);

Test(boot_words, each_line_and_each_variable_gives_its_own)
{
	set("append",
	    "root=/dev/mmcblk0p4 rootwait b=${board_name} i=x${devnum}y${none} -- \"a b\"");
	set("ipappend", "1");
	read_words();
	cr_assert_eq(words->count, 6);
	expect_word(0, "root=/dev/mmcblk0p4", STMBOOT_WORD_APPEND, 4, NULL);
	expect_word(1, "rootwait", STMBOOT_WORD_APPEND, 4, NULL);
	expect_word(2, "b=stm32mp157c-dk2", STMBOOT_WORD_VARIABLE, 4, "board_name");
	expect_word(3, "i=x0y", STMBOOT_WORD_VARIABLE, 4, "devnum");
	expect_word(4, "\"a b\"", STMBOOT_WORD_APPEND, 4, NULL);
	expect_word(5, "ip=<NULL>:<NULL>:<NULL>:<NULL>", STMBOOT_WORD_IPAPPEND, 5, NULL);
	cr_expect_eq(words->words[2].variable_origin, STMBOOT_VARIABLE_OF_BOARD);
	cr_expect_eq(words->words[3].variable_origin, STMBOOT_VARIABLE_OF_SEARCH);
	cr_expect_str_eq(words->words[0].meaning, stmboot_cmdline_meaning("root"));
	cr_expect_null(words->words[2].meaning);
	cr_expect_not(words->words[3].for_init);
	cr_expect(words->words[4].for_init);
}

Test(boot_words, what_the_device_tree_has_stays_without_append)
{
	static const char *const values[] = { "root=/dev/mmcblk0p4 rootwait" };
	const struct stmboot_dtb_setting setting = { .struct_size = sizeof(setting),
						     .node = "/chosen",
						     .property = "bootargs",
						     .values = values,
						     .value_count = 1 };

	cr_assert_eq(stmboot_boot_edit_unset(edit, NULL, "append", &why), STMBOOT_OK);
	cr_assert_eq(stmboot_boot_edit_set_dtb(edit, NULL, &setting, &why), STMBOOT_OK, "%s",
		     why.message);
	read_words();
	cr_assert_eq(words->count, 2);
	expect_word(0, "root=/dev/mmcblk0p4", STMBOOT_WORD_DTB, 0, NULL);
	expect_word(1, "rootwait", STMBOOT_WORD_DTB, 0, NULL);
}

Test(boot_words, the_text_of_the_configuration)
{
	static const char text[] = "label stm32mp157c-dk2-buildroot\n  kernel /boot/zImage\n"
				   "  devicetree /boot/stm32mp157c-dk2.dtb\n"
				   "  append root=/dev/mmcblk0p4 rootwait\n";
	const struct stmboot_extlinux_document_file *file;
	struct stmboot_extlinux_document *document = NULL;

	boot = stmboot_boot_edit_before(edit).boot;
	cr_assert_eq(stmboot_boot_read_configuration(boot, &document), STMBOOT_OK);
	cr_assert_eq(stmboot_extlinux_document_file_count(document), 1);
	file = stmboot_extlinux_document_file(document, 0);
	cr_assert_eq(file->size, sizeof(text) - 1);
	cr_expect_arr_eq(file->text, text, sizeof(text) - 1);
	stmboot_extlinux_document_free(document);
}

Test(boot_words, no_memory_is_told)
{
	struct heap heap = { 0 };
	struct stmboot_context *small = heap_context(&heap);
	const size_t live = heap.live;
	enum stmboot_status status;
	size_t n = 0;

	read_words();
	do {
		const struct stmboot_boot_words *again = NULL;

		heap_refuse(&heap, ++n);
		status = stmboot_boot_words_new(small, boot, &again);
		heap_refuse(&heap, 0);
		stmboot_boot_words_free(again);
		cr_expect_eq(heap.live, live, "%zu", n);
	} while (status == STMBOOT_NO_MEMORY);
	cr_expect_eq(status, STMBOOT_OK);
	cr_expect_gt(n, 1);
	stmboot_context_free(small);
	stmboot_boot_words_free(NULL);
}
