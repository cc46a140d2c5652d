/* SPDX-License-Identifier: MIT */
/* A file as U-Boot would load it for a kernel: its headers, and what is packed in it. */
#include <stdlib.h>
#include <string.h>

#include "format/kernel.h"
#include "large_blocks.h"

enum { CEILING = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_headers(const struct stmboot_kernel *kernel, size_t size)
{
	require(kernel->file_bytes == size);
	require(kernel->truncated == (kernel->image_bytes > size));
	require(kernel->looks_like == NULL || kernel->format == STMBOOT_KERNEL_UNKNOWN);
	require(!kernel->has_efi_stub || kernel->pe_offset + UINT64_C(4) <= size);
	require(!kernel->has_appended_dtb || kernel->appended_dtb_offset + 4 <= size);
	require(!kernel->zimage.has_size_word ||
		kernel->zimage.size_word_offset + UINT64_C(4) <= size);
	require((kernel->zboot.compression != NULL) == (kernel->format == STMBOOT_KERNEL_ZBOOT));
}

static void check_findings(struct stmboot_context *ctx, struct stmboot_source *src,
			   const struct stmboot_kernel *kernel,
			   const struct stmboot_kernel_identity *identity)
{
	struct stmboot_diags *diags;
	struct sb_scope scope;
	size_t count;

	require(stmboot_diags_new(ctx, &diags) == STMBOOT_OK);
	scope = sb_scope(diags, src);
	sb_kernel_validate(&scope, kernel);
	count = stmboot_diags_count(diags);
	require(count != 0 || (kernel->format != STMBOOT_KERNEL_UNKNOWN && !kernel->truncated));
	if (identity != NULL)
		sb_kernel_validate_payload(&scope, kernel, identity);
	require(stmboot_diags_count(diags) <= count + 1);
	for (size_t i = 0; i < stmboot_diags_count(diags); i++)
		require(stmboot_diags_get(diags, i)->found != NULL);
	stmboot_diags_free(diags);
}

static void check_identity(const struct stmboot_kernel *kernel,
			   const struct stmboot_kernel_identity *identity)
{
	require(identity->payload_bytes == 0 ||
		identity->payload_offset + identity->payload_bytes <= kernel->file_bytes);
	require(identity->unpacked_bytes <= CEILING);
	require(identity->payload != STMBOOT_NOT_FOUND || identity->banner == NULL);
	if (identity->payload == STMBOOT_OK && kernel->zimage.has_size_word)
		require(identity->unpacked_bytes == kernel->zimage.unpacked_bytes);
	require((identity->banner == NULL) == (identity->release == NULL));
	if (identity->banner != NULL)
		require(strncmp(identity->banner + 14, identity->release,
				strlen(identity->release)) == 0 &&
			identity->release[0] >= '0' && identity->release[0] <= '9');
	require(identity->has_config ||
		stmboot_kernel_config_get(identity, "CONFIG_CMDLINE") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stmboot_context_options options = { .struct_size = sizeof(options),
						   .allocate = allocate_block,
						   .release = release_block,
						   .limits.max_unpacked_bytes = CEILING };
	struct stmboot_context *ctx;
	struct stmboot_source *src;
	struct stmboot_kernel *kernel;
	struct stmboot_kernel_identity *identity = NULL;
	enum stmboot_status status;

	require(stmboot_context_new(&options, &ctx) == STMBOOT_OK);
	require(stmboot_source_from_memory(ctx, data, size, &src) == STMBOOT_OK);
	require(stmboot_kernel_decode(ctx, src, &kernel) == STMBOOT_OK);
	check_headers(kernel, size);
	status = stmboot_kernel_identify(ctx, src, kernel, &identity);
	require(status ==
		(kernel->format == STMBOOT_KERNEL_UNKNOWN ? STMBOOT_NOT_RECOGNISED : STMBOOT_OK));
	if (identity != NULL)
		check_identity(kernel, identity);
	check_findings(ctx, src, kernel, identity);
	stmboot_kernel_identity_free(identity);
	stmboot_kernel_free(kernel);
	stmboot_source_close(src);
	stmboot_context_free(ctx);
	return 0;
}
