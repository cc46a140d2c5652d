/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for `more` bytes and a NUL. */
static bool reserve(struct buffer *b, size_t more)
{
	size_t wanted = b->capacity != 0 ? b->capacity : 4096;
	char *data;

	if (b->failed || more >= SIZE_MAX / 4 || b->length >= SIZE_MAX / 4) {
		b->failed = true;
		return false;
	}
	while (wanted <= b->length + more)
		wanted *= 2;
	if (wanted == b->capacity)
		return true;
	data = realloc(b->data, wanted);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->capacity = wanted;
	return true;
}

void buffer_add(struct buffer *b, const char *text, size_t length)
{
	if (!reserve(b, length))
		return;
	memcpy(b->data + b->length, text, length);
	b->length += length;
	b->data[b->length] = '\0';
}

void buffer_puts(struct buffer *b, const char *text)
{
	buffer_add(b, text, strlen(text));
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)length))
		return;
	va_start(args, format);
	vsnprintf(b->data + b->length, (size_t)length + 1, format, args);
	va_end(args);
	b->length += (size_t)length;
}

void buffer_pad(struct buffer *b, size_t count)
{
	while (count-- > 0)
		buffer_add(b, " ", 1);
}

int buffer_write(const struct buffer *b, int descriptor)
{
	size_t done = 0;

	if (b->failed)
		return ENOMEM;
	while (done < b->length) {
		ssize_t wrote = write(descriptor, b->data + done, b->length - done);

		if (wrote < 0 && errno != EINTR)
			return errno;
		if (wrote > 0)
			done += (size_t)wrote;
	}
	return 0;
}

void buffer_release(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){ 0 };
}
