#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures a desktop with panthor-mem-agent, in the guest. Started by the cases "desktop...".

usage: desktop_guest.py BUILD_DIRECTORY WHAT [NAME=VALUE...]

  switch    mib=N rounds=N          first frames: never reclaimed, reclaimed, claimed ahead of
                                    time or not before the switch, frozen until it was claimed
  pressure  agent=0|1 rate=N round=N ...
                                    a program that needs RAM for some seconds, which it takes at
                                    once (0) or at N MiB in a second, and switches after it
  plenty    seconds=N               random switches with much free RAM: what the agent costs
  thrash    agent=0|1 seconds=N     switches every 2 s while memory is short all the time

Each sample is a line of JSON. Exit status 3: contents were wrong.
"""
import ctypes
import json
import pathlib
import random
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'tests/desktop'))
# pylint: disable=wrong-import-position
from desktop import (LOGGING, MIB, NO_LIMITS, PINNED, Desktop, Failed, Hog,  # noqa: E402
                     WrongContents, cpu_ns, killed, stalled_usec, wait_end, wait_until)

EXIT_CONTENTS = 3       # bench.h
APPS = ('first', 'second', 'third')
APP_MIB, HOG_MIB = 64, 128
EAGER = '[policy]\nmode = eager\ngrace = 0s\nkeep = 0\n'
SWITCH_SEC = 2
IDLE_SEC = 60
LATE = 'claimed at the switch'
MCL_CURRENT, MCL_FUTURE = 1, 2


def emit(**sample):
    print(json.dumps(sample), flush=True)


def stay_in_ram():
    """This program measures, so it must not wait for swap itself."""
    if ctypes.CDLL(None, use_errno=True).mlockall(MCL_CURRENT | MCL_FUTURE):
        raise OSError(ctypes.get_errno(), 'mlockall')


def wakeups(pid):
    with open(f'/proc/{pid}/status') as file:
        return int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', file.read(), re.M).group(1))


class Measure:
    def __init__(self, desktop, memd_config):
        self.desktop = desktop
        self.desktop.start(memd_config)

    def open(self, sizes):
        for name, mib in sizes.items():
            self.desktop.open(name, mib)

    def check(self):
        # A frozen client would not answer.
        self.desktop.end_agent()
        for window in self.desktop.windows.values():
            window.check('after the measurement')

    def reclaims(self):
        """How many reclaims of each application panthor-memd has finished."""
        log = self.desktop.log('memd')
        return [len(re.findall(f'reclaim of {window.pid} for UID', log))
                for window in self.desktop.windows.values()]

    # --- the first frame after a switch ---

    def hide(self, config):
        """Hides app, and watches its next frame. The agent is new, because an old one remembers
        how often it was wrong."""
        app, other = self.desktop.windows['app'], self.desktop.windows['other']
        self.desktop.first_frame('app')
        app.wait_frames(5)
        self.desktop.restart_agent(config)
        self.desktop.call_agent('Pause', 'u', '3600')
        self.desktop.switch('other')
        other.wait_frames(20)
        app.watch()

    def reclaim(self, config):
        app = self.desktop.windows['app']
        self.hide(config)
        self.desktop.call_agent('Pause', 'u', '0')
        wait_until('app is reclaimed', lambda: app.resident() < PINNED)
        self.desktop.wait_state('app', 'reclaimed')

    def before_never(self):
        self.hide('[policy]\nmode = off\n')

    def before_reclaimed(self):
        self.reclaim(EAGER)

    def before_frozen(self):
        self.reclaim(EAGER + 'freeze = yes\n')
        wait_until('app is frozen', self.desktop.windows['app'].is_frozen)

    def before_hint(self):
        app = self.desktop.windows['app']
        self.reclaim(EAGER)
        self.desktop.call_agent('Pause', 'u', '3600')
        self.desktop.call_agent('Hint', 'i', str(app.pid))
        wait_until('the hint is obeyed', lambda: app.resident() >= app.bytes)
        self.desktop.wait_log('agent', 'app .*: claimed ')

    def start_claim(self):
        pid = self.desktop.windows['app'].pid
        return self.desktop.run('claim', ['panthor-mem', 'claim', '--broker', 'always', str(pid)])

    def switch(self, mib, rounds):
        self.open({'app': mib, 'other': 8})
        arms = {'never reclaimed': self.before_never, 'reclaimed': self.before_reclaimed,
                'claimed after a hint': self.before_hint, 'frozen': self.before_frozen,
                LATE: self.before_reclaimed}
        order = random.Random(1)
        for number in range(rounds):
            for arm in order.sample(list(arms), len(arms)):
                arms[arm]()
                # The command is a client of panthor-memd, and begins while sway switches.
                claim = self.start_claim() if arm == LATE else None
                ns, resident = self.desktop.first_frame('app', watched=True)
                if claim and wait_end(claim):
                    raise Failed(f'the claim ended with status {claim.returncode}')
                emit(arm=arm, round=number, bytes=mib * MIB, ns=ns, resident=resident)
                self.desktop.windows['app'].check(arm)

    # --- memory pressure ---

    def switches(self, set_, arm, number):
        for name in APPS:
            ns, resident = self.desktop.first_frame(name)
            emit(set=set_, arm=arm, round=number, bytes=APP_MIB * MIB, ns=ns, resident=resident)
            self.desktop.windows[name].wait_frames(10)

    def pressure(self, agent, rate, number, rounds, hog, after, grace):
        set_ = f'{rate} MiB/s' if rate else 'at once'
        who = 'with the agent' if agent else 'without the agent'
        self.open(dict.fromkeys(APPS, APP_MIB))
        if agent:
            self.desktop.start_agent(f'[policy]\ngrace = {grace}s\n')
        for _ in range(rounds):
            self.switches(set_, f'never reclaimed, {who}', number)
        if agent:
            for name in APPS[:-1]:
                self.desktop.wait_state(name, 'eligible', 'reclaimed')
        else:
            time.sleep(grace + 2)
        stalled = stalled_usec()
        program = Hog(self.desktop, HOG_MIB, rate)
        began = time.monotonic()
        program.wait_ready()
        ready = time.monotonic()
        time.sleep(hog)
        stalled = stalled_usec() - stalled
        passes, longest = program.end()
        emit(set=set_, arm=who, round=number, bytes=HOG_MIB * MIB, ns=stalled * 1000,
             killed=killed(), passes=passes, longest_ns=longest,
             ready_ns=int((ready - began) * 1e9), reclaims=sum(self.reclaims()))
        time.sleep(after)
        self.switches(set_, f'after the hog, {who}', number)

    # --- no harm ---

    def plenty(self, seconds):
        self.open(dict.fromkeys(APPS, APP_MIB))
        self.desktop.start_agent()
        agent, order = self.desktop.agent.pid, random.Random(1)
        began, cpu, switches = time.monotonic(), cpu_ns(agent), 0
        while time.monotonic() < began + seconds:
            time.sleep(order.uniform(0.2, 3))
            self.desktop.first_frame(order.choice(APPS))
            switches += 1
        cpu, took = cpu_ns(agent) - cpu, time.monotonic() - began
        # Nothing is switched now.
        wakes = wakeups(agent)
        time.sleep(min(seconds, IDLE_SEC))
        emit(set='plenty', arm='agent', round=0, ns=int(took * 1e9), switches=switches,
             reclaims=sum(self.reclaims()), cpu_percent=100 * cpu / 1e9 / took,
             wakeups_per_minute=60 * (wakeups(agent) - wakes) / min(seconds, IDLE_SEC))

    def thrash(self, agent, seconds):
        who = 'with the agent' if agent else 'without the agent'
        self.open(dict.fromkeys(APPS, APP_MIB))
        if agent:
            self.desktop.start_agent()
        program = Hog(self.desktop, HOG_MIB)
        program.wait_ready()
        stalled, order, shown = stalled_usec(), random.Random(1), APPS[-1]
        began, number = time.monotonic(), 0
        while time.monotonic() < began + seconds:
            time.sleep(max(0, began + number * SWITCH_SEC - time.monotonic()))
            shown = order.choice([name for name in APPS if name != shown])
            ns, resident = self.desktop.first_frame(shown)
            emit(set='thrash', arm=who, round=number, bytes=APP_MIB * MIB, ns=ns,
                 resident=resident)
            number += 1
        emit(set='thrash', arm=f'total, {who}', round=0, ns=(stalled_usec() - stalled) * 1000,
             bytes=HOG_MIB * MIB, reclaims=max(self.reclaims()), killed=killed())
        program.end()


def measure(build, what, settings):
    numbers = {name: int(value) for name, value in settings.items()}
    if 'round' in numbers:
        numbers['number'] = numbers.pop('round')
    with Desktop(build) as desktop:
        m = Measure(desktop, NO_LIMITS if what == 'switch' else LOGGING)
        stay_in_ram()
        {'switch': m.switch, 'pressure': m.pressure, 'plenty': m.plenty,
         'thrash': m.thrash}[what](**numbers)
        m.check()


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in ('switch', 'pressure', 'plenty', 'thrash'):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        measure(sys.argv[1], sys.argv[2], dict(word.split('=') for word in sys.argv[3:]))
    except WrongContents as error:
        print(f'desktop_guest.py: {error}', file=sys.stderr)
        return EXIT_CONTENTS
    except (Failed, OSError) as error:
        print(f'desktop_guest.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
