/* SPDX-License-Identifier: MIT */
/* Files of the device, their VMs, and GPU work. */
#include <errno.h>
#include <stdlib.h>

#include "model.h"

struct model_file *model_file_new(struct model *m, struct model_proc *proc, unsigned int vms)
{
	struct model_file *file = calloc(1, sizeof(*file));
	unsigned int i;

	if (!file || vms > MODEL_MAX_VMS || proc->n_files >= MODEL_MAX_FILES)
		abort();
	file->id = ++m->next_file;
	file->owner = &proc->tgid;
	file->n_vms = vms;
	for (i = 0; i < vms; i++) {
		file->vms[i].file = file;
		file->vms[i].id = i;
		m->ram_other += MODEL_RING_BYTES;
	}
	file->next = m->files;
	m->files = file;
	proc->files[proc->n_files++] = file;
	return file;
}

void model_file_use(struct model_file *file, struct model_proc *proc)
{
	if (!file->was_master)
		file->owner = &proc->tgid;
}

void model_file_close(struct model *m, struct model_file *file)
{
	struct model_bo *bo;
	unsigned int i;

	if (file->closed)
		return;
	for (bo = m->bos; bo; bo = bo->next) {
		if (model_bo_has_handle(bo, file))
			model_bo_drop_handle(m, bo, file);
	}
	for (i = 0; i < file->n_vms; i++)
		file->vms[i].busy_until = 0;
	m->ram_other -= file->n_vms * MODEL_RING_BYTES;
	file->closed = true;
}

bool model_vm_busy(const struct model *m, const struct model_vm *vm)
{
	return vm->busy_until > m->now;
}

void model_vm_use(struct model *m, struct model_vm *vm)
{
	vm->used = ++m->uses;
}

static bool may_evict(const struct model *m, const struct model_bo *bo, const struct model_vm *vm)
{
	return bo->resident && !bo->pins && model_bo_bound(bo, vm) && !model_vm_busy(m, vm);
}

static bool has_evictable(const struct model *m, const struct model_vm *vm)
{
	const struct model_bo *bo;

	for (bo = m->bos; bo; bo = bo->next) {
		if (may_evict(m, bo, vm))
			return true;
	}
	return false;
}

void model_press(struct model *m, uint64_t bytes)
{
	struct model_vm *oldest = NULL;
	struct model_file *file;
	struct model_bo *bo;
	uint64_t done = 0;
	unsigned int i;

	for (file = m->files; file; file = file->next) {
		for (i = 0; i < file->n_vms && !file->closed; i++) {
			struct model_vm *vm = &file->vms[i];

			if ((!oldest || vm->used < oldest->used) && has_evictable(m, vm))
				oldest = vm;
		}
	}
	for (bo = m->bos; oldest && bo && done < bytes; bo = bo->next) {
		if (may_evict(m, bo, oldest)) {
			model_evict(m, bo);
			done += bo->size;
		}
	}
}

int model_submit(struct model *m, struct model_vm *vm, int64_t ns)
{
	int64_t start;
	struct model_bo *bo;
	unsigned int i;
	int ret;

	vm->file->worked = m->calls;
	model_vm_use(m, vm);

	for (bo = m->bos; bo; bo = bo->next) {
		for (i = 0; i < bo->n_bindings; i++) {
			if (bo->bindings[i].vm != vm || !bo->bindings[i].evicted)
				continue;
			ret = model_make_resident(m, bo);
			if (ret)
				return ret;
			bo->bindings[i].evicted = false;
		}
	}

	/* There is one queue: jobs run one after the other. */
	start = model_vm_busy(m, vm) ? vm->busy_until : m->now;
	vm->busy_until = start + ns;
	return 0;
}
