#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What run-demo --desktop starts in the guest.

usage: desktop_guest.py BUILD_DIRECTORY with|without

A session of sway with three applications that hold GPU memory, and for some time a program that
needs more RAM than there is. Writes a JSON object to standard output, and screenshots to
/run/scratch.
"""
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'tests/desktop'))
# pylint: disable=wrong-import-position
from desktop import (LOGGING, MIB, PINNED, Desktop, Failed, Hog, WrongContents,  # noqa: E402
                     killed, meminfo, stalled_usec, swap_used, wait_until)

SCRATCH = '/run/scratch'
APPS = ('editor', 'browser', 'game')
APP_MIB = 80
# A shorter grace period, because the demo has less patience than a user.
CONFIG = '[policy]\ngrace = 3s\n'
SAMPLE_SEC = 0.2
# How long a user looks at an application after a switch.
LOOK_SEC = 2
# Longer than the grace period.
QUIET_SEC = 4
# How long the hog runs at least, and how long the demo waits after its end.
HOG_SEC, AFTER_SEC = 20, 14
HOG_MORE_MIB, HOG_MIB_PER_SECOND = 32, 25


class Recorder(threading.Thread):
    """Reads the counters of the machine and of the applications every SAMPLE_SEC."""
    def __init__(self, desktop):
        super().__init__(daemon=True)
        self.desktop, self.samples = desktop, []
        self.began, self.stall = time.monotonic(), stalled_usec()
        self.stopping = threading.Event()

    def now(self):
        return time.monotonic() - self.began

    def look(self):
        info = meminfo()
        return {'at_sec': round(self.now(), 3), 'available_bytes': info['MemAvailable'],
                'swap_used_bytes': swap_used(info),
                'stalled_usec': stalled_usec() - self.stall,
                'resident_bytes': [self.desktop.windows[name].resident() for name in APPS]}

    def run(self):
        while not self.stopping.wait(SAMPLE_SEC):
            self.samples.append(self.look())

    def stop(self):
        self.stopping.set()
        self.join()


class Demo:
    def __init__(self, desktop, agent):
        self.desktop, self.agent = desktop, agent
        self.desktop.start(LOGGING)
        for name in APPS:
            self.desktop.open(name, APP_MIB)
        if agent:
            self.desktop.start_agent(CONFIG)
        self.rows, self.events = [], []
        self.recorder = Recorder(self.desktop)
        self.recorder.start()

    def row(self, step, **more):
        self.rows.append({'step': step, **self.recorder.look(), **more})

    def event(self, what):
        self.events.append({'at_sec': round(self.recorder.now(), 3), 'what': what})

    def switch(self, name, when):
        at = round(self.recorder.now(), 3)
        ns, resident = self.desktop.first_frame(name)
        self.row(f'{name} is shown {when}', shown=name, switched_at_sec=at, first_frame_ns=ns,
                 resident_before_bytes=resident)
        time.sleep(LOOK_SEC)

    def picture(self, name):
        """The picture shows every buffer as soon as the GPU has read each of them once."""
        self.desktop.windows[APPS[0]].wait_frames(APP_MIB + 2, step=0.1)
        for kind in ('png', 'ppm'):
            self.desktop.screenshot(f'{SCRATCH}/{name}.{kind}', kind)

    def quiet(self):
        """Lasts until the grace period of all hidden applications is over."""
        if not self.agent:
            time.sleep(QUIET_SEC)
            return
        for name in APPS[:-1]:
            self.desktop.wait_state(name, 'eligible', 'reclaimed')

    def contents_ok(self):
        try:
            for window in self.desktop.windows.values():
                window.check('at the end')
        except WrongContents as error:
            self.desktop.show_logs()
            print(f'run-demo: {error}', file=sys.stderr)
            return False
        return True

    def play(self):
        for name in APPS:
            self.switch(name, 'at first')
            if name == APPS[0]:
                self.picture('before')
        self.quiet()
        self.row('all are quiet')
        hog = Hog(self.desktop, meminfo()['MemAvailable'] // MIB + HOG_MORE_MIB,
                  HOG_MIB_PER_SECOND)
        began = self.recorder.now()
        self.event('hog begins')
        if self.agent:
            editor = self.desktop.windows[APPS[0]]
            wait_until(f'{APPS[0]} is reclaimed', lambda: editor.resident() < PINNED)
        hog.wait_ready()
        time.sleep(max(0, began + HOG_SEC * 3 / 4 - self.recorder.now()))
        self.row('a program needs too much RAM')
        self.switch(APPS[1], 'meanwhile')
        self.switch(APPS[2], 'meanwhile')
        time.sleep(max(0, began + HOG_SEC - self.recorder.now()))
        passes, longest = hog.end()
        self.event('hog ends')
        time.sleep(AFTER_SEC)
        if self.agent:
            for name in APPS:
                window = self.desktop.windows[name]
                wait_until(f'{name} is back', lambda w=window: w.resident() >= w.bytes)
        self.row('some time after its end')
        for name in APPS:
            self.switch(name, 'again')
            if name == APPS[0]:
                self.picture('after')
        self.recorder.stop()
        return {'agent': self.agent, 'apps': list(APPS), 'app_bytes': APP_MIB * MIB,
                'ram_bytes': meminfo()['MemTotal'], 'rows': self.rows, 'events': self.events,
                'samples': self.recorder.samples, 'killed': killed(), 'hog_passes': passes,
                'hog_longest_pass_ns': longest, 'contents_ok': self.contents_ok(),
                'agent_log': [line for line in self.desktop.log('agent').splitlines()
                              if 'claim' in line]}


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in ('with', 'without'):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with Desktop(sys.argv[1]) as desktop:
            print(json.dumps(Demo(desktop, sys.argv[2] == 'with').play()))
    except (Failed, OSError) as error:
        print(f'run-demo: error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
