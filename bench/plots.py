# SPDX-License-Identifier: MIT
"""Plots by gnuplot, as SVG and PNG, from the JSON document alone."""
import subprocess

LICENCE = '<!-- SPDX-License-Identifier: MIT -->'
TERMINALS = {'svg': 'svg size 900,{height} dynamic background "white" font "sans,13"',
             'png': 'pngcairo size 900,{height} font "sans,11"'}
STYLE = '''
set style line 1 lc rgb "#1b6ca8" lw 2
set style line 2 lc rgb "#c8553d" lw 2
set style line 3 lc rgb "#588b3a" lw 2
set style line 4 lc rgb "#8a6fb0" lw 2
set style line 5 lc rgb "#7a7a7a" lw 2
set termoption noenhanced
set border 3
set tics nomirror
set grid ytics lc rgb "#dddddd"
'''
MIB = 1 << 20
OURS, OTHERS = 0x1b6ca8, 0x9a9a9a


class NoGnuplot(Exception):
    pass


def draw(path, commands, height=420):
    """Writes both files; adds the licence after the first line of the SVG."""
    for kind, terminal in TERMINALS.items():
        file = path.with_suffix('.' + kind)
        script = (f'set terminal {terminal.format(height=height)}\n'
                  f'set output "{file}"\n{STYLE}\n{commands}')
        done = subprocess.run(['gnuplot'], input=script, text=True, capture_output=True,
                              check=False)
        if done.returncode:
            raise NoGnuplot(f'{file.name}: {done.stderr.strip()}')
    file = path.with_suffix('.svg')
    first, rest = file.read_text().split('\n', 1)
    file.write_text(f'{first}\n{LICENCE}\n{rest}')


def block(name, lines):
    return f'${name} << EOD\n' + '\n'.join(lines) + '\nEOD\n'


def case_named(document, name):
    for case in document['cases']:
        if case['name'] == name and not case['error'] and case['arms']:
            return case
    return None


def arm_of(case, arm, set_=None):
    for entry in case['arms']:
        if entry['arm'] == arm and set_ in (None, entry['set']):
            return entry
    return None


def timeline(document, case):
    memory = arm_of(case, 'memory')['samples'][0]
    points = zip(*(memory[k] for k in ('at_ns', 'available', 'swap_used', 'resident')))
    first = memory['available'][0]
    data = block('data', [f'{t / 1e9:.4f} {(a - first) / MIB:.2f} {s / MIB:.2f} {r / MIB:.2f}'
                          for t, a, s, r in points])
    events, bands, begun = arm_of(case, 'event')['samples'], [], None
    for event in events:
        at = event['at_ns'] / 1e9
        if event['what'] != 'end':
            begun = (event['what'], at)
            continue
        bands.append(f'set object rectangle from first {begun[1]:.3f}, graph 0 to first '
                     f'{at:.3f}, graph 1 fc rgb "#eeeeee" fs solid noborder behind')
        bands.append(f'set label "{begun[0]}" at first {(begun[1] + at) / 2:.3f}, '
                     'graph 1.04 center font ",10"')
    return data + '\n'.join(bands) + '''
set xlabel "seconds"
set ylabel "MiB"
set tmargin 2
set bmargin 5
set key outside bottom center horizontal
plot $data using 1:2 with lines ls 5 title "MemAvailable, change", \\
     $data using 1:3 with lines ls 2 title "swap used", \\
     $data using 1:4 with lines ls 1 title "GPU memory resident"
'''


def first_frame(document, case):
    sizes = {}
    for entry in case['arms']:
        size = entry['samples'][0]['bytes'] // MIB
        sizes.setdefault(size, {})[entry['arm']] = entry['time']
    lines = []
    for size, arms in sorted(sizes.items()):
        cells = [f'"{size} MiB"']
        for arm in ('resident', 'claimed', 'natural'):
            time = arms[arm]
            cells += [f'{time[k] / 1e6:.4f}' for k in ('median', 'q1', 'q3')]
        lines.append(' '.join(cells))
    return block('data', lines) + '''
set logscale y
set ylabel "first frame, ms"
set style data histograms
set style histogram errorbars gap 1 lw 1
set errorbars lc rgb "#333333"
set style fill solid 0.8 noborder
set key outside bottom center horizontal
plot $data using 2:3:4:xtic(1) ls 5 title "never reclaimed", \\
     $data using 5:6:7 ls 1 title "after a claim", \\
     $data using 8:9:10 ls 2 title "reclaimed, not claimed"
'''


def limits(document, case):
    lines, sets = [], list(dict.fromkeys(e['set'] for e in case['arms']))
    for set_ in sets:
        for entry in case['arms']:
            if entry['set'] != set_:
                continue
            groups = {}
            for s in entry['samples']:
                groups.setdefault(s.get('processes'), []).append(
                    s['bytes'] / MIB / (s['ns'] / 1e9))
            for processes, speeds in groups.items():
                speeds.sort()
                label = entry['arm'] + (f' x{processes}' if processes else ' (ours)')
                lines.append(f'"{label}, {set_}" {speeds[len(speeds) // 2]:.0f} '
                             f'{OURS if processes is None else OTHERS}')
    return block('data', lines) + f'''
set xlabel "MiB/s"
set xrange [0:*]
set yrange [{len(lines) - 0.3}:-0.7]
set style fill solid 0.8 noborder
set grid noytics xtics lc rgb "#dddddd"
unset key
plot $data using (0.5*$2):0:(0.5*$2):(0.35):3:ytic(1) with boxxyerror lc rgb variable
''', 160 + 24 * len(lines)


def bystander(document, case):
    blocks, plots = '', []
    for row, field in enumerate(('open_ns', 'job_ns')):
        for column, entry in enumerate(case['arms']):
            values = entry['samples'][0][field + '_percentiles']
            name = f'd{row}{column}'
            blocks += block(name, [f'{value / 1e3:.2f} {share}' for share, value in values])
    head = {'open_ns': 'open and first ioctl', 'job_ns': 'null job'}
    commands = blocks + '''
set multiplot layout 1,2
set logscale x
set xlabel "us"
set ylabel "% of calls that took at most so long"
set key bottom right font ",9"
'''
    for row, field in enumerate(('open_ns', 'job_ns')):
        plots = [f'$d{row}{column} using 1:2 with lines ls {column + 1} title "{entry["arm"]}"'
                 for column, entry in enumerate(case['arms'])]
        commands += f'set title "{head[field]}"\nplot ' + ', \\\n'.join(plots) + '\n'
    return commands + 'unset multiplot\n'


def holds(document, case):
    blocks, plots = '', []
    for column, entry in enumerate(case['arms']):
        counts = [sum(of) for of in zip(*(s['histogram'] for s in entry['samples']))]
        total = sum(counts) or 1
        seen, lines = 0, []
        for bucket, count in enumerate(counts):
            seen += count
            lines.append(f'{1 << bucket} {100 * seen / total:.3f}')
        blocks += block(f'd{column}', lines)
        plots.append(f'$d{column} using 1:2 with linespoints ls {column % 5 + 1} '
                     f'dt {1 + column // 5} title "{entry["arm"]}"')
    return blocks + '''
set logscale x 2
set xlabel "us"
set ylabel "% of holds that were at most so long"
set key outside bottom center horizontal font ",9"
plot ''' + ', \\\n'.join(plots) + '\n'


def grouped(name, case, sets, arms):
    """A block with a line for each set, and what plots it: bars of the arms, side by side."""
    lines = []
    for label, set_ in sets.items():
        times = [arm_of(case, arm, set_) for arm in arms.values()]
        numbers = [f'{entry["time"][k] / 1e6:.4f}' if entry and entry['time'] else 'NaN'
                   for entry in times for k in ('median', 'q1', 'q3')]
        lines.append(f'"{label}" ' + ' '.join(numbers))
    bars = []
    for number, title in enumerate(arms):
        first = 3 * number + 2
        labels = ':xtic(1)' if number == 0 else ''
        bars.append(f'${name} using {first}:{first + 1}:{first + 2}{labels} ls {number + 1} '
                    f'title "{title}"')
    return block(name, lines), 'plot ' + ', \\\n'.join(bars) + '\n'


def desktop(document, case):
    """First frames above; what happens beside a program that needs RAM below."""
    sets = list(dict.fromkeys(entry['set'] for entry in case['arms']))
    switches = {set_.removeprefix('switch, '): set_ for set_ in sets
                if set_.startswith('switch, ')}
    arms = list(dict.fromkeys(entry['arm'] for entry in case['arms']
                              if entry['set'] in switches.values()))
    rates = {set_: set_ for set_ in sets if arm_of(case, 'with the agent', set_)}
    who = ('with the agent', 'without the agent')
    frames, plot_frames = grouped('frames', case, switches, {arm: arm for arm in sorted(arms)})
    waits, plot_waits = grouped('waits', case, rates, {name: name for name in who})
    after, plot_after = grouped('after', case, rates,
                                {name: f'after the hog, {name}' for name in who})
    return frames + waits + after + f'''
set multiplot
set style data histograms
set style histogram errorbars gap 1 lw 1
set errorbars lc rgb "#333333"
set style fill solid 0.8 noborder
set xtics font ",9"
set key outside top center horizontal font ",9"
set lmargin 8
set origin 0, 0.48
set size 1, 0.52
set yrange [1:*]
set logscale y
set title "First frame after a switch, ms"
{plot_frames}
unset logscale y
set yrange [0:*]
set origin 0, 0
set size 0.5, 0.48
set title "Waiting for memory beside a program that needs RAM, ms"
{plot_waits}
set origin 0.5, 0
set title "First frame 30 s after its end, ms"
{plot_after}
unset multiplot
''', 620


PLOTS = {
    'timeline': ('timeline', timeline, 'Memory of the machine and of one application over time'),
    'first-frame': ('first-frame', first_frame, 'First frame, by path and size'),
    'limits': ('limits', limits, 'Throughput of the phases and of the raw limits'),
    'bystander': ('bystander', bystander, "Latency of another process's calls"),
    'holds': ('holds', holds, 'How long locks are held, with 10,000 open files'),
    'desktop': ('desktop', desktop, 'First frames and waits for memory in sessions of sway'),
}


def possible(document):
    """The plots that the document has samples for, as [(name, title)]."""
    return [(name, title) for name, (case_name, _, title) in PLOTS.items()
            if case_named(document, case_name)]


def all_plots(document, directory):
    """Draws the possible plots, and returns them."""
    drawn = possible(document)
    for name, _ in drawn:
        case_name, plot, _ = PLOTS[name]
        result = plot(document, case_named(document, case_name))
        commands, height = result if isinstance(result, tuple) else (result, 420)
        draw(directory / name, commands, height)
    return drawn
