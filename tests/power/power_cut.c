/* SPDX-License-Identifier: MIT */
/*
 * Cuts the power during edits of every kind that a transaction knows, on a
 * file and on a block device.
 *
 * usage: power_cut [STATES]
 *
 * STATES for each: 500.
 */
#include <stdlib.h>

#include "cut.h"

int main(int argc, char **argv)
{
	unsigned states = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 500;
	struct stmboot_context *ctx = NULL;
	struct stmboot_source *medium;
	bool good = true;

	if (stmboot_context_new(NULL, &ctx) != STMBOOT_OK)
		return 1;
	medium = kinds_medium(ctx);
	for (size_t i = 0; i < kind_count; i++)
		for (int device = 0; device < 2; device++)
			good = cut_everywhere(ctx, &kinds[i], medium, device != 0, states) && good;
	stmboot_source_close(medium);
	stmboot_context_free(ctx);
	return good ? 0 : 1;
}
