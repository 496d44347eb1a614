# SPDX-License-Identifier: MIT
"""The rows of the table: the two values that are compared, and the goal.

A row is a function of a case's samples. It returns a dictionary: what, ours and
rival (summaries or None), value (what the goal is about), unit, goal, met (true,
false, or null without a goal) and note.
"""
from samples import percentile, quartiles, summary

MIB = 1 << 20
PAGE = 4096

# Our time only counts if we freed at least this share of the memory.
FREED_LEAST = 0.9

# One tick of the guest's scheduler, HZ=100: differences below it cannot be judged.
TICK_NS = 10e6


def row(what, value, unit, goal=None, atleast=False, **more):
    met = None
    if goal is not None:
        met = value is not None and (value >= goal if atleast else value <= goal)
    return {'what': what, 'value': value, 'unit': unit, 'goal': goal,
            'goal_is': 'at least' if atleast else 'at most', 'met': met,
            'ours': None, 'rival': None, 'rival_name': '', 'low': None, 'high': None,
            'note': '', **more}


def left_over(samples, set_, arm):
    """The median share of the memory that an arm did not free."""
    arms = [s for s in samples.of(set_, arm) if 'left' in s]
    if not arms:
        return 0
    return quartiles([s['left'] / s['bytes'] for s in arms])[0]


def for_all(sample, field):
    """The time of an arm, scaled up to the whole memory if it did not free all of it."""
    done = max(PAGE, sample['bytes'] - sample.get('left', 0))
    return sample[field] * sample['bytes'] / done


def by_round(samples, set_, arm, rival, field):
    """The ratio in each round, whose two values were measured at nearly the same time."""
    other = {s['round']: for_all(s, field) for s in samples.of(set_, rival)}
    return [for_all(s, field) / other[s['round']] for s in samples.of(set_, arm)
            if other.get(s['round'])]


def times(what, set_, arm, rival, goal=None, field='ns'):
    """The time of an arm as a share of its rival's, for the same number of bytes."""
    def compute(samples):
        if not samples.of(set_, arm) or not samples.of(set_, rival):
            return row(what, None, 'ratio', goal, note='no samples')
        left = {name: left_over(samples, set_, name) for name in (arm, rival)}
        ours, other = ([for_all(s, field) for s in samples.of(set_, name)]
                       for name in (arm, rival))
        notes = [f'{name} left {100 * share:.0f} % in RAM, its time is scaled to all'
                 for name, share in left.items() if share > 1 / 100]
        if left[arm] > max(left[rival], 1 - FREED_LEAST):
            # An arm that frees next to nothing is neither slow nor fast: it fails.
            result = row(what, None, 'ratio', goal)
            notes = [f'{name} left {100 * share:.0f} % in RAM' for name, share in left.items()]
        else:
            _, low, high = quartiles(by_round(samples, set_, arm, rival, field))
            result = row(what, quartiles(ours)[0] / quartiles(other)[0], 'ratio', goal,
                         ours=summary(ours, 'ns'), low=low, high=high)
        result['rival'], result['rival_name'] = summary(other, 'ns'), rival
        result['note'] = '; '.join(notes)
        return result
    return compute


def slower(what, set_, arm, than, goal):
    """The same, for a rival that should be slower than ours by the given factor."""
    def compute(samples):
        ours = summary(samples.values(set_, than, 'ns'), 'ns')
        other = summary(samples.values(set_, arm, 'ns'), 'ns')
        if not ours or not other:
            return row(what, None, 'x', goal, True, note='no samples')
        return row(what, other['median'] / ours['median'], 'x', goal, True, ours=ours,
                   rival=other, rival_name=arm)
    return compute


def speeds(list_, share=1.0):
    return [share * s['bytes'] / MIB / (s['ns'] / 1e9) for s in list_]


def speed(what, set_, arm, rival, goal=None, processes=None):
    """Throughput as a multiple of that of a raw limit.

    processes: of the raw limit; None: as many as CPUs that our own call kept busy.
    """
    def compute(samples):
        ours = samples.of(set_, arm)
        if not ours:
            return row(what, None, 'x', goal, True, note='no samples')
        busy = quartiles([s.get('busy_ns', 0) / s['ns'] for s in ours])[0]
        count = processes or max(1, min(ours[0]['cpus'], round(busy)))
        other = [s for s in samples.of(set_, rival) if s.get('processes', count) == count]
        mine, theirs = summary(speeds(ours), 'MiB/s'), summary(speeds(other), 'MiB/s')
        if not theirs:
            return row(what, None, 'x', goal, True, note='no samples of the raw limit')
        note = '' if processes else f'ours kept {busy:.1f} CPUs busy'
        return row(what, mine['median'] / theirs['median'], 'x', goal, True, ours=mine,
                   rival=theirs, rival_name=f'{rival} x{count}', note=note)
    return compute


def bandwidth(what, set_, arm, device_set, goal):
    """Throughput as a share of that of a slow device."""
    def compute(samples):
        ours = samples.of(set_, arm)
        device = summary(speeds(samples.of(device_set, 'device')), 'MiB/s')
        if not ours or not device:
            return row(what, None, 'x', goal, True, note='no samples')
        left = left_over(samples, set_, arm)
        mine = summary(speeds(ours, 1 - left), 'MiB/s')
        result = row(what, mine['median'] / device['median'], 'x', goal, True, ours=mine,
                     rival=device, rival_name='device')
        if left > 1 - FREED_LEAST:
            result['note'] = f'{arm} freed only {100 * (1 - left):.0f} %'
            result['met'] = None if goal is None else False
        return result
    return compute


def latency(what, set_, phase, field, goal=None, share=0.99, idle='idle', needs=None):
    """A high percentile of a bystander's latencies, compared with that on an idle machine.

    needs: what a machine can lack for this measurement. Without samples, the goal is not judged.
    """
    def compute(samples):
        ours = [ns for s in samples.of(set_, phase) for ns in s[field]]
        other = [ns for s in samples.of(set_, idle) for ns in s[field]]
        if not ours or not other:
            return {**row(what, None, 'ratio', goal, note='no samples'),
                    **({'met': None, 'note': f'not measured: needs {needs}'} if needs else {})}
        mine, calm = percentile(ours, share), percentile(other, share)
        result = row(what, mine / calm, 'ratio', goal, ours=summary(ours, 'ns'),
                     rival=summary(other, 'ns'), rival_name=idle)
        result['note'] = (f'p{share * 100:.0f}: {mine / 1e6:.2f} ms, idle {calm / 1e6:.2f} ms, '
                          f'of {len(ours)} and {len(other)} calls'
                          + (', or one tick of 10 ms more' if goal is not None else ''))
        if goal is not None and mine <= calm + TICK_NS:
            result['met'] = True
        return result
    return compute


def added(what, set_, arm, than, field, goal=None):
    """What an arm takes longer than another in the median, of lists of times."""
    def compute(samples):
        ours, other = ([ns for s in samples.of(set_, name) for ns in s[field]]
                       for name in (arm, than))
        if not ours or not other:
            return row(what, None, 'ns', goal, note='no samples')
        return row(what, quartiles(ours)[0] - quartiles(other)[0], 'ns', goal,
                   ours=summary(ours, 'ns'), rival=summary(other, 'ns'), rival_name=than)
    return compute


def tail(what, set_, arm, rival, goal, share):
    """A high percentile of the times of an arm, compared with that of its rival."""
    def compute(samples):
        ours = [s['ns'] for s in samples.of(set_, arm)]
        other = [s['ns'] for s in samples.of(set_, rival)]
        if not ours or not other:
            return row(what, None, 'ratio', goal, note='no samples')
        mine, theirs = percentile(ours, share), percentile(other, share)
        return row(f'{what}, p{share * 100:.0f}', mine / theirs, 'ratio', goal,
                   ours=summary(ours, 'ns'), rival=summary(other, 'ns'), rival_name=rival,
                   note=f'p{share * 100:.0f}: {mine / 1e6:.1f} ms, {rival} {theirs / 1e6:.1f} ms')
    return compute


def error_of_freed(what, sets, goal, pick, counted=('free_delta', 'zram_delta')):
    """freed_bytes compared with the increase of free memory plus what zram uses."""
    def compute(samples):
        errors = [100 * abs(s['freed'] - sum(s[name] for name in counted)) / s['freed']
                  for set_ in sets for s in samples.of(set_, 'reclaim') if s['freed']]
        if not errors:
            return row(what, None, '%', goal, note='no samples')
        return row(what, pick(errors), '%', goal, ours=summary(errors, '%'))
    return compute


def pages_of_freed(what, sets):
    """The largest difference of freed_bytes and the pages written to swap, with zero pages."""
    def compute(samples):
        errors = [abs(s['freed'] // PAGE - s['pages_out'])
                  for set_ in sets for s in samples.of(set_, 'reclaim')]
        return row(what, max(errors) if errors else None, 'pages', 0)
    return compute


def flat(what, set_, arm, goal):
    """Time per byte: the slowest size compared with the fastest one."""
    def compute(samples):
        sizes = {}
        for sample in samples.of(set_, arm):
            sizes.setdefault(sample['bytes'], []).append(sample['ns'] / sample['bytes'])
        if len(sizes) < 2:
            return row(what, None, 'ratio', goal, note='fewer than two sizes')
        medians = {size: quartiles(values)[0] for size, values in sizes.items()}
        note = ', '.join(f'{size // MIB} MiB: {value * MIB / 1e6:.2f} ms/MiB'
                         for size, value in medians.items())
        return row(what, max(medians.values()) / min(medians.values()), 'ratio', goal,
                   note=note)
    return compute


def at_most(what, set_, arms, field, unit, goal=None, pick=max):
    """One value calculated from all samples of some arms."""
    def compute(samples):
        values = [s[field] for arm in arms for s in samples.of(set_, arm) if field in s]
        return row(what, pick(values) if values else None, unit, goal,
                   ours=summary(values, unit))
    return compute


def missed(what, set_, arm, goal=None, than='idle'):
    """The share of frames missed, less the share that is missed anyway."""
    def share(samples, name):
        frames = sum(s['frames'] for s in samples.of(set_, name))
        return (100 * sum(s['missed'] for s in samples.of(set_, name)) / frames, frames)

    def compute(samples):
        if not samples.of(set_, arm) or not samples.of(set_, than):
            return row(what, None, '%', goal, note='no samples')
        (ours, frames), (other, others) = share(samples, arm), share(samples, than)
        return row(what, ours - other, '%', goal,
                   note=f'{ours:.2f} % of {frames} frames, {than} {other:.2f} % of {others}')
    return compute


def cpus(what, set_, arm, goal=None):
    """Four CPUs compared with two. These are different boots, whose times differ."""
    def compute(samples):
        four = [s['ns'] for s in samples.of(set_, arm) if s['cpus'] == 4]
        two = [s['ns'] for s in samples.of(set_, arm) if s['cpus'] == 2]
        if not four or not two:
            return row(what, None, 'ratio', goal, note='no samples')
        ours, other = summary(four, 'ns'), summary(two, 'ns')
        return row(what, ours['median'] / other['median'], 'ratio', goal, ours=ours,
                   rival=other, rival_name='2 CPUs')
    return compute
