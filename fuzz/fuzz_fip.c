/* SPDX-License-Identifier: MIT */
/* Firmware packages; the input is that of patched.h. */
#include <stmboot/fip.h>

#include "../tests/support/containers.h"
#include "patched.h"

#include "format/fip_internal.h"

static size_t make(uint8_t *bytes, uint8_t choice)
{
	size_t size = (choice & 8) != 0 ? make_whole_fip(bytes) : make_fip(bytes);

	if ((choice & 4) != 0)
		memcpy(bytes + FIP_TOC, "OPTE", 4);
	return size;
}

/* The table is what it was decoded from. */
static void check_identity(const struct patched *p, const struct stmboot_fip *fip)
{
	uint8_t *bytes = calloc(1, (size_t)fip->toc_bytes + 1);

	require(bytes != NULL);
	sb_fip_encode(fip, bytes);
	require(memcmp(bytes, p->bytes, (size_t)fip->toc_bytes) == 0);
	free(bytes);
}

/* Nothing is known of what is not there. */
static void check_payloads(const struct stmboot_fip *fip)
{
	for (size_t i = 0; i < fip->entry_count; i++) {
		const struct stmboot_fip_payload *payload = &fip->payloads[i];

		require(!payload->known || (fip->entries[i].fits && fip->entries[i].size != 0));
		require((payload->program == NULL) == (payload->version == NULL));
		require(payload->known || payload->hash == STMBOOT_FIP_HASH_UNKNOWN);
	}
	require(fip->optee == NULL || fip->optee->decoded_parts <= STMBOOT_FIP_OPTEE_PARTS);
}

static void check_record(const struct patched *p, const struct stmboot_fip *fip)
{
	require(fip->source_bytes == p->size && fip->toc_bytes <= p->size);
	require(fip->toc_bytes == 16 + 40 * (fip->entry_count + fip->terminated));
	require(fip->terminated || fip->total_bytes == 0);
	for (size_t i = 0; i < fip->entry_count; i++) {
		const struct stmboot_fip_entry *e = &fip->entries[i];

		require(e->toc_offset == 16 + 40 * i);
		require(memcmp(e->uuid, p->bytes + e->toc_offset, 16) == 0);
		require(strlen(e->uuid_text) == 36);
		require(!e->fits || e->offset + e->size <= p->size);
		require(e->name == NULL || stmboot_fip_find(fip, e->name) <= e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patched *p = patched_new(data, size, make);
	struct stmboot_fip *fip = NULL;

	if (stmboot_fip_decode(p->ctx, p->src, &fip) == STMBOOT_OK) {
		check_record(p, fip);
		check_identity(p, fip);
		if ((p->choice & 16) == 0) {
			require(stmboot_fip_identify(p->ctx, p->src, fip) == STMBOOT_OK);
			check_payloads(fip);
		}
		require(stmboot_fip_validate(fip, p->src, (enum stmboot_soc)(p->choice & 3),
					     p->diags) == STMBOOT_OK);
		stmboot_fip_free(fip);
	}
	patched_free(p);
	return 0;
}
