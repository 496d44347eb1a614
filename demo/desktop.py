#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo of a desktop: twice the same session, with and without panthor-mem-agent.

usage: desktop.py --top DIR --build DIR --kernel NAME --output DIR [--json] [--tarball FILE]

Started by run-demo. Writes a table, or JSON, and into the output directory a timeline as PNG and
SVG, screenshots, and the JSON.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'bench'))
# pylint: disable=wrong-import-position
import plots  # noqa: E402

MIB = 1 << 20
MEM_MIB = 512
SWAP_MIB = 512
TIMEOUT = 900
NAMES = {True: 'with the agent', False: 'without the agent'}


def say(text):
    print(text, file=sys.stderr, flush=True)


def mib(size):
    return size / MIB


def in_guest(options, agent):
    """One session, or None. Its screenshots are in a directory with its name."""
    word = 'with' if agent else 'without'
    scratch = options.output / word
    scratch.mkdir(parents=True, exist_ok=True)
    # The guest may be a user of its own.
    scratch.chmod(0o777)
    command = [options.top / 'run-guest', '--kernel', options.kernel, *options.source, '--strict',
               '--timeout', str(TIMEOUT), '--mem', str(options.mem), '--swap', str(SWAP_MIB),
               '--', '/usr/bin/python3', '-B', options.top / 'demo/desktop_guest.py',
               options.build, word]
    say(f'A session {NAMES[agent]} (a minute)...')
    done = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                          check=False,
                          env={**os.environ, 'PANTHOR_GUEST_SCRATCH': str(scratch)})
    if done.returncode:
        say(f'run-demo: error: the session {NAMES[agent]} ended with status {done.returncode}')
        return None
    session = json.loads(done.stdout)
    session['same_picture'] = ((scratch / 'before.ppm').read_bytes() ==
                               (scratch / 'after.ppm').read_bytes())
    for picture in ('before', 'after'):
        (scratch / f'{picture}.png').replace(options.output / f'{picture}-{word}.png')
    for left in scratch.iterdir():
        left.unlink()
    scratch.rmdir()
    return session


def judge(sessions):
    """ "ok", or what is wrong. Times are shown, not judged."""
    for session in sessions:
        if not session['contents_ok']:
            return f'contents are wrong {NAMES[session["agent"]]}'
        if not session['same_picture']:
            return f'the picture has changed {NAMES[session["agent"]]}'
        if session['agent'] and session['killed']:
            return 'a process was killed although the agent ran'
        if session['agent'] and not any('reclaimed' in line for line in session['agent_log']):
            return 'the agent has reclaimed nothing'
    return 'ok'


# --- text ------------------------------------------------------------------------------------

def table(session):
    apps = session['apps']
    print(f'\n{NAMES[session["agent"]].capitalize()} '
          f'({mib(session["ram_bytes"]):.0f} MiB of RAM; sizes in MiB)\n')
    head = ''.join(f'{name:>9}' for name in apps)
    print(f'{"":31}{"GPU memory resident":^27}{"RAM":>8}{"swap":>8}{"waits":>9}{"first":>10}')
    print(f'{"":31}{head}{"avail.":>8}{"used":>8}{"so far":>9}{"frame":>10}')
    for row in session['rows']:
        frame = f'{row["first_frame_ns"] / 1e6:7.1f} ms' if 'first_frame_ns' in row else ''
        print(f'{row["step"]:31}'
              + ''.join(f'{mib(size):9.1f}' for size in row['resident_bytes'])
              + f'{mib(row["available_bytes"]):8.1f}{mib(row["swap_used_bytes"]):8.1f}'
              + f'{row["stalled_usec"] / 1e6:7.2f} s{frame:>10}'.rstrip())


def frame_of(session, when, app):
    return next((row['first_frame_ns'] / 1e6 for row in session['rows']
                 if row['step'] == f'{app} is shown {when}'), None)


def summary(result):
    for session in result['sessions']:
        table(session)
    print('\nWhat the agent did:')
    for line in result['sessions'][0]['agent_log']:
        print('  ' + line.split('panthor-mem-agent: ')[-1])
    with_, without = result['sessions']
    first = with_['apps'][0]
    print(f'\nFirst frame of {first}, which was hidden longest:\n'
          f'  never reclaimed                    {frame_of(with_, "at first", first):8.1f} ms\n'
          f'  after the hog, with the agent      {frame_of(with_, "again", first):8.1f} ms\n'
          f'  after the hog, without the agent   {frame_of(without, "again", first):8.1f} ms')
    for session in result['sessions']:
        print(f'{NAMES[session["agent"]].capitalize()}: programs waited '
              f'{session["samples"][-1]["stalled_usec"] / 1e6:.2f} s for memory, '
              f'{session["killed"]} were killed.')
    print('Contents, read by GPU and CPU: intact. '
          f'Pictures of {first} before and after: the same.' if result['verdict'] == 'ok' else '')
    print(f'\nTimeline and screenshots: {result["output"]}\n\nVerdict: {result["verdict"]}')


# --- the timeline ----------------------------------------------------------------------------

def panel(session, number):
    """The data and the commands of one of two plots."""
    apps = session['apps']
    data = plots.block(f'd{number}', [
        ' '.join([f'{s["at_sec"]:.2f}', f'{mib(s["available_bytes"]):.1f}',
                  f'{mib(s["swap_used_bytes"]):.1f}',
                  *(f'{mib(size):.1f}' for size in s['resident_bytes'])])
        for s in session['samples']])
    begin, end = (event['at_sec'] for event in session['events'])
    marks = ['unset label', 'unset arrow', 'unset object',
             f'set object rectangle from first {begin}, graph 0 to first {end}, graph 1 '
             'fc rgb "#eeeeee" fs solid noborder behind',
             f'set label "the hog runs" at first {(begin + end) / 2}, graph 0.95 center '
             'font ",10"']
    for n, row in enumerate(r for r in session['rows'] if 'shown' in r):
        at = row['switched_at_sec']
        marks += [f'set arrow from first {at}, graph 0 to first {at}, graph 1 nohead dt 3 '
                  'lc rgb "#999999"',
                  f'set label "{row["shown"]} {row["first_frame_ns"] / 1e6:.0f} ms" '
                  f'at first {at}, graph 1.02 rotate by 35 left font ",8"']
    lines = [f'$d{number} using 1:2 with lines ls 5 title "MemAvailable"',
             f'$d{number} using 1:3 with lines ls 4 dt 2 title "swap used"']
    lines += [f'$d{number} using 1:{4 + n} with lines ls {(1, 3, 2)[n]} title "{name}, resident"'
              for n, name in enumerate(apps)]
    return data, '\n'.join(marks) + f'''
set title "{NAMES[session['agent']]}: switches with their first frames" offset 0,3.2
plot {', '.join(lines)}
'''


def timeline(result):
    last = max(session['samples'][-1]['at_sec'] for session in result['sessions'])
    most = max(max(mib(s['available_bytes']), mib(s['swap_used_bytes']))
               for session in result['sessions'] for s in session['samples'])
    panels = [panel(session, n) for n, session in enumerate(result['sessions'])]
    plots.draw(pathlib.Path(result['output']) / 'timeline',
               ''.join(data for data, _ in panels) + f'''
set multiplot layout 2,1
set tmargin 6
set xrange [0:{last + 1:.0f}]
set yrange [0:{1.1 * most:.0f}]
set xlabel "seconds"
set ylabel "MiB"
set key outside right center
''' + ''.join(commands for _, commands in panels) + 'unset multiplot\n', 760)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('--top', type=pathlib.Path, required=True)
    parser.add_argument('--build', required=True)
    parser.add_argument('--kernel', required=True)
    parser.add_argument('--output', type=pathlib.Path, required=True)
    parser.add_argument('--tarball')
    parser.add_argument('--json', action='store_true')
    options = parser.parse_args()
    options.source = ['--tarball', options.tarball] if options.tarball else []
    # KASAN needs an eighth of the RAM, and more.
    options.mem = 2 * MEM_MIB if options.kernel == 'debug' else MEM_MIB
    return options


def main():
    options = arguments()
    options.output.mkdir(parents=True, exist_ok=True)
    sessions = []
    for agent in (True, False):
        session = in_guest(options, agent)
        if not session:
            return 2
        sessions.append(session)
    result = {'schema': 'panthor-mem.demo-desktop', 'version': 1,
              'output': str(options.output), 'sessions': sessions, 'verdict': judge(sessions)}
    try:
        timeline(result)
    except plots.NoGnuplot as error:
        say(f'run-demo: error: no timeline: {error}')
        return 2
    (options.output / 'result.json').write_text(json.dumps(result) + '\n')
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        summary(result)
    return 0 if result['verdict'] == 'ok' else 1


if __name__ == '__main__':
    sys.exit(main())
