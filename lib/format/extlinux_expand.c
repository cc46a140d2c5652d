/* SPDX-License-Identifier: MIT */
/*
 * What becomes of append on its way into bootargs.
 * Deciding source: cli_simple_process_macros() of U-Boot's common/cli_simple.c
 * and label_boot() of its boot/pxe_utils.c.
 */
#include <stmboot/extlinux.h>

#include <string.h>

#include "base/arena.h"
#include "base/context.h"

enum {
	IP_BIT = 1,  /* ipappend: add ip= */
	MAC_BIT = 2, /* ipappend: add BOOTIF= */
	MAC_BYTES = 6,
};

/* An expansion and the memory that it lives in. */
struct result {
	struct stmboot_extlinux_expansion expansion; /* first: what callers hold */
	struct sb_arena *arena;
};

enum state { PLAIN, AFTER_DOLLAR, IN_NAME, IN_QUOTES };

struct expander {
	struct result *result;
	const struct stmboot_extlinux_environment *env;
	const char *raw;
	size_t length;
	size_t at;
	size_t append; /* bytes of raw that are append's */
	char *out;
	size_t used;
	size_t room; /* of the output, its NUL counted */
	enum state state;
	char previous;
	size_t dollar;     /* where the '$' stands */
	size_t name_start; /* behind its brace */
	struct stmboot_extlinux_variable *variables;
	size_t variable_capacity;
};

static const char *variable(const struct stmboot_extlinux_environment *env, const char *name)
{
	return env != NULL && env->get != NULL && *name != '\0' ? env->get(env->user, name) : NULL;
}

static void put(struct expander *e, char c)
{
	if (e->used < e->room)
		e->out[e->used++] = c;
}

/*
 * The next character; a backslash before it goes away, except in single
 * quotes. A character that follows a backslash in the input is never an escape
 * itself, so of n backslashes n - 1 remain.
 */
static bool take(struct expander *e, char *c)
{
	*c = e->raw[e->at++];
	if (e->state == IN_QUOTES || *c != '\\' || e->previous == '\\')
		return true;
	e->result->expansion.backslash_removed = true;
	if (e->at == e->length)
		return false;
	e->previous = '\\';
	*c = e->raw[e->at++];
	return true;
}

static void take_plain(struct expander *e, char c)
{
	if (c == '\'' && e->previous != '\\') {
		e->state = IN_QUOTES;
		e->result->expansion.quotes_removed = true;
	} else if (c == '$' && e->previous != '\\') {
		e->state = AFTER_DOLLAR;
		e->dollar = e->at - 1;
	} else {
		put(e, c);
	}
}

static void take_after_dollar(struct expander *e, char c)
{
	if (c == '{' || c == '(') {
		e->state = IN_NAME;
		e->name_start = e->at;
		return;
	}
	e->state = PLAIN;
	put(e, '$');
	put(e, c);
}

/* Either brace closes either. */
static bool take_in_name(struct expander *e, char c)
{
	struct stmboot_extlinux_variable *v;
	struct sb_arena *arena = e->result->arena;

	if (c != '}' && c != ')')
		return true;
	e->state = PLAIN;
	v = sb_arena_push(arena, &e->variables, &e->result->expansion.variable_count,
			  &e->variable_capacity, sizeof(*v));
	if (v == NULL)
		return false;
	v->offset = e->dollar;
	v->name = sb_arena_strndup(arena, e->raw + e->name_start, e->at - 1 - e->name_start);
	if (v->name == NULL)
		return false;
	v->value = sb_arena_strdup(arena, variable(e->env, v->name));
	v->result_offset = e->used;
	for (const char *from = v->value; from != NULL && *from != '\0' && e->used < e->room;
	     from++)
		put(e, *from);
	v->result_length = e->used - v->result_offset;
	return !arena->failed;
}

/* The backslash stays here, and a quote behind it, too. */
static void take_in_quotes(struct expander *e, char c)
{
	if (c == '\'' && e->previous != '\\')
		e->state = PLAIN;
	else
		put(e, c);
}

static bool take_character(struct expander *e, char c)
{
	switch (e->state) {
	case PLAIN:
		take_plain(e, c);
		return true;
	case AFTER_DOLLAR:
		take_after_dollar(e, c);
		return true;
	case IN_NAME:
		return take_in_name(e, c);
	default:
		take_in_quotes(e, c);
		return true;
	}
}

/* The character that is given away counts nowhere. */
static void clip(struct expander *e)
{
	struct stmboot_extlinux_expansion *x = &e->result->expansion;
	struct stmboot_extlinux_variable *last =
		x->variable_count > 0 ? &e->variables[x->variable_count - 1] : NULL;

	if (x->append_length > e->used)
		x->append_length = e->used;
	if (last != NULL && last->result_offset + last->result_length > e->used)
		last->result_length--;
}

static bool expand(struct expander *e)
{
	struct stmboot_extlinux_expansion *x = &e->result->expansion;
	char c;

	while (e->at < e->length && e->used < e->room && take(e, &c)) {
		if (!take_character(e, c))
			return false;
		e->previous = c;
		if (e->at <= e->append)
			x->append_length = e->used;
	}
	/* A full buffer gives its last character away to the NUL. */
	x->truncated = e->used == e->room;
	e->used -= x->truncated;
	e->out[e->used] = '\0';
	clip(e);
	x->unclosed = !x->truncated && e->state == IN_NAME;
	x->dollar_lost = !x->truncated && e->state == AFTER_DOLLAR;
	x->text = e->out;
	x->length = e->used;
	x->deleted = e->used == 0;
	x->variables = e->variables;
	return true;
}

static struct result *new_result(struct stmboot_context *ctx)
{
	struct result *result = sb_object_new(ctx, sizeof(*result));

	if (result == NULL)
		return NULL;
	result->arena = sb_object_arena(result);
	result->expansion.text = "";
	return result;
}

void stmboot_extlinux_expansion_free(const struct stmboot_extlinux_expansion *expansion)
{
	sb_object_free(expansion);
}

/* The first `append` bytes of a raw text are append's. */
static enum stmboot_status expand_parts(struct stmboot_context *ctx, const char *raw, size_t append,
					const struct stmboot_extlinux_environment *env,
					size_t cbsize,
					const struct stmboot_extlinux_expansion **out)
{
	struct expander e = { .result = new_result(ctx),
			      .env = env,
			      .raw = raw,
			      .append = append,
			      .length = strlen(raw),
			      .room = cbsize != 0 ? cbsize : STMBOOT_EXTLINUX_CBSIZE };

	if (e.result == NULL)
		return STMBOOT_NO_MEMORY;
	e.out = sb_arena_alloc(e.result->arena, e.room);
	if (e.out == NULL || !expand(&e)) {
		stmboot_extlinux_expansion_free(&e.result->expansion);
		return STMBOOT_NO_MEMORY;
	}
	*out = &e.result->expansion;
	return STMBOOT_OK;
}

enum stmboot_status stmboot_extlinux_expand(struct stmboot_context *ctx, const char *raw,
					    const struct stmboot_extlinux_environment *env,
					    size_t cbsize,
					    const struct stmboot_extlinux_expansion **out)
{
	return expand_parts(ctx, raw, strlen(raw), env, cbsize, out);
}

/* U-Boot's printf() writes "<NULL>" for a variable that is not set. */
static const char *shown(struct sb_arena *arena, const struct stmboot_extlinux_environment *env,
			 const char *name)
{
	const char *value = variable(env, name);

	return sb_arena_strdup(arena, value != NULL ? value : "<NULL>");
}

static const char *ip_argument(struct sb_arena *arena,
			       const struct stmboot_extlinux_environment *env)
{
	const char *ip = shown(arena, env, "ipaddr");
	const char *server = shown(arena, env, "serverip");
	const char *gateway = shown(arena, env, "gatewayip");
	const char *mask = shown(arena, env, "netmask");

	if (arena->failed)
		return NULL;
	return sb_arena_printf(arena, " ip=%s:%s:%s:%s", ip, server, gateway, mask);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	const char *found = lower != '\0' ? strchr(digits, lower) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* " BOOTIF=01-..." of a well-formed ethaddr, else "". */
static const char *mac_argument(struct sb_arena *arena,
				const struct stmboot_extlinux_environment *env)
{
	const char *value = variable(env, "ethaddr");
	unsigned byte[MAC_BYTES];

	for (size_t i = 0; value != NULL && i < MAC_BYTES; i++) {
		int high = hex_digit(value[0]);
		int low = high >= 0 ? hex_digit(value[1]) : -1;

		if (low < 0 || value[2] != (i + 1 < MAC_BYTES ? ':' : '\0'))
			return "";
		byte[i] = (unsigned)(high * 16 + low);
		value += 3;
	}
	if (value == NULL)
		return "";
	return sb_arena_printf(arena, " BOOTIF=01-%02x-%02x-%02x-%02x-%02x-%02x", byte[0], byte[1],
			       byte[2], byte[3], byte[4], byte[5]);
}

static enum stmboot_status overflow(struct stmboot_context *ctx,
				    const struct stmboot_extlinux_expansion **out)
{
	struct result *result = new_result(ctx);

	if (result == NULL)
		return STMBOOT_NO_MEMORY;
	result->expansion.overflow = true;
	*out = &result->expansion;
	return STMBOOT_OK;
}

static enum stmboot_status label_bootargs(struct stmboot_context *ctx, struct sb_arena *arena,
					  const struct stmboot_extlinux_label *label,
					  const struct stmboot_extlinux_environment *env,
					  size_t cbsize,
					  const struct stmboot_extlinux_expansion **out)
{
	const char *append = label->append.text != NULL ? label->append.text : "";
	const char *ip = (label->ipappend_value & IP_BIT) != 0 ? ip_argument(arena, env) : "";
	const char *mac = (label->ipappend_value & MAC_BIT) != 0 ? mac_argument(arena, env) : "";
	const char *raw;

	if (arena->failed)
		return STMBOOT_NO_MEMORY;
	raw = sb_arena_printf(arena, "%s%s%s", append, ip, mac);
	if (raw == NULL)
		return STMBOOT_NO_MEMORY;
	if (strlen(raw) + 1 > cbsize)
		return overflow(ctx, out);
	return expand_parts(ctx, raw, strlen(append), env, cbsize, out);
}

enum stmboot_status stmboot_extlinux_bootargs(struct stmboot_context *ctx,
					      const struct stmboot_extlinux_label *label,
					      const struct stmboot_extlinux_environment *env,
					      size_t cbsize,
					      const struct stmboot_extlinux_expansion **out)
{
	bool adds = (label->ipappend_value & (IP_BIT | MAC_BIT)) != 0;
	enum stmboot_status status;
	struct sb_arena arena;

	if (cbsize == 0)
		cbsize = STMBOOT_EXTLINUX_CBSIZE;
	/* localboot sets bootargs on its way to localcmd, whatever its length. */
	if (label->localboot.text != NULL) {
		if (label->append.text != NULL && label->localboot_value >= 0 &&
		    variable(env, "localcmd") != NULL)
			return stmboot_extlinux_expand(ctx, label->append.text, env, cbsize, out);
		adds = false;
	}
	if (!adds && (label->append.text == NULL || label->localboot.text != NULL)) {
		*out = NULL;
		return STMBOOT_OK;
	}
	sb_arena_init(&arena, ctx);
	status = label_bootargs(ctx, &arena, label, env, cbsize, out);
	sb_arena_release(&arena);
	return status;
}
