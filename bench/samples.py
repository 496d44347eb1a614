# SPDX-License-Identifier: MIT
"""The samples of one case, and values calculated from them."""
import statistics


def quartiles(values):
    """Median, first and third quartile. With few values, the extremes are the quartiles."""
    values = sorted(values)
    median = statistics.median(values)
    if len(values) < 4:
        return median, values[0], values[-1]
    first, _, third = statistics.quantiles(values, n=4, method='inclusive')
    return median, first, third


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


class Samples:
    def __init__(self, samples):
        self.all = samples

    def of(self, set_, arm):
        return [s for s in self.all if s['set'] == set_ and s['arm'] == arm]

    def values(self, set_, arm, field):
        """None: the program did not report any, so the row cannot be judged."""
        return [s[field] for s in self.of(set_, arm) if field in s] or None

    def sets(self):
        return list(dict.fromkeys(s['set'] for s in self.all))


def summary(values, unit):
    if not values:
        return None
    median, first, third = quartiles(values)
    return {'unit': unit, 'n': len(values), 'median': median, 'q1': first, 'q3': third,
            'min': min(values), 'max': max(values)}
