/* SPDX-License-Identifier: MIT */
/*
 * sim-work: what a fragment job writes.
 */
#include <stdbool.h>
#include <string.h>

#include "desc.h"
#include "gpu/cs.h"
#include "gpu/data.h"
#include "gpu/mem.h"
#include "gpu/vm.h"
#include "guest.h"
#include "sim_work.h"

#define WIDTH 100u
#define HEIGHT 70u
#define STRIDE 512u			/* linear */
#define TILES 7u			/* in a row of tiles, each of 16 x 16 pixels */
#define TILE_BYTES 1024u
#define OLD 0x01020304u
#define CLEAR 0xa1b2c3d4u
#define SWAPPED 0xa1d4c3b2u		/* red and blue exchanged */

struct box {
	uint32_t x0, y0, x1, y1;	/* inclusive */
};

static const struct box part = { 3, 5, 90, 64 }, whole = { 0, 0, WIDTH - 1, HEIGHT - 1 };

static struct gpu_ctx ctx;
static struct pool pool;
static struct gpu_bo bo;

/* Address of a pixel in 32-bit words. */
static size_t linear(uint32_t x, uint32_t y)
{
	return y * (STRIDE / 4) + x;
}

/* In a tile: y3, y3 ^ x3, y2, y2 ^ x2, ... from the highest bit to the lowest. */
static size_t tiled(uint32_t x, uint32_t y)
{
	size_t tile = (y / 16) * TILES + x / 16, pixel = 0;

	for (int bit = 3; bit >= 0; bit--) {
		pixel = pixel << 1 | (y >> bit & 1);
		pixel = pixel << 1 | ((y ^ x) >> bit & 1);
	}
	return tile * (TILE_BYTES / 4) + pixel;
}

static void begin(uint64_t bytes)
{
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	pool_init(&pool, &ctx);
	work_alloc(&ctx, bytes, &bo);
}

static void end(void)
{
	gpu_ctx_free(&ctx, &bo);
	pool_free(&pool, &ctx);
	gpu_ctx_fini(&ctx);
}

static void fill_old(void)
{
	uint32_t *words = bo.map;

	for (size_t i = 0; i < bo.size / 4; i++)
		words[i] = OLD;
}

static void emit(struct gpu_cs *cs, uint64_t frame_va, const struct box *box)
{
	cs_move64(cs, SIM_SR_FBD, frame_va);
	cs_move32(cs, SIM_SR_BBOX_MIN, box->x0 | box->y0 << 16);
	cs_move32(cs, SIM_SR_BBOX_MAX, box->x1 | box->y1 << 16);
	cs_run_fragment(cs);
	cs_wait_all(cs);
}

static uint64_t frame_of(const struct desc_target *target, unsigned int count,
			 uint64_t frame_shader_va)
{
	const struct desc_frame frame = {
		.width = WIDTH,
		.height = HEIGHT,
		.targets = count,
		.target = target,
		.frame_shader_va = frame_shader_va,
	};
	uint32_t *words;
	uint64_t va = pool_take(&pool, DESC_FRAME_BYTES(count), &words);

	desc_frame(words, &frame);
	return va;
}

static void render(const struct desc_target *target, unsigned int count,
		   uint64_t frame_shader_va, const struct box *box)
{
	emit(gpu_ctx_begin(&ctx), frame_of(target, count, frame_shader_va), box);
	ok(gpu_ctx_run(&ctx, 0), "fragment job");
}

static struct desc_target target_at(uint64_t va, uint32_t block)
{
	return (struct desc_target) {
		.va = va,
		.stride = block == SIM_BLOCK_LINEAR ? STRIDE : TILES * TILE_BYTES,
		.block = block,
		.format = SIM_COLOR_R8G8B8A8,
		.swizzle = DESC_TARGET_RGBA,
		.color = CLEAR,
	};
}

static bool inside(uint32_t x, uint32_t y, const struct box *box)
{
	return x >= box->x0 && x <= box->x1 && y >= box->y0 && y <= box->y1;
}

/* The pixels in @box have the colour, and everything else is as before. */
static void check(const uint32_t *words, size_t count, const struct box *box, uint32_t color,
		  size_t (*at)(uint32_t, uint32_t))
{
	size_t changed = 0, cleared = 0;

	for (uint32_t y = 0; y < HEIGHT; y++) {
		for (uint32_t x = 0; x < WIDTH; x++) {
			uint32_t expected = inside(x, y, box) ? color : OLD;

			if (words[at(x, y)] != expected)
				fail_msg("pixel %u, %u is %#x, not %#x", x, y, words[at(x, y)],
					 expected);
			cleared += inside(x, y, box);
		}
	}
	for (size_t i = 0; i < count; i++)
		changed += words[i] != OLD;
	assert_int_equal(changed, cleared);
}

static void clear(uint32_t block, size_t (*at)(uint32_t, uint32_t))
{
	const struct box *boxes[] = { &part, &whole };
	struct desc_target target;

	begin(64 * PAGE);
	/* Not at the start of a page, so that pixels of one row are in two. */
	target = target_at(bo.va + PAGE - 64, block);
	for (size_t i = 0; i < 2; i++) {
		fill_old();
		render(&target, 1, 0, boxes[i]);
		check((uint32_t *)((char *)bo.map + PAGE - 64), 48 * PAGE / 4, boxes[i], CLEAR, at);
	}
	target.swizzle = DESC_TARGET_BGRA;
	fill_old();
	render(&target, 1, 0, &part);
	check((uint32_t *)((char *)bo.map + PAGE - 64), 48 * PAGE / 4, &part, SWAPPED, at);

	target.format = SIM_COLOR_RAW32;
	fill_old();
	render(&target, 1, 0, &part);
	check((uint32_t *)((char *)bo.map + PAGE - 64), 48 * PAGE / 4, &part, CLEAR, at);
	end();
}

void clear_linear(void **state)
{
	(void)state;
	clear(SIM_BLOCK_LINEAR, linear);
}

void clear_tiled(void **state)
{
	(void)state;
	clear(SIM_BLOCK_U_INTERLEAVED, tiled);
}

/* Four targets: cleared, loaded by the frame shader, not written, written if not clean. */
void clear_several(void **state)
{
	struct desc_target target[4];
	uint64_t draw_va;
	uint32_t *draw;

	(void)state;
	begin(64 * PAGE);
	for (unsigned int i = 0; i < 4; i++)
		target[i] = target_at(bo.va + i * 16 * PAGE, SIM_BLOCK_LINEAR);
	target[2].no_write = 1;
	target[3].no_clear = 1;
	draw_va = pool_take(&pool, DESC_DRAW_BYTES, &draw);
	desc_draw(draw, 1u << 1, work_shader(&pool));
	fill_old();
	render(target, 4, draw_va, &whole);
	check(bo.map, bo.size / 4, &whole, CLEAR, linear);
	end();
}

static const struct box empty = { 5, 5, 4, 9 };

/* Nothing happens for an empty box, or outside of the frame. */
void clear_nothing(void **state)
{
	const struct box outside = { WIDTH, 0, WIDTH + 20, 5 };
	struct desc_target target;

	(void)state;
	begin(64 * PAGE);
	target = target_at(0x66600000, SIM_BLOCK_LINEAR);
	render(&target, 1, 0, &empty);
	render(&target, 1, 0, &outside);
	/* Of formats that cannot be written, the pages are looked at. */
	target = target_at(bo.va, SIM_BLOCK_LINEAR);
	target.format = 24;
	fill_old();
	render(&target, 1, 0, &whole);
	for (size_t i = 0; i < bo.size / 4; i++)
		assert_int_equal(((uint32_t *)bo.map)[i], OLD);
	end();
}

static void must_fault(uint32_t block, uint32_t format, uint64_t first_missing)
{
	struct desc_target target;

	begin(64 * PAGE);
	target = target_at(bo.va, block);
	target.format = format;
	ok(gpu_vm_unmap(guest.dev.fd, ctx.vm, bo.va + first_missing, PAGE), "unbind");
	emit(gpu_ctx_begin(&ctx), frame_of(&target, 1, 0), &whole);
	work_must_die(&ctx, bo.va + first_missing);
	end();
}

void clear_missing_memory(void **state)
{
	(void)state;
	must_fault(SIM_BLOCK_LINEAR, SIM_COLOR_R8G8B8A8, 3 * PAGE);
	must_fault(SIM_BLOCK_U_INTERLEAVED, SIM_COLOR_R8G8B8A8, 8 * PAGE);
	must_fault(SIM_BLOCK_LINEAR, 24, 7 * PAGE);
	/* No framebuffer at all. */
	begin(PAGE);
	emit(gpu_ctx_begin(&ctx), 0x66600000, &whole);
	work_must_die(&ctx, 0x66600000);
	end();
}

void clear_between_reclaims(void **state)
{
	struct drm_panthor_mem_claim claim;
	struct desc_target target;
	uint64_t before, after;

	(void)state;
	begin(64 * PAGE);
	target = target_at(bo.va, SIM_BLOCK_U_INTERLEAVED);
	fill_old();
	for (uint32_t round = 0; round < 3; round++) {
		target.color = CLEAR + round;
		work_reclaim();
		if (round)
			ok(gpu_mem_claim_all(guest.dev.fd, 0, &claim), "MEM_CLAIM");
		/* The last round writes on top of the first, outside of the middle. */
		render(&target, 1, 0, round == 1 ? &part : &whole);
		ok(gpu_checksum(&ctx, &bo, &before), "CHECKSUM");
		work_reclaim();
		ok(gpu_checksum(&ctx, &bo, &after), "CHECKSUM");
		assert_true(before == after);
		ok(gpu_bo_cpu_checksum(guest.dev.fd, &bo, &after), "reading");
		assert_true(before == after);
	}
	check(bo.map, bo.size / 4, &whole, CLEAR + 2, tiled);
	end();
}
