/* SPDX-License-Identifier: MIT */
/*
 * What the boot ROM, or TF-A up to v2.7, will make of an STM32 header. The ROM
 * is closed: its limits are those of ST's documents and of the memory maps in
 * TF-A plat/st.
 */
#include "format/stm32.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hint.h"
#include "format/chips.h"
#include "format/formats.h"

enum { VERSION_END = 108 }; /* in version 2.3, where it stands last */

struct checked {
	const struct sb_scope *scope;
	const struct stmboot_stm32 *image;
	enum stmboot_stm32_role role;
	struct sb_scope lowered; /* for what is no error in this case */
};

static bool in_internal_ram(const struct stmboot_stm32 *image, uint32_t address)
{
	const struct sb_chip_header *w = sb_chip_header(image->version);

	return w != NULL && address >= w->ram_first && address < w->ram_end;
}

/* A first stage for the coprocessor, whose own memory is not documented. */
static bool is_m33(const struct stmboot_stm32 *image)
{
	const struct sb_chip_header *w = sb_chip_header(image->version);

	return image->binary_type == STMBOOT_STM32_TYPE_M33 && w != NULL && w->m33_bytes != 0;
}

enum stmboot_stm32_role stmboot_stm32_likely_role(const struct stmboot_stm32 *image)
{
	uint32_t type = image->binary_type;

	if (type >= STMBOOT_STM32_TYPE_OPTEE_H && type <= STMBOOT_STM32_TYPE_OPTEE_D)
		return STMBOOT_STM32_SSBL;
	if (type != STMBOOT_STM32_TYPE_UBOOT || image->version != STMBOOT_STM32_V1_0 ||
	    in_internal_ram(image, image->entry_point))
		return STMBOOT_STM32_FSBL;
	return in_internal_ram(image, image->load_address) ? STMBOOT_STM32_FSBL
							   : STMBOOT_STM32_SSBL;
}

static const char *hex(const struct checked *c, uint32_t value)
{
	return sb_text(c->scope, "0x%08" PRIx32, value);
}

static const char *bytes(const struct checked *c, uint64_t value)
{
	return sb_text(c->scope, "%" PRIu64 " bytes", value);
}

static uint64_t at(const struct checked *c, enum sb_stm32_field field)
{
	return sb_stm32_field(c->image, field);
}

static void report_unknown_version(const struct checked *c)
{
	sb_report(c->scope, SB_STM32_VERSION,
		  &(struct sb_finding){
			  .offset = at(c, SB_STM32_AT_VERSION),
			  .length = 4,
			  .found = hex(c, c->image->version),
			  .expected = "1.0 (STM32MP15), 2.0 (STM32MP13), 2.2 (STM32MP25, MP23) "
				      "or 2.3 (STM32MP21)",
			  .message = c->image->version == 0x00020100
					     ? "this header is for an STM32N6, not for an STM32MP"
					     : NULL,
			  .hint = sb_hint_replace(c->scope,
						  "build the loader again for this chip") });
}

/*
 * Is this a header of another chip, with a changed version? Its entry point is
 * then where only that chip has memory.
 */
static void check_chip(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;
	const struct sb_chip_header *w;
	uint32_t made_for = 0;

	for (size_t i = 0; made_for == 0 && (w = sb_chip_header_at(i)) != NULL; i++)
		if (image->entry_point >= w->ram_first && image->entry_point < w->ram_end)
			made_for = w->version;
	if (made_for == 0 || is_m33(image) || in_internal_ram(image, image->entry_point))
		return;
	sb_report(c->scope, SB_STM32_VERSION,
		  &(struct sb_finding){
			  .offset = at(c, SB_STM32_AT_VERSION),
			  .length = 4,
			  .found = stmboot_stm32_version_text(image->version),
			  .expected =
				  sb_text(c->scope, "%s, by the entry point 0x%08" PRIx32,
					  stmboot_stm32_version_text(made_for), image->entry_point),
			  .message = "the version and the entry point belong to different chips",
			  .hint = sb_hint_replace(c->scope,
						  "build the loader again for this chip") });
}

static void check_version(const struct checked *c)
{
	if (!c->image->version_known)
		report_unknown_version(c);
	else if (c->role == STMBOOT_STM32_FSBL)
		check_chip(c);
}

/* Does the source hold the version field of all known headers? */
static bool has_version(const struct stmboot_stm32 *image)
{
	return image->version_known || image->source_bytes >= VERSION_END;
}

/* Without a version the shortest header is asked for. */
static void check_header_fits(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;

	if (has_version(image) && (!image->version_known || image->header_fits))
		return;
	sb_report(c->scope, SB_STM32_HEADER_TRUNCATED,
		  &(struct sb_finding){
			  .length = image->source_bytes,
			  .found = bytes(c, image->source_bytes),
			  .expected = sb_text(c->scope, "at least %" PRIu32 " bytes",
					      image->version_known ? image->base_bytes : 128),
			  .hint = sb_hint_replace(c->scope, "write the complete file again") });
}

static void check_any_payload(const struct checked *c)
{
	if (c->image->payload_bytes == 0)
		sb_report(c->scope, SB_STM32_LENGTH_ZERO,
			  &(struct sb_finding){ .offset = at(c, SB_STM32_AT_LENGTH),
						.length = 4,
						.found = "0",
						.expected = "the bytes of the payload",
						.hint = sb_hint_replace(
							c->scope, "build the .stm32 file again") });
}

static void check_length(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;

	if (!image->payload_fits)
		sb_report(c->scope, SB_STM32_PAYLOAD_TRUNCATED,
			  &(struct sb_finding){
				  .offset = at(c, SB_STM32_AT_LENGTH),
				  .length = 4,
				  .found = sb_text(c->scope,
						   "%" PRIu64 " + %" PRIu64
						   " bytes of header and payload",
						   image->header_bytes, image->payload_bytes),
				  .expected = sb_text(c->scope, "at most %" PRIu64 " bytes",
						      image->source_bytes),
				  .hint = "make the partition large enough for the file" });
}

/* The ROM looks at the sum only without a signature check; TF-A up to v2.7 always does. */
static void check_checksum(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;
	bool decides = c->role == STMBOOT_STM32_SSBL || (!image->is_signed && !image->is_encrypted);

	if (!image->has_computed_checksum || image->computed_checksum == image->checksum)
		return;
	sb_report(decides ? c->scope : &c->lowered, SB_STM32_CHECKSUM,
		  &(struct sb_finding){
			  .offset = at(c, SB_STM32_AT_CHECKSUM),
			  .length = 4,
			  .found = hex(c, image->checksum),
			  .expected = sb_text(c->scope, "0x%08" PRIx32 ", the sum of the payload",
					      image->computed_checksum),
			  .hint = sb_hint_replace(
				  c->scope, "the payload changed after its header was written, or "
					    "was not written whole; write the file again") });
}

/* Where the ROM would put a first stage; NULL for another. */
static const struct sb_chip_header *rom_window(const struct checked *c)
{
	return c->role == STMBOOT_STM32_FSBL ? sb_chip_header(c->image->version) : NULL;
}

static bool entry_is_inside(const struct stmboot_stm32 *image, const struct sb_chip_header *w)
{
	uint64_t entry = image->entry_point;

	if (!w->exact || image->payload_bytes == 0)
		return entry >= w->ram_first && entry < w->ram_end;
	return entry >= w->payload_first && entry < w->ram_end &&
	       entry - w->payload_first < image->payload_bytes;
}

static void check_entry(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;
	const struct sb_chip_header *w = rom_window(c);
	uint64_t first, end;

	if (w == NULL || is_m33(image) || entry_is_inside(image, w))
		return;
	first = w->exact ? w->payload_first : w->ram_first;
	end = w->exact ? first + image->payload_bytes : w->ram_end;
	sb_report(
		c->scope, SB_STM32_ENTRY_OUTSIDE,
		&(struct sb_finding){
			.offset = at(c, SB_STM32_AT_ENTRY_POINT),
			.length = 4,
			.found = hex(c, image->entry_point),
			.expected = sb_text(c->scope, "from 0x%08" PRIx64 " to below 0x%08" PRIx64,
					    first, end < w->ram_end ? end : w->ram_end),
			.hint = sb_hint_replace(c->scope,
						"this is no first-stage loader for this chip: "
						"write u-boot-spl.stm32 or tf-a-*.stm32") });
}

static void check_load(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;
	const struct sb_chip_header *w = rom_window(c);

	if (w != NULL && !is_m33(image) && !in_internal_ram(image, image->load_address))
		sb_report(c->scope, SB_STM32_LOAD_OUTSIDE,
			  &(struct sb_finding){
				  .offset = at(c, SB_STM32_AT_LOAD_ADDRESS),
				  .length = 4,
				  .found = hex(c, image->load_address),
				  .expected = sb_text(c->scope,
						      "from 0x%08" PRIx32 " to below 0x%08" PRIx32,
						      w->ram_first, w->ram_end),
				  .hint = sb_hint_replace(c->scope,
							  "give mkimage -a the address that the "
							  "loader is linked to") });
}

static void check_thumb(const struct checked *c)
{
	if (c->role == STMBOOT_STM32_FSBL && c->image->entry_point % 2 != 0)
		sb_report(c->scope, SB_STM32_ENTRY_THUMB,
			  &(struct sb_finding){
				  .offset = at(c, SB_STM32_AT_ENTRY_POINT),
				  .length = 4,
				  .found = hex(c, c->image->entry_point),
				  .expected = "an even address",
				  .hint = sb_hint_replace(
					  c->scope,
					  "give mkimage -e the address without bit 0, unless the "
					  "loader really starts in Thumb code") });
}

/* A payload that surely fits. */
static uint64_t safe_bytes(const struct checked *c, const struct sb_chip_header *w)
{
	return is_m33(c->image) ? w->m33_bytes : w->safe_bytes;
}

static void report_size(const struct checked *c, enum sb_code code, uint64_t safe)
{
	sb_report(c->scope, code,
		  &(struct sb_finding){
			  .offset = at(c, SB_STM32_AT_LENGTH),
			  .length = 4,
			  .found = bytes(c, c->image->payload_bytes),
			  .expected = sb_text(c->scope, "at most %" PRIu64 " bytes", safe),
			  .hint = sb_hint_replace(c->scope, "leave out features of the first stage "
							    "(a debug build is larger)") });
}

static void check_most(const struct checked *c)
{
	const struct sb_chip_header *w = rom_window(c);

	if (w != NULL && c->image->payload_bytes > w->most_bytes)
		report_size(c, SB_STM32_TOO_LARGE, safe_bytes(c, w));
}

static void check_safe(const struct checked *c)
{
	const struct sb_chip_header *w = rom_window(c);

	if (w != NULL && c->image->payload_bytes > safe_bytes(c, w))
		report_size(c, SB_STM32_SIZE_LIMIT, safe_bytes(c, w));
}

static void check_reserved(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;
	bool first = image->reserved1 != 0;

	if (first || image->reserved2 != 0)
		sb_report(
			c->scope, SB_STM32_RESERVED,
			&(struct sb_finding){
				.offset = at(c,
					     first ? SB_STM32_AT_RESERVED1 : SB_STM32_AT_RESERVED2),
				.length = 4,
				.found = hex(c, first ? image->reserved1 : image->reserved2),
				.expected = "0",
				.hint = sb_hint_replace(c->scope, "build the .stm32 file again") });
}

static void check_padding(const struct checked *c)
{
	if (c->image->stray_offset != 0)
		sb_report(c->scope, SB_STM32_PADDING,
			  &(struct sb_finding){ .offset = c->image->stray_offset,
						.length = 1,
						.found = "a byte that is not zero",
						.expected = "zero",
						.hint = sb_hint_replace(
							c->scope, "build the .stm32 file again") });
}

static void check_flags(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;
	uint32_t known = SB_STM32_OPTION_UNSIGNED;

	if (image->version != STMBOOT_STM32_V1_0)
		known = SB_STM32_FLAG_AUTHENTICATION | SB_STM32_FLAG_DECRYPTION |
			SB_STM32_FLAG_PADDING;
	if ((image->flags & ~known) != 0)
		sb_report(
			c->scope, SB_STM32_FLAGS_UNKNOWN,
			&(struct sb_finding){
				.offset = at(c, SB_STM32_AT_FLAGS),
				.length = 4,
				.found = hex(c, image->flags),
				.expected =
					sb_text(c->scope, "bits of 0x%08" PRIx32 " only", known),
				.hint = sb_hint_replace(c->scope, "build the .stm32 file again") });
}

static const char *defect_text(enum stmboot_stm32_defect defect)
{
	static const char *const texts[] = {
		[STMBOOT_STM32_EXT_TRUNCATED] = "the partition or file ends before they do",
		[STMBOOT_STM32_EXT_TOO_LONG] = "a total length that no header has",
		[STMBOOT_STM32_EXT_SHORT] = "a length below 8",
		[STMBOOT_STM32_EXT_UNALIGNED] = "a length that is no multiple of 4",
		[STMBOOT_STM32_EXT_OVERRUN] = "a length past the total of all extensions",
		[STMBOOT_STM32_EXT_UNKNOWN] = "an unknown type",
		[STMBOOT_STM32_EXT_TWICE] = "a type that stood before",
		[STMBOOT_STM32_EXT_NO_FLAG] = "an extension whose flag is not set",
		[STMBOOT_STM32_EXT_MISSING] = "a flag without its extension",
		[STMBOOT_STM32_EXT_NOT_FIRST] = "authentication behind another extension",
		[STMBOOT_STM32_EXT_INCOMPLETE] = "an extension without all that it must hold",
	};

	return texts[defect];
}

/* Without a way to the payload nothing boots; what the ROM makes of the rest is not known. */
static bool defect_is_fatal(enum stmboot_stm32_defect defect)
{
	return defect == STMBOOT_STM32_EXT_TRUNCATED || defect == STMBOOT_STM32_EXT_TOO_LONG ||
	       defect == STMBOOT_STM32_EXT_SHORT || defect == STMBOOT_STM32_EXT_OVERRUN;
}

static void check_extensions(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;

	if (image->defect == STMBOOT_STM32_EXT_OK)
		return;
	sb_report(
		defect_is_fatal(image->defect) ? c->scope : &c->lowered, SB_STM32_EXTENSIONS,
		&(struct sb_finding){
			.offset = image->defect_offset,
			.length = 8,
			.found = defect_text(image->defect),
			.expected = "authentication, decryption and padding, each once, with "
				    "its flag",
			.hint = sb_hint_replace(c->scope, "build or sign the .stm32 file again") });
}

/* TF-A with trusted boot on STM32MP13 takes the header from a fixed place of 512 bytes. */
static void check_payload_offset(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;
	const struct sb_chip_header *header = sb_chip_header(image->version);
	uint64_t usual = header != NULL ? header->usual_bytes : image->header_bytes;

	if (c->role != STMBOOT_STM32_FSBL || image->version == STMBOOT_STM32_V1_0 ||
	    image->header_bytes == usual ||
	    (image->version == STMBOOT_STM32_V2_3 && image->is_signed))
		return;
	sb_report(c->scope, SB_STM32_PAYLOAD_OFFSET,
		  &(struct sb_finding){ .offset = at(c, SB_STM32_AT_EXTENSION_BYTES),
					.length = 4,
					.found = sb_text(c->scope, "a header of %" PRIu64 " bytes",
							 image->header_bytes),
					.expected = sb_text(c->scope, "%" PRIu64 " bytes", usual),
					.hint = "fill the extensions with a padding extension" });
}

/* Where the key is described; false when no extension has room to do so. */
static bool find_key(const struct stmboot_stm32 *image, uint64_t *offset)
{
	*offset = sb_stm32_field(image, SB_STM32_AT_ALGORITHM);
	if (image->version == STMBOOT_STM32_V1_0)
		return true;
	for (size_t i = 0; i < image->extension_count; i++) {
		*offset = image->extensions[i].offset;
		if (image->extensions[i].type == SB_STM32_EXT_AUTHENTICATION)
			return image->extensions[i].length >= SB_STM32_EXT_ALGORITHM_OFFSET + 4;
	}
	return false;
}

static void check_signature(const struct checked *c)
{
	if (c->image->is_signed && !c->image->has_signature)
		sb_report(c->scope, SB_STM32_SIGNATURE_MISSING,
			  &(struct sb_finding){
				  .offset = SB_STM32_SIGNATURE_OFFSET,
				  .length = c->image->key_bytes,
				  .found = "zeros",
				  .expected = "a signature, which the flags ask for",
				  .hint = sb_hint_replace(c->scope,
							  "sign the file, or build it without the "
							  "request for a signature check") });
}

static void check_algorithm(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;
	bool is_v1 = image->version == STMBOOT_STM32_V1_0;
	uint32_t last = image->version == STMBOOT_STM32_V2_3 ? 4 : 2;
	uint64_t key;

	if (!image->is_signed || !find_key(image, &key))
		return;
	key += is_v1 ? 0 : SB_STM32_EXT_ALGORITHM_OFFSET;
	/* Where the image ends before, there is nothing to judge. */
	if ((image->algorithm >= 1 && image->algorithm <= last) || key + 4 > image->source_bytes)
		return;
	sb_report(c->scope, SB_STM32_ALGORITHM_UNKNOWN,
		  &(struct sb_finding){ .offset = key,
					.length = 4,
					.found = sb_text(c->scope, "%" PRIu32, image->algorithm),
					.expected = last == 2 ? "1 or 2" : "1 to 4",
					.hint = sb_hint_replace(c->scope, "sign the file again") });
}

static void check_keys(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;
	uint64_t key;

	if (!image->is_signed || image->version == STMBOOT_STM32_V1_0 || !find_key(image, &key))
		return;
	if (image->key_count > SB_STM32_MAX_KEYS || image->key_index >= image->key_count)
		sb_report(c->scope, SB_STM32_KEY_INDEX,
			  &(struct sb_finding){
				  .offset = key + SB_STM32_EXT_KEY_INDEX_OFFSET,
				  .length = 8,
				  .found = sb_text(c->scope, "key %" PRIu32 " of %" PRIu32,
						   image->key_index, image->key_count),
				  .expected = "an index below the number of keys, of which there "
					      "are at most 8",
				  .hint = sb_hint_replace(c->scope, "sign the file again") });
}

/* Where an extension stands, or 0 where there is none. */
static uint64_t extension_at(const struct stmboot_stm32 *image, uint32_t type)
{
	for (size_t i = 0; i < image->extension_count; i++)
		if (image->extensions[i].type == type)
			return image->extensions[i].offset;
	return 0;
}

static void check_encryption(const struct checked *c)
{
	uint64_t at_extension = extension_at(c->image, SB_STM32_EXT_DECRYPTION);

	if (c->image->is_encrypted && at_extension != 0)
		sb_report(c->scope, SB_STM32_ENCRYPTED,
			  &(struct sb_finding){
				  .offset = at_extension,
				  .length = 8,
				  .found = sb_text(c->scope, "AES with a key of %" PRIu32 " bits",
						   c->image->decryption_key_bits),
				  .expected = "a plain payload, to look into it",
				  .hint = "check the file that was encrypted instead" });
}

static void check_decryption_key(const struct checked *c)
{
	uint64_t at_extension = extension_at(c->image, SB_STM32_EXT_DECRYPTION);
	uint32_t bits = c->image->decryption_key_bits;

	if (c->image->is_encrypted && at_extension != 0 && bits != 128 && bits != 256)
		sb_report(c->scope, SB_STM32_DECRYPTION_KEY,
			  &(struct sb_finding){
				  .offset = at_extension + SB_STM32_EXT_KEY_BITS_OFFSET,
				  .length = 4,
				  .found = sb_text(c->scope, "%" PRIu32 " bits", bits),
				  .expected = "128 or 256 bits",
				  .hint = sb_hint_replace(c->scope, "encrypt the file again") });
}

static void report_type(const struct checked *c, enum sb_code code, const char *expected)
{
	const char *name = stmboot_stm32_type_text(c->image->binary_type);

	sb_report(
		c->scope, code,
		&(struct sb_finding){
			.offset = at(c, SB_STM32_AT_BINARY_TYPE),
			.length = c->image->version == STMBOOT_STM32_V1_0 ? 1 : 4,
			.found = sb_text(c->scope, "0x%02" PRIx32 "%s%s%s", c->image->binary_type,
					 name != NULL ? " (" : "", name != NULL ? name : "",
					 name != NULL ? ")" : ""),
			.expected = expected,
			.hint = sb_hint_replace(
				c->scope, "check that the right file stands in this partition") });
}

static void check_fsbl_type(const struct checked *c)
{
	uint32_t type = c->image->binary_type;

	if (c->role == STMBOOT_STM32_FSBL && type != STMBOOT_STM32_TYPE_UBOOT &&
	    !is_m33(c->image) &&
	    (type < STMBOOT_STM32_TYPE_TFA || type >= STMBOOT_STM32_TYPE_OPTEE_H))
		report_type(c, SB_STM32_BINARY_TYPE_UNUSUAL, "0x00 (U-Boot SPL) or 0x10 (TF-A)");
}

/* TF-A v2.2 to v2.7: stm32mp_check_header() and io_stm32image.c. */
static void check_ssbl_version(const struct checked *c)
{
	if (c->role == STMBOOT_STM32_SSBL && c->image->version != STMBOOT_STM32_V1_0)
		sb_report(c->scope, SB_STM32_SSBL_VERSION,
			  &(struct sb_finding){
				  .offset = at(c, SB_STM32_AT_VERSION),
				  .length = 4,
				  .found = stmboot_stm32_version_text(c->image->version),
				  .expected = "1.0",
				  .hint = sb_hint_replace(
					  c->scope, "make the file with mkimage -T stm32image") });
}

static void check_ssbl_type(const struct checked *c)
{
	uint32_t type = c->image->binary_type;

	if (c->role == STMBOOT_STM32_SSBL && type != STMBOOT_STM32_TYPE_UBOOT &&
	    (type < STMBOOT_STM32_TYPE_OPTEE_H || type > STMBOOT_STM32_TYPE_OPTEE_D))
		report_type(c, SB_STM32_SSBL_TYPE, "0x00 (U-Boot), or 0x20 to 0x22 (OP-TEE)");
}

static void check_ssbl_load(const struct checked *c)
{
	const struct stmboot_stm32 *image = c->image;
	/* the only chip that TF-A loads such images on */
	const struct sb_chip_image *uboot = sb_chip_image(STMBOOT_SOC_STM32MP15, "nt-fw");

	if (c->role == STMBOOT_STM32_SSBL && image->binary_type == STMBOOT_STM32_TYPE_UBOOT &&
	    image->load_address != 0 && image->load_address != uboot->address)
		sb_report(c->scope, SB_STM32_SSBL_LOAD,
			  &(struct sb_finding){
				  .offset = at(c, SB_STM32_AT_LOAD_ADDRESS),
				  .length = 4,
				  .found = hex(c, image->load_address),
				  .expected =
					  sb_text(c->scope, "0x%08" PRIx32 " or 0", uboot->address),
				  .hint = sb_hint_replace(
					  c->scope, "write u-boot.stm32, made for that address") });
}

/* clang-format off */
static const SB_RULE(const struct checked *) rows[] = {
	{ SB_STM32_HEADER_TRUNCATED, check_header_fits },
	{ SB_STM32_VERSION, check_version },
	{ SB_STM32_LENGTH_ZERO, check_any_payload },
	{ SB_STM32_PAYLOAD_TRUNCATED, check_length },
	{ SB_STM32_CHECKSUM, check_checksum },
	{ SB_STM32_TOO_LARGE, check_most },
	{ SB_STM32_SIZE_LIMIT, check_safe },
	{ SB_STM32_ENTRY_OUTSIDE, check_entry },
	{ SB_STM32_LOAD_OUTSIDE, check_load },
	{ SB_STM32_ENTRY_THUMB, check_thumb },
	{ SB_STM32_BINARY_TYPE_UNUSUAL, check_fsbl_type },
	{ SB_STM32_PAYLOAD_OFFSET, check_payload_offset },
	{ SB_STM32_SSBL_VERSION, check_ssbl_version },
	{ SB_STM32_SSBL_TYPE, check_ssbl_type },
	{ SB_STM32_SSBL_LOAD, check_ssbl_load },
	{ SB_STM32_RESERVED, check_reserved },
	{ SB_STM32_PADDING, check_padding },
	{ SB_STM32_FLAGS_UNKNOWN, check_flags },
	{ SB_STM32_EXTENSIONS, check_extensions },
	{ SB_STM32_SIGNATURE_MISSING, check_signature },
	{ SB_STM32_ALGORITHM_UNKNOWN, check_algorithm },
	{ SB_STM32_KEY_INDEX, check_keys },
	{ SB_STM32_ENCRYPTED, check_encryption },
	{ SB_STM32_DECRYPTION_KEY, check_decryption_key },
};
/* clang-format on */

const struct sb_rules sb_stm32_rules = SB_RULES(rows);

void sb_stm32_validate(const struct sb_scope *scope, const struct stmboot_stm32 *image,
		       enum stmboot_stm32_role role)
{
	struct sb_scope placed = *scope;
	struct checked c = { .scope = &placed, .image = image, .role = role };

	if (role == STMBOOT_STM32_SSBL && placed.stage == STMBOOT_NO_STAGE)
		placed.stage = STMBOOT_STAGE_SSBL;
	c.lowered = placed;
	if (c.lowered.ceiling > STMBOOT_WARNING)
		c.lowered.ceiling = STMBOOT_WARNING;
	for (struct sb_run run = sb_run(&sb_stm32_rules, &placed); sb_run_next(&run);)
		rows[run.row].check(&c);
}

enum stmboot_status stmboot_stm32_validate(const struct stmboot_stm32 *image,
					   struct stmboot_source *src, enum stmboot_stm32_role role,
					   struct stmboot_diags *diags)
{
	struct sb_scope scope = sb_scope(diags, src);

	sb_stm32_validate(&scope, image, role);
	return sb_diags_status(diags);
}
