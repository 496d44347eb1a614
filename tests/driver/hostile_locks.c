/* SPDX-License-Identifier: MIT */
/*
 * A target that sleeps while it holds locks that a reclaim and a claim need.
 *
 * When a cgroup is over memory.high, each allocation on its behalf makes the process sleep,
 * wherever it is in the kernel: in VM_BIND with the reservation lock of its VM held, in a
 * page fault with that of a BO, in GROUP_SUBMIT with all of them. This can last for
 * minutes. The caller's deadline limits the wait for these locks: BOs whose locks are held
 * until then count as busy.
 *
 * A page that is being read from swap is locked, too, by whoever reads it, and io.max of its
 * cgroup can delay that for hours. Here, a disk holds the read back.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/bo.h"
#include "gpu/sysmem.h"
#include "gpu/vm.h"
#include "hostile.h"

#define SEED UINT64_C(0x10cc000000000000)
#define BOS 16
#define BIG (96 * MIB)
#define BIG_VA UINT64_C(0x100000000)
/* Memory that the target may allocate in addition to what it has at the start. */
#define ROOM (4 * MIB)
#define SOON INT64_C(100000000)

#define HIGH_FILE CGROUP_CHILD "/memory.high"
#define CURRENT_FILE CGROUP_CHILD "/memory.current"

/* --- in the target ------------------------------------------------------------- */

static int limit_myself(void)
{
	char text[32];
	int64_t now;
	int ret = sysmem_read_number(CURRENT_FILE, &now);

	snprintf(text, sizeof(text), "%" PRIu64, (uint64_t)now + ROOM);
	return ret ? ret : sysmem_write_file(HIGH_FILE, text);
}

static uint32_t vm;
static struct gpu_bo small, big;

/* A VM with a BO, and another BO that no VM maps yet. */
static int prepare_bind(int fd, void *arg)
{
	int ret;

	(void)arg;
	ret = gpu_vm_create(fd, NULL, &vm);
	if (!ret)
		ret = gpu_bo_create(fd, MIB, vm, 0, &small);
	if (!ret)
		ret = gpu_vm_map(fd, vm, small.handle, 0, BIG_VA / 2, MIB, 0);
	return ret ? ret : gpu_bo_create(fd, BIG, vm, 0, &big);
}

static int bind_big(int fd, void *arg)
{
	int ret;

	(void)arg;
	ret = limit_myself();
	return ret ? ret : gpu_vm_map(fd, vm, big.handle, 0, BIG_VA, BIG, 0);
}

static int fault_big(int fd, void *arg)
{
	void *map;
	int ret;

	(void)arg;
	ret = gpu_bo_create(fd, BIG, 0, 0, &big);
	if (!ret)
		ret = gpu_bo_map_window(fd, &big, 0, 4096, &map);
	if (!ret)
		ret = limit_myself();
	if (!ret)
		*(volatile char *)map = 1;
	return ret;
}

static int only_limit(int fd, void *arg)
{
	(void)fd;
	(void)arg;
	return limit_myself();
}

/* --- in the test --------------------------------------------------------------- */

static int64_t times_high(void)
{
	FILE *f = fopen(CGROUP_CHILD "/memory.events", "re");
	long long count = 0;
	char line[64];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "high %lld", &count) == 1)
			break;
	if (f)
		fclose(f);
	return count;
}

/* The target is over its limit because of pages of BOs only. */
static bool is_throttled(void *arg)
{
	int64_t high, now;

	(void)arg;
	/* "max" is not a number. */
	return !sysmem_read_number(HIGH_FILE, &high) &&
	       !sysmem_read_number(CURRENT_FILE, &now) && now > high && times_high() > 0;
}

static void ask(app_fn fn)
{
	ok(gpu_app_ask(&app, &(struct app_request) { .op = APP_CALL, .fn = fn }, NULL, NULL, NULL),
	   "asking the target");
}

/* The target has not answered yet. */
static bool is_at_work(void)
{
	char byte;

	return recv(app.sock, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static bool has_ended(void *pid)
{
	return waitpid(*(pid_t *)pid, NULL, WNOHANG) > 0;
}

/* Send the request that takes forever, and wait until the target sleeps. */
static void throttle(const struct app_request *req)
{
	ok(gpu_app_send(&app, req, NULL, -1), "asking the target");
	wait_until(is_throttled, NULL, "the target is not throttled");
}

static void start_target(const char *swap_max)
{
	make_cgroups();
	set_limit(CGROUP_CHILD, "memory.swap.max", swap_max);
	start_app(&app, 1, 1, CGROUP_CHILD);
}

/* @wait_ns: time from now to the deadline; 0: do not wait. */
static void reclaim_returns(int64_t wait_ns)
{
	struct drm_panthor_mem_reclaim args = {
		.tgid = (uint32_t)app.pid,
		.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
		.deadline_ns = wait_ns ? now_ns() + wait_ns : 0,
	};
	struct call *call = begin_reclaim(&args);

	end_call(call);
	ok(call->ret, "MEM_RECLAIM");
	assert_true(call->reclaim.status & DRM_PANTHOR_MEM_STATUS_BUSY);
	/* The call has ended although the target is still asleep. */
	assert_true(is_at_work());
}

/* Memory that stays evicted because of the locks is counted: at least @locked. */
static void claim_returns(int64_t wait_ns, uint64_t locked)
{
	struct drm_panthor_mem_claim args = {
		.tgid = (uint32_t)app.pid, .deadline_ns = now_ns() + wait_ns,
	};
	struct call *call = begin_claim(&args);

	end_call(call);
	ok(call->ret, "MEM_CLAIM");
	assert_true(call->claim.remaining_bytes >= locked);
	/* With the pages that the claim has swapped in, the target may have finished. */
	assert_true(call->claim.status & DRM_PANTHOR_MEM_STATUS_BUSY ||
		    !call->claim.remaining_bytes);
}

/* VM_BIND allocates the pages of a BO while it holds the lock of the VM. */
static void begin_bind(void)
{
	start_target("max");
	ask(prepare_bind);
	reclaim_all(&app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT);
	set_limit(CGROUP_CHILD, "memory.swap.max", "0");
	throttle(&(struct app_request) { .op = APP_CALL, .fn = bind_big });
}

/* A signal before the call has begun has no effect, so send more until it ends. */
static void signal_until_end(struct call *call)
{
	for (int64_t ms = 0; call_runs(call) && ms < HANG_MS; ms += SOON / 1000000) {
		sleep_ms(SOON / 1000000);
		signal_call(call);
	}
	end_call(call);
}

static void reclaim_during_bind(void **state)
{
	(void)state;
	begin_bind();
	reclaim_returns(SOON);
}

static void reclaim_during_bind_does_not_wait(void **state)
{
	(void)state;
	begin_bind();
	reclaim_returns(0);
}

static void claim_during_bind(void **state)
{
	(void)state;
	begin_bind();
	claim_returns(SOON, MIB);
}

/* A deadline in the past: each lock is tried once. */
static void claim_during_bind_after_its_deadline(void **state)
{
	(void)state;
	begin_bind();
	claim_returns(-SOON, MIB);
}

/* Without a deadline, the claim waits for the lock until a signal arrives. */
static void claim_during_bind_until_a_signal(void **state)
{
	struct call *call;

	(void)state;
	begin_bind();
	call = begin_claim(&(struct drm_panthor_mem_claim) { .tgid = (uint32_t)app.pid });
	signal_until_end(call);
	if (call->ret != -EINTR) {
		ok(call->ret, "MEM_CLAIM");
		assert_true(call->claim.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	}
	assert_true(is_at_work());
}

/* A page fault allocates them while it holds the lock of the BO. */
static void reclaim_during_fault(void **state)
{
	(void)state;
	start_target("0");
	throttle(&(struct app_request) { .op = APP_CALL, .fn = fault_big });
	reclaim_returns(SOON);
	reclaim_returns(0);
}

/* GROUP_SUBMIT swaps in while it holds the locks of the VM and of all its BOs. */
static void begin_submit(void)
{
	struct lot lot = { .of = &app, .count = BOS, .size = 2 * MIB, .seed = SEED };

	start_target("max");
	alloc_lot(&lot);
	reclaim_all(&app, 0);
	ask(only_limit);
	throttle(&(struct app_request) { .op = APP_FRAME });
}

static void reclaim_during_submit(void **state)
{
	(void)state;
	begin_submit();
	reclaim_returns(SOON);
	reclaim_returns(0);
}

static void claim_during_submit(void **state)
{
	(void)state;
	begin_submit();
	claim_returns(SOON, 0);
	claim_returns(-SOON, 0);
}

/* --- pages that the target reads ------------------------------------------------- */

#define DISK_MIB 48
#define SMALL_BOS 64
#define SMALL_SIZE UINT64_C(4096)

static bool is_reading(void *arg)
{
	(void)arg;
	return held_reads() > 0;
}

/* The target reads the first of its BOs by the CPU, and gets no answer. */
static void begin_read(struct lot *lot)
{
	swap_on_held_disk(DISK_MIB);
	start_app(&app, 1, 1, NULL);
	alloc_lot(lot);
	reclaim_all(&app, 0);
	hold_reads(true);
	ok(gpu_app_send(&app, &(struct app_request) { .op = APP_SUM, .bo = lot->first }, NULL, -1),
	   "asking the target");
	wait_until(is_reading, NULL, "the target reads nothing from swap");
}

static void end_read(const struct lot *lot)
{
	struct app_reply reply;

	assert_true(is_at_work());
	hold_reads(false);
	ok(gpu_app_answer(&app, &reply, NULL, 0, NULL), "reading a BO");
	assert_int_equal(reply.value, pattern_expected(lot->seed, lot->size));
	check_lot(lot);
}

static void claim_during_read(void **state)
{
	struct lot lot = { .of = &app, .count = BOS, .size = MIB, .seed = SEED };

	(void)state;
	begin_read(&lot);
	claim_returns(SOON, MIB);
	claim_returns(-SOON, MIB);
	end_read(&lot);
	assert_int_equal(claim_all(&app).remaining_bytes, 0);
	check_lot(&lot);
}

static void claim_during_read_until_a_signal(void **state)
{
	struct lot lot = { .of = &app, .count = BOS, .size = MIB, .seed = SEED };
	struct call *call;

	(void)state;
	begin_read(&lot);
	call = begin_claim(&(struct drm_panthor_mem_claim) { .tgid = (uint32_t)app.pid });
	signal_until_end(call);
	assert_true(call->ret == -EINTR ||
		    call->claim.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	end_read(&lot);
}

/* A manager can be killed at any time. */
static void claim_during_read_is_killed(void **state)
{
	struct lot lot = { .of = &app, .count = BOS, .size = MIB, .seed = SEED };
	pid_t pid;

	(void)state;
	begin_read(&lot);
	pid = fork();
	if (!pid) {
		struct drm_panthor_mem_claim args = { .tgid = (uint32_t)app.pid };

		gpu_mem_claim(guest.dev.fd, &args);
		_exit(1);
	}
	assert_true(pid > 0);
	sleep_ms(SOON / 1000000);
	kill(pid, SIGKILL);
	wait_until(has_ended, &pid, "a killed manager has not ended");
	end_read(&lot);
}

/*
 * Readahead locks pages next to the one that is read, which belong to other BOs. Their
 * reservation locks are free.
 */
static void reclaim_during_read(void **state)
{
	struct lot lot = { .of = &app, .count = SMALL_BOS, .size = SMALL_SIZE, .seed = SEED,
			   .shareable = true };
	struct call *call;

	(void)state;
	begin_read(&lot);
	call = begin_reclaim(&(struct drm_panthor_mem_reclaim) { .tgid = (uint32_t)app.pid });
	end_call(call);
	ok(call->ret, "MEM_RECLAIM");
	end_read(&lot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTILE_CASE(reclaim_during_bind),
		HOSTILE_CASE(reclaim_during_bind_does_not_wait),
		HOSTILE_CASE(reclaim_during_fault),
		HOSTILE_CASE(reclaim_during_submit),
		HOSTILE_CASE(claim_during_bind),
		HOSTILE_CASE(claim_during_bind_after_its_deadline),
		HOSTILE_CASE(claim_during_bind_until_a_signal),
		HOSTILE_CASE(claim_during_submit),
		HOSTILE_CASE(claim_during_read),
		HOSTILE_CASE(claim_during_read_until_a_signal),
		HOSTILE_CASE(claim_during_read_is_killed),
		HOSTILE_CASE(reclaim_during_read),
	};

	return cmocka_run_group_tests_name("hostile-locks", tests, NULL, NULL);
}
