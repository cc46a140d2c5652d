/* SPDX-License-Identifier: MIT */
/* An image that is open for reading. */
#include "card.h"

#include <stdlib.h>
#include <string.h>

bool card_lock(struct card *card)
{
	if (!guard_lock(&card->guard))
		return false;
	if (card->image != NULL)
		return true;
	guard_unlock(&card->guard);
	PyErr_SetString(PyExc_ValueError, "the card is closed");
	return false;
}

void card_unlock(struct card *card)
{
	sources_close(card, false);
	guard_unlock(&card->guard);
}

static void forget_boot(struct card *card)
{
	stmboot_boot_free(card->boot);
	stmboot_diags_free(card->diags);
	card->boot = NULL;
	card->diags = NULL;
}

static void close_card(struct card *card)
{
	sources_close(card, true);
	forget_boot(card);
	while (card->seen != NULL) {
		struct seen *seen = card->seen;

		card->seen = seen->next;
		stmboot_fs_close(seen->fs);
		free(seen);
	}
	stmboot_image_close(card->image);
	stmboot_source_close(card->source);
	card->image = NULL;
	card->source = NULL;
	feed_free(card->feed);
	card->feed = NULL;
}

/* ---- opening and closing ---- */

bool medium_parse(const char *text, enum stmboot_medium *out)
{
	for (int i = STMBOOT_MEDIUM_AUTO; i <= STMBOOT_MEDIUM_EMMC; i++)
		if (strcmp(text, stmboot_medium_text((enum stmboot_medium)i)) == 0) {
			*out = (enum stmboot_medium)i;
			return true;
		}
	PyErr_Format(PyExc_ValueError, "'%s' is no medium: auto, sd or emmc", text);
	return false;
}

static enum stmboot_status open_image(struct card *card, const char *path,
				      const struct stmboot_image_options *options)
{
	enum stmboot_status status;

	if (path != NULL)
		return stmboot_image_open(card->guard.ctx, path, options, &card->image);
	status = feed_open(card->feed, &card->source);
	if (status != STMBOOT_OK)
		return status;
	return stmboot_image_open_source(card->guard.ctx, card->source, options, &card->image);
}

static bool open_card(struct card *card, const char *path,
		      const struct stmboot_image_options *options)
{
	struct stmboot_refusal why = { .message = "" };
	enum stmboot_status status;
	bool good;

	if (!guard_lock(&card->guard))
		return false;
	GUARD_WORK(&card->guard, status = open_image(card, path, options));
	if (status != STMBOOT_OK)
		stmboot_source_explain(path, status, card->guard.error, &why);
	good = guard_succeed(state_of((PyObject *)card), &card->guard, status, &why, NULL);
	guard_unlock(&card->guard);
	return good;
}

/* path or None, content, medium, state directory or None, progress, cancel */
static PyObject *card_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
	struct stmboot_image_options options = { .struct_size = sizeof(options) };
	allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
	struct arguments a = { 0 };
	struct card *card = NULL;
	bool good = false;

	if (!arguments_take_new(&a, args, keywords, "hoshoo") ||
	    !medium_parse(a.name[1].text, &options.medium))
		goto out;
	card = (struct card *)allocate(type, 0);
	if (card == NULL || !guard_open(&card->guard, a.object[1], a.object[2]))
		goto out;
	options.state_directory = a.name[2].text;
	if (a.name[0].text == NULL) {
		card->feed = feed_new(&card->guard, a.object[0]);
		if (card->feed == NULL)
			goto out;
	}
	good = open_card(card, a.name[0].text, &options);
out:
	arguments_release(&a);
	if (good)
		return (PyObject *)card;
	Py_XDECREF((PyObject *)card);
	return NULL;
}

static PyObject *card_close(PyObject *self, PyObject *none)
{
	struct card *card = (struct card *)self;

	(void)none;
	if (!guard_lock(&card->guard))
		return NULL;
	close_card(card);
	guard_unlock(&card->guard);
	Py_RETURN_NONE;
}

static int card_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct card *card = (struct card *)self;
	int result;

	Py_VISIT((PyObject *)Py_TYPE(self));
	result = guard_traverse(&card->guard, visit, arg);
	return result == 0 ? feed_traverse(card->feed, visit, arg) : result;
}

static int card_clear(PyObject *self)
{
	struct card *card = (struct card *)self;

	Py_CLEAR(card->guard.progress);
	Py_CLEAR(card->guard.cancel);
	return 0;
}

static void card_dealloc(PyObject *self)
{
	struct card *card = (struct card *)self;
	PyTypeObject *type = Py_TYPE(self);
	freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(self);
	close_card(card);
	guard_close(&card->guard);
	release(self);
	Py_DECREF((PyObject *)type);
}

/* ---- what it is ---- */

static PyObject *part_at(struct state *state, const void *image, size_t index)
{
	const struct stmboot_part *part = stmboot_image_part(image, index);

	return convert_pair(state, &shape_partition, part, part->offset, &shape_entry, part->entry);
}

static PyObject *card_describe(PyObject *self, PyObject *none)
{
	struct card *card = (struct card *)self;
	struct state *state = state_of(self);
	PyObject *info, *table, *parts, *result = NULL;

	(void)none;
	if (!card_lock(card))
		return NULL;
	info = convert(state, &shape_image, stmboot_image_info(card->image), 0);
	table = info != NULL ? convert(state, &shape_table, stmboot_image_gpt(card->image), 0)
			     : NULL;
	parts = table != NULL ? convert_each(state, stmboot_image_part_count(card->image), part_at,
					     card->image)
			      : NULL;
	card_unlock(card);
	if (parts != NULL)
		result = PyTuple_Pack(3, info, table, parts);
	Py_XDECREF(info);
	Py_XDECREF(table);
	Py_XDECREF(parts);
	return result;
}

static enum stmboot_status trace(struct card *card, bool deep,
				 const struct stmboot_selection *selection)
{
	const struct stmboot_boot_options options = { .struct_size = sizeof(options),
						      .deep = deep };
	enum stmboot_status status;

	forget_boot(card);
	status = stmboot_diags_new(card->guard.ctx, &card->diags);
	if (status == STMBOOT_OK)
		status = stmboot_boot_trace(card->guard.ctx, card->image, &options, card->diags,
					    &card->boot);
	if (status == STMBOOT_OK)
		stmboot_diags_select(card->diags, selection);
	return status;
}

bool card_lock_boot(struct card *card)
{
	static const struct stmboot_selection all = { .struct_size = sizeof(all) };
	enum stmboot_status status = STMBOOT_OK;

	if (!card_lock(card))
		return false;
	if (card->boot == NULL)
		GUARD_WORK(&card->guard, status = trace(card, false, &all));
	if (guard_succeed(state_of((PyObject *)card), &card->guard, status, NULL, NULL))
		return true;
	card_unlock(card);
	return false;
}

static PyObject *convert_trace(struct state *state, struct card *card)
{
	int stops_at;
	enum stmboot_outcome verdict = stmboot_boot_judge(card->diags, &stops_at);
	const char *stage = stops_at != STMBOOT_NO_STAGE
				    ? stmboot_stage_text((enum stmboot_stage)stops_at)
				    : NULL;

	return Py_BuildValue("NNNN", convert(state, &shape_boot, card->boot, 0),
			     convert_enum(state, "Outcome", stmboot_outcome_text(verdict)),
			     convert_enum(state, "Stage", stage),
			     convert_findings(state, card->diags, NULL));
}

static PyObject *card_trace(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct state *state = state_of(self);
	struct arguments a = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "bll") && card_lock(card)) {
		const struct stmboot_selection selection = { .struct_size = sizeof(selection),
							     .only = a.list[0].texts,
							     .only_count = a.list[0].count,
							     .ignore = a.list[1].texts,
							     .ignore_count = a.list[1].count };

		GUARD_WORK(&card->guard, status = trace(card, a.flag[0], &selection));
		if (guard_succeed(state, &card->guard, status, NULL, NULL))
			result = convert_trace(state, card);
		card_unlock(card);
	}
	arguments_release(&a);
	return result;
}

/* A name that may be None, asked of a locked card. */
static PyObject *card_label(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	const struct stmboot_boot_label *label;
	struct arguments a = { 0 };
	PyObject *result = NULL;

	if (arguments_take(&a, args, "z") && card_lock(card)) {
		label = card->boot != NULL ? stmboot_boot_find_label(card->boot, a.name[0].text)
					   : NULL;
		result = label != NULL ? convert(state_of(self), &shape_label, label, 0)
				       : Py_NewRef(Py_None);
		card_unlock(card);
	}
	arguments_release(&a);
	return result;
}

static PyObject *card_partition(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct stmboot_refusal why = { .message = "" };
	const struct stmboot_part *part;
	struct arguments a = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "s") && card_lock(card)) {
		status = stmboot_place_partition(card->image, a.name[0].text, &why, &part);
		if (guard_succeed(state_of(self), &card->guard, status, &why, NULL))
			result = PyLong_FromUnsignedLong(part->number);
		card_unlock(card);
	}
	arguments_release(&a);
	return result;
}

static PyObject *card_place(PyObject *self, PyObject *args)
{
	struct card *card = (struct card *)self;
	struct stmboot_refusal why = { .message = "" };
	struct stmboot_file_ref place;
	struct arguments a = { 0 };
	PyObject *result = NULL;
	enum stmboot_status status;

	if (arguments_take(&a, args, "s") && card_lock(card)) {
		GUARD_WORK(&card->guard, status = stmboot_place_find(card->guard.ctx, card->image,
								     a.name[0].text, &why, &place));
		if (guard_succeed(state_of(self), &card->guard, status, &why, NULL))
			result = Py_BuildValue("lN", (long)place.partition,
					       text_as_name(place.path));
		card_unlock(card);
	}
	arguments_release(&a);
	return result;
}

static PyMethodDef card_methods[] = {
	{ "close", card_close, METH_NOARGS,
	  "close($self, /)\n--\n\nClose it, and all that is open of it." },
	{ "describe", card_describe, METH_NOARGS,
	  "describe($self, /)\n--\n\nThe image, its table and its partitions." },
	{ "trace", card_trace, METH_VARARGS,
	  "trace($self, deep, only, ignore, /)\n--\n\n"
	  "Follow the boot: it, the verdict, the stage where it stops, findings." },
	{ "label", card_label, METH_VARARGS,
	  "label($self, name, /)\n--\n\nA label of the configuration, or None." },
	{ "partition", card_partition, METH_VARARGS,
	  "partition($self, name, /)\n--\n\nThe number of a partition." },
	{ "place", card_place, METH_VARARGS,
	  "place($self, text, /)\n--\n\nPartition and path of [PARTITION:]/path." },
	{ "fs", card_fs, METH_VARARGS,
	  "fs($self, partition, uboot, /)\n--\n\n"
	  "Open a file system; what is to be known of it, or None." },
	{ "stat", card_stat, METH_VARARGS,
	  "stat($self, partition, uboot, path, follow, /)\n--\n\nWhat an inode says." },
	{ "readlink", card_readlink, METH_VARARGS,
	  "readlink($self, partition, uboot, path, /)\n--\n\nThe target of a symbolic link." },
	{ "resolve", card_resolve, METH_VARARGS,
	  "resolve($self, partition, uboot, path, /)\n--\n\nThe path without symbolic links." },
	{ "open_file", card_open_file, METH_VARARGS,
	  "open_file($self, partition, uboot, path, /)\n--\n\nThe content of a file." },
	{ "open_partition", card_open_partition, METH_VARARGS,
	  "open_partition($self, partition, /)\n--\n\nThe bytes of a partition." },
	{ "listdir", card_listdir, METH_VARARGS,
	  "listdir($self, partition, uboot, path, /)\n--\n\nNames of a directory, with types." },
	{ "walk", card_walk, METH_VARARGS,
	  "walk($self, partition, uboot, path, /)\n--\n\n"
	  "All below a path: path, type, depth, status, trouble." },
	{ "attributes", card_attributes, METH_VARARGS,
	  "attributes($self, partition, uboot, path, /)\n--\n\nExtended attributes." },
	{ "extract", card_extract, METH_VARARGS,
	  "extract($self, partition, uboot, path, destination, recursive, preserve, devices, "
	  "/)\n--\n\nMake files of the host." },
	{ "env", card_env, METH_NOARGS, "env($self, /)\n--\n\nThe saved environment." },
	{ "fwu", card_fwu, METH_NOARGS, "fwu($self, /)\n--\n\nFirmware updates, or None." },
	{ "extlinux", card_extlinux, METH_NOARGS,
	  "extlinux($self, /)\n--\n\nThe configuration of U-Boot, or None." },
	{ "gpt", card_gpt, METH_NOARGS, "gpt($self, /)\n--\n\nThe partition table, or None." },
	{ "stm32", card_stm32, METH_VARARGS,
	  "stm32($self, partition, /)\n--\n\nAn STM32 image, and what its loader makes of it." },
	{ "fip", card_fip, METH_VARARGS,
	  "fip($self, partition, /)\n--\n\nNumber, content and findings of a package." },
	{ "open_fip", card_open_fip, METH_VARARGS,
	  "open_fip($self, partition, image, /)\n--\n\nThe bytes of an image of a package." },
	{ "extract_image", card_extract_image, METH_VARARGS,
	  "extract_image($self, partition, image, destination, /)\n--\n\n"
	  "Write an image of a package to a file." },
	{ "extract_package", card_extract_package, METH_VARARGS,
	  "extract_package($self, partition, destination, /)\n--\n\n"
	  "Write all images of a package to files in a folder." },
	{ "extract_partition", card_extract_partition, METH_VARARGS,
	  "extract_partition($self, partition, destination, /)\n--\n\n"
	  "Write a partition to a file." },
	{ "read_dtb", card_read_dtb, METH_VARARGS,
	  "read_dtb($self, place, /)\n--\n\nPartition, path and bytes of a device tree." },
	{ NULL, NULL, 0, NULL },
};

static char card_doc[] = "Card(path, content, medium, state_directory, progress, cancel, /)\n"
			 "--\n\nAn image that is open for reading.";

static PyType_Slot card_slots[] = {
	{ Py_tp_doc, card_doc },
	{ Py_tp_new, (void *)card_new },
	{ Py_tp_dealloc, (void *)card_dealloc },
	{ Py_tp_traverse, (void *)card_traverse },
	{ Py_tp_clear, (void *)card_clear },
	{ Py_tp_methods, card_methods },
	{ 0, NULL },
};

PyType_Spec card_spec = {
	.name = "stmboot._stmboot.Card",
	.basicsize = sizeof(struct card),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.slots = card_slots,
};
