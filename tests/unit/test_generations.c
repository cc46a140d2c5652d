/* SPDX-License-Identifier: MIT */
/* The tables of chips and of generations of cards. */
#include <criterion/criterion.h>
#include <string.h>

#include <stmboot/gpt.h>

#include "boot/generations.h"
#include "format/chips.h"

enum { MP15 = STMBOOT_SOC_STM32MP15, MP13 = STMBOOT_SOC_STM32MP13, MP2 = STMBOOT_SOC_STM32MP2 };

enum { SPL = STMBOOT_FSBL_SPL, TFA = STMBOOT_FSBL_TFA };

/* What a card shows, and how its second stage is then found. */
static const struct {
	const char *name;
	int first_stage;
	int soc;
	unsigned version;
	bool fip, metadata;
	unsigned metadata_found;
	unsigned metadata_wanted; /* version */
	bool by_type;
	const char *partition; /* NULL: not by a name */
	uint32_t entries, entries_op_tee;
} cards[] = {
	{ "SPL", SPL, MP15, 202301, false, false, 0, 0, false, NULL, 0, 0 },
	{ "SPL beside a FIP", SPL, MP15, 202301, true, false, 0, 0, false, NULL, 0, 0 },
	{ "nothing is known", STMBOOT_FSBL_UNKNOWN, 0, 0, true, true, 2, 0, false, NULL, 0, 0 },
	{ "v2.2", TFA, MP15, 202, false, false, 0, 0, false, "ssbl", 3, 6 },
	{ "v2.7 without a FIP", TFA, MP15, 207, false, false, 0, 0, false, "ssbl", 3, 6 },
	{ "v2.7 with a FIP", TFA, MP15, 207, true, false, 0, 0, false, "fip", 4, 6 },
	{ "v2.4 of ST with a FIP", TFA, MP15, 204, true, false, 0, 0, false, "fip", 4, 6 },
	{ "v2.8 without a FIP", TFA, MP15, 208, false, false, 0, 0, true, "fip", 6, 0 },
	{ "v2.8 on an MP13", TFA, MP13, 208, true, false, 0, 0, true, "fip", 6, 0 },
	{ "v2.10 on an MP2", TFA, MP2, 210, true, false, 0, 0, true, "fip", 8, 0 },
	{ "v2.12 on an MP2 without a FIP", TFA, MP2, 212, false, false, 0, 0, true, "fip", 8, 0 },
	{ "v2.7 with banks", TFA, MP15, 207, true, true, 1, 1, false, NULL, 8, 0 },
	{ "v2.10 with banks", TFA, MP15, 210, true, true, 2, 1, false, NULL, 6, 0 },
	{ "v2.11 with banks", TFA, MP13, 211, true, true, 1, 2, false, NULL, 6, 0 },
	{ "v2.11 with banks on an MP2", TFA, MP2, 211, false, true, 2, 2, false, NULL, 8, 0 },
	{ "v2.16 with banks on an MP2", TFA, MP2, 216, false, true, 2, 2, false, NULL, 8, 0 },
	{ "an unknown TF-A", TFA, MP15, 0, false, false, 0, 0, false, "ssbl", 3, 6 },
	{ "an unknown TF-A on an MP13", TFA, MP13, 0, false, false, 0, 0, true, "fip", 6, 0 },
	{ "an unknown TF-A with a FIP", TFA, MP15, 0, true, false, 0, 0, true, "fip", 6, 0 },
	{ "an unknown TF-A with metadata 1", TFA, MP15, 0, true, true, 1, 1, false, NULL, 6, 0 },
	{ "an unknown TF-A with metadata 2", TFA, MP15, 0, true, true, 2, 2, false, NULL, 6, 0 },
	{ "an unknown TF-A with bad metadata", TFA, MP2, 0, true, true, 0, 2, false, NULL, 8, 0 },
};

Test(generations, each_card_is_of_one)
{
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		const struct sb_signs signs = {
			.first_stage = (enum stmboot_fsbl_kind)cards[i].first_stage,
			.soc = (enum stmboot_soc)cards[i].soc,
			.version = cards[i].version,
			.fip = cards[i].fip,
			.metadata = cards[i].metadata,
			.metadata_version = cards[i].metadata_found
		};
		const struct sb_generation *g = sb_generation(&signs);

		cr_expect_eq(g->metadata_version, cards[i].metadata_wanted, "%s: %s", cards[i].name,
			     g->name);
		cr_expect_eq(g->type != NULL, cards[i].by_type, "%s", cards[i].name);
		cr_expect_eq(g->entries, cards[i].entries, "%s", cards[i].name);
		cr_expect_eq(g->entries_op_tee, cards[i].entries_op_tee, "%s", cards[i].name);
		cr_expect_eq(g->partition != NULL, cards[i].partition != NULL, "%s", cards[i].name);
		if (g->partition != NULL && cards[i].partition != NULL)
			cr_expect_str_eq(g->partition, cards[i].partition, "%s", cards[i].name);
	}
}

/* A row says one way to find a second stage, and what it may be packed in. */
Test(generations, every_row_is_complete)
{
	const struct sb_generation *g;
	size_t i = 0;

	for (; (g = sb_generation_at(i)) != NULL; i++) {
		bool by_metadata = g->metadata_version != 0, by_name = g->partition != NULL;
		bool by_number = g->sd_number != 0;

		cr_expect_eq(by_metadata + by_name + by_number, 1, "row %zu", i);
		cr_expect_eq(by_number, g->emmc_number != 0, "row %zu", i);
		cr_expect_eq(by_metadata, g->metadata_bytes != 0, "row %zu", i);
		cr_expect(g->name != NULL && g->packed != 0 && g->chips != 0, "row %zu", i);
		cr_expect_eq(g->first_stage == STMBOOT_FSBL_TFA, g->entries != 0, "row %zu", i);
		cr_expect(g->until == 0 || g->since <= g->until, "row %zu", i);
	}
	cr_expect_geq(i, 10);
}

/* Whoever asks without a card gets the same limits; of ST's own v2.4 it knows nothing. */
Test(generations, the_limits_are_those_of_the_reader)
{
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		struct stmboot_gpt_tfa tfa = { .version = cards[i].version,
					       .stm32mp2 = cards[i].soc == MP2,
					       .fip = cards[i].partition == NULL ||
						      strcmp(cards[i].partition, "fip") == 0,
					       .fwu = cards[i].metadata };

		if (cards[i].first_stage != STMBOOT_FSBL_TFA || cards[i].version == 0 ||
		    cards[i].version == 204)
			continue;
		cr_expect_eq(stmboot_gpt_tfa_entries(&tfa), cards[i].entries, "%s", cards[i].name);
		tfa.optee = true;
		if (cards[i].entries_op_tee != 0)
			cr_expect_eq(stmboot_gpt_tfa_entries(&tfa), cards[i].entries_op_tee, "%s",
				     cards[i].name);
	}
}

Test(generations, what_each_loads)
{
	const struct sb_signs spl = { .first_stage = STMBOOT_FSBL_SPL };
	const struct sb_signs old = {
		STMBOOT_FSBL_TFA, STMBOOT_SOC_STM32MP15, 206, false, false, 0
	};
	const struct sb_signs fip = {
		STMBOOT_FSBL_TFA, STMBOOT_SOC_STM32MP15, 210, true, false, 0
	};

	cr_expect(sb_generation_loads(sb_generation(&spl), STMBOOT_CONTENT_UIMAGE));
	cr_expect(sb_generation_loads(sb_generation(&spl), STMBOOT_CONTENT_FIT));
	cr_expect_not(sb_generation_loads(sb_generation(&spl), STMBOOT_CONTENT_STM32));
	cr_expect(sb_generation_loads(sb_generation(&old), STMBOOT_CONTENT_STM32));
	cr_expect_not(sb_generation_loads(sb_generation(&old), STMBOOT_CONTENT_FIP));
	cr_expect(sb_generation_loads(sb_generation(&fip), STMBOOT_CONTENT_FIP));
	cr_expect_not(sb_generation_loads(sb_generation(&fip), STMBOOT_CONTENT_UIMAGE));
	cr_expect_not(sb_generation_loads(sb_generation(&fip), STMBOOT_CONTENT_EMPTY));
}

Test(chips, every_chip_has_a_header_and_a_text)
{
	const struct sb_chip *chip;
	const struct sb_chip_header *header;

	for (size_t i = 0; (chip = sb_chip_at(i)) != NULL; i++) {
		bool found = false;

		cr_expect_str_eq(stmboot_soc_text(chip->soc), chip->text);
		cr_expect_eq(sb_chip_of_board(chip->board), chip->soc);
		for (size_t k = 0; (header = sb_chip_header_at(k)) != NULL; k++)
			found = found || header->soc == chip->soc;
		cr_expect(found, "%s", chip->text);
		cr_expect_lt(chip->raw_fsbl[0], chip->raw_fsbl[1]);
		cr_expect_not_null(sb_chip_image(chip->soc, "nt-fw"));
		cr_expect_not_null(chip->fip_set[0]);
	}
	cr_expect_null(sb_chip(STMBOOT_SOC_UNKNOWN));
	cr_expect_null(stmboot_soc_text(STMBOOT_SOC_UNKNOWN));
}

Test(chips, headers_leave_room_for_what_they_load)
{
	const struct sb_chip_header *h;

	for (size_t i = 0; (h = sb_chip_header_at(i)) != NULL; i++) {
		cr_expect_eq(sb_chip_header(h->version), h);
		cr_expect_leq(h->base_bytes, h->usual_bytes);
		cr_expect(h->ram_first <= h->payload_first && h->payload_first < h->ram_end);
		cr_expect_leq(h->payload_first + h->safe_bytes, h->ram_end, "%s", h->text);
		cr_expect_leq(h->safe_bytes, h->most_bytes);
		cr_expect_leq(h->key_bytes, STMBOOT_STM32_MAX_KEY);
	}
	cr_expect_null(sb_chip_header(0x00020100));
}

Test(chips, boards)
{
	cr_expect_eq(sb_chip_of_board("st,stm32mp157c-dk2"), MP15);
	cr_expect_eq(sb_chip_of_board("dh,stm32mp157c-dhcom-pdk2"), MP15);
	cr_expect_eq(sb_chip_of_board("st,stm32mp135f-dk"), MP13);
	cr_expect_eq(sb_chip_of_board("st,stm32mp257f-ev1"), MP2);
	cr_expect_eq(sb_chip_of_board("arm,vexpress"), STMBOOT_SOC_UNKNOWN);
}
