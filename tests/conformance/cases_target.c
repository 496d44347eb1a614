/* SPDX-License-Identifier: MIT */
/*
 * Targets by number, pidfd, client id and cgroup: whose memory is reclaimed and claimed, and
 * whose is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "cases.h"

#define SEED 0x7461726765740000ull

/* --- one process, and another that is left alone ------------------------------- */

struct party {
	struct world_app *app;
	struct world_app *other;
	struct lot lot;
	struct lot theirs;
	uint64_t was; /* resident, of the app */
	uint64_t others;
};

static void start(struct world *w, struct party *p, const struct world_spawn *how)
{
	p->app = world_spawn(w, how);
	p->other = world_spawn(w, NULL);
	p->lot = lot_alloc(w, p->app, 4, unit(), SEED + 1);
	p->theirs = lot_alloc(w, p->other, 2, unit(), SEED + 2);
	p->was = resident(w, p->app);
	p->others = resident(w, p->other);
}

static void check_intact(struct world *w, const struct party *p)
{
	assert_int_equal(resident(w, p->app), p->was);
	assert_int_equal(resident(w, p->other), p->others);
	lot_check(w, &p->lot, WORLD_BY_GPU);
	lot_check(w, &p->theirs, WORLD_BY_GPU);
}

/* Reclaim and claim by the ioctls. */
static void raw_round(struct world *w, const struct party *p, struct target target)
{
	struct drm_panthor_mem_reclaim out;
	struct drm_panthor_mem_claim in;

	assert_int_equal(try_reclaim(w, target, &out), 0);
	assert_true(out.evicted_bytes >= lot_bytes(&p->lot));
	assert_int_equal(out.evicted_bytes, p->was - resident(w, p->app));
	assert_true(out.freed_bytes > 0);
	check_no_status(out.status, DRM_PANTHOR_MEM_STATUS_SHARED | DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_int_equal(resident(w, p->other), p->others);
	/* Inputs are unchanged. */
	assert_int_equal(out.flags, target.flags);
	assert_int_equal(out.tgid, target.tgid);
	assert_int_equal(out.target, target.id);

	assert_int_equal(try_claim(w, target, &in), 0);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(in.remaining_bytes, 0);
	assert_int_equal(in.status, 0);
	check_intact(w, p);
}

/* Check the results of a reclaim and a claim by the library. */
static void check_library(struct world *w, const struct party *p, int reclaimed, uint64_t freed,
			  int claimed, uint64_t back)
{
	assert_int_equal(reclaimed, 0);
	assert_true(freed > 0);
	assert_int_equal(claimed, 0);
	assert_true(back >= lot_bytes(&p->lot));
	check_intact(w, p);
}

static void pidfd(struct world *w)
{
	uint64_t freed = 0, back = 0;
	struct party p;
	int fd, out, in;

	start(w, &p, NULL);
	raw_round(w, &p, by_pidfd(w, p.app));
	fd = world_pidfd(w, p.app);
	out = panthor_mem_reclaim_pidfd(world_fd(w), fd, &freed);
	in = panthor_mem_claim_pidfd(world_fd(w), fd, &back);
	check_library(w, &p, out, freed, in, back);
}

/* A pidfd is the same process in each pid namespace. */
static void pidfd_of_child_pidns(struct world *w)
{
	const struct world_spawn inside = { .child_pidns = true };
	struct party p;

	start(w, &p, &inside);
	raw_round(w, &p, by_pidfd(w, p.app));
}

static void client(struct world *w)
{
	uint64_t freed = 0, back = 0, id;
	struct party p;
	int out, in;

	start(w, &p, NULL);
	raw_round(w, &p, by_client(w, p.app, 0));
	id = world_client_id(w, p.app, 0);
	out = panthor_mem_reclaim_client(world_fd(w), id, &freed);
	in = panthor_mem_claim_client(world_fd(w), id, &back);
	check_library(w, &p, out, freed, in, back);
}

static void cgroup(struct world *w)
{
	struct world_cgroup *group = world_cgroup(w, NULL, true);
	const struct world_spawn how = { .cgroup = group };
	uint64_t freed = 0, back = 0;
	struct party p;
	int out, in;

	start(w, &p, &how);
	raw_round(w, &p, by_cgroup(group));
	out = panthor_mem_reclaim_cgroup(world_fd(w), world_cgroup_fd(group), &freed);
	in = panthor_mem_claim_cgroup(world_fd(w), world_cgroup_fd(group), &back);
	check_library(w, &p, out, freed, in, back);
}

/* A stopped process is a valid target, although it can issue no ioctl. */
static void stopped(struct world *w)
{
	struct target target;
	struct party p;

	start(w, &p, NULL);
	target = by_client(w, p.app, 0);
	world_stop(w, p.app);
	expect_both(w, NULL, target, 0);
	expect_both(w, NULL, by_pidfd(w, p.app), 0);
	world_continue(w, p.app);
	check_intact(w, &p);
}

/* --- several files -------------------------------------------------------------- */

static void one_file_of_two(struct world *w)
{
	const struct world_spawn two = { .files = 2 };
	struct world_app *app = world_spawn(w, &two);
	struct world_alloc how = { .count = 4, .size = unit(), .seed = SEED + 3 };
	struct drm_panthor_mem_reclaim out;
	struct drm_panthor_mem_claim in;
	struct lot lots[2];
	uint64_t was;

	lots[0] = lot_alloc_with(w, app, &how);
	how.file = 1;
	how.seed = SEED + 4;
	lots[1] = lot_alloc_with(w, app, &how);
	was = resident(w, app);
	assert_true(world_client_id(w, app, 0) != world_client_id(w, app, 1));

	assert_int_equal(try_reclaim(w, by_client(w, app, 1), &out), 0);
	assert_true(out.evicted_bytes >= lot_bytes(&lots[1]));
	assert_true(out.evicted_bytes < lot_bytes(&lots[1]) + lots[0].size);
	assert_int_equal(out.evicted_bytes, was - resident(w, app));
	/* The other file has nothing to bring back. */
	assert_int_equal(try_claim(w, by_client(w, app, 0), &in), 0);
	assert_int_equal(in.claimed_bytes, 0);
	assert_int_equal(in.remaining_bytes, 0);
	assert_int_equal(try_claim(w, by_client(w, app, 1), &in), 0);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(resident(w, app), was);

	/* The process is both files. */
	assert_int_equal(try_reclaim(w, by_pidfd(w, app), &out), 0);
	assert_true(out.evicted_bytes >= lot_bytes(&lots[0]) + lot_bytes(&lots[1]));
	lot_check(w, &lots[0], WORLD_BY_GPU);
	lot_check(w, &lots[1], WORLD_BY_GPU);
}

/* If a file is the target, another file of the same process is outside the target. */
static void files_that_share(struct world *w)
{
	const struct world_spawn two = { .files = 2 };
	struct world_app *app = world_spawn(w, &two);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 5);
	struct drm_panthor_mem_reclaim out;

	world_share(w, app, lot.first, app, 1, 0, true);
	assert_int_equal(try_reclaim(w, by_client(w, app, 0), &out), 0);
	check_status(out.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(out.skipped_bytes >= lot.size);
	assert_true(out.evicted_bytes >= lot.size);
	assert_true(resident(w, app) >= 2 * lot.size);
	assert_int_equal(try_reclaim(w, by_tgid(w, app), &out), 0);
	check_no_status(out.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(out.evicted_bytes >= lot.size);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* --- several processes ------------------------------------------------------------ */

/* An application of two processes that share a BO. */
struct pair {
	struct world_cgroup *group;
	struct world_app *app[2];
	struct lot lot[2];
	uint64_t was[2];
};

static void start_pair(struct world *w, struct pair *p)
{
	unsigned int i;

	p->group = world_cgroup(w, NULL, true);
	for (i = 0; i < 2; i++) {
		const struct world_spawn how = { .cgroup = p->group };

		p->app[i] = world_spawn(w, &how);
		p->lot[i] = lot_alloc(w, p->app[i], 2, unit(), SEED + 6 + i);
	}
	world_share(w, p->app[0], p->lot[0].first, p->app[1], 0, 0, true);
	for (i = 0; i < 2; i++)
		p->was[i] = resident(w, p->app[i]);
}

static void check_pair(struct world *w, const struct pair *p)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		assert_int_equal(resident(w, p->app[i]), p->was[i]);
		lot_check(w, &p->lot[i], WORLD_BY_GPU);
		assert_int_equal(world_frame(w, p->app[i], 0, 0), 0);
	}
}

/* A BO that both share is skipped if the target is one process or one file. */
static void shared_from_each_side(struct world *w)
{
	struct drm_panthor_mem_reclaim out;
	struct drm_panthor_mem_claim in;
	struct target target[4];
	struct pair p;
	unsigned int i;

	start_pair(w, &p);
	for (i = 0; i < 2; i++) {
		target[i] = by_pidfd(w, p.app[i]);
		target[2 + i] = by_client(w, p.app[i], 0);
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(try_reclaim(w, target[i], &out), 0);
		check_status(out.status, DRM_PANTHOR_MEM_STATUS_SHARED);
		assert_true(out.skipped_bytes >= p.lot[0].size);
		assert_int_equal(out.evicted_bytes, p.was[i % 2] - resident(w, p.app[i % 2]));
		assert_int_equal(resident(w, p.app[!(i % 2)]), p.was[!(i % 2)]);
		assert_int_equal(try_claim(w, target[i], &in), 0);
	}
	check_pair(w, &p);
}

/* If both are the target, what only they share is reclaimed, and each BO counts once. */
static void shared_inside(struct world *w)
{
	struct drm_panthor_mem_reclaim said, out;
	struct drm_panthor_mem_claim in;
	struct target dry;
	struct pair p;

	start_pair(w, &p);
	dry = by_cgroup(p.group);
	dry.flags |= DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	assert_int_equal(try_reclaim(w, dry, &said), 0);
	assert_int_equal(try_reclaim(w, by_cgroup(p.group), &out), 0);
	check_no_status(out.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_int_equal(said.evicted_bytes, out.evicted_bytes);
	assert_true(out.evicted_bytes >= lot_bytes(&p.lot[0]) + lot_bytes(&p.lot[1]));
	/* Both have a handle of the shared BO, so fdinfo counts it twice. */
	assert_int_equal(out.evicted_bytes + p.lot[0].size,
			 p.was[0] - resident(w, p.app[0]) + p.was[1] - resident(w, p.app[1]));

	assert_int_equal(try_claim(w, by_cgroup(p.group), &in), 0);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(in.remaining_bytes, 0);
	check_pair(w, &p);
}

/* A BO that a process outside the cgroup also uses is skipped. */
static void shared_with_outsider(struct world *w)
{
	struct world_app *outsider;
	struct drm_panthor_mem_reclaim out;
	struct drm_panthor_mem_claim in;
	uint64_t others;
	struct lot theirs;
	struct pair p;

	start_pair(w, &p);
	outsider = world_spawn(w, NULL);
	theirs = p.lot[1];
	theirs.app = outsider;
	theirs.first = world_share(w, p.app[1], p.lot[1].first, outsider, 0, 0, true);
	theirs.count = 1;
	others = resident(w, outsider);

	assert_int_equal(try_reclaim(w, by_cgroup(p.group), &out), 0);
	check_status(out.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(out.skipped_bytes >= theirs.size);
	assert_true(out.evicted_bytes >= 3 * unit());
	assert_int_equal(resident(w, outsider), others);
	assert_true(resident(w, p.app[1]) >= theirs.size);
	assert_int_equal(try_claim(w, by_cgroup(p.group), &in), 0);
	check_pair(w, &p);
	lot_check(w, &theirs, WORLD_BY_GPU);
}

/* The target is what is in the cgroup and below it, not what is above or beside it. */
static void cgroups_below(struct world *w)
{
	struct world_cgroup *above = world_cgroup(w, NULL, true);
	struct world_cgroup *below = world_cgroup(w, above, false);
	struct world_cgroup *beside = world_cgroup(w, above, false);
	const struct world_spawn how[3] = {
		{ .cgroup = above }, { .cgroup = below }, { .cgroup = beside },
	};
	struct drm_panthor_mem_reclaim out;
	struct drm_panthor_mem_claim in;
	struct world_app *app[3];
	struct lot lot[3];
	uint64_t was[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		app[i] = world_spawn(w, &how[i]);
		lot[i] = lot_alloc(w, app[i], 2, unit(), SEED + 8 + i);
		was[i] = resident(w, app[i]);
	}
	assert_int_equal(try_reclaim(w, by_cgroup(below), &out), 0);
	assert_int_equal(resident(w, app[0]), was[0]);
	assert_int_equal(resident(w, app[2]), was[2]);
	assert_int_equal(out.evicted_bytes, was[1] - resident(w, app[1]));
	assert_true(out.evicted_bytes >= lot_bytes(&lot[1]));
	assert_int_equal(try_claim(w, by_cgroup(below), &in), 0);

	assert_int_equal(try_reclaim(w, by_cgroup(above), &out), 0);
	assert_true(out.evicted_bytes >= lot_bytes(&lot[0]) + lot_bytes(&lot[1]) +
				       lot_bytes(&lot[2]));
	assert_int_equal(try_claim(w, by_cgroup(above), &in), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(resident(w, app[i]), was[i]);
		lot_check(w, &lot[i], WORLD_BY_GPU);
	}
}

/* --- who holds a file, and who owns it -------------------------------------------- */

/* The owner is a child that has exited, so no process is a target with this file. */
static void owner_has_exited(struct world *w)
{
	const bool grouped = world_features() & WORLD_HAS_CGROUPS;
	struct world_cgroup *group = grouped ? world_cgroup(w, NULL, true) : NULL;
	const struct world_spawn how = { .cgroup = group };
	struct target file;
	struct party p;

	start(w, &p, &how);
	file = by_client(w, p.app, 0);
	world_child_uses_file(w, p.app);
	expect_both(w, NULL, by_tgid(w, p.app), -ESRCH);
	expect_both(w, NULL, by_pidfd(w, p.app), -ESRCH);
	if (grouped)
		expect_both(w, NULL, by_cgroup(group), -ESRCH);
	raw_round(w, &p, file);
	/* The next ioctl of the app makes it the owner. */
	raw_round(w, &p, by_tgid(w, p.app));
}

/* The process that opened a primary node as its master stays the owner. */
static void master(struct world *w)
{
	const struct world_spawn opens = { .master = true };
	struct world_app *opener = world_spawn(w, &opens);
	struct world_app *user = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, opener, 2, unit(), SEED + 10);
	const struct target file = by_client(w, opener, 0);
	struct drm_panthor_mem_reclaim out;
	struct drm_panthor_mem_claim in;

	world_give_file(w, opener, 0, user);
	/* Only the file that it opened itself. */
	assert_int_equal(try_reclaim(w, by_tgid(w, user), &out), 0);
	assert_true(out.evicted_bytes < lot_bytes(&lot));

	assert_int_equal(try_reclaim(w, by_tgid(w, opener), &out), 0);
	assert_true(out.evicted_bytes >= lot_bytes(&lot));
	assert_int_equal(try_claim(w, file, &in), 0);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(try_reclaim(w, file, &out), 0);
	assert_int_equal(out.evicted_bytes, in.claimed_bytes);
}

/* The owner has exited, but another process has its file: its pidfd still names it. */
static void kept_by_others(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 11);
	const struct target process = by_pidfd(w, app), file = by_client(w, app, 0);
	struct drm_panthor_mem_reclaim out;
	struct drm_panthor_mem_claim in;
	uint64_t bytes = 0;

	world_keep_file(w, app, 0);
	world_kill(w, app);
	expect_both(w, NULL, by_tgid(w, app), -ESRCH);

	assert_int_equal(try_reclaim(w, process, &out), 0);
	assert_true(out.evicted_bytes >= lot_bytes(&lot));
	assert_int_equal(try_claim(w, process, &in), 0);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(try_reclaim(w, file, &out), 0);
	assert_int_equal(out.evicted_bytes, in.claimed_bytes);
	assert_int_equal(try_claim(w, file, &in), 0);
	/* The library returns that the process has exited, and what was done. */
	assert_int_equal(panthor_mem_reclaim_pidfd(world_fd(w), (int)process.id, &bytes), -ESRCH);
	assert_true(bytes > 0);
}

/* --- nobody ------------------------------------------------------------------------ */

static void exited(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	const struct target process = by_pidfd(w, app), file = by_client(w, app, 0);
	const int fd = (int)process.id;
	uint64_t freed = 1, claimed = 1;

	lot_alloc(w, app, 2, unit(), SEED + 12);
	world_kill(w, app);
	expect_both(w, NULL, process, -ESRCH);
	expect_both(w, NULL, file, -ESRCH);
	assert_int_equal(panthor_mem_reclaim_pidfd(world_fd(w), fd, &freed), -ESRCH);
	assert_int_equal(panthor_mem_claim_pidfd(world_fd(w), fd, &claimed), -ESRCH);
	assert_int_equal(freed + claimed, 0);
}

/* The process has no file of the device. */
static void no_file(struct world *w)
{
	const struct world_spawn how = { .no_device = true };

	expect_both(w, NULL, by_pidfd(w, world_spawn(w, &how)), -ESRCH);
}

static struct target client_number(uint64_t id)
{
	return (struct target){ .flags = DRM_PANTHOR_MEM_TARGET_CLIENT, .id = id };
}

static void no_client(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	const uint64_t id = world_client_id(w, app, 0);

	expect_both(w, NULL, client_number(0), -ESRCH);
	expect_both(w, NULL, client_number(UINT64_MAX), -ESRCH);
	/* All 64 bits of the id count. */
	expect_both(w, NULL, client_number(id | 1ull << 32), -ESRCH);
	expect_both(w, NULL, client_number(id), 0);
	expect_both(w, NULL, client_number(id), 0);
}

static void client_of_another_device(struct world *w)
{
	expect_both(w, NULL, client_number(world_foreign_client_id(w)), -ESRCH);
}

static void empty_cgroup(struct world *w)
{
	struct world_cgroup *group = world_cgroup(w, NULL, true);
	const struct world_spawn how = { .cgroup = group, .no_device = true };
	struct world_app *app;

	expect_both(w, NULL, by_cgroup(group), -ESRCH);
	/* Its only process does not use the device. */
	app = world_spawn(w, &how);
	expect_both(w, NULL, by_cgroup(group), -ESRCH);
	world_kill(w, app);
	world_cgroup_remove(w, group);
	expect_both(w, NULL, by_cgroup(group), -ESRCH);
}

/* --- invalid targets ---------------------------------------------------------------- */

static void einval(struct world *w)
{
	static const uint32_t flags[] = {
		DRM_PANTHOR_MEM_TARGET_PIDFD, DRM_PANTHOR_MEM_TARGET_CLIENT,
		DRM_PANTHOR_MEM_TARGET_CGROUP,
	};
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 1, unit(), SEED + 13);
	const uint32_t tgid = by_tgid(w, app).tgid;
	uint64_t was = resident(w, app);
	unsigned int i, j;

	for (i = 0; i < 3; i++) {
		struct target target = { .flags = flags[i], .id = world_client_id(w, app, 0) };

		/* Two flags at once. */
		for (j = 0; j < 3; j++) {
			if (j == i)
				continue;
			target.flags = flags[i] | flags[j];
			expect_both(w, NULL, target, -EINVAL);
		}
		/* A flag and a TGID. */
		target.flags = flags[i];
		target.tgid = tgid;
		expect_both(w, NULL, target, -EINVAL);
	}
	expect_both(w, NULL, (struct target){ .flags = flags[0] | flags[1] | flags[2] }, -EINVAL);
	/* A target without a flag. */
	expect_both(w, NULL, (struct target){ .id = 1 }, -EINVAL);
	expect_both(w, NULL, (struct target){ .tgid = tgid, .id = 1ull << 63 }, -EINVAL);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/*
 * Numbers that are no descriptor, and descriptors of the wrong kind for the flag. @good is a
 * valid one, which is used as the lower half of a number.
 */
static void expect_bad_fds(struct world *w, uint32_t flag, const int *fds, unsigned int count,
			   int good)
{
	const uint64_t none[] = {
		UINT64_MAX, UINT32_MAX, (uint64_t)INT_MAX + 1,
		(uint64_t)good | 1ull << 32, (uint64_t)good | 1ull << 31,
	};
	unsigned int i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		expect_both(w, NULL, (struct target){ .flags = flag, .id = none[i] }, -EBADF);
	for (i = 0; i < count; i++)
		expect_both(w, NULL, (struct target){ .flags = flag, .id = (uint64_t)fds[i] },
			    -EBADF);
}

static void ebadf(struct world *w)
{
	int process = world_pidfd(w, world_spawn(w, NULL));
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int gone = dup(null);
	const int fds[] = { null, root, gone, world_fd(w) };

	close(gone);
	expect_bad_fds(w, DRM_PANTHOR_MEM_TARGET_PIDFD, fds, 4, process);
	close(null);
	close(root);
}

/* Descriptors that are valid for the other flag. */
static void ebadf_cgroup(struct world *w)
{
	struct world_cgroup *group = world_cgroup(w, NULL, true);
	const struct world_spawn how = { .cgroup = group };
	struct world_app *app = world_spawn(w, &how);
	int cgroup_fd = world_cgroup_fd(group), process = world_pidfd(w, app);
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int fds[] = { root, world_fd(w), process };

	expect_bad_fds(w, DRM_PANTHOR_MEM_TARGET_PIDFD, &cgroup_fd, 1, process);
	expect_bad_fds(w, DRM_PANTHOR_MEM_TARGET_CGROUP, fds, 3, cgroup_fd);
	close(root);
}

/* The library returns the same errors. */
static void library_errors(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	int fd = world_fd(w), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	uint64_t bytes[4] = { 1, 1, 1, 1 };

	assert_int_equal(panthor_mem_reclaim_pidfd(fd, null, &bytes[0]), -EBADF);
	assert_int_equal(panthor_mem_claim_pidfd(fd, -1, &bytes[1]), -EBADF);
	assert_int_equal(panthor_mem_reclaim_cgroup(fd, null, &bytes[2]), -EBADF);
	assert_int_equal(panthor_mem_claim_client(fd, 0, &bytes[3]), -ESRCH);
	assert_int_equal(bytes[0] + bytes[1] + bytes[2] + bytes[3], 0);
	assert_int_equal(panthor_mem_reclaim_cgroup(fd, world_pidfd(w, app), NULL), -EBADF);
	close(null);
}

const struct conf_case target_cases[] = {
	{ "pidfd", pidfd, 0 },
	{ "pidfd_of_child_pidns", pidfd_of_child_pidns, 0 },
	{ "client", client, WORLD_HAS_TARGETS },
	{ "cgroup", cgroup, WORLD_HAS_CGROUPS | WORLD_HAS_TARGETS },
	{ "stopped", stopped, WORLD_HAS_TARGETS },
	{ "one_file_of_two", one_file_of_two, WORLD_HAS_TARGETS },
	{ "files_that_share", files_that_share, WORLD_HAS_TARGETS },
	{ "shared_from_each_side", shared_from_each_side, WORLD_HAS_CGROUPS | WORLD_HAS_TARGETS },
	{ "shared_inside", shared_inside, WORLD_HAS_CGROUPS | WORLD_HAS_TARGETS },
	{ "shared_with_outsider", shared_with_outsider, WORLD_HAS_CGROUPS | WORLD_HAS_TARGETS },
	{ "cgroups_below", cgroups_below, WORLD_HAS_CGROUPS | WORLD_HAS_TARGETS },
	{ "owner_has_exited", owner_has_exited, WORLD_HAS_TARGETS },
	{ "master", master, WORLD_IS_ALONE | WORLD_CAN_GIVE_FILE | WORLD_HAS_TARGETS },
	{ "kept_by_others", kept_by_others, WORLD_HAS_TARGETS },
	{ "exited", exited, WORLD_HAS_TARGETS },
	{ "no_file", no_file, 0 },
	{ "no_client", no_client, WORLD_HAS_TARGETS },
	{ "client_of_another_device", client_of_another_device,
	  WORLD_IS_ALONE | WORLD_CAN_PIN | WORLD_HAS_TARGETS },
	{ "empty_cgroup", empty_cgroup, WORLD_HAS_CGROUPS | WORLD_HAS_TARGETS },
	{ "einval", einval, 0 },
	{ "ebadf", ebadf, 0 },
	{ "ebadf_cgroup", ebadf_cgroup, WORLD_HAS_CGROUPS | WORLD_HAS_TARGETS },
	{ "library_errors", library_errors, WORLD_HAS_TARGETS },
	{ NULL, NULL, 0 },
};
