# SPDX-License-Identifier: MIT
"""Samples from the output of programs other than bench."""
import json
import re
from collections import Counter

HOLD = re.compile(r'^(\S+)\s+(\d+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+(\d+)((?:\s+\d+)+)\s*$')
COST = re.compile(r'^(simple|with|pidfd): (\d+) more than drmIoctl\(\), (\d+) more than ioctl')


def holds(text):
    """tests/driver/locks: one table per call. A repeated call is another round."""
    samples, call, rounds = [], None, Counter()
    for line in text.splitlines():
        if line.endswith(': holds by time'):
            call = line.split(':')[0]
            rounds[call] += 1
        match = HOLD.match(line)
        if match and call:
            name, count, mean, longest, working, _, buckets = match.groups()
            samples.append({'arm': f'{call}, {name}', 'round': rounds[call] - 1,
                            'count': int(count),
                            'ns': float(longest) * 1e3, 'working_ns': float(working) * 1e3,
                            'mean_ns': float(mean) * 1e3,
                            'histogram': [int(b) for b in buckets.split()]})
    return samples


def cost(text):
    """tests/unit/check-cost.sh: instructions that the library adds."""
    return [{'arm': m.group(1), 'instructions': int(m.group(3))}
            for m in map(COST.match, text.splitlines()) if m]


def objects(text):
    """bench/broker.sh, bench/desktop_guest.py: lines of JSON among others."""
    return [json.loads(line) for line in text.splitlines() if line.startswith('{')]
