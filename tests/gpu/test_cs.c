/* SPDX-License-Identifier: MIT */
/*
 * Tests of the assembler and the patterns, without a GPU: compare with words that were
 * encoded by hand from the public description of the instructions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "gpu/cs_sim.h"
#include "gpu/pattern.h"

static uint64_t words[64];
static struct gpu_cs cs;

static int begin(void **state)
{
	(void)state;
	memset(words, 0xa5, sizeof(words));
	cs_init(&cs, words, sizeof(words) / sizeof(words[0]));
	return 0;
}

static void is(const uint64_t *expected, size_t count)
{
	assert_int_equal(cs_check(&cs), 0);
	assert_int_equal(cs.count, count);
	for (size_t i = 0; i < count; i++)
		if (words[i] != expected[i])
			fail_msg("word %zu is %#018llx, not %#018llx", i,
				 (unsigned long long)words[i],
				 (unsigned long long)expected[i]);
}

#define IS(...) do { \
	const uint64_t expected[] = { __VA_ARGS__ }; \
	is(expected, sizeof(expected) / sizeof(expected[0])); \
} while (0)

static void moves(void **state)
{
	(void)state;
	cs_nop(&cs);
	cs_move48(&cs, 4, 0x123456789abc);
	/* A value that does not fit is truncated, and does not spill into the register field. */
	cs_move48(&cs, 4, UINT64_C(0xffff123456789abc));
	cs_move32(&cs, 5, 0xdeadbeef);
	cs_move64(&cs, 6, UINT64_C(0x1122334455667788));
	IS(0, 0x0104123456789abc, 0x0104123456789abc, 0x02050000deadbeef,
	   0x0206000055667788, 0x0207000011223344);
}

static void arithmetic_and_memory(void **state)
{
	(void)state;
	cs_wait_all(&cs);
	cs_add_imm32(&cs, 1, 2, -1);
	cs_add_imm64(&cs, 2, 4, 4096);
	cs_load_multiple(&cs, 4, 0, 0x3, 16);
	cs_store_multiple(&cs, 4, 0, 0xffff, -8);
	cs_store_timestamp(&cs, 2, 8);
	IS(0x0300000000ff0000, 0x10010200ffffffff, 0x1102040000001000,
	   0x1404000000030010, 0x15040000fffffff8, 0x2800020000000008);
}

static void work_and_heap(void **state)
{
	(void)state;
	cs_set_sb_entry(&cs, 3);
	cs_run_compute(&cs);
	cs_run_idvs(&cs, SIM_IDVS_MALLOC | 0x300);
	cs_run_fragment(&cs);
	cs_heap_set(&cs, 72);
	cs_heap_operation(&cs, SIM_HEAP_FRAG_END);
	cs_finish_fragment(&cs, 86, 88, true);
	cs_finish_fragment(&cs, 86, 88, false);
	cs_set_oom_handler(&cs, 86, 88);
	cs_sync_set64_deferred(&cs, 2, 4, 0x18, 1);
	IS(0x1700000000000003, 0x0400000000000000, 0x0600000200000300, 0x0700000000000000,
	   0x3000480000000000, 0x3100000300000000, 0x0b00565800000001, 0x0b00565800000000,
	   0x1900565800000002, 0x3401020400180000);
}

static void branches(void **state)
{
	(void)state;
	cs_branch(&cs, 7, SIM_COND_NE, -2);
	cs_nop(&cs);
	/* Branch to the start: three words back, counted from the next word. */
	cs_branch_to(&cs, 7, SIM_COND_ALWAYS, 0);
	IS(0x160007003000fffe, 0, 0x160007006000fffd);
}

static void flushes_and_syncs(void **state)
{
	(void)state;
	cs_flush_caches(&cs, 8);
	cs_sync_add64(&cs, 0, 2);
	cs_sync_set64(&cs, 8, 10);
	cs_sync_wait_gt64(&cs, 0, 2);
	cs_sync_add32(&cs, 0, 2);
	cs_sync_set32(&cs, 0, 2);
	cs_sync_wait_gt32(&cs, 0, 2);
	IS(0x0208000000000000, 0x2400080000000233, 0x0300000000010000,
	   0x3300000200000000, 0x3400080a00000000, 0x3500000210000000,
	   0x2500000200000000, 0x2600000200000000, 0x2700000210000000);
}

static void pseudo(void **state)
{
	(void)state;
	cs_fill_count(&cs, 4, 0, 2);
	cs_fill(&cs, 4, 0, 2, 12);
	cs_checksum(&cs, 4, 0, 2);
	cs_copy(&cs, 6, 0, 2);
	cs_delay(&cs, 1000);
	cs_trigger_fatal(&cs, 0x41);
	cs_trigger_fault(&cs, 0x48);
	cs_trigger_progress(&cs);
	cs_trigger_gpu_fault(&cs, 0x88);
	IS(0xe004000200000100, 0xe00400020000000c, 0xe104000200000000,
	   0xe206000200000000, 0xe3000000000003e8, 0xe500000000000041,
	   0xe600000000000048, 0xe700000000000000, 0xe800000000000088);
}

static void overflow(void **state)
{
	(void)state;
	cs_init(&cs, words, 2);
	cs_move64(&cs, 0, 1);
	assert_int_equal(cs_check(&cs), 0);
	cs_nop(&cs);
	assert_int_equal(cs_check(&cs), -ENOSPC);
	assert_int_equal(cs.count, 2);
	/* Nothing was written after the end of the buffer. */
	assert_true(words[2] == UINT64_C(0xa5a5a5a5a5a5a5a5));
}

static void patterns(void **state)
{
	static uint64_t data[1024];

	(void)state;
	assert_true(pattern_checksum(NULL, 0) == UINT64_C(0xcbf29ce484222325));
	/* For one word: (init ^ word) * prime. */
	data[0] = 1;
	assert_true(pattern_checksum(data, 8) ==
		    (UINT64_C(0xcbf29ce484222325) ^ 1) * UINT64_C(0x100000001b3));

	pattern_write(data, sizeof(data), 99);
	assert_true(data[0] == 99 && data[1023] == 99 + 1023);
	assert_int_equal(pattern_bad_words(data, sizeof(data), 99), 0);
	assert_true(pattern_checksum(data, sizeof(data)) ==
		    pattern_expected(99, sizeof(data)));
	/* In two steps, as for large BOs. */
	assert_true(pattern_checksum_add(pattern_checksum(data, 4096),
					 data + 512, 4096) ==
		    pattern_expected(99, sizeof(data)));

	data[700] ^= UINT64_C(1) << 63;
	assert_int_equal(pattern_bad_words(data, sizeof(data), 99), 1);
	assert_true(pattern_checksum(data, sizeof(data)) !=
		    pattern_expected(99, sizeof(data)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(moves, begin),
		cmocka_unit_test_setup(arithmetic_and_memory, begin),
		cmocka_unit_test_setup(work_and_heap, begin),
		cmocka_unit_test_setup(branches, begin),
		cmocka_unit_test_setup(flushes_and_syncs, begin),
		cmocka_unit_test_setup(pseudo, begin),
		cmocka_unit_test_setup(overflow, begin),
		cmocka_unit_test_setup(patterns, begin),
	};

	return cmocka_run_group_tests_name("assembler", tests, NULL, NULL);
}
