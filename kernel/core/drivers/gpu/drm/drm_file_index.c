// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Finding open files of a DRM device.
 *
 * A search returns the file that follows a client id. So a caller can look at some
 * files, drop filelist_mutex, and continue later, although files have no reference
 * count.
 */

#include <linux/export.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>

/* Finds a file of any owner if @owner is NULL. */
static struct drm_file *drm_file_find(struct drm_device *dev, const struct pid *owner, u64 after)
{
	struct drm_file *file, *found = NULL;

	lockdep_assert_held(&dev->filelist_mutex);

	list_for_each_entry(file, &dev->filelist, lhead) {
		/* The owner changes only under filelist_mutex. */
		if (file->client_id > after && (!found || file->client_id < found->client_id) &&
		    (!owner || rcu_access_pointer(file->pid) == owner))
			found = file;
	}

	return found;
}

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
	return drm_file_find(dev, NULL, after);
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
	return drm_file_find(dev, owner, after);
}
EXPORT_SYMBOL(drm_file_next_of);
