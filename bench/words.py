# SPDX-License-Identifier: MIT
"""A summary of the result in a few sentences, from the JSON document alone."""
import table


class NotRun(Exception):
    """The case was not run."""


class Missing(Exception):
    """A row of a case that was run is missing."""


class Rows:
    def __init__(self, document):
        self.cases = {case['name'] for case in document['cases']}
        self.rows = {(case['name'], row['what'], row['rival_name']): row
                     for case in document['cases'] for row in case['rows']}

    def get(self, case, what, rival=''):
        if case not in self.cases:
            raise NotRun
        row = self.rows.get((case, what, rival))
        if not row or row['value'] is None:
            raise Missing
        return row

    def value(self, case, what, rival=''):
        row = self.get(case, what, rival)
        return table.quantity(row['value'], row['unit'])

    def ours(self, case, what, rival=''):
        summary = self.get(case, what, rival)['ours']
        if not summary:
            raise Missing
        return table.quantity(summary['median'], summary['unit'])


def reclaim(rows):
    arm = ('reclaim, lzo-rle, mixed', 'memory.reclaim')
    return (f'**Reclaim** of 256 MiB in buffers of 1 MiB takes {rows.ours("reclaim-zram", *arm)} '
            f'on zram (lzo-rle, data that compresses by half): {rows.value("reclaim-zram", *arm)} '
            'of the time of an eviction followed by memory.reclaim of the cgroup. For buffers of '
            f'64 KiB the ratio is {rows.value("reclaim-small", *arm)}, on a slow disk '
            f'{rows.value("reclaim-slow", "reclaim, slow", "memory.reclaim")}. On a disk with '
            'limited bandwidth, reclaim reaches '
            f'{rows.value("reclaim-slow", "reclaim, capped", "device")} of the disk\'s throughput.')


def freed(rows):
    return ('**freed_bytes** differs from the increase of free memory plus what zram uses by '
            f'{rows.value("reclaim-zram", "error of freed_bytes, median")} in the median and '
            f'{rows.value("reclaim-zram", "error of freed_bytes, largest")} at most, and from the '
            'pages written to swap by '
            f'{rows.value("reclaim-zram", "freed_bytes and pages to swap differ by")}.')


def claim(rows):
    arm = 'claim, lzo-rle, mixed'
    return (f'**Claim** of the same memory takes {rows.ours("claim-zram", arm, "as Linux")}: '
            f'{rows.value("claim-zram", arm, "as Linux")} of the time of a frame without a claim '
            'on Linux as it is, which brings everything back in its submit. For buffers of 64 KiB '
            f'the ratio is {rows.value("claim-small", arm, "as Linux")}, on a slow disk '
            f'{rows.value("claim-slow", "claim, slow", "as Linux")}. With this series, a submit '
            'brings them back in the same way as a claim, and takes as long '
            f'({rows.value("claim-zram", arm, "natural")}).')


def first_frame(rows):
    what = 'natural, slower than after a claim, 256 MiB'
    return ('**The first frame** after a claim of 256 MiB takes '
            f'{rows.value("first-frame", "after a claim, 256 MiB", "resident")} of the time of the '
            'first frame of a process that was never reclaimed. Without the claim it takes '
            f'{rows.value("first-frame", what, "natural")} times as long.')


def others(rows):
    def p99(call, phase):
        return rows.value('bystander', f'{call}, p99 during {phase}', 'idle')

    def longest(lock):
        return rows.value('holds', f'{lock}, longest of a call')

    first, job, resv = 'open and first ioctl', 'null job', "a VM's reservation lock"
    return (f'**Other processes**: during a reclaim, opening the device and a first ioctl take '
            f'{p99(first, "reclaim")} times as long as on an idle machine (99th percentile; '
            f'{p99(first, "claim")} during a claim). A job, which waits for a CPU, takes '
            f'{p99(job, "reclaim")} times as long, and {p99(job, "memory.reclaim")} during '
            'memory.reclaim. While other processes have 10,000 files open, the longest hold in the '
            f'median call is {longest(resv)} for a reservation lock and '
            f'{longest("filelist_mutex")} for filelist_mutex.')


def desktop(rows):
    def wait(hog):
        return rows.value('desktop', f'waiting for memory (PSI), {hog}', 'without the agent')

    def back(hog):
        return rows.value('desktop', f'first frame, 30 s after the hog, {hog}, with the agent',
                          'never reclaimed, with the agent')

    slow, fast = '32 MiB/s', 'at once'
    return ('**A session of sway**: while a program needs more RAM than there is and takes 32 MiB '
            f'in a second, programs wait {wait(slow)} of the time for memory that they wait '
            f'without the agent. If it takes its RAM at once, they wait {wait(fast)} of that time. '
            f'30 s after its end, the first frame after a switch takes {back(slow)} and '
            f'{back(fast)} of the time of an application that was never reclaimed. With much free '
            'RAM, the agent takes '
            f'{rows.value("desktop-idle", "CPU time of the agent")} of a CPU and reclaims '
            f'{rows.value("desktop-idle", "reclaims while there is much RAM")} times.')


SENTENCES = (reclaim, freed, claim, first_frame, others, desktop)


def sentences(document):
    """The sentences for which all values were measured."""
    rows = Rows(document)
    for sentence in SENTENCES:
        try:
            yield sentence(rows)
        except (Missing, NotRun):
            pass


def lacking(document):
    """The sentences that know rows which are not there, although their case was run."""
    rows = Rows(document)
    for sentence in SENTENCES:
        try:
            sentence(rows)
        except Missing:
            yield sentence.__name__
        except NotRun:
            pass
