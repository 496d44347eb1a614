#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pages and plots from a result of run-bench --json.

usage: publish.py RESULT.json DIRECTORY

Writes result.json, index.rst, tables.rst and the plots into the directory. Every
figure on the pages comes from the result.
"""
import json
import pathlib
import shutil
import sys
import textwrap

import plots
import table
import words

HEAD = '''.. SPDX-License-Identifier: MIT
   Written by bench/publish.py from result.json: do not edit.

==========
Benchmarks
==========

{summary}

Measured in User-Mode Linux, with the real driver on a simulated GPU. The times are CPU times of
the driver and of the memory management, so the ratio of two paths on the same machine says more
than any of the times. {turns}, and contents were
verified after each round. Figures are medians.

To repeat it on an idle machine::

    ./run-bench --output {command}

'''

TABLES = '''.. SPDX-License-Identifier: MIT
   Written by bench/publish.py from result.json: do not edit.

====================
Benchmarks: all rows
====================

Medians with their quartiles. "value" is compared with the goal.

'''

TURNS = {False: 'Each operation and its rivals took turns in one guest',
         True: 'Sessions with the agent and without it took turns'}

# Pages that may be in the same directory, with their descriptions.
BESIDE = (('tables.rst', 'all measurements'),
          ('reasons.rst', 'the reason for each goal that is not met'),
          ('profile.rst', 'where the CPU time goes, by ``bench/profile.py docs/benchmarks``'),
          ('desktop/index.rst', 'a session of sway, with and without panthor-mem-agent'))
# Cases that are published in a directory of their own.
APART = ('desktop', 'desktop-idle', 'desktop-thrash')


def cell(text):
    return text.replace('*', r'\*').replace('|', r'\|') or '\\ '


def list_table(head, lines):
    yield '.. list-table::'
    yield '   :header-rows: 1'
    yield ''
    for line in [head, *lines]:
        for number, text in enumerate(line):
            yield f'   {"* -" if number == 0 else "  -"} {cell(text)}'
    yield ''


def rst_table(case):
    yield from list_table(table.HEAD[:-1] + ('met?',),
                          [table.lines_of(row) for row in case['rows']])
    for row in case['rows']:
        if row['note']:
            yield f'- {cell(row["what"])}: {cell(row["note"])}'
    yield ''


def summary(document):
    judged = [row for case in document['cases'] for row in case['rows']
              if row['met'] is not None]
    met = sum(row['met'] for row in judged)
    host = document['host']
    said = [f'{met} of {len(judged)} goals are met. Run on {document["began"][:10]}, '
            f'{host["cpus"]} CPUs ({host["cpu"]}), load average {host["load_average"]:.1f} '
            f'at its start, commit {host["commit"]}.']
    if document['mode'] == 'quick':
        said.append('**This was a quick run: its figures have no meaning.**')
    if not document['contents_ok']:
        said.append('**Contents were wrong, or a case failed.**')
    return '\n'.join(said)


def short_rows(document):
    """The rows that have a goal; tables.rst has all rows."""
    lines = [(case['title'], row['what'], row['rival_name'],
              table.value(row), table.goal(row), table.met(row))
             for case in document['cases'] for row in case['rows'] if row['met'] is not None]
    return list_table(('case', 'what', 'rival', 'value', 'goal', 'met?'), lines)


def titled(title):
    return [title, '=' * len(title), '']


def index(document, drawn, directory):
    apart = [case['name'] for case in document['cases'] if case['name'] in APART]
    command = ' '.join(['docs/benchmarks' + '/desktop' * bool(apart), *apart])
    lines = [HEAD.format(summary=summary(document), command=command, turns=TURNS[bool(apart)])]
    said = list(words.sentences(document))
    if said:
        lines += titled('In short')
        for sentence in said:
            lines += textwrap.wrap(sentence, 100, initial_indent='- ', subsequent_indent='  ',
                                   break_on_hyphens=False)
        lines.append('')
    if drawn:
        lines += titled('Pictures')
    for name, title in drawn:
        lines += [f'.. figure:: {name}.svg', f'   :alt: {title}', '', f'   {title}', '']
    lines += titled('Goals')
    lines += short_rows(document)
    lines += titled('More')
    lines += [f'- `{name} <{name}>`_: {what}.' for name, what in BESIDE
              if (directory / name).exists()]
    return '\n'.join(lines).rstrip() + '\n'


def tables(document):
    lines = [TABLES]
    for case in document['cases']:
        if case['error'] or case['rows']:
            lines += titled(case['title'])
        if case['error']:
            lines += [f'Failed: {case["error"]}.', '']
        elif case['rows']:
            lines += rst_table(case)
    return '\n'.join(lines).rstrip() + '\n'


def publish(path, directory):
    document = json.loads(path.read_text())
    directory.mkdir(parents=True, exist_ok=True)
    if path.resolve() != (directory / 'result.json').resolve():
        shutil.copyfile(path, directory / 'result.json')
    drawn = plots.all_plots(document, directory)
    (directory / 'tables.rst').write_text(tables(document))
    (directory / 'index.rst').write_text(index(document, drawn, directory))


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        publish(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    except (OSError, ValueError, KeyError, plots.NoGnuplot) as error:
        print(f'publish.py: error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
