# SPDX-License-Identifier: MIT
"""A summary of the result in a few sentences, from the JSON document alone."""
import table


class Missing(Exception):
    """A row is missing: its case was not run, or failed."""


class Rows:
    def __init__(self, document):
        self.rows = {(case['name'], row['what'], row['rival_name']): row
                     for case in document['cases'] for row in case['rows']}

    def get(self, case, what, rival=''):
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


SENTENCES = (reclaim, freed, claim, first_frame, others)


def sentences(document):
    """The sentences for which all values were measured."""
    rows = Rows(document)
    for sentence in SENTENCES:
        try:
            yield sentence(rows)
        except Missing:
            pass
