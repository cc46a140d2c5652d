/* SPDX-License-Identifier: MIT */

#include <stmboot/text.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

size_t stmboot_utf8_decode(const char *text, size_t size, uint32_t *code_point)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = size != 0 ? (unsigned char)text[0] : 0x80;
	size_t length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t value = length == 1 ? lead : lead & (0xffU >> (length + 1));

	if (length == 0 || length > size || lead >= 0xf8)
		return 0;
	for (size_t i = 1; i < length; i++) {
		unsigned char next = (unsigned char)text[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (next & 0x3f);
	}
	if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*code_point = value;
	return length;
}

/* Zero-width, line and direction marks: they change how the rest of a line is shown. */
static bool is_invisible(uint32_t c)
{
	return c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static bool is_plain(uint32_t c)
{
	return c >= 0x20 && c != '\\' && c != 0x7f && !(c >= 0x80 && c < 0xa0) && !is_invisible(c);
}

static size_t escape_byte(unsigned char byte, char out[8])
{
	static const char named[][2] = {
		{ '\n', 'n' }, { '\t', 't' }, { '\r', 'r' }, { '\\', '\\' }
	};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if ((char)byte == named[i][0]) {
			out[0] = '\\';
			out[1] = named[i][1];
			return 2;
		}
	}
	return (size_t)snprintf(out, 8, "\\x%02x", byte);
}

/* Bytes from here on that are ASCII and stay as they are: mostly, all of them. */
static size_t plain_run(const char *text, size_t left)
{
	size_t length = 0;

	while (length < left && text[length] >= 0x20 && text[length] < 0x7f && text[length] != '\\')
		length++;
	return length;
}

/* What is written, which once it does not fit takes nothing more. */
struct escaped {
	char *buffer;
	size_t size, written, total;
	bool full;
};

/* Pieces are whole, but a run of plain text, which can be cut anywhere. */
static void put_piece(struct escaped *out, const char *piece, size_t length, bool whole)
{
	size_t room = out->full ? 0 : out->size - out->written - 1;
	size_t part = length <= room ? length : whole ? 0 : room;

	out->total += length;
	out->full = out->full || part < length;
	if (part == 0)
		return;
	memcpy(out->buffer + out->written, piece, part);
	out->written += part;
}

size_t stmboot_escape(const char *text, char *buffer, size_t size)
{
	struct escaped out = { .buffer = buffer, .size = size, .full = size == 0 };
	size_t left = text != NULL ? strlen(text) : 0;

	while (left > 0) {
		char piece[8];
		uint32_t c = 0;
		size_t taken = plain_run(text, left);

		if (taken != 0) {
			put_piece(&out, text, taken, false);
		} else if ((taken = stmboot_utf8_decode(text, left, &c)) != 0 && is_plain(c)) {
			put_piece(&out, text, taken, true);
		} else {
			size_t length = escape_byte((unsigned char)*text, piece);

			taken = 1;
			put_piece(&out, piece, length, true);
		}
		text += taken;
		left -= taken;
	}
	if (size != 0)
		buffer[out.written] = '\0';
	return out.total;
}
