/* SPDX-License-Identifier: MIT */
/*
 * The scanner keeps a buffer of one chunk and an overlap. A position is looked
 * at once everything that a match may need stands behind it, or at the end, so
 * results do not depend on where chunks end.
 */
#include "format/scan.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"
#include "base/crc32.h"
#include "base/cursor.h"
#include "source/unpack.h"

enum {
	CHUNK_BYTES = 65536,
	OVERLAP_BYTES = 256, /* longer than any banner with its prefix */
	FDT_HEADER_BYTES = 40,
	BLOCK_BYTES = 64,
	MAX_UNPACKED = 32 << 20, /* of a packed U-Boot: those of boards have 1 MiB */
};

struct scanner {
	struct sb_scan *out;
	uint64_t position; /* of buffer[0], counted in the range */
	uint64_t total;    /* bytes in the range; UINT64_MAX when not known */
	/* The row of characters of versions that was measured last, in the range. */
	uint64_t run_start;
	uint64_t run_end;
	bool run_cut; /* more of them may follow */
	size_t filled;
	uint8_t before; /* the byte before buffer[0] */
	uint8_t buffer[CHUNK_BYTES + OVERLAP_BYTES];
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_version_char(uint8_t c)
{
	return is_alnum(c) || c == '+' || c == '-' || c == '.' || c == '_' || c == '~';
}

static bool is_printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

/* Bytes from `at` for which `accept` holds. */
static size_t span(const uint8_t *at, size_t left, bool (*accept)(uint8_t))
{
	size_t length = 0;

	while (length < left && accept(at[length]))
		length++;
	return length;
}

static bool starts_with(const uint8_t *at, size_t left, const char *text)
{
	size_t length = strlen(text);

	return left >= length && memcmp(at, text, length) == 0;
}

static void copy_text(char *to, size_t size, const uint8_t *from, size_t length)
{
	size_t taken = length < size ? length : size - 1;

	memcpy(to, from, taken);
	to[taken] = '\0';
}

static bool is_kept(const struct sb_scan *scan, const struct sb_scan_text *text)
{
	for (size_t i = 0; i < scan->text_count; i++)
		if (scan->texts[i].firmware == text->firmware &&
		    strcmp(scan->texts[i].version, text->version) == 0)
			return true;
	return false;
}

/* What a match is: the version within the text that starts at the same place. */
struct match {
	enum sb_firmware firmware;
	size_t version; /* where it starts, counted from the text */
	size_t length;
};

static void keep_text(struct sb_scan *scan, uint64_t offset, const uint8_t *at, size_t left,
		      const struct match *match)
{
	struct sb_scan_text text = { .firmware = match->firmware, .offset = offset };

	copy_text(text.version, sizeof(text.version), at + match->version, match->length);
	if (scan->text_count == SB_SCAN_MAX_TEXTS || is_kept(scan, &text))
		return;
	copy_text(text.banner, sizeof(text.banner), at, span(at, left, is_printable));
	scan->texts[scan->text_count++] = text;
}

/* What stands at a position, as far as a match may see. */
struct view {
	struct scanner *scanner;
	uint64_t offset; /* in the range */
	const uint8_t *at;
	size_t left;
	uint8_t before;
};

/*
 * How many characters of a version stand `skip` bytes further. In a long row of them
 * each may seem to begin one: the row is measured once, not at each of them.
 */
static size_t version_length(const struct view *v, size_t skip)
{
	struct scanner *s = v->scanner;
	uint64_t start = v->offset + skip;

	if (start < s->run_start || start >= s->run_end ||
	    (s->run_cut && s->run_end - start < SB_SCAN_VERSION)) {
		size_t length = span(v->at + skip, v->left - skip, is_version_char);

		s->run_start = start;
		s->run_end = start + length;
		s->run_cut = length == v->left - skip;
	}
	return (size_t)sb_min_u64(s->run_end - start, v->left - skip);
}

/* "U-Boot 2023.01..." or "U-Boot SPL 2023.01..." (U-Boot include/version_string.h). */
static bool match_uboot(const struct view *view, struct match *match)
{
	static const char spl[] = "U-Boot SPL ", plain[] = "U-Boot ";
	bool is_spl = starts_with(view->at, view->left, spl);
	size_t skip = is_spl ? sizeof(spl) - 1 : sizeof(plain) - 1;
	const uint8_t *v = view->at + skip;

	if (!is_spl && !starts_with(view->at, view->left, plain))
		return false;
	if (view->left - skip < 7 || v[0] != '2' || v[1] != '0' || !is_digit(v[2]) ||
	    !is_digit(v[3]) || v[4] != '.' || !is_digit(v[5]) || !is_digit(v[6]))
		return false;
	*match = (struct match){ is_spl ? SB_FIRMWARE_SPL : SB_FIRMWARE_UBOOT, skip,
				 version_length(view, skip) };
	return true;
}

/* "v2.8(release):..." (TF-A make_helpers/build_macros.mk, VERSION_STRING). */
static bool match_tfa(const struct view *view, struct match *match)
{
	const uint8_t *at = view->at;
	size_t left = view->left, length;

	if (is_alnum(view->before) || left < 4 || !is_digit(at[1]))
		return false;
	length = version_length(view, 0); /* 'v' is one of them */
	if (length >= SB_SCAN_VERSION || memchr(at, '.', length) == NULL)
		return false;
	if (!starts_with(at + length, left - length, "(release)") &&
	    !starts_with(at + length, left - length, "(debug)"))
		return false;
	*match = (struct match){ SB_FIRMWARE_TFA, 0, length };
	return true;
}

/* "3.19.0 (gcc version ...) #1 date arm" (OP-TEE core/arch/arm/kernel/link.mk). */
static bool match_optee(const struct view *view, struct match *match)
{
	const uint8_t *at = view->at;
	size_t left = view->left, length;

	/* as may_start_in_block() has it */
	if (view->before != '\0' || left < 2 || (!is_digit(at[1]) && at[1] != '.'))
		return false;
	length = version_length(view, 0);
	if (length < 5 || length >= SB_SCAN_VERSION || memchr(at, '.', length) == NULL)
		return false;
	if (!starts_with(at + length, left - length, " (gcc version ") &&
	    !starts_with(at + length, left - length, " (clang version "))
		return false;
	*match = (struct match){ SB_FIRMWARE_OPTEE, 0, length };
	return true;
}

/* A header that could be real (Devicetree Specification v0.4, section 5.2). */
static bool is_fdt_header(const uint8_t *at, size_t left, uint64_t rest, uint32_t *size)
{
	struct sb_cursor c = sb_cursor(at, left);
	uint32_t magic = sb_be32(&c), total = sb_be32(&c);
	uint32_t off_struct = sb_be32(&c), off_strings = sb_be32(&c), off_reserved = sb_be32(&c);
	uint32_t version = sb_be32(&c), compatible = sb_be32(&c);
	uint32_t strings, structure;

	if (magic != 0xd00dfeed)
		return false;
	sb_skip(&c, 4);
	strings = sb_be32(&c);
	structure = sb_be32(&c);
	*size = total;
	return sb_cursor_ok(&c) && total <= rest && (version == 16 || version == 17) &&
	       compatible <= version && off_struct >= FDT_HEADER_BYTES && off_struct % 4 == 0 &&
	       off_reserved >= FDT_HEADER_BYTES && off_reserved < total &&
	       sb_range_within(off_struct, version == 17 ? structure : 8, total) &&
	       sb_range_within(off_strings, strings, total);
}

/*
 * A match sees no more than the overlap: the cost of a position is bounded, and
 * what is found does not depend on where a chunk ends.
 */
static void look_at(struct scanner *s, size_t index)
{
	const uint8_t *at = s->buffer + index;
	const struct view view = { .scanner = s,
				   .offset = s->position + index,
				   .at = at,
				   .left = (size_t)sb_min_u64(s->filled - index, OVERLAP_BYTES),
				   .before = index > 0 ? at[-1] : s->before };
	struct match match;
	uint32_t size;

	if (*at == 0xd0) {
		if (s->out->dtb_count < SB_SCAN_MAX_DTBS &&
		    is_fdt_header(at, view.left, s->total - view.offset, &size))
			s->out->dtbs[s->out->dtb_count++] =
				(struct sb_scan_dtb){ view.offset, size };
	} else if ((*at == 'U' && match_uboot(&view, &match)) ||
		   (*at == 'v' && match_tfa(&view, &match)) ||
		   (is_digit(*at) && match_optee(&view, &match))) {
		keep_text(s->out, view.offset, at, view.left, &match);
	}
}

/*
 * Most of what an inspection of a healthy card computes are the two loops below, so
 * they take 16 bytes at a time. Compilers make of vectors what a machine has, and
 * of the same loops over bytes up to twice as many instructions.
 */
typedef uint8_t lanes __attribute__((vector_size(16)));
typedef uint16_t wide_lanes __attribute__((vector_size(16)));

enum { LANES = sizeof(lanes), SUM_BLOCK_BYTES = 128 * LANES };

static lanes load(const uint8_t *at)
{
	lanes v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* 255 where it holds, else 0; what is below '0' wraps around. */
static lanes are_digits(lanes v)
{
	return (lanes)((v - '0') < 10);
}

static bool any_lane(lanes v)
{
	uint64_t halves[2];

	memcpy(halves, &v, sizeof(halves));
	return (halves[0] | halves[1]) != 0;
}

/*
 * Whether something worth a look may start at one of BLOCK_BYTES positions; the
 * bytes before the first and after the last of them are looked at as well.
 */
static bool may_start_in_block(const uint8_t *at)
{
	lanes any = { 0 };

	for (int i = 0; i < BLOCK_BYTES; i += LANES) {
		lanes before = load(at + i - 1), c = load(at + i), next = load(at + i + 1);
		lanes next_digits = are_digits(next);

		any |= (lanes)(c == 'U') & (lanes)(next == '-');
		any |= (lanes)(c == 0xd0) & (lanes)(next == 0x0d);
		any |= (lanes)(c == 'v') & next_digits;
		any |= (lanes)(before == 0) & are_digits(c) & (next_digits | (lanes)(next == '.'));
	}
	return any_lane(any);
}

static void look_at_each(struct scanner *s, size_t index, size_t count)
{
	for (size_t i = 0; i < count; i++)
		look_at(s, index + i);
}

/* Look at the first `count` positions and drop them. */
static void consume(struct scanner *s, size_t count)
{
	size_t i = 0;

	if (count == 0)
		return;
	look_at(s, i++); /* so that a byte stands before each block */
	for (; count - i > BLOCK_BYTES; i += BLOCK_BYTES)
		if (may_start_in_block(s->buffer + i))
			look_at_each(s, i, BLOCK_BYTES);
	look_at_each(s, i, count - i);
	s->before = s->buffer[count - 1];
	s->filled -= count;
	s->position += count;
	memmove(s->buffer, s->buffer + count, s->filled);
}

/* Each of eight sums is of 256 bytes, which fits into 16 bits. */
static uint32_t block_sum(const uint8_t *at)
{
	wide_lanes sums = { 0 };
	uint32_t sum = 0;

	for (size_t i = 0; i < SUM_BLOCK_BYTES; i += LANES) {
		wide_lanes v = (wide_lanes)load(at + i);

		sums += (v & 0xff) + (v >> 8);
	}
	for (size_t i = 0; i < LANES / 2; i++)
		sum += sums[i];
	return sum;
}

static uint32_t byte_sum(const uint8_t *at, size_t count)
{
	uint32_t sum = 0;

	for (; count >= SUM_BLOCK_BYTES; at += SUM_BLOCK_BYTES, count -= SUM_BLOCK_BYTES)
		sum += block_sum(at);
	for (size_t i = 0; i < count; i++)
		sum += at[i];
	return sum;
}

static struct scanner *scanner_new(struct stmboot_context *ctx, uint64_t total, struct sb_scan *out)
{
	struct scanner *s = sb_alloc_uncleared(ctx, sizeof(*s));

	if (s == NULL)
		return NULL;
	memset(s, 0, offsetof(struct scanner, buffer));
	*out = (struct sb_scan){ .bytes = 0 };
	s->out = out;
	s->total = total;
	return s;
}

/* Where the next bytes go; at least a chunk fits. */
static uint8_t *scanner_room(struct scanner *s, size_t *room)
{
	*room = sizeof(s->buffer) - s->filled;
	return s->buffer + s->filled;
}

static void scanner_added(struct scanner *s, size_t count)
{
	const uint8_t *at = s->buffer + s->filled;

	s->out->crc32 = sb_crc32(s->out->crc32, at, count);
	s->out->byte_sum += byte_sum(at, count);
	s->out->bytes += count;
	s->filled += count;
	if (s->filled > OVERLAP_BYTES)
		consume(s, s->filled - OVERLAP_BYTES);
}

enum stmboot_status sb_scan_range(struct stmboot_context *ctx, struct stmboot_source *src,
				  uint64_t offset, uint64_t length, struct sb_scan *out)
{
	enum stmboot_status status = STMBOOT_OK;
	struct scanner *s;

	if (!sb_range_within(offset, length, stmboot_source_size(src)))
		return STMBOOT_TRUNCATED;
	s = scanner_new(ctx, length, out);
	if (s == NULL)
		return STMBOOT_NO_MEMORY;
	while (status == STMBOOT_OK && out->bytes < length) {
		size_t room;
		uint8_t *to = scanner_room(s, &room);

		room = (size_t)sb_min_u64(sb_min_u64(room, CHUNK_BYTES), length - out->bytes);
		status = stmboot_source_read(src, offset + out->bytes, to, room);
		if (status == STMBOOT_OK) {
			scanner_added(s, room);
			status = sb_progress(ctx, out->bytes, length);
		}
	}
	consume(s, s->filled);
	sb_free(ctx, s);
	return status;
}

/* What is unpacked, handed to the scanner as it has room. */
static enum stmboot_status take_unpacked(void *user, const void *data, size_t size)
{
	struct scanner *s = user;

	for (size_t done = 0; done < size;) {
		size_t room;
		uint8_t *to = scanner_room(s, &room);

		room = room < size - done ? room : size - done;
		memcpy(to, (const uint8_t *)data + done, room);
		scanner_added(s, room);
		done += room;
	}
	return STMBOOT_OK;
}

enum stmboot_status sb_scan_gzip(struct stmboot_context *ctx, struct stmboot_source *src,
				 uint64_t offset, uint64_t length, struct sb_scan *out)
{
	struct sb_unpack_options options = {
		.max_output = sb_min_u64(MAX_UNPACKED, sb_limits(ctx)->max_unpacked_bytes),
		.progress = true
	};
	struct sb_unpack_result result;
	enum stmboot_status status;
	struct scanner *s;

	if (!sb_range_within(offset, length, stmboot_source_size(src)))
		return STMBOOT_TRUNCATED;
	s = scanner_new(ctx, UINT64_MAX, out);
	if (s == NULL)
		return STMBOOT_NO_MEMORY;
	status = sb_unpack(ctx, STMBOOT_COMPRESSION_GZIP, src, offset, length, &options,
			   take_unpacked, s, &result);
	consume(s, s->filled);
	sb_free(ctx, s);
	out->cut = status == STMBOOT_LIMIT;
	return status;
}

const struct sb_scan_text *sb_scan_find(const struct sb_scan *scan, enum sb_firmware firmware)
{
	for (size_t i = 0; i < scan->text_count; i++)
		if (scan->texts[i].firmware == firmware)
			return &scan->texts[i];
	return NULL;
}
