/* SPDX-License-Identifier: MIT */
#ifndef EDIT_H
#define EDIT_H

#include "binding.h"

struct edit {
	PyObject ob_base;
	struct guard guard;
	struct feed *feeds;             /* read until the commit */
	struct stmboot_boot_edit *edit; /* NULL when it is closed */
};

/* Lock an edit that is open. False with an exception. */
bool edit_lock(struct edit *edit);

/* The methods of changes.c. */
#define EDIT_CHANGE(name) PyObject *edit_##name(PyObject *self, PyObject *args)

EDIT_CHANGE(set_bootargs);
EDIT_CHANGE(append);
EDIT_CHANGE(set_key);
EDIT_CHANGE(add_label);
EDIT_CHANGE(remove_label);
EDIT_CHANGE(set_default);
EDIT_CHANGE(set_timeout);
EDIT_CHANGE(set_property);
EDIT_CHANGE(remove_node);
EDIT_CHANGE(overlay);
EDIT_CHANGE(place);
EDIT_CHANGE(partition);
EDIT_CHANGE(put);
EDIT_CHANGE(put_host);
EDIT_CHANGE(copy);
EDIT_CHANGE(move);
EDIT_CHANGE(link);
EDIT_CHANGE(symlink);
EDIT_CHANGE(remove);
EDIT_CHANGE(mkdir);
EDIT_CHANGE(chmod);
EDIT_CHANGE(chown);
EDIT_CHANGE(set_attribute);
EDIT_CHANGE(read);
EDIT_CHANGE(write_partition);
EDIT_CHANGE(replace_images);
EDIT_CHANGE(repair);
EDIT_CHANGE(set_partition);
EDIT_CHANGE(new_guids);

#endif
