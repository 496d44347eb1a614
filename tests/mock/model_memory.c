/* SPDX-License-Identifier: MIT */
/* BOs, their pages and contents; RAM and swap. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static void *grow(void *array, unsigned int count, size_t size)
{
	void *bigger = realloc(array, (count + 1) * size);

	if (!bigger)
		abort();
	return bigger;
}

/* --- RAM and swap -------------------------------------------------------- */

static uint64_t zram_bytes(const struct model *m)
{
	return m->slots_used * MODEL_PAGE * m->compressed_percent / 100;
}

void model_counters(const struct model *m, struct model_counters *c)
{
	c->zram_used = zram_bytes(m);
	c->free = m->ram_total - m->ram_other - m->ram_bos - c->zram_used;
	c->swap_used = (m->slots_used + m->slots_reserved) * MODEL_PAGE;
	c->swap_free = (m->n_slots - m->slots_used - m->slots_reserved) * MODEL_PAGE;
}

/* Only empty swap can be resized, because the model has no swapoff. */
void model_swap_resize(struct model *m, size_t slots)
{
	if (m->slots_used)
		abort();
	free(m->slots);
	m->slots = slots ? calloc(slots, sizeof(*m->slots)) : NULL;
	if (slots && !m->slots)
		abort();
	m->n_slots = slots;
	m->slot_hint = 0;
	m->slots_reserved = 0;
}

static int take_ram(struct model *m)
{
	struct model_counters c;

	model_counters(m, &c);
	if (c.free < MODEL_PAGE || model_countdown(&m->fail_alloc))
		return -ENOMEM;
	m->ram_bos += MODEL_PAGE;
	return 0;
}

int model_page_out(struct model *m, struct model_bo *bo, struct model_page *page)
{
	size_t slot;

	if (m->slots_used + m->slots_reserved >= m->n_slots)
		return -ENOSPC;
	if (model_cgroup_room(bo->cgroup) < MODEL_PAGE)
		return -EDQUOT;
	if (m->fail_swap_write)
		return -EIO;
	for (slot = m->slot_hint; m->slots[slot].used; slot++)
		;
	m->slot_hint = slot + 1;

	/* The slot has the content now, and the page loses it. */
	m->slots[slot] = (struct model_slot){
		.used = true, .word = page->word, .cgroup = bo->cgroup,
	};
	m->slots_used++;
	model_cgroup_charge(bo->cgroup, MODEL_PAGE);
	*page = (struct model_page){ .state = MODEL_PAGE_SWAP, .slot = slot };
	m->ram_bos -= MODEL_PAGE;

	model_page_moved(m, MODEL_NS_PAGE_OUT);
	return 0;
}

static void drop_slot(struct model *m, size_t slot)
{
	model_cgroup_charge(m->slots[slot].cgroup, -(int64_t)MODEL_PAGE);
	m->slots[slot] = (struct model_slot){ .used = false };
	m->slots_used--;
	if (slot < m->slot_hint)
		m->slot_hint = slot;
}

int model_page_in(struct model *m, struct model_page *page)
{
	uint64_t word;
	int ret;

	if (page->state == MODEL_PAGE_LOST)
		return -EIO;
	if (page->state != MODEL_PAGE_SWAP)
		return 0;
	ret = take_ram(m);
	if (ret)
		return ret;
	if (model_countdown(&m->fail_swap_read)) {
		m->ram_bos -= MODEL_PAGE;
		drop_slot(m, page->slot);
		page->state = MODEL_PAGE_LOST;
		return -EIO;
	}

	word = m->slots[page->slot].word;
	drop_slot(m, page->slot);
	*page = (struct model_page){ .state = MODEL_PAGE_RAM, .word = word };
	model_page_moved(m, MODEL_NS_PAGE_IN);
	return 0;
}

/* --- BOs ----------------------------------------------------------------- */

static size_t n_pages(const struct model_bo *bo)
{
	return bo->size / MODEL_PAGE;
}

static void drop_pages(struct model *m, struct model_bo *bo)
{
	size_t i;

	for (i = 0; i < n_pages(bo); i++) {
		if (bo->pages[i].state == MODEL_PAGE_RAM)
			m->ram_bos -= MODEL_PAGE;
		else if (bo->pages[i].state == MODEL_PAGE_SWAP)
			drop_slot(m, bo->pages[i].slot);
		bo->pages[i].state = MODEL_PAGE_NONE;
	}
	bo->resident = false;
}

struct model_bo *model_bo_new(struct model *m, struct model_file *file, uint64_t size)
{
	struct model_bo *bo = calloc(1, sizeof(*bo));
	size_t i;

	if (!bo || size % MODEL_PAGE)
		abort();
	bo->size = size;
	bo->cgroup = file->owner->cgroup;
	bo->pages = calloc(n_pages(bo), sizeof(*bo->pages));
	if (!bo->pages)
		abort();
	bo->next = m->bos;
	m->bos = bo;

	for (i = 0; i < n_pages(bo); i++) {
		if (take_ram(m)) {
			drop_pages(m, bo);
			return NULL;
		}
		bo->pages[i].state = MODEL_PAGE_RAM;
	}
	bo->resident = true;
	model_bo_add_handle(bo, file);
	return bo;
}

void model_bo_add_handle(struct model_bo *bo, struct model_file *file)
{
	bo->handles = grow(bo->handles, bo->n_handles, sizeof(*bo->handles));
	bo->handles[bo->n_handles++] = file;
}

bool model_bo_has_handle(const struct model_bo *bo, const struct model_file *file)
{
	unsigned int i;

	for (i = 0; i < bo->n_handles; i++) {
		if (bo->handles[i] == file)
			return true;
	}
	return false;
}

/* The VMs of the file unmap the BO, too. */
void model_bo_drop_handle(struct model *m, struct model_bo *bo, struct model_file *file)
{
	unsigned int i, kept = 0;

	for (i = 0; i < bo->n_bindings; i++) {
		if (bo->bindings[i].vm->file != file)
			bo->bindings[kept++] = bo->bindings[i];
	}
	bo->n_bindings = kept;

	kept = 0;
	for (i = 0; i < bo->n_handles; i++) {
		if (bo->handles[i] != file)
			bo->handles[kept++] = bo->handles[i];
	}
	bo->n_handles = kept;

	if (!bo->n_handles)
		drop_pages(m, bo);
}

bool model_bo_bound(const struct model_bo *bo, const struct model_vm *vm)
{
	unsigned int i;

	for (i = 0; i < bo->n_bindings; i++) {
		if (bo->bindings[i].vm == vm)
			return true;
	}
	return false;
}

int model_bo_bind(struct model *m, struct model_bo *bo, struct model_vm *vm)
{
	int ret = model_make_resident(m, bo);

	if (ret)
		return ret;
	bo->bindings = grow(bo->bindings, bo->n_bindings, sizeof(*bo->bindings));
	bo->bindings[bo->n_bindings++] = (struct model_binding){ .vm = vm };
	return 0;
}

void model_evict(struct model *m, struct model_bo *bo)
{
	unsigned int i;

	for (i = 0; i < bo->n_bindings; i++)
		bo->bindings[i].evicted = true;
	bo->resident = false;
	model_advance(m, MODEL_NS_EVICT);
}

int model_make_resident(struct model *m, struct model_bo *bo)
{
	size_t i;
	int ret;

	for (i = 0; i < n_pages(bo); i++) {
		ret = model_page_in(m, &bo->pages[i]);
		if (ret)
			return ret;
	}
	bo->resident = true;
	return 0;
}

int model_cpu_fault(struct model *m, struct model_bo *bo)
{
	return model_make_resident(m, bo);
}

int model_gpu_check(const struct model_bo *bo, const struct model_vm *vm)
{
	unsigned int i;

	for (i = 0; i < bo->n_bindings; i++) {
		if (bo->bindings[i].vm == vm && !bo->bindings[i].evicted)
			return 0;
	}
	return -EFAULT;
}

/* To be called only after the pages were made resident. */
void model_bo_fill(struct model_bo *bo, uint64_t seed)
{
	size_t i;

	for (i = 0; i < n_pages(bo); i++)
		bo->pages[i].word = seed + i * MODEL_PAGE_WORDS;
}

uint64_t model_bo_sum(const struct model_bo *bo)
{
	uint64_t sum = 0xcbf29ce484222325;
	size_t i, word;

	for (i = 0; i < n_pages(bo); i++) {
		for (word = 0; word < MODEL_PAGE_WORDS; word++)
			sum = (sum ^ (bo->pages[i].word + word)) * 0x100000001b3;
	}
	return sum;
}
