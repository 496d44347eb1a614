// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Finding open files of a DRM device without visiting all of them.
 *
 * Two trees hold the files of &drm_device.filelist. One is sorted by client id,
 * the other one by owner and then by client id. A search returns the file that
 * follows a client id. So a caller can look at some files, drop filelist_mutex,
 * and continue later, although files have no reference count.
 */

#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/pid.h>
#include <linux/rbtree.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_util.h>

/* The owner changes only under filelist_mutex. */
static const struct pid *drm_file_owner(const struct drm_file *file)
{
	return rcu_access_pointer(file->pid);
}

static bool drm_file_id_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct drm_file, id_node)->client_id <
	       rb_entry(b, struct drm_file, id_node)->client_id;
}

static bool drm_file_owner_less(struct rb_node *a, const struct rb_node *b)
{
	const struct drm_file *left = rb_entry(a, struct drm_file, owner_node);
	const struct drm_file *right = rb_entry(b, struct drm_file, owner_node);

	if (drm_file_owner(left) != drm_file_owner(right))
		return drm_file_owner(left) < drm_file_owner(right);

	return left->client_id < right->client_id;
}

/**
 * drm_file_index_add() - Add a file to the index of its device
 * @file: File that is on &drm_device.filelist. filelist_mutex is held.
 */
void drm_file_index_add(struct drm_file *file)
{
	struct drm_device *dev = file->minor->dev;

	lockdep_assert_held(&dev->filelist_mutex);

	rb_add(&file->id_node, &dev->files_by_id, drm_file_id_less);
	rb_add(&file->owner_node, &dev->files_by_owner, drm_file_owner_less);
}
EXPORT_SYMBOL_FOR_TESTS_ONLY(drm_file_index_add);

/**
 * drm_file_index_del() - Remove a file from the index of its device
 * @file: File. filelist_mutex is held.
 */
void drm_file_index_del(struct drm_file *file)
{
	struct drm_device *dev = file->minor->dev;

	lockdep_assert_held(&dev->filelist_mutex);

	if (RB_EMPTY_NODE(&file->id_node))
		return;

	rb_erase(&file->id_node, &dev->files_by_id);
	rb_erase(&file->owner_node, &dev->files_by_owner);
	RB_CLEAR_NODE(&file->id_node);
	RB_CLEAR_NODE(&file->owner_node);
}

/**
 * drm_file_index_owner() - Index a file by its new owner
 * @file: File whose &drm_file.pid has just been changed. filelist_mutex has been
 * held since before the change. Files that are not indexed are left alone.
 */
void drm_file_index_owner(struct drm_file *file)
{
	struct drm_device *dev = file->minor->dev;

	lockdep_assert_held(&dev->filelist_mutex);

	if (RB_EMPTY_NODE(&file->owner_node))
		return;

	/* rb_erase() compares nothing, so it finds the file in spite of its new owner. */
	rb_erase(&file->owner_node, &dev->files_by_owner);
	rb_add(&file->owner_node, &dev->files_by_owner, drm_file_owner_less);
}
EXPORT_SYMBOL_FOR_TESTS_ONLY(drm_file_index_owner);

/**
 * drm_file_next() - Find the open file that follows a client id
 * @dev: Device. filelist_mutex is held. Until it is dropped, the file that is found is
 * not closed and keeps its owner.
 * @after: A client id, 0 at first.
 *
 * Return: The file with the smallest &drm_file.client_id above @after, or NULL.
 */
struct drm_file *drm_file_next(struct drm_device *dev, u64 after)
{
	struct rb_node *node = dev->files_by_id.rb_node;
	struct drm_file *found = NULL;

	lockdep_assert_held(&dev->filelist_mutex);

	while (node) {
		struct drm_file *file = rb_entry(node, struct drm_file, id_node);

		if (file->client_id > after) {
			found = file;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}

	return found;
}
EXPORT_SYMBOL(drm_file_next);

/**
 * drm_file_next_of() - Find the open file of a process that follows a client id
 * @dev: Device. filelist_mutex is held. Until it is dropped, the file that is found is
 * not closed and keeps its owner.
 * @owner: The process.
 * @after: A client id, 0 at first.
 *
 * Return: Of the files of @owner, the one with the smallest &drm_file.client_id
 * above @after, or NULL.
 */
struct drm_file *drm_file_next_of(struct drm_device *dev, const struct pid *owner,
				  u64 after)
{
	struct rb_node *node = dev->files_by_owner.rb_node;
	struct drm_file *found = NULL;

	lockdep_assert_held(&dev->filelist_mutex);

	while (node) {
		struct drm_file *file = rb_entry(node, struct drm_file, owner_node);

		if (drm_file_owner(file) < owner ||
		    (drm_file_owner(file) == owner && file->client_id <= after)) {
			node = node->rb_right;
			continue;
		}
		if (drm_file_owner(file) == owner)
			found = file;
		node = node->rb_left;
	}

	return found;
}
EXPORT_SYMBOL(drm_file_next_of);
