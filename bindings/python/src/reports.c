/* SPDX-License-Identifier: MIT */
/* What the commands that show one thing tell of it, asked of a card whose boot is followed. */
#include "reports.h"

#include <stdio.h>

/* One of these, of a locked card. */
typedef PyObject *report(struct state *state, struct card *card);

static PyObject *tell(PyObject *self, report *give)
{
	struct card *card = (struct card *)self;
	PyObject *result;

	if (!card_lock_boot(card))
		return NULL;
	result = give(state_of(self), card);
	card_unlock(card);
	return result;
}

#define REPORT(name)                                                                               \
	static report tell_##name;                                                                 \
	PyObject *card_##name(PyObject *self, PyObject *none)                                      \
	{                                                                                          \
		(void)none;                                                                        \
		return tell(self, tell_##name);                                                    \
	}                                                                                          \
	static PyObject *tell_##name(struct state *state, struct card *card)

REPORT(env)
{
	return convert(state, &shape_env, stmboot_boot_environment(card->boot), 0);
}

REPORT(fwu)
{
	const struct stmboot_boot_fwu *fwu = stmboot_boot_get_fwu(card->boot);

	return fwu != NULL ? convert(state, &shape_updates, fwu, 0) : Py_NewRef(Py_None);
}

REPORT(extlinux)
{
	const struct stmboot_extlinux *conf = stmboot_boot_configuration(card->boot);

	return conf != NULL ? convert_pair(state, &shape_extlinux, conf, 0, &shape_extlinux_boot,
					   card->boot)
			    : Py_NewRef(Py_None);
}

REPORT(gpt)
{
	const struct followed followed = { stmboot_image_gpt(card->image), card->boot };

	return followed.gpt->type != STMBOOT_TABLE_NONE
		       ? convert_pair(state, &shape_gpt, followed.gpt, 0, &shape_followed,
				      &followed)
		       : Py_NewRef(Py_None);
}

static enum stmboot_status judge_stm32(struct card *card, const char *partition,
				       struct judged_stm32 *judged, struct stmboot_refusal *why)
{
	enum stmboot_status status =
		stmboot_boot_find_stm32(card->image, card->boot, partition, why, &judged->found);
	int stops_at;

	if (status == STMBOOT_OK)
		status = stmboot_diags_new(card->guard.ctx, &judged->diags);
	if (status == STMBOOT_OK)
		status = stmboot_boot_judge_stm32(&judged->found, judged->diags);
	if (status == STMBOOT_LIMIT)
		status = STMBOOT_OK; /* more is wrong than is told */
	if (status == STMBOOT_OK)
		judged->accepted =
			stmboot_boot_judge(judged->diags, &stops_at) != STMBOOT_OUTCOME_ERROR;
	return status;
}

/* partition or None */
PyObject *card_stm32(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct stmboot_refusal why = { .message = "" };
	struct judged_stm32 judged = { .diags = NULL };
	struct arguments a = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "z") && card_lock_boot(card)) {
		GUARD_WORK(&card->guard, status = judge_stm32(card, a.name[0].text, &judged, &why));
		if (guard_succeed(state_of(self), &card->guard, status, &why, NULL))
			result = convert_pair(state_of(self), &shape_judged, &judged,
					      judged.found.offset, &shape_found, &judged.found);
		stmboot_diags_free(judged.diags);
		card_unlock(card);
	}
	arguments_release(&a);
	return result;
}

/* ---- firmware packages ---- */

/* A package that was decoded for one call. */
struct package {
	const struct stmboot_part *part;
	struct stmboot_source *src;
	struct stmboot_fip *fip;
	struct stmboot_diags *diags;
	struct stmboot_refusal why;
};

static enum stmboot_status open_package(struct card *card, const char *partition, struct package *p)
{
	enum stmboot_status status =
		stmboot_place_fip(card->image, card->boot, partition, &p->why, &p->part);

	if (status != STMBOOT_OK)
		return status;
	p->src = stmboot_image_part_source(card->image, p->part->number);
	return stmboot_fip_decode(card->guard.ctx, p->src, &p->fip);
}

static enum stmboot_status judge_package(struct card *card, const char *partition,
					 struct package *p)
{
	enum stmboot_status status = open_package(card, partition, p);

	if (status == STMBOOT_OK)
		status = stmboot_diags_new(card->guard.ctx, &p->diags);
	if (status == STMBOOT_OK)
		status = stmboot_fip_identify(card->guard.ctx, p->src, p->fip);
	if (status == STMBOOT_OK)
		status = stmboot_fip_validate(p->fip, p->src, card->boot->soc, p->diags);
	return status == STMBOOT_LIMIT ? STMBOOT_OK : status;
}

static void close_package(struct package *p)
{
	stmboot_diags_free(p->diags);
	stmboot_fip_free(p->fip);
}

/* partition or None: its number, the package, findings */
PyObject *card_fip(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct state *state = state_of(self);
	struct package p = { .fip = NULL };
	struct arguments a = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "z") && card_lock_boot(card)) {
		GUARD_WORK(&card->guard, status = judge_package(card, a.name[0].text, &p));
		if (guard_succeed(state, &card->guard, status, &p.why, NULL))
			result = Py_BuildValue("INN", (unsigned int)p.part->number,
					       convert(state, &shape_fip, p.fip, p.part->offset),
					       convert_findings(state, p.diags, NULL));
		close_package(&p);
		card_unlock(card);
	}
	arguments_release(&a);
	return result;
}

static enum stmboot_status open_image(struct card *card, const struct arguments *a,
				      struct package *p, struct stmboot_source **out)
{
	enum stmboot_status status = open_package(card, a->name[0].text, p);
	const struct stmboot_fip_entry *entry;

	if (status != STMBOOT_OK)
		return status;
	entry = stmboot_fip_find(p->fip, a->name[1].text);
	if (entry == NULL) {
		(void)snprintf(p->why.message, sizeof(p->why.message),
			       "the firmware package has no image '%.100s'", a->name[1].text);
		return STMBOOT_NOT_FOUND;
	}
	if (!entry->fits) {
		(void)snprintf(p->why.message, sizeof(p->why.message),
			       "%.100s reaches past the end of the package", a->name[1].text);
		return STMBOOT_TRUNCATED;
	}
	return stmboot_source_window(card->guard.ctx, p->src, entry->offset, entry->size, out);
}

/* partition, image: its bytes */
PyObject *card_open_fip(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct stmboot_source *src = NULL;
	struct package p = { .fip = NULL };
	struct arguments a = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "ss") && card_lock_boot(card)) {
		GUARD_WORK(&card->guard, status = open_image(card, &a, &p, &src));
		if (guard_succeed(state_of(self), &card->guard, status, &p.why, NULL))
			result = source_open(card, src);
		close_package(&p);
		card_unlock(card);
	}
	arguments_release(&a);
	return result;
}

/* What is written to the host: a function of a locked card. */
typedef enum stmboot_status extraction(struct card *card, const struct arguments *a,
				       const struct stmboot_extract_options *how,
				       struct stmboot_refusal *why);

/* The path on the host comes last. */
static bool has_path(const struct arguments *a)
{
	if (a->name[a->name_count - 1].text == NULL)
		PyErr_SetString(PyExc_TypeError, "a path is wanted");
	return a->name[a->name_count - 1].text != NULL;
}

static PyObject *extract(PyObject *self, PyObject *args, const char *kinds, extraction *work)
{
	struct card *card = (struct card *)self;
	struct stmboot_extract_options how = { .struct_size = sizeof(how) };
	struct stmboot_refusal why = { .message = "" };
	struct arguments a = { 0 };
	enum stmboot_status status;
	bool good = false;

	if (arguments_take(&a, args, kinds) && has_path(&a) && card_lock_boot(card)) {
		how.image = stmboot_image_info(card->image)->path;
		GUARD_WORK(&card->guard, status = work(card, &a, &how, &why));
		good = guard_succeed(state_of(self), &card->guard, status, &why, NULL);
		card_unlock(card);
	}
	arguments_release(&a);
	return good ? Py_NewRef(Py_None) : NULL;
}

static enum stmboot_status extract_image(struct card *card, const struct arguments *a,
					 const struct stmboot_extract_options *how,
					 struct stmboot_refusal *why)
{
	struct stmboot_source *src = NULL;
	struct package p = { .fip = NULL };
	enum stmboot_status status = open_image(card, a, &p, &src);

	if (status == STMBOOT_OK)
		status = stmboot_extract_source(card->guard.ctx, src, a->name[2].text, how, &p.why);
	stmboot_source_close(src);
	close_package(&p);
	*why = p.why;
	return status;
}

/* partition, image, file on the host */
PyObject *card_extract_image(PyObject *self, PyObject *args)
{
	return extract(self, args, "ssh", extract_image);
}

static enum stmboot_status extract_package(struct card *card, const struct arguments *a,
					   const struct stmboot_extract_options *how,
					   struct stmboot_refusal *why)
{
	struct package p = { .fip = NULL };
	enum stmboot_status status = open_package(card, a->name[0].text, &p);

	if (status == STMBOOT_OK)
		status = stmboot_extract_fip(card->guard.ctx, p.src, p.fip, a->name[1].text, how,
					     &p.why);
	close_package(&p);
	*why = p.why;
	return status;
}

/* partition, folder on the host */
PyObject *card_extract_package(PyObject *self, PyObject *args)
{
	return extract(self, args, "sh", extract_package);
}

static enum stmboot_status extract_partition(struct card *card, const struct arguments *a,
					     const struct stmboot_extract_options *how,
					     struct stmboot_refusal *why)
{
	const struct stmboot_part *part = NULL;
	enum stmboot_status status =
		stmboot_place_partition(card->image, a->name[0].text, why, &part);

	if (status != STMBOOT_OK)
		return status;
	return stmboot_extract_source(card->guard.ctx,
				      stmboot_image_part_source(card->image, part->number),
				      a->name[1].text, how, why);
}

/* partition, file on the host */
PyObject *card_extract_partition(PyObject *self, PyObject *args)
{
	return extract(self, args, "sh", extract_partition);
}

/* ---- device trees ---- */

static enum stmboot_status read_dtb(struct card *card, const char *text,
				    struct stmboot_refusal *why, struct stmboot_file_ref *where,
				    struct stmboot_dtb **out)
{
	struct stmboot_file_ref file;
	enum stmboot_status status =
		text != NULL ? stmboot_place_parse(card->image, card->boot, text, why, &file)
			     : STMBOOT_OK;

	if (status != STMBOOT_OK)
		return status;
	return stmboot_boot_read_dtb(card->guard.ctx, card->image, card->boot,
				     text != NULL ? &file : NULL, why, where, out);
}

/* [PARTITION:]/path or None: partition, path, and the whole tree */
PyObject *card_read_dtb(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct stmboot_refusal why = { .message = "" };
	struct stmboot_file_ref where = { STMBOOT_NO_PARTITION, NULL };
	struct stmboot_dtb *dtb = NULL;
	struct arguments a = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "z") && card_lock_boot(card)) {
		GUARD_WORK(&card->guard,
			   status = read_dtb(card, a.name[0].text, &why, &where, &dtb));
		if (guard_succeed(state_of(self), &card->guard, status, &why, NULL) && dtb != NULL)
			result = Py_BuildValue(
				"lNN", (long)where.partition, text_as_name(where.path),
				PyBytes_FromStringAndSize((const char *)dtb->blob,
							  (Py_ssize_t)dtb->header.total_bytes));
		stmboot_dtb_free(dtb);
		card_unlock(card);
	}
	arguments_release(&a);
	return result;
}
