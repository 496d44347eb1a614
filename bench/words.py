# SPDX-License-Identifier: MIT
"""The result in a few sentences that can be quoted, from the JSON document alone."""
import table


class Missing(Exception):
    """The case was not run, or failed."""


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
            'of the time of an eviction and memory.reclaim on the cgroup. For buffers of 64 KiB it '
            f'is {rows.value("reclaim-small", *arm)} of it, on a slow disk '
            f'{rows.value("reclaim-slow", "reclaim, slow", "memory.reclaim")}; with a cap on the '
            'bandwidth, reclaim is at '
            f'{rows.value("reclaim-slow", "reclaim, capped", "device")} of the disk.')


def freed(rows):
    return ('**freed_bytes** differs from what the machine has more by '
            f'{rows.value("reclaim-zram", "error of freed_bytes, median")} in the median, '
            f'{rows.value("reclaim-zram", "error of freed_bytes, largest")} at most, and from the '
            'pages that were written to swap by '
            f'{rows.value("reclaim-zram", "freed_bytes and pages to swap differ by")}.')


def claim(rows):
    arm = 'claim, lzo-rle, mixed'
    return (f'**Claim** of the same takes {rows.ours("claim-zram", arm, "natural")}, '
            f'{rows.value("claim-zram", arm, "natural")} of the frame that brings everything back '
            'in its submit. For buffers of 64 KiB it is '
            f'{rows.value("claim-small", arm, "natural, one by one")} of what Linux takes, and '
            f'{rows.value("claim-small", arm, "natural")} of what it takes with the patch that '
            'maps in batches for a job; on a slow disk '
            f'{rows.value("claim-slow", "claim, slow", "natural")}.')


def first_frame(rows):
    what = 'natural, slower than after a claim, 256 MiB'
    return ('**The first frame** after a claim of 256 MiB takes '
            f'{rows.value("first-frame", "after a claim, 256 MiB", "resident")} of the time of one '
            'of a process that was never reclaimed. Without the claim it takes '
            f'{rows.value("first-frame", what, "natural")} times as long.')


def others(rows):
    def p99(call, phase):
        return rows.value('bystander', f'{call}, p99 during {phase}', 'idle')

    def longest(lock):
        return rows.value('holds', f'{lock}, longest of a call')

    first, job, resv = 'open and first ioctl', 'null job', "a VM's reservation lock"
    return (f'**Others** open the device and do a first ioctl in {p99(first, "reclaim")} of the '
            f'time that it takes else (99th percentile; {p99(first, "claim")} during a claim). A '
            f'job, which waits for a CPU, takes {p99(job, "reclaim")} of it, and '
            f'{p99(job, "memory.reclaim")} during memory.reclaim. While others have 10,000 files '
            'open, the longest hold of a reservation lock is '
            f'{longest(resv)} in the median call, of filelist_mutex '
            f'{longest("filelist_mutex")}.')


SENTENCES = (reclaim, freed, claim, first_frame, others)


def sentences(document):
    """Those for which everything was measured."""
    rows = Rows(document)
    for sentence in SENTENCES:
        try:
            yield sentence(rows)
        except Missing:
            pass
