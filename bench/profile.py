#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the CPU time of a reclaim or a claim goes: a profile by perf, on the host.

usage: bench/profile.py DIRECTORY [NAME...]

The kernel of the guest is a process of the host, so perf sees all of it. Each
sample is given to the first function in its call chain, from the inside, that
one of the groups below names. Writes profile.rst into the directory. Needs perf
(Debian's linux-perf), and the right to profile the whole system.
"""
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
RATE = 2500             # samples of a CPU in a second
WARM_UP, SECONDS = 4, 8
PAUSE = 0.012           # no sample of a call for so long: it was another call

LARGE = ('mib=256', 'algo=lzo-rle')
SMALLEST = ('mib=16', 'algo=lzo-rle')
SMALL = ('mib=64', 'kib=64', 'algo=lz4')
ZERO = ('mib=256', 'algo=lz4', 'data=zero')
DISK = ('mib=64', 'disk=100000')

# Which arm of which case, on how many CPUs.
PROFILES = {
    'reclaim, 1 MiB, lzo-rle': ('reclaim', 'reclaim', LARGE, 2),
    'reclaim, 16 MiB of them': ('reclaim', 'reclaim', SMALLEST, 2),
    'reclaim, 64 KiB, lz4': ('reclaim', 'reclaim', SMALL, 2),
    'memory.reclaim, 64 KiB, lz4': ('reclaim', 'memory.reclaim', SMALL, 2),
    'reclaim, zero': ('reclaim', 'reclaim', ZERO, 2),
    'memory.reclaim, zero': ('reclaim', 'memory.reclaim', ZERO, 2),
    'reclaim, slow swap': ('reclaim', 'reclaim', DISK, 2),
    'memory.reclaim, slow swap': ('reclaim', 'memory.reclaim', DISK, 2),
    'reclaim, slow swap, 1 CPU': ('reclaim', 'reclaim', DISK, 1),
    'memory.reclaim, slow swap, 1 CPU': ('reclaim', 'memory.reclaim', DISK, 1),
    'claim, 1 MiB, lzo-rle': ('claim', 'claim', LARGE, 2),
    'claim, 4 CPUs': ('claim', 'claim', LARGE, 4),
    'claim, 1 CPU': ('claim', 'claim', LARGE, 1),
    'natural, 1 CPU': ('claim', 'natural', LARGE, 1),
    'claim, zero, 1 CPU': ('claim', 'claim', ZERO, 1),
    'natural, zero, 1 CPU': ('claim', 'natural', ZERO, 1),
    'claim, 64 KiB, lz4': ('claim', 'claim', SMALL, 2),
    'claim, slow swap': ('claim', 'claim', DISK, 2),
}

# A sample counts if one of these functions is among its callers, on any thread.
CALLS = {
    'reclaim': ('panthor_ioctl_mem_reclaim',),
    'memory.reclaim': ('user_proactive_reclaim', 'panthor_mmu_reclaim_priv_bos'),
    'claim': ('panthor_ioctl_mem_claim',),
    'natural': ('panthor_ioctl_group_submit',),
}
HELPERS = ('panthor_mem_help',)

GROUPS = (
    ('waiting for a lock', ('queued_spin_lock_slowpath', 'osq_lock', 'mutex_spin_on_owner')),
    ('timers and interrupts', ('timer_handler', 'do_IRQ', 'handle_softirqs',
                               'asm_sysvec_apic_timer_interrupt')),
    ('compression', ('zcomp_compress',)),
    ('decompression', ('zcomp_decompress',)),
    ("the disk's driver", ('null_process_cmd', 'null_queue_rq', 'null_cmd_timer_expired')),
    ('the rest of zram', ('zram_submit_bio', 'zram_slot_free_notify')),
    ('flushes of the GPU', ('panthor_gpu_flush_caches', 'panthor_vm_lock_region',
                            'panthor_vm_unlock_region')),
    ('page tables of the GPU', ('panthor_vm_restore_mappings', 'panthor_vm_evict_mappings',
                                'panthor_vm_exec_map_op', 'panthor_vm_unmap_pages')),
    ('a BO taking its pages', ('shmem_read_folio_gfp',)),
    ('swap and page cache', ('shmem_reclaim_range', 'shmem_reclaim_written', 'shmem_start_swapin',
                             'shmem_get_folio', 'shrink_node')),
)
OTHER = 'the rest of the driver'


def say(text):
    print(f'profile.py: {text}', file=sys.stderr, flush=True)


def chains(data):
    """The samples of the guest's kernel: time, and functions, innermost first."""
    script = subprocess.run(['perf', 'script', '-i', data, '--comm', 'linux',
                             '-F', 'tid,time,ip,sym'], check=True, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    for block in script.split('\n\n'):
        head, *frames = block.strip('\n').split('\n')
        if frames:
            yield (float(head.split()[1].rstrip(':')),
                   [frame.split()[1].split('.')[0] for frame in frames])


def group_of(frames):
    for frame in frames:
        for name, functions in GROUPS:
            if frame in functions:
                return name
    return OTHER


def usual_length(calls):
    """The length such that calls at least that long took half of the total time."""
    lengths = sorted(end - begin for begin, end in calls)
    left = sum(lengths) / 2
    for length in lengths:
        left -= length
        if left <= 0:
            return length
    return 0


def calls_of(samples, roots):
    """Begin and end of each call in the samples. The first and the last may be incomplete.

    Those of another length are something else: submits with nothing to bring back,
    or two calls with too short a pause between them.
    """
    calls = []
    for when, frames in samples:
        if not any(root in frames for root in roots):
            continue
        if calls and when - calls[-1][1] < PAUSE:
            calls[-1][1] = when
        else:
            calls.append([when, when])
    calls = calls[1:-1]
    usual = usual_length(calls)
    return [call for call in calls if usual / 2 <= call[1] - call[0] <= 2 * usual]


def analyse(samples, arm):
    samples = sorted(samples, key=lambda sample: sample[0])
    calls = calls_of(samples, CALLS[arm])
    if not calls:
        raise ValueError('no call was seen')
    groups, caller, helpers = collections.Counter(), 0, 0
    number = 0
    for when, frames in samples:
        while number < len(calls) and when > calls[number][1]:
            number += 1
        if number == len(calls):
            break
        helper = any(name in frames for name in HELPERS)
        if when < calls[number][0] or not (helper or any(r in frames for r in CALLS[arm])):
            continue
        caller, helpers = caller + (not helper), helpers + helper
        groups[group_of(frames)] += 1
    ms = 1000 / RATE / len(calls)
    return {'calls': len(calls), 'ms': 1000 * statistics.median(b - a for a, b in calls),
            'caller_ms': caller * ms, 'helpers_ms': helpers * ms,
            'groups_ms': {name: count * ms for name, count in groups.most_common()}}


def measure(build, case, arm, settings, cpus):
    bench = [f'{build}/bench/bench', case, f'only={arm}', 'rounds=4000', *settings]
    with tempfile.TemporaryDirectory() as scratch:
        # There are more rounds than fit into this time, so run-guest ends the guest.
        guest = subprocess.Popen([TOP / 'run-guest', '--kernel', 'bench', '--mem', '2048',
                                  '--swap', '1024', '--cpus', str(cpus),
                                  '--timeout', str(WARM_UP + SECONDS + 3), '--', *bench],
                                 stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env={**os.environ, 'GUEST_POWER': 'on'})
        time.sleep(WARM_UP)
        subprocess.run(['perf', 'record', '-q', '-F', str(RATE), '-a', '--call-graph=fp', '-o',
                        f'{scratch}/data', '--', 'sleep', str(SECONDS)], check=True)
        if guest.poll() is not None:
            raise ValueError('the guest ended before the profile')
        guest.wait()
        return analyse(chains(f'{scratch}/data'), arm)


HEAD = '''.. SPDX-License-Identifier: MIT
   Written by bench/profile.py: do not edit.

=======================
Where the CPU time goes
=======================

Milliseconds of CPU time in one call, on all CPUs together, from samples taken by perf on the host.
The rows of a column add up to the time of the caller and its helpers. ``memory.reclaim`` includes
the eviction by the shrinker that comes before it; "takes" also includes the time between the two.
``natural`` reads pages from swap when a BO takes its pages; in a claim they have been read before.

.. list-table::
   :header-rows: 1

'''


def page(results):
    names = [name for name, _ in GROUPS] + [OTHER]
    rows = [['', *results]]
    rows.append(['takes', *(f'{r["ms"]:.0f}' for r in results.values())])
    rows.append(['the caller works', *(f'{r["caller_ms"]:.0f}' for r in results.values())])
    rows.append(['helpers work', *(f'{r["helpers_ms"]:.0f}' for r in results.values())])
    for name in names:
        rows.append([name, *(f'{r["groups_ms"].get(name, 0):.1f}' for r in results.values())])
    lines = []
    for row in rows:
        lines += [f'   {"* -" if i == 0 else "  -"} {text or chr(92) + " "}'
                  for i, text in enumerate(row)]
    return HEAD + '\n'.join(lines) + '\n'


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith('-') or set(sys.argv[2:]) - set(PROFILES):
        print(__doc__, file=sys.stderr)
        return 2
    directory = pathlib.Path(sys.argv[1])
    build = subprocess.run([TOP / 'scripts/build-user', '--kernel', 'bench'], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split('\n')[-2]
    results = {}
    for name in sys.argv[2:] or PROFILES:
        say(name)
        results[name] = measure(build, *PROFILES[name])
        say(json.dumps(results[name]))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / 'profile.rst').write_text(page(results))
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (OSError, ValueError, subprocess.CalledProcessError) as problem:
        say(f'error: {problem}')
        sys.exit(1)
