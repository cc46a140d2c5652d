/* SPDX-License-Identifier: MIT */
/*
 * What the library says that U-Boot takes of a medium's partition tables, one
 * fact a line, for uboot_tables.py to hold against the real one.
 * usage: table_says IMAGE
 */
#include <stdio.h>

#include <stmboot/gpt.h>
#include <stmboot/source.h>

enum { NUMBERS = 128 /* that U-Boot 2023.01 tries for -bootable */ };

/* The name as the console shows it, so nothing in it needs to be escaped but for the terminal. */
static void say_name(const char *name)
{
	for (; *name != '\0'; name++)
		printf("%02x", (unsigned char)*name);
	putchar('\n');
}

static void say_partition(const struct stmboot_partition *p)
{
	unsigned long long sectors = p->last_lba - p->first_lba + 1;

	printf("part %u %llx %llx %llx\n", (unsigned)p->number, (unsigned long long)p->first_lba,
	       (unsigned long long)p->last_lba, sectors);
	if (p->type_guid[0] == '\0') {
		printf("mbr %u %02x %d\n", (unsigned)p->number, p->mbr_type, p->bootable);
		return;
	}
	printf("entry %u %llx %s %s ", (unsigned)p->number, (unsigned long long)p->attributes,
	       p->type_guid, p->guid);
	say_name(p->name_uboot);
}

static void say_view(const struct stmboot_gpt *gpt)
{
	const struct stmboot_gpt_view view = stmboot_gpt_uboot_view(gpt);
	const struct stmboot_partition *bootable[NUMBERS];
	size_t count = stmboot_gpt_bootable(&view, NUMBERS, bootable, NUMBERS);
	const char *table = view.copy == &gpt->primary ? "primary" : "backup";

	if (view.copy == NULL)
		table = view.reason == STMBOOT_GPT_USES_MBR ? "mbr" : "none";
	printf("table %s\n", table);
	printf("reason %s\n", stmboot_gpt_reason_text(view.reason));
	for (size_t i = 0; i < view.count; i++)
		say_partition(view.partitions[i]);
	printf("bootable");
	for (size_t i = 0; i < count; i++)
		printf(" %x", (unsigned)bootable[i]->number);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct stmboot_context *ctx = NULL;
	struct stmboot_source *src = NULL;
	struct stmboot_gpt *gpt = NULL;
	enum stmboot_status status;

	if (argc != 2) {
		fputs("usage: table_says IMAGE\n", stderr);
		return 2;
	}
	status = stmboot_context_new(NULL, &ctx);
	if (status == STMBOOT_OK)
		status = stmboot_source_open_file(ctx, argv[1], &src);
	if (status == STMBOOT_OK)
		status = stmboot_gpt_decode(ctx, src, &gpt);
	if (status == STMBOOT_OK)
		say_view(gpt);
	else
		fprintf(stderr, "table_says: %s\n", stmboot_status_text(status));
	stmboot_gpt_free(gpt);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return status == STMBOOT_OK ? 0 : 1;
}
