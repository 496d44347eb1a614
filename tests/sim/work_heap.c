/* SPDX-License-Identifier: MIT */
/*
 * sim-work: draws, and the tiler heap that they fill.
 */
#include <string.h>

#include "desc.h"
#include "gpu/cs.h"
#include "gpu/data.h"
#include "gpu/group.h"
#include "gpu/sync.h"
#include "gpu/vm.h"
#include "guest.h"
#include "sim_work.h"

#define CHUNK (256u << 10)
/* A draw of so many vertices fills a chunk. */
#define FULL ((CHUNK - SIM_CHUNK_HEADER - SIM_DRAW_BYTES) / SIM_VERTEX_BYTES)
#define CLEAR 0xa1b2c3d4u

/* Registers */
#define R_HEAP 70	/* pair */
#define R_FIRST 72	/* pair */
#define R_LAST 74	/* pair */
#define R_TILER 76	/* pair */
#define R_COUNT_VA 78	/* pair */
#define R_COUNT 80
#define R_ZERO 82	/* pair */

static struct gpu_ctx ctx;
static struct pool pool;
static uint64_t heap_ctx, heap_va, chunk_va, shader_va, target_va;
static volatile uint64_t *heap_words;
static volatile uint32_t *target;

/* A render pass: its tiler context, and its frame. */
struct pass {
	uint64_t tiler_va;
	uint64_t frame_va;
	volatile uint64_t *tiler;
};

static void create_heap(uint32_t initial, uint32_t max)
{
	struct drm_panthor_tiler_heap_create create = {
		.vm_id = ctx.vm,
		.initial_chunk_count = initial,
		.chunk_size = CHUNK,
		.max_chunks = max,
		.target_in_flight = 16,
	};
	uint32_t *words;

	ok(gpu_ioctl(guest.dev.fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &create), "heap");
	heap_ctx = create.tiler_heap_ctx_gpu_va;
	chunk_va = create.first_heap_chunk_gpu_va;
	heap_va = pool_take(&pool, DESC_BYTES, &words);
	desc_heap(words, chunk_va, CHUNK);
	heap_words = (uint64_t *)(void *)words;
}

static void begin(uint32_t initial, uint32_t max)
{
	uint32_t *words;

	ok(gpu_ctx_init(&ctx, &guest.dev, 2), "context");
	pool_init(&pool, &ctx);
	shader_va = work_shader(&pool);
	target_va = pool_take(&pool, 256, &words);
	target = words;
	create_heap(initial, max);
}

static void end(void)
{
	pool_free(&pool, &ctx);
	gpu_ctx_fini(&ctx);
}

static void new_pass(struct pass *pass)
{
	const struct desc_target desc = {
		.va = target_va,
		.stride = 16,
		.block = SIM_BLOCK_LINEAR,
		.format = SIM_COLOR_RAW32,
		.color = CLEAR,
	};
	struct desc_frame frame = {
		.width = 4,
		.height = 4,
		.targets = 1,
		.target = &desc,
	};
	uint32_t *words;

	pass->tiler_va = pool_take(&pool, DESC_TILER_BYTES, &words);
	desc_tiler(words, heap_va, 0, 0);
	pass->tiler = (uint64_t *)(void *)words;
	frame.tiler_va = pass->tiler_va;
	pass->frame_va = pool_take(&pool, DESC_FRAME_BYTES(1), &words);
	desc_frame(words, &frame);
}

/* --- Streams -------------------------------------------------------------- */

static void emit_heap(struct gpu_cs *cs)
{
	cs_move64(cs, R_HEAP, heap_ctx);
	cs_heap_set(cs, R_HEAP);
}

static void emit_draws(struct gpu_cs *cs, const struct pass *pass, unsigned int count)
{
	cs_move64(cs, SIM_SR_SPD(0), shader_va);
	cs_move64(cs, SIM_SR_TILER_CTX, pass->tiler_va);
	cs_move32(cs, SIM_SR_INDEX_COUNT, FULL);
	cs_move32(cs, SIM_SR_INSTANCE_COUNT, 1);
	while (count--)
		cs_run_idvs(cs, SIM_IDVS_MALLOC);
	cs_wait_all(cs);
}

static void emit_pass(struct gpu_cs *cs, const struct pass *pass, unsigned int draws)
{
	cs_heap_operation(cs, SIM_HEAP_VT_START);
	emit_draws(cs, pass, draws);
	cs_heap_operation(cs, SIM_HEAP_VT_END);
}

static void emit_frame(struct gpu_cs *cs, const struct pass *pass)
{
	cs_move64(cs, SIM_SR_FBD, pass->frame_va);
	cs_move32(cs, SIM_SR_BBOX_MIN, 0);
	cs_move32(cs, SIM_SR_BBOX_MAX, 3 | 3 << 16);
	cs_run_fragment(cs);
	cs_wait_all(cs);
}

/* Return the completed chunks of a pass. */
static void emit_return(struct gpu_cs *cs, const struct pass *pass, bool count)
{
	cs_move64(cs, R_TILER, pass->tiler_va);
	cs_load_multiple(cs, R_FIRST, R_TILER, 0xf, DESC_TILER_FIRST * 8);
	cs_wait_all(cs);
	cs_finish_fragment(cs, R_FIRST, R_LAST, count);
}

static void draw(const struct pass *pass, unsigned int count)
{
	struct gpu_cs *cs = gpu_ctx_begin(&ctx);

	emit_heap(cs);
	emit_pass(cs, pass, count);
	ok(gpu_ctx_run(&ctx, 0), "draws");
}

static void render(const struct pass *pass)
{
	struct gpu_cs *cs = gpu_ctx_begin(&ctx);

	emit_heap(cs);
	emit_frame(cs, pass);
	emit_return(cs, pass, true);
	ok(gpu_ctx_run(&ctx, 0), "fragment job");
}

static uint64_t address(uint64_t chunk)
{
	return chunk & ~(PAGE - 1);
}

/* --- Cases ---------------------------------------------------------------- */

void draws_take_chunks(void **state)
{
	int64_t ooms = stat_of("tiler_ooms"), chunks = stat_of("heap_chunks");
	int64_t draws = stat_of("draws");
	struct pass pass;

	(void)state;
	begin(1, 8);
	new_pass(&pass);
	draw(&pass, 3);
	assert_int_equal(stat_of("draws"), draws + 3);
	/* The first chunk was there, the others came from the driver. */
	assert_int_equal(stat_of("tiler_ooms"), ooms + 2);
	assert_int_equal(stat_of("heap_chunks"), chunks + 2);
	/* Two are completed, and the third is full. */
	assert_true(pass.tiler[DESC_TILER_LIST] == chunk_va + SIM_CHUNK_HEADER);
	assert_true(pass.tiler[DESC_TILER_FIRST] == (chunk_va | CHUNK / PAGE));
	assert_true(pass.tiler[DESC_TILER_LAST] != pass.tiler[DESC_TILER_FIRST]);
	assert_true(heap_words[DESC_HEAP_BASE] != address(pass.tiler[DESC_TILER_LAST]));
	assert_true(heap_words[DESC_HEAP_BOTTOM] == heap_words[DESC_HEAP_TOP]);
	render(&pass);
	assert_int_equal(target[15], CLEAR);
	end();

	/* With enough chunks from the start, the driver is not asked. */
	ooms = stat_of("tiler_ooms");
	begin(3, 3);
	new_pass(&pass);
	draw(&pass, 3);
	assert_int_equal(stat_of("tiler_ooms"), ooms);
	assert_int_equal(stat_of("heap_chunks"), chunks + 4);
	end();
}

void chunks_are_used_again(void **state)
{
	struct pass pass[4];
	int64_t ooms, returns;

	(void)state;
	begin(1, 3);
	new_pass(&pass[0]);
	draw(&pass[0], 3);
	ooms = stat_of("tiler_ooms");
	for (unsigned int i = 1; i < 4; i++) {
		uint64_t first = address(pass[i - 1].tiler[DESC_TILER_FIRST]);

		returns = stat_of("heap_returns");
		render(&pass[i - 1]);
		assert_int_equal(stat_of("heap_returns"), returns + 1);
		new_pass(&pass[i]);
		draw(&pass[i], 1);
		assert_true(heap_words[DESC_HEAP_BASE] == first);
		draw(&pass[i], 1);
	}
	assert_int_equal(stat_of("tiler_ooms"), ooms);
	end();
}

/* The fragment job notices if a page does not hold what the draws wrote. */
void chunk_content_is_checked(void **state)
{
	struct pass pass;

	(void)state;
	for (int i = 0; i < 2; i++) {
		/* A page of a completed chunk, and one of the current chunk. */
		uint64_t chunk;

		begin(1, 4);
		new_pass(&pass);
		draw(&pass, 3);
		chunk = i ? heap_words[DESC_HEAP_BASE] : address(pass.tiler[DESC_TILER_LAST]);
		gpu_emit_store64(gpu_ctx_begin(&ctx), chunk + 5 * PAGE, 0);
		ok(gpu_ctx_run(&ctx, 0), "store");
		emit_frame(gpu_ctx_begin(&ctx), &pass);
		work_must_complain(&ctx);
		end();
	}
}

void chunks_through_swap(void **state)
{
	struct pass pass[2];

	(void)state;
	begin(1, 4);
	new_pass(&pass[0]);
	new_pass(&pass[1]);
	draw(&pass[0], 4);
	work_reclaim();
	render(&pass[0]);
	work_reclaim();
	draw(&pass[1], 3);
	work_reclaim();
	render(&pass[1]);
	assert_int_equal(target[0], CLEAR);
	end();
}

/* The driver refuses to extend the heap for a draw of no pass. */
void draw_without_a_pass(void **state)
{
	int64_t ooms = stat_of("tiler_ooms");
	struct gpu_cs *cs;
	struct pass pass;

	(void)state;
	begin(1, 4);
	new_pass(&pass);
	cs = gpu_ctx_begin(&ctx);
	emit_heap(cs);
	emit_draws(cs, &pass, 2);
	work_must_die(&ctx, 0);
	assert_int_equal(stat_of("tiler_ooms"), ooms + 1);
	end();
}

void heap_full_without_a_handler(void **state)
{
	int64_t ooms = stat_of("tiler_ooms"), fatals = stat_of("cs_fatals");
	struct gpu_cs *cs;
	struct pass pass;

	(void)state;
	begin(1, 1);
	new_pass(&pass);
	draw(&pass, 1);
	cs = gpu_ctx_begin(&ctx);
	emit_heap(cs);
	cs_heap_operation(cs, SIM_HEAP_FRAG_END);
	emit_pass(cs, &pass, 1);
	work_must_die(&ctx, 0);
	assert_int_equal(stat_of("tiler_ooms"), ooms + 1);
	assert_int_equal(stat_of("cs_fatals"), fatals + 1);
	end();
}

/* Render what there is, return the chunks, and count. */
static uint64_t put_handler(const struct pass *pass, uint64_t count_va, uint32_t *bytes)
{
	struct gpu_cs cs;
	uint32_t *words;
	uint64_t va = pool_take(&pool, 512, &words);

	cs_init(&cs, (uint64_t *)(void *)words, 64);
	emit_frame(&cs, pass);
	emit_return(&cs, pass, false);
	cs_move64(&cs, R_ZERO, 0);
	cs_store_multiple(&cs, R_ZERO, R_TILER, 3, DESC_TILER_LIST * 8);
	cs_store_multiple(&cs, R_ZERO, R_TILER, 3, DESC_TILER_FIRST * 8);
	cs_store_multiple(&cs, R_ZERO, R_TILER, 3, DESC_TILER_LAST * 8);
	cs_move64(&cs, R_COUNT_VA, count_va);
	cs_load_multiple(&cs, R_COUNT, R_COUNT_VA, 1, 0);
	cs_wait_all(&cs);
	cs_add_imm32(&cs, R_COUNT, R_COUNT, 1);
	cs_store_multiple(&cs, R_COUNT, R_COUNT_VA, 1, 0);
	cs_wait_all(&cs);
	ok(cs_check(&cs), "handler");
	*bytes = (uint32_t)(cs.count * 8);
	return va;
}

void heap_full_with_a_handler(void **state)
{
	int64_t ooms = stat_of("tiler_ooms"), handlers = stat_of("oom_handlers");
	uint64_t handler_va, count_va;
	uint32_t bytes, *count;
	struct gpu_cs *cs;
	struct pass pass;

	(void)state;
	begin(1, 2);
	new_pass(&pass);
	count_va = pool_take(&pool, 8, &count);
	handler_va = put_handler(&pass, count_va, &bytes);
	cs = gpu_ctx_begin(&ctx);
	emit_heap(cs);
	cs_move64(cs, R_FIRST, handler_va);
	cs_move32(cs, R_LAST, bytes);
	cs_set_oom_handler(cs, R_FIRST, R_LAST);
	emit_pass(cs, &pass, 5);
	ok(gpu_ctx_run(&ctx, 0), "draws");
	/* One request was granted, and two were refused. */
	assert_int_equal(stat_of("tiler_ooms"), ooms + 3);
	assert_int_equal(stat_of("oom_handlers"), handlers + 2);
	assert_int_equal(*count, 2);
	assert_int_equal(target[0], CLEAR);
	render(&pass);

	/* A handler that returns nothing does not help. */
	cs = gpu_ctx_begin(&ctx);
	emit_heap(cs);
	cs_move64(cs, R_FIRST, shader_va);
	cs_move32(cs, R_LAST, 8);
	memset((char *)pool.bo.map + (shader_va - pool.bo.va) + DESC_BYTES, 0, 8);
	cs_add_imm64(cs, R_FIRST, R_FIRST, DESC_BYTES);
	cs_set_oom_handler(cs, R_FIRST, R_LAST);
	emit_pass(cs, &pass, 3);
	work_must_die(&ctx, 0);
	assert_int_equal(stat_of("oom_handlers"), handlers + 3);
	end();
}

/* The driver gives no chunk, but a fragment job of another queue will return some. */
void heap_full_until_a_frame_ends(void **state)
{
	int64_t ooms = stat_of("tiler_ooms"), chunks = stat_of("heap_chunks");
	struct gpu_cs *cs;
	struct pass pass[2];
	uint32_t sync;

	(void)state;
	begin(1, 2);
	new_pass(&pass[0]);
	new_pass(&pass[1]);
	ok(gpu_sync_create(guest.dev.fd, false, &sync), "sync object");
	cs = gpu_ctx_begin(&ctx);
	emit_heap(cs);
	emit_pass(cs, &pass[0], 2);
	emit_pass(cs, &pass[1], 1);
	ok(gpu_ctx_submit(&ctx, 0, 0, sync), "submit");
	ok(stat_wait("tiler_ooms", ooms + 1, 30000), "the heap does not get full");

	cs = gpu_ctx_begin(&ctx);
	emit_heap(cs);
	emit_frame(cs, &pass[0]);
	emit_return(cs, &pass[0], true);
	ok(gpu_ctx_run(&ctx, 1), "fragment job");
	ok(gpu_sync_wait(guest.dev.fd, sync, GPU_JOB_TIMEOUT_MS), "draws");
	ok(gpu_group_check(&guest.dev, ctx.group), "group");
	assert_int_equal(stat_of("heap_chunks"), chunks + 2);
	assert_true(heap_words[DESC_HEAP_BASE] == chunk_va);
	gpu_sync_destroy(guest.dev.fd, sync);
	end();
}

/* --- What a draw reads ---------------------------------------------------- */

enum part {
	POSITION,
	VARYING,
	FRAGMENT,
	INDICES,
	BLEND,
	DEPTH,
	OCCLUSION,
	TILER,
	GEOMETRY,
	PARTS,
};

#define INDEX_COUNT 3000u
#define GEOMETRY_PAGES 3u

static struct gpu_bo bo[PARTS];

static void begin_parts(void)
{
	uint32_t *binary;
	uint64_t binary_va;

	begin(1, 4);
	binary_va = pool_take(&pool, 64, &binary);
	for (int i = 0; i < PARTS; i++)
		work_alloc(&ctx, 3 * PAGE, &bo[i]);
	for (int i = POSITION; i <= FRAGMENT; i++)
		desc_shader(bo[i].map, binary_va);
	desc_tiler(bo[TILER].map, heap_va, bo[GEOMETRY].va, GEOMETRY_PAGES);
}

static void end_parts(void)
{
	for (int i = 0; i < PARTS; i++)
		gpu_ctx_free(&ctx, &bo[i]);
	end();
}

static void build_draw(void)
{
	struct gpu_cs *cs = gpu_ctx_begin(&ctx);

	emit_heap(cs);
	cs_heap_operation(cs, SIM_HEAP_VT_START);
	cs_move64(cs, SIM_SR_SPD(0), bo[POSITION].va);
	cs_move64(cs, SIM_SR_SPD(1), bo[VARYING].va);
	cs_move64(cs, SIM_SR_SPD(2), bo[FRAGMENT].va);
	cs_move32(cs, SIM_SR_INDEX_COUNT, INDEX_COUNT);
	cs_move32(cs, SIM_SR_INSTANCE_COUNT, 1);
	cs_move32(cs, SIM_SR_INDEX_OFFSET, 0);
	cs_move32(cs, SIM_SR_INDEX_SIZE_V10, INDEX_COUNT * 4);
	cs_move64(cs, SIM_SR_INDEX_BUFFER_V10, bo[INDICES].va);
	cs_move64(cs, SIM_SR_BLEND_V10, bo[BLEND].va | 2);
	cs_move64(cs, SIM_SR_ZSD_V10, bo[DEPTH].va);
	cs_move64(cs, SIM_SR_OQ_V10, bo[OCCLUSION].va);
	cs_move32(cs, SIM_SR_DCD0, 1 << 14);
	cs_move64(cs, SIM_SR_TILER_CTX, bo[TILER].va);
	cs_move32(cs, SIM_SR_TILER_FLAGS, SIM_TILER_SECONDARY);
	/* 32-bit indices */
	cs_run_idvs(cs, 3 << SIM_TILER_INDEX_SHIFT);
	cs_wait_all(cs);
}

void draw_reads_what_it_names(void **state)
{
	(void)state;
	for (int i = 0; i < PARTS; i++) {
		/* The indices need three pages, as the geometry buffer does. */
		uint64_t last = i == INDICES || i == GEOMETRY ? 2 * PAGE : 0;

		begin_parts();
		build_draw();
		ok(gpu_ctx_run(&ctx, 0), "draw");
		ok(gpu_vm_unmap(guest.dev.fd, ctx.vm, bo[i].va + last, PAGE), "unbind");
		build_draw();
		work_must_die(&ctx, bo[i].va + last);
		end_parts();
	}
}
