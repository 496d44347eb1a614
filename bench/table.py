# SPDX-License-Identifier: MIT
"""The table, from the JSON document alone."""


def duration(ns):
    for unit, size in (('s', 1e9), ('ms', 1e6), ('us', 1e3)):
        if ns >= size:
            return f'{ns / size:.3g} {unit}'
    return f'{ns:.0f} ns'


def quantity(value, unit):
    if value is None:
        return '-'
    if unit == 'ns':
        return duration(value)
    if unit in ('ratio', 'x'):
        return f'{value:.2f}' if value < 100 else f'{value:.0f}'
    if unit == '%':
        return f'{value:.2f} %'
    if unit == 'B':
        return f'{value / 1024:.0f} KiB'
    if unit == 'MiB/s':
        return f'{value:.0f} MiB/s'
    return f'{value:.0f}'


def spread(summary):
    """The median, and the range of the quartiles."""
    if not summary:
        return '-'
    unit = summary['unit']
    low, high = quantity(summary['q1'], unit), quantity(summary['q3'], unit)
    if low.split()[1:] == high.split()[1:]:
        low = low.split()[0]
    return f'{quantity(summary["median"], unit)} ({low} .. {high})'


def value(row):
    """The value, with a third digit if two would make it look like the goal that it misses."""
    text = quantity(row['value'], row['unit'])
    if row['met'] is False and row['unit'] in ('ratio', 'x') and row['value'] is not None \
            and text == quantity(row['goal'], row['unit']):
        return f'{row["value"]:.3f}'
    return text


def goal(row):
    if row['goal'] is None:
        return ''
    sign = '>=' if row['goal_is'] == 'at least' else '<='
    # The note has the times that this is about.
    also = ' or + 10 ms' if 'one tick of 10 ms more' in (row['note'] or '') else ''
    return f'{sign} {quantity(row["goal"], row["unit"])}{also}'


def met(row):
    return {None: '', True: 'met', False: 'NOT MET'}[row['met']]


HEAD = ('what', 'ours', 'rival', 'rival took', 'value', 'goal', '')


def lines_of(row):
    return (row['what'], spread(row['ours']), row.get('rival_name', ''),
            spread(row['rival']) if row['rival'] else '',
            value(row), goal(row), met(row))


def show(document):
    lines = []
    for case in document['cases']:
        lines.append((f'{case["title"]}  [{case["name"]}]',))
        if case['error']:
            lines.append((f'  FAILED: {case["error"]}',))
        for row in case['rows']:
            cells = list(lines_of(row))
            cells[0] = '  ' + cells[0]
            lines.append(tuple(cells))
            if row['note']:
                lines.append((f'      {row["note"]}',))
    full = [line for line in lines if len(line) > 1] + [HEAD]
    widths = [max(len(line[i]) for line in full) for i in range(len(HEAD))]
    for line in [HEAD, *lines]:
        print('  '.join(cell.ljust(width) if len(line) > 1 else cell
                        for cell, width in zip(line, widths)).rstrip())
    if document['mode'] == 'quick':
        print('A quick run: what was checked is contents. The figures mean nothing.')
    judged = [row for case in document['cases'] for row in case['rows']
              if row['met'] is not None]
    print(f'{sum(row["met"] for row in judged)} of {len(judged)} goals met; '
          f'contents {"right" if document["contents_ok"] else "WRONG or not all seen"}')
