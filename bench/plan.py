# SPDX-License-Identifier: MIT
"""The cases: the guests to boot, the programs to run in them, the rows to compare."""
from dataclasses import dataclass, field
from statistics import median
from typing import Callable, Optional

import parsers
import rows

ALGORITHMS = ('lzo-rle', 'lz4')
DATA = ('mixed', 'zero', 'random')
SLOW_NS = 100000
CAP_MBPS = 300
HOLD_ROUNDS = 5


@dataclass
class Boot:
    """One guest; its programs run one after the other."""
    runs: list
    mem: int = 2048
    cpus: int = 2
    swap: int = 1024
    algo: str = ALGORITHMS[0]
    kernel: str = 'bench'


@dataclass
class Program:
    """A program with output of its own, run in a guest if @kernel is set."""
    command: tuple      # {top} and {build} are directories
    parse: Callable
    set: str
    kernel: Optional[str] = None
    mem: int = 2048
    swap: int = 1024
    cpus: int = 2
    algo: str = ALGORITHMS[0]


@dataclass
class Case:
    title: str
    boots: list
    rows: list = field(default_factory=list)
    quick: bool = True
    named: bool = False         # only run by name: published by itself


def run(what, **settings):
    """Arguments of the program bench."""
    return [what, *(f'{name}={value}' for name, value in settings.items())]


def reclaim_row(set_, goal):
    return rows.times(f'reclaim, {set_}', set_, 'reclaim', 'memory.reclaim', goal)


def claim_row(set_, goal, rival='as Linux'):
    return rows.times(f'claim, {set_}', set_, 'claim', rival, goal)


@dataclass
class Size:
    """The sizes and rounds, which --quick makes smaller."""
    quick: bool
    mib: int
    rounds: int
    algorithms: tuple
    data: tuple

    def zram(self, what, mib=None, data=None, **settings):
        """A run for each compressor and each kind of data: (set, algo, data, run)."""
        for algo in self.algorithms:
            for kind in data or self.data:
                set_ = f'{algo}, {kind}'
                yield set_, algo, kind, run(what, set=set_, algo=algo, data=kind,
                                            mib=mib or self.mib, rounds=self.rounds, **settings)


def reclaim_zram(size):
    runs = list(size.zram('reclaim'))
    sets = [r[0] for r in runs]
    solid = [r[0] for r in runs if r[2] != 'zero']
    return Case('Reclaim, zram, buffers of 1 MiB', [Boot([r[3] for r in runs])], [
        *(reclaim_row(set_, 0.65) for set_ in sets),
        rows.error_of_freed('error of freed_bytes, median', sets, 0.25, median),
        rows.error_of_freed('error of freed_bytes, largest', sets, 1, max),
        rows.error_of_freed('the same, with what the slab caches grew by', sets, None, max,
                            ('free_delta', 'zram_delta', 'slab_delta')),
        rows.pages_of_freed('freed_bytes and pages to swap differ by', solid),
        rows.pages_of_freed('the same, zero pages',
                            [r[0] for r in runs if r[2] == 'zero']),
    ])


def small(size):
    """64 KiB buffers, where MMU commands take most of the time."""
    mib = min(size.mib, 64)
    out = list(size.zram('reclaim', mib=mib, data=('mixed',), kib=64))
    back = list(size.zram('claim', mib=mib, data=('mixed',), kib=64))
    return (Case('Reclaim, zram, buffers of 64 KiB', [Boot([r[3] for r in out])],
                 [reclaim_row(r[0], 0.30) for r in out]),
            Case('Claim, zram, buffers of 64 KiB', [Boot([r[3] for r in back])],
                 [claim_row(r[0], goal, rival) for r in back for rival, goal in
                  (('as Linux', 0.35), ('natural', None), ('serial', None))]))


def claim_zram(size):
    goals = {'lzo-rle': 0.55, 'lz4': 0.65}
    runs = list(size.zram('claim'))
    judged = []
    for set_, algo, kind, _ in runs:
        judged.append(claim_row(set_, goals[algo] if kind == 'mixed' else None))
        judged.append(claim_row(set_, None, 'natural'))
        if kind == 'mixed':
            judged.append(claim_row(set_, None, 'serial'))
    return Case('Claim, zram, buffers of 1 MiB', [Boot([r[3] for r in runs])], judged)


def slow(size):
    """A disk that takes 100 us for a transfer, without and with a limit on its bandwidth."""
    # The limit is applied in steps of 20 ms, which are too coarse for a short transfer.
    slow_run = {'mib': min(size.mib, 64), 'rounds': size.rounds, 'disk': SLOW_NS}
    capped_run = {**slow_run, 'mib': size.mib, 'mbps': CAP_MBPS}

    def runs(what):
        return [run(what, set='slow', **slow_run), run(what, set='capped', **capped_run)]
    devices = [run('bandwidth', set='slow device', **slow_run),
               run('bandwidth', set='capped device', **capped_run)]

    def bandwidths(what):
        return [rows.bandwidth(f'{what}, slow', 'slow', what, 'slow device', None),
                rows.bandwidth(f'{what}, capped', 'capped', what, 'capped device', 0.95)]
    return (Case('Reclaim, slow swap', [Boot([*runs('reclaim'), *devices])], [
        reclaim_row('slow', 0.65), reclaim_row('capped', None), *bandwidths('reclaim')]),
            Case('Claim, slow swap', [Boot([*runs('claim'), *devices])], [
                claim_row('slow', 0.10), claim_row('slow', None, 'natural'),
                claim_row('slow', None, 'serial'), claim_row('capped', None),
                *bandwidths('claim')]))


def limits(size):
    judged = []
    runs = list(size.zram('limits', data=('mixed',) if size.quick else ('mixed', 'zero')))
    for set_, _, kind, _ in runs:
        judged += [
            rows.speed(f'page-out, {set_}', set_, 'pageout', 'MADV_PAGEOUT', 1.3),
            rows.speed(f'page-out, {set_}', set_, 'pageout', 'O_DIRECT write', None, 2),
            rows.speed(f'prefetch, {set_}', set_, 'prefetch', 'MADV_WILLNEED'),
            rows.speed(f'prefetch, {set_}', set_, 'prefetch', 'O_DIRECT read', None, 2),
        ]
    return Case('The phases against the raw limits', [Boot([r[3] for r in runs])], judged)


def frames(size):
    rounds = size.rounds if size.quick else 60
    sizes = (size.mib,) if size.quick else (16, 64, 256)
    runs = [run('frames', set=f'{mib} MiB', mib=mib, rounds=rounds) for mib in sizes]
    largest = f'{sizes[-1]} MiB'
    return Case('First frame', [Boot(runs)], [
        *(rows.times(f'after a claim, {mib} MiB', f'{mib} MiB', 'claimed', 'resident', 1.10)
          for mib in sizes),
        rows.slower(f'natural, slower than after a claim, {largest}', largest, 'natural',
                    'claimed', 300)])


LATE = (0, 1, 10)


def late(size):
    """The first frame that nobody claimed in time."""
    sizes = (size.mib,) if size.quick else (16, 64, 256)
    kinds = {'zram': {'algo': 'lz4'}, 'slow swap': {'disk': SLOW_NS}}
    goals = {'zram': 0.65, 'slow swap': 0.15}
    boots, judged = [], []
    for cpus in (2, 1):
        runs = []
        for kind, settings in kinds.items():
            for mib in sizes:
                set_ = f'{kind}, {mib} MiB, {cpus} CPU{"s"[:cpus - 1]}'
                runs.append(run('late', set=set_, mib=mib, rounds=size.rounds, **settings))
                goal = goals[kind] if cpus == 2 else goals[kind] if kind == 'slow swap' else 1.03
                judged.append(rows.times(f'no claim, {set_}', set_, 'no claim', 'as Linux', goal))
                judged += [rows.times(f'claim after {ms} ms, {set_}', set_,
                                      f'claim after {ms} ms', 'no claim', 1.03)
                           for ms in LATE if cpus == 2]
        boots.append(Boot(runs, cpus=cpus))
    return Case('First frame without a claim in time', boots, judged)


def foreground(size):
    return Case('A program in the foreground', [Boot([run(
        'foreground', set='foreground', mib=size.mib,
        rounds=size.rounds if size.quick else 30)])], [
            rows.missed('frames missed more, reclaim at nice 19', 'foreground',
                        'reclaim, nice 19', 1),
            rows.missed('the same, than beside a loop at nice 19', 'foreground',
                        'reclaim, nice 19', than='loop, nice 19'),
            rows.missed('frames missed more, reclaim at nice 0', 'foreground', 'reclaim')])


def one_cpu(size):
    """Each path on one CPU."""
    large = {'mib': size.mib, 'rounds': size.rounds}
    less = {'mib': min(size.mib, 64), 'rounds': size.rounds}
    paths = (('buffers of 1 MiB', large), ('zeros', {**large, 'data': 'zero'}),
             ('buffers of 64 KiB', {**less, 'kib': 64}), ('slow swap', {**less, 'disk': SLOW_NS}))
    runs, judged = [], []
    for what in ('reclaim', 'claim'):
        for name, settings in paths:
            set_ = f'{what}, {name}'
            rival = 'as Linux' if what == 'claim' else 'memory.reclaim'
            runs.append(run(what, set=set_, **settings))
            judged.append(rows.times(set_, set_, what, rival, 1.03))
    return Case('1 CPU', [Boot(runs, cpus=1)], judged)


def four_cpus(size):
    runs = [run(what, set=what, mib=size.mib, rounds=size.rounds)
            for what in ('reclaim', 'claim')]
    boots = [Boot(runs, cpus=cpus) for cpus in (2, 4)]
    return Case('4 CPUs', boots if size.quick else boots * 2, [
        rows.cpus('reclaim', 'reclaim', 'reclaim', 1.05),
        rows.cpus('claim', 'claim', 'claim', 1.05),
        rows.cpus('memory.reclaim', 'reclaim', 'memory.reclaim'),
        rows.cpus('natural', 'claim', 'natural')])


def bystander(size):
    judged = []
    for name, call in (('open_ns', 'open and first ioctl'), ('job_ns', 'null job')):
        for phase in ('reclaim', 'claim'):
            judged.append(rows.latency(f'{call}, p99 during {phase}', 'bystander', phase, name,
                                       1.5))
        for phase in ('memory.reclaim', 'natural'):
            judged.append(rows.latency(f'{call}, p99 during {phase}', 'bystander', phase, name))
    return Case('Bystander', [Boot([run('bystander', set='bystander', mib=size.mib,
                                        rounds=size.rounds if size.quick else 20)])], judged)


def all_sizes(size):
    mib = 64 if size.quick else 2048
    boot = Boot([run('size', set='size', mib=mib, rounds=1 if size.quick else size.rounds)],
                mem=1024 if size.quick else 6144, swap=256 if size.quick else 3072)
    return Case('16 MiB to 2 GiB', [boot], [
        rows.flat('reclaim, time per byte', 'size', 'reclaim', 1.15),
        rows.flat('claim, time per byte', 'size', 'claim', 1.15),
        rows.at_most("the kernel's own memory in a call", 'size', ('reclaim', 'claim'), 'extra',
                     'B', 1 << 20)])


def timeline(size):
    return Case('Memory over time', [Boot([run('timeline', set='timeline', mib=size.mib)])])


def holds(_):
    locks = Program(('{build}/tests/driver/locks', '--files', '10000', *['256'] * HOLD_ROUNDS),
                    parsers.holds, '10,000 files', kernel='locks')
    judged = []
    for what, name, goal in (("a VM's reservation lock", 'resv', 1e6),
                             ('filelist_mutex', 'filelist_mutex', 50e3)):
        arms = [f'{call}, {name}' for call in ('reclaim', 'claim')]
        judged += [
            rows.at_most(f'{what}, longest of all', locks.set, arms, 'ns', 'ns'),
            rows.at_most(f'{what}, longest of a call', locks.set, arms, 'ns', 'ns', pick=median),
            rows.at_most(f'{what}, the same while nobody else had the CPU', locks.set, arms,
                         'working_ns', 'ns', goal, median)]
    return Case('How long locks are held', [locks], judged, quick=False)


def broker(size):
    """A claim through panthor-memd of a process that has nothing to claim."""
    count = 40 if size.quick else 2000
    script = Program(('{top}/bench/broker.sh', '{build}', str(count)), parsers.objects, 'broker',
                     kernel='bench', mem=384)
    # The same flood without User-Mode Linux, which has hardly any preemption.
    host = Program(('{top}/bench/broker-host.sh', '{build}', str(count)), parsers.objects,
                   'broker, host')
    after = ('panthor-memd after the flood',)
    return Case('panthor-memd', [script, host], [
        rows.added('added to a claim, median', 'broker', 'panthor-memd', 'ioctl', 'call_ns', 1e6),
        rows.added('added to a call that does nothing, median', 'broker', 'Ping', 'ioctl',
                   'call_ns'),
        rows.latency("a claim, p99 during another user's flood", 'broker', 'flood', 'call_ns', 2),
        rows.latency("a call of dbus-daemon, p99 during that flood", 'broker',
                     'dbus-daemon, flood', 'call_ns', idle='dbus-daemon, idle'),
        rows.latency("the same claim on this machine's kernel, with the mock", 'broker, host',
                     'flood', 'call_ns', 2, needs='root'),
        rows.latency("the same call of dbus-daemon on this machine's kernel", 'broker, host',
                     'dbus-daemon, flood', 'call_ns', idle='dbus-daemon, idle', needs='root'),
        rows.at_most('resident memory', 'broker', after, 'rss', 'B', 4 << 20),
        rows.at_most('threads', 'broker', after, 'threads', 'threads', 5)])


WITH, WITHOUT = 'with the agent', 'without the agent'
RATES = {'at once': 0, '32 MiB/s': 32}


SESSION_SWAP = 512


def session(what, mem, set_='', algo=ALGORITHMS[0], disk_ns=0, **settings):
    """A session of sway with panthor-mem-agent, or without it."""
    slow = ('{build}/bench/slow-swap', str(SESSION_SWAP), str(disk_ns))
    return Program((*(slow if disk_ns else ()),
                    '/usr/bin/python3', '-B', '{top}/bench/desktop_guest.py', '{build}', what,
                    *(f'{name}={value}' for name, value in settings.items())),
                   parsers.objects, set_ or what, kernel='bench', mem=mem, swap=SESSION_SWAP,
                   algo=algo)


def pressure_rows(set_):
    return [
        rows.times(f'waiting for memory (PSI), {set_}', set_, WITH, WITHOUT, 1 / 3),
        rows.at_most(f'processes killed, {set_}', set_, (WITH,), 'killed', 'processes', 0),
        rows.at_most(f'processes killed, {set_}, without the agent', set_, (WITHOUT,), 'killed',
                     'processes'),
        *(rows.times(f'first frame, 30 s after the hog, {set_}, {who}', set_,
                     f'after the hog, {who}', f'never reclaimed, {who}', goal)
          for who, goal in ((WITH, 1.10), (WITHOUT, None)))]


def desktop(size):
    """First frames after a switch, and a program that needs more RAM than there is."""
    # lzo-rle in all sizes, the others in one
    sizes = (16,) if size.quick else (16, 64, 256)
    swaps = {f'{mib} MiB': {'mib': mib} for mib in sizes}
    mib = sizes[-1] if size.quick else 64
    swaps[f'{mib} MiB, lz4'] = {'mib': mib, 'algo': 'lz4'}
    swaps[f'{mib} MiB, slow swap'] = {'mib': mib, 'disk_ns': SLOW_NS}
    long = {'rounds': 1, 'hog': 3, 'after': 3, 'grace': 1} if size.quick else {
        'rounds': 5, 'hog': 20, 'after': 30, 'grace': 30}
    runs = [session('switch', 1024, f'switch, {name}', rounds=1 if size.quick else 12, **settings)
            for name, settings in swaps.items()]
    runs += [session('pressure', 384, agent=agent, rate=rate, round=round_, **long)
             for round_ in range(1 if size.quick else 3) for rate in RATES.values()
             for agent in (1, 0)]
    arms = (('claimed after a hint', 'never reclaimed', 1.10),
            ('reclaimed', 'never reclaimed', None),
            ('frozen', 'reclaimed', 0.70),
            ('claimed at the switch', 'reclaimed', None))
    judged = [rows.times(f'first frame, {arm}, {name}', f'switch, {name}', arm, rival, goal)
              for arm, rival, goal in arms for name in swaps]
    for set_ in RATES:
        judged += pressure_rows(set_)
    return Case('A desktop', runs, judged, quick=False, named=True)


def desktop_idle(size):
    runs = [session('plenty', 1024, seconds=5 if size.quick else 600)]
    return Case('A desktop with much free RAM', runs, [
        rows.at_most('reclaims while there is much RAM', 'plenty', ('agent',), 'reclaims',
                     'reclaims', 0),
        rows.at_most('CPU time of the agent', 'plenty', ('agent',), 'cpu_percent', '%', 0.1),
        rows.at_most('wake-ups of the agent in a minute without events', 'plenty', ('agent',),
                     'wakeups_per_minute', 'wake-ups')], quick=False, named=True)


def desktop_thrash(size):
    runs = [session('thrash', 384, agent=agent, seconds=10 if size.quick else 300)
            for agent in (1, 0)]
    return Case('A desktop where memory is short all the time', runs, [
        rows.at_most('reclaims of one application, a switch every 2 s', 'thrash',
                     (f'total, {WITH}',), 'reclaims', 'reclaims', 8),
        rows.tail('first frame, a switch every 2 s', 'thrash', WITH, WITHOUT, 1.0, 0.95),
        rows.times('waiting for memory (PSI)', 'thrash', f'total, {WITH}',
                   f'total, {WITHOUT}')], quick=False, named=True)


def wrapper(_):
    cost = Program(('{top}/tests/unit/check-cost.sh', 'valgrind', '{build}/tests/unit/cost',
                    '1000000'), parsers.cost, 'cost')
    return Case('The library', [cost], [
        rows.at_most('instructions more than a raw ioctl', 'cost', ('simple',), 'instructions',
                     'instructions', 100)], quick=False)


def cases(quick):
    mib, rounds = (16, 2) if quick else (256, 7)
    size = Size(quick, mib, rounds, ALGORITHMS, DATA)
    reclaim_small, claim_small = small(size)
    reclaim_slow, claim_slow = slow(size)
    return {
        'reclaim-zram': reclaim_zram(size),
        'reclaim-small': reclaim_small,
        'reclaim-slow': reclaim_slow,
        'limits': limits(size),
        'claim-zram': claim_zram(size),
        'claim-small': claim_small,
        'claim-slow': claim_slow,
        'first-frame': frames(size),
        'late': late(size),
        'one-cpu': one_cpu(size),
        'four-cpus': four_cpus(size),
        'bystander': bystander(size),
        'foreground': foreground(size),
        'size': all_sizes(size),
        'timeline': timeline(size),
        'holds': holds(size),
        'wrapper': wrapper(size),
        'broker': broker(size),
        'desktop': desktop(size),
        'desktop-idle': desktop_idle(size),
        'desktop-thrash': desktop_thrash(size),
    }
