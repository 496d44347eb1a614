#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs cases in guests, judges them, prints the table. Started by run-bench.

usage: drive.py --top DIR --build DIR [--quick] [--json] [--output DIR] [--list] [CASE...]
"""
import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

import plan
import publish
import table
from samples import Samples, percentile, summary

CONTENTS = 3    # bench.h: EXIT_CONTENTS
TIMEOUT = 1800


def say(text):
    print(text, file=sys.stderr, flush=True)


class Failure(Exception):
    pass


class Progress:
    """Progress of a boot: one line that is rewritten on a terminal, else a line now and then."""
    def __init__(self, label):
        self.label, self.count, self.shown = label, 0, time.monotonic()

    def step(self):
        self.count += 1
        now = time.monotonic()
        if sys.stderr.isatty():
            print(f'\r{self.label}: {self.count} samples ', end='', file=sys.stderr, flush=True)
        elif now - self.shown > 30:
            self.shown = now
            say(f'{self.label}: {self.count} samples')

    def end(self):
        if sys.stderr.isatty():
            print('\r\033[K', end='', file=sys.stderr)
        say(f'{self.label}: {self.count} samples')


def in_guest(options, boot, command):
    return [str(options.top / 'run-guest'), '--kernel', boot.kernel, '--strict',
            '--timeout', str(TIMEOUT), '--mem', str(boot.mem), '--cpus', str(boot.cpus),
            '--swap', str(boot.swap), '--swap-algo', boot.algo, *options.source, '--', *command]


def start(command):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                            text=True, env={**os.environ, 'GUEST_POWER': 'on'})


def finish(process):
    status = process.wait()
    if status == CONTENTS:
        raise Failure('contents were wrong')
    if status:
        raise Failure(f'it ended with status {status}')


def run_boot(options, label, boot):
    """A shell command that runs all programs of a boot, until one fails."""
    progress = Progress(label)
    samples = []
    bench = f'{options.build}/bench/bench'
    script = ' && '.join(shlex.join([bench, *run]) for run in boot.runs)
    guest = start(in_guest(options, boot, ['sh', '-c', script]))
    for line in guest.stdout:
        samples.append({**json.loads(line), 'cpus': boot.cpus})
        progress.step()
    progress.end()
    finish(guest)
    return samples


def run_program(options, label, program):
    command = [word.format(top=options.top, build=options.build) for word in program.command]
    if program.kernel:
        command = in_guest(options, program, command)
    process = start(command)
    text = process.stdout.read()
    if process.wait():
        say(text)
    finish(process)
    samples = program.parse(text)
    say(f'{label}: {len(samples)} figures')
    return [{'set': program.set, 'round': 0, 'cpus': program.cpus, **s} for s in samples]


def shortened(sample):
    """Replaces lists of thousands of latencies by their percentiles."""
    result = {}
    for name, value in sample.items():
        if name in ('open_ns', 'job_ns', 'call_ns'):
            result[name + '_percentiles'] = [[p / 2, percentile(value, p / 200)]
                                             for p in range(201)] if value else []
        else:
            result[name] = value
    return result


def arms_of(samples):
    arms = []
    for set_ in samples.sets():
        for arm in dict.fromkeys(s['arm'] for s in samples.all if s['set'] == set_):
            arms.append({'set': set_, 'arm': arm,
                         'time': summary(samples.values(set_, arm, 'ns'), 'ns'),
                         'samples': [shortened(s) for s in samples.of(set_, arm)]})
    return arms


def build_kernels(options, cases):
    """Builds all kernels before the first case, because a build disturbs the next case."""
    kernels = dict.fromkeys(boot.kernel for case in cases for boot in case.boots if boot.kernel)
    return all(subprocess.run([options.top / 'kernel/build', '--flavour', kernel,
                               *options.source], stdout=subprocess.DEVNULL,
                              check=False).returncode == 0 for kernel in kernels)


def run_case(options, name, case):
    result = {'name': name, 'title': case.title, 'contents_ok': True, 'error': None,
              'rows': [], 'arms': []}
    collected = []
    try:
        for number, boot in enumerate(case.boots, 1):
            label = f'{name} {number}/{len(case.boots)}'
            if isinstance(boot, plan.Boot):
                collected += run_boot(options, label, boot)
            else:
                collected += run_program(options, label, boot)
    except Failure as failure:
        result['error'] = str(failure)
        result['contents_ok'] = False
        say(f'{name}: {failure}')
    samples = Samples(collected)
    result['arms'] = arms_of(samples)
    if not result['error']:
        result['rows'] = [row(samples) for row in case.rows]
    return result


def about(options):
    def said(*command):
        return subprocess.run(command, capture_output=True, text=True, check=False,
                              cwd=options.top).stdout.strip()
    model = [line.split(':', 1)[1].strip() for line in open('/proc/cpuinfo')
             if line.startswith('model name')]
    return {'cpu': model[0] if model else None, 'cpus': os.cpu_count(),
            'load_average': os.getloadavg()[0],
            'commit': said('git', 'describe', '--always', '--dirty') or None}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('--top', type=pathlib.Path, required=True)
    parser.add_argument('--build', required=True)
    parser.add_argument('--tarball')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--json', action='store_true')
    parser.add_argument('--output', type=pathlib.Path)
    parser.add_argument('--list', action='store_true')
    parser.add_argument('case', nargs='*')
    options = parser.parse_args()
    options.source = ['--tarball', options.tarball] if options.tarball else []
    return options


def main():
    options = arguments()
    cases = plan.cases(options.quick)
    if options.list:
        for name, case in cases.items():
            print(f'{name:16} {case.title}')
        return 0
    for name in options.case:
        if name not in cases:
            say(f'run-bench: error: no case {name!r}: {" ".join(cases)}')
            return 2
    chosen = options.case or [name for name, case in cases.items()
                              if not case.named and (case.quick or not options.quick)]
    if not build_kernels(options, [cases[name] for name in chosen]):
        say('run-bench: error: a kernel cannot be built; see above')
        return 1
    document = {'$comment': 'SPDX-License-Identifier: MIT',
                'schema': 'panthor-mem.bench', 'version': 1,
                'mode': 'quick' if options.quick else 'full',
                'began': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
                'host': about(options), 'cases': []}
    for name in chosen:
        document['cases'].append(run_case(options, name, cases[name]))
    document['contents_ok'] = all(c['contents_ok'] for c in document['cases'])
    text = json.dumps(document, separators=(',', ':')).replace(',"cases"', ',\n"cases"')
    text = text.replace('{"name"', '\n{"name"').replace('{"set"', '\n{"set"')
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
        result = options.output / 'result.json'
        result.write_text(text + '\n')
        publish.publish(result, options.output)
    if options.json:
        print(text)
    else:
        table.show(document)
    return 0 if document['contents_ok'] else 1


if __name__ == '__main__':
    sys.exit(main())
