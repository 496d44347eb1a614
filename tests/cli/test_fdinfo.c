/* SPDX-License-Identifier: MIT */
/* Tests of fdinfo: as drivers write it, as they could, and as they should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fdinfo.h"

static const struct fdinfo_region *region(const struct fdinfo *info, const char *name)
{
	unsigned int i;

	for (i = 0; i < info->n_regions; i++) {
		if (!strcmp(info->regions[i].name, name))
			return &info->regions[i];
	}
	fail_msg("no region %s", name);
	return NULL;
}

static void expect(const struct fdinfo *info, const char *name, enum fdinfo_kind kind,
		   uint64_t bytes)
{
	const struct fdinfo_region *r = region(info, name);

	assert_true(r->bytes.known[kind]);
	assert_true(r->bytes.value[kind] == bytes);
}

static void units(void **state)
{
	struct fdinfo info;

	(void)state;
	assert_true(fdinfo_parse("drm-driver:\tx\n"
				 "drm-total-a:\t5 MiB\n"
				 "drm-resident-a: 2048 KiB\n"
				 "drm-shared-a:7\n"
				 "drm-purgeable-a:\t  8  \n"
				 "drm-active-a:\t9 GiB\n",
				 &info));
	expect(&info, "a", FDINFO_TOTAL, 5 << 20);
	expect(&info, "a", FDINFO_RESIDENT, 2 << 20);
	expect(&info, "a", FDINFO_EVICTED, 3 << 20);
	expect(&info, "a", FDINFO_SHARED, 7);
	expect(&info, "a", FDINFO_PURGEABLE, 8);
	/* The kernel's document has no such unit. */
	assert_false(region(&info, "a")->bytes.known[FDINFO_ACTIVE]);
}

static void odd_numbers(void **state)
{
	struct fdinfo info;

	(void)state;
	assert_true(fdinfo_parse("drm-driver:\tx\n"
				 "drm-client-id:\t-1\n"
				 "drm-total-a:\t18446744073709551616\n"
				 "drm-total-b:\t18014398509481984 KiB\n"
				 "drm-total-c:\t\n"
				 "drm-total-:\t5\n"
				 "drm-total:\t5\n",
				 &info));
	assert_int_equal(info.n_regions, 0);
	assert_false(info.has_id);
	assert_true(fdinfo_parse("drm-driver:\tx\ndrm-client-id:\t18446744073709551615", &info));
	assert_true(info.has_id && info.id == UINT64_MAX);
}

static void engines(void **state)
{
	struct fdinfo info;

	(void)state;
	assert_true(fdinfo_parse("drm-driver:\tx\n"
				 "drm-engine-render:\t18446744073709551614 ns\n"
				 "drm-engine-capacity-render:\t2\n"
				 "drm-engine-:\t7 ns\n"
				 "drm-engine-copy:\t1\n"
				 "drm-engine-video:\t1 us\n",
				 &info));
	assert_true(info.engine_ns == UINT64_MAX - 1);
	assert_int_equal(info.n_regions, 0);
	assert_true(fdinfo_parse("drm-engine-a:\t3 ns\ndrm-engine-b: 4 ns\ndrm-driver:\tx\n",
				 &info));
	assert_int_equal(info.engine_ns, 7);
}

/* amdgpu still writes the old name beside the new one. */
static void alias(void **state)
{
	struct fdinfo info;

	(void)state;
	assert_true(fdinfo_parse("drm-memory-vram:\t1 KiB\ndrm-driver:\tamdgpu\n", &info));
	expect(&info, "vram", FDINFO_RESIDENT, 1024);
	assert_true(fdinfo_parse("drm-driver:\tamdgpu\n"
				 "drm-resident-vram:\t2 KiB\n"
				 "drm-memory-vram:\t1 KiB\n",
				 &info));
	expect(&info, "vram", FDINFO_RESIDENT, 2048);
	assert_true(fdinfo_parse("drm-driver:\tamdgpu\n"
				 "drm-memory-vram:\t1 KiB\n"
				 "drm-resident-vram:\t2 KiB\n",
				 &info));
	expect(&info, "vram", FDINFO_RESIDENT, 2048);
}

static void engines_are_no_regions(void **state)
{
	struct fdinfo info;

	(void)state;
	assert_true(fdinfo_parse("drm-driver:\tmsm\n"
				 "drm-total-cycles-gpu:\t5\n"
				 "drm-cycles-gpu:\t5\n"
				 "drm-engine-gpu:\t5 ns\n"
				 "drm-maxfreq-gpu:\t5 Hz\n",
				 &info));
	assert_int_equal(info.n_regions, 0);
}

/* Only for panthor does a missing line mean that no buffer is resident. */
static void nothing_resident(void **state)
{
	struct fdinfo info;

	(void)state;
	assert_true(fdinfo_parse("drm-driver:\tpanthor\ndrm-total-memory:\t4096\n", &info));
	expect(&info, "memory", FDINFO_RESIDENT, 0);
	expect(&info, "memory", FDINFO_EVICTED, 4096);
	assert_true(fdinfo_parse("drm-driver:\tother\ndrm-total-memory:\t4096\n", &info));
	assert_false(region(&info, "memory")->bytes.known[FDINFO_RESIDENT]);
	assert_false(region(&info, "memory")->bytes.known[FDINFO_EVICTED]);
}

static void evicted(void **state)
{
	struct fdinfo info;

	(void)state;
	assert_true(fdinfo_parse("drm-driver:\tpanthor\n"
				 "drm-total-memory:\t4096\n"
				 "drm-resident-memory:\t1024\n"
				 "drm-evicted-memory:\t512\n",
				 &info));
	expect(&info, "memory", FDINFO_EVICTED, 512);
	/* The values may be read in the middle of a change. */
	assert_true(fdinfo_parse("drm-driver:\tpanthor\n"
				 "drm-total-memory:\t1024\n"
				 "drm-resident-memory:\t4096\n",
				 &info));
	expect(&info, "memory", FDINFO_EVICTED, 0);
}

static void internal(void **state)
{
	struct fdinfo info;

	(void)state;
	assert_true(fdinfo_parse("panthor-resident-memory:\t3 KiB\ndrm-driver:\tpanthor\n", &info));
	assert_true(info.has_internal && info.internal == 3072);
	assert_true(fdinfo_parse("other-resident-memory:\t3 KiB\ndrm-driver:\tpanthor\n", &info));
	assert_false(info.has_internal);
	assert_true(info.internal == 0);
}

static void no_client(void **state)
{
	struct fdinfo info;

	(void)state;
	assert_false(fdinfo_parse("", &info));
	assert_false(fdinfo_parse("pos:\t0\nflags:\t02\nmnt_id:\t13\n", &info));
	/* After an unplug the kernel does not print a driver. */
	assert_false(fdinfo_parse("drm-total-memory:\t5\n", &info));
	assert_false(fdinfo_parse("drm-driver:\t\n", &info));
	assert_false(fdinfo_parse("drm-driver", &info));
	assert_false(fdinfo_parse("\n\n:\n: :\n", &info));
}

/* Values longer than the buffers for them. */
static void long_lines(void **state)
{
	char text[8192] = "drm-driver:\t";
	struct fdinfo info;
	int i;

	(void)state;
	memset(text + 12, 'd', 200);
	strcpy(text + 212, "\ndrm-total-");
	memset(text + 223, 'r', 200);
	strcpy(text + 423, ":\t5\ndrm-total-a:\t6\n");
	assert_true(fdinfo_parse(text, &info));
	assert_int_equal(strlen(info.driver), FDINFO_NAME - 1);
	assert_int_equal(info.n_regions, 1);
	expect(&info, "a", FDINFO_TOTAL, 6);

	strcpy(text, "drm-driver:\tx\n");
	for (i = 0; i < FDINFO_REGIONS + 5; i++) {
		char *at = text + strlen(text);

		strcpy(at, "drm-total-A:\t1\n");
		at[10] = (char)('A' + i);
	}
	assert_true(fdinfo_parse(text, &info));
	assert_int_equal(info.n_regions, FDINFO_REGIONS);
}

/* A valid text can be cut off anywhere without harm. */
static void truncated(void **state)
{
	static const char whole[] = "pos:\t0\ndrm-driver:\tpanthor\ndrm-client-id:\t12\n"
				    "drm-pdev:\t0000:01:00.0\ndrm-client-name:\ta b\n"
				    "panthor-resident-memory:\t10396 KiB\n"
				    "drm-total-memory:\t16480 KiB\ndrm-resident-memory:\t1 MiB\n";
	struct fdinfo info;
	char text[sizeof(whole)];
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(whole); n++) {
		memcpy(text, whole, n);
		text[n] = '\0';
		fdinfo_parse(text, &info);
	}
	assert_string_equal(info.driver, "panthor");
	assert_string_equal(info.pdev, "0000:01:00.0");
	assert_string_equal(info.name, "a b");
	assert_true(info.has_id && info.id == 12);
}

static void sums(void **state)
{
	struct fdinfo_bytes a = { .value = { 5 }, .known = { true } };
	struct fdinfo_bytes b = { .value = { 7, 1 }, .known = { true, true } };

	(void)state;
	fdinfo_add(&a, &b);
	assert_true(a.value[0] == 12 && a.known[0]);
	assert_true(a.value[1] == 1 && a.known[1]);
	assert_false(a.known[2]);
	b.value[0] = UINT64_MAX;
	fdinfo_add(&a, &b);
	assert_true(a.value[0] == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),	      cmocka_unit_test(odd_numbers),
		cmocka_unit_test(engines),
		cmocka_unit_test(alias),	      cmocka_unit_test(engines_are_no_regions),
		cmocka_unit_test(nothing_resident),   cmocka_unit_test(evicted),
		cmocka_unit_test(internal),	      cmocka_unit_test(no_client),
		cmocka_unit_test(long_lines),	      cmocka_unit_test(truncated),
		cmocka_unit_test(sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
