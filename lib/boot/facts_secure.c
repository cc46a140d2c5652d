/* SPDX-License-Identifier: MIT */
/* The secure OS that a firmware package brings beside U-Boot. */
#include <string.h>

#include "boot/facts.h"

static const struct stmboot_fip_payload *payload(const struct stmboot_fip *fip, const char *name)
{
	const struct stmboot_fip_entry *e = stmboot_fip_find(fip, name);

	return e != NULL ? &fip->payloads[e - fip->entries] : NULL;
}

/* In the files of OP-TEE its version stands in the pager; the header has none. */
void sb_facts_secure_os(struct sb_facts *facts)
{
	static const char *const places[] = { "tos-fw", "tos-fw-extra1", "tos-fw-extra2" };
	const struct stmboot_fip *fip = &facts->second.fip;
	const char *program = NULL;

	if (!facts->second.is_fip || fip->payloads == NULL)
		return;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && program == NULL; i++) {
		const struct stmboot_fip_payload *p = payload(fip, places[i]);

		if (p == NULL || p->program == NULL)
			continue;
		program = p->program;
		facts->secure.text = p->version;
		facts->secure.number = sb_version_number(p->version);
	}
	if (fip->tos_magic == STMBOOT_FIP_OPTEE)
		facts->secure_os = "OP-TEE";
	else if (program != NULL) /* BL32 that TF-A is built with */
		facts->secure_os = strcmp(program, "TF-A") == 0 ? "SP_min" : program;
}
