#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Test panthor-mem-agent on a whole desktop, on the real driver.

usage, in the guest: guest.py BUILD_DIRECTORY [CASE...]

sway, Wayland clients whose GPU memory the GPU writes and reads, panthor-memd with one capability,
and the agent without any. Contents are read by CPU and GPU after every step.
"""
import os
import pathlib
import re
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / 'desktop'))
# pylint: disable=wrong-import-position
from desktop import (MIB, PINNED, Desktop, Failed, Hog, children,  # noqa: E402
                     frozen_cgroups, killed, meminfo, process_state, wait_end, wait_until)

# Memory of the applications in MiB. A kernel with KASAN and lockdep takes ten times as long.
DEBUG = os.environ.get('PANTHOR_GUEST') == 'debug'
BIG, MIDDLE, SMALL = (24, 12, 4) if DEBUG else (96, 32, 16)
EAGER = '[policy]\nmode = eager\ngrace = 0s\nkeep = 0\nleast = 1M\n'
PRESSURE = '[policy]\ngrace = 0s\nkeep = 0\nleast = 1M\n'
# With this percentage of RAM available, memory is short for the agent, but not for the kernel.
SHORT = 8
FREEZE = EAGER + 'freeze = yes\n'
# How often a program has to be killed during a reclaim, and how many tries that may take.
HITS, TRIES = 3, 30


def say(text):
    print(text, flush=True)


def check(what, condition):
    if not condition:
        raise Failed(what)


class Suite:
    def __init__(self, desktop):
        self.desktop = desktop
        self.desktop.start()
        # The bytes of each client while all of its memory is resident.
        self.full = {}

    # --- steps ---

    def open(self, name, mib):
        window = self.desktop.open(name, mib)
        self.full[name] = window.resident()
        check(f'{name} has its memory', self.full[name] >= mib * MIB)
        return window

    def open_all(self):
        """The last one is shown."""
        for name, mib in (('map', BIG), ('mail', MIDDLE), ('music', SMALL)):
            self.open(name, mib)

    def close_all(self):
        for window in self.desktop.windows.values():
            window.end()
        self.desktop.windows.clear()

    def wait_reclaimed(self, name):
        window = self.desktop.windows[name]
        wait_until(f'{name} is reclaimed', lambda: window.resident() < PINNED)
        check(f'{name} has not lost memory', sum(window.memory()) >= self.full[name])
        # The reply is there, so nothing more is evicted.
        self.desktop.wait_state(name, 'reclaimed')

    def show(self, name):
        """Returns how many bytes were resident when its first frame began."""
        _, before = self.desktop.first_frame(name)
        return before

    def show_complete(self, name):
        """The same, and all of its memory is resident when its first frame is complete."""
        window = self.desktop.windows[name]
        before = self.show(name)
        check(f'{name} is resident at its first frame', window.resident() >= self.full[name])
        window.check('after it was shown')
        return before

    def check_running(self, when):
        stopped = self.desktop.stopped()
        check(f'{when}: {", ".join(stopped)} does not run', not stopped)
        check(f'{when}: panthor-memd runs', process_state(self.desktop.memd.pid) != 'Z')

    # --- cases ---

    def case_eager(self):
        """What is hidden is reclaimed. It comes back by a switch, a hint, or GPU work."""
        self.open_all()
        self.desktop.start_agent(EAGER)
        self.wait_reclaimed('map')
        self.wait_reclaimed('mail')
        check('music is visible', self.desktop.windows['music'].resident() >= self.full['music'])
        self.show_complete('map')
        self.desktop.wait_state('map', 'visible')
        self.wait_reclaimed('music')
        self.show_complete('mail')
        self.check_running('after switches')
        # A hint brings it back before it is shown.
        self.desktop.restart_agent(EAGER)
        self.wait_reclaimed('music')
        self.desktop.call_agent('Pause', 'u', '3600')
        music = self.desktop.windows['music']
        self.desktop.call_agent('Hint', 'i', str(music.pid))
        wait_until('the hint is obeyed', lambda: music.resident() >= self.full['music'])
        check('all of it was resident before the first frame',
              self.show_complete('music') >= self.full['music'])
        self.desktop.call_agent('Pause', 'u', '0')
        # A client that works on its memory while it is hidden gets it back.
        self.wait_reclaimed('mail')
        self.desktop.windows['mail'].check('while it is hidden')
        self.check_running('at the end')
        self.finish()

    def start_hog(self, left):
        """Leaves so many bytes of RAM to the others."""
        available = meminfo()['MemAvailable']
        check('there is much RAM: else give the guest more',
              available >= meminfo()['MemTotal'] * 3 // 10)
        return Hog(self.desktop, (available - left) // MIB)

    def wait_restored(self, name):
        """There is enough RAM again, and all of its memory comes back before it is shown."""
        window = self.desktop.windows[name]
        self.desktop.wait_log('agent', name + r' .*: claim: RAM is available again')
        wait_until(f'{name} is back', lambda: window.resident() >= self.full[name])
        check(f'all of {name} was resident before its first frame',
              self.show_complete(name) >= self.full[name])

    def end_hog(self, hog):
        """Ends the hog. Waits until map, which was reclaimed or evicted, has its memory back."""
        hog.wait_ready()
        # The kernel may evict what is shown at any time.
        self.show('mail')
        self.desktop.windows['mail'].check('while memory is short')
        hog.end()
        self.wait_restored('map')
        check('nobody was killed', not killed())
        self.check_running('after the hog')

    def case_short(self):
        """A program takes much RAM: the memory of a hidden application goes, and returns."""
        self.open_all()
        self.desktop.start_agent(PRESSURE)
        self.desktop.wait_state('map', 'eligible')
        check('nothing is reclaimed', 'reclaim:' not in self.desktop.log('agent'))
        hog = self.start_hog(meminfo()['MemTotal'] * SHORT // 100)
        self.wait_reclaimed('map')
        check('because memory is short', re.search(r'map \(\d+\): reclaim: memory is short',
                                                   self.desktop.log('agent')))
        self.end_hog(hog)
        self.finish()

    def case_shrinker(self):
        """A program takes more RAM than there is, as fast as it can: the kernel itself evicts
        applications, and the agent brings them back after that."""
        self.open_all()
        self.desktop.start_agent(PRESSURE)
        self.desktop.wait_state('map', 'eligible')
        hog = self.start_hog(-MIDDLE * MIB)
        self.wait_reclaimed('map')
        self.end_hog(hog)
        self.finish()

    def hide_map(self, least, config=EAGER):
        """Hides map while a new agent, which has seen nothing yet, runs. Returns its window when
        at least so many bytes are evicted, and probably not many more."""
        window = self.desktop.windows['map']
        self.show('map')
        wait_until('map is resident', lambda: window.resident() >= self.full['map'])
        self.desktop.restart_agent(config)
        self.desktop.switch('music')
        # On a busy machine, this program would otherwise get its turn when all is over.
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        try:
            wait_until('the reclaim begins',
                       lambda: window.resident() <= self.full['map'] - least, step=0)
        finally:
            os.setpriority(os.PRIO_PROCESS, 0, 0)
        return window

    def moment(self, number):
        """How many bytes are evicted then: only the first ones, or some parts of the whole."""
        return 1 + number % HITS * self.full['map'] // (HITS + 1)

    def in_the_middle(self, what, act, after):
        """Hides map again and again, until its reclaim was not complete often enough."""
        hits = 0
        for number in range(TRIES):
            window = self.hide_map(self.moment(number))
            act()
            hits += window.resident() >= 2 * PINNED
            after()
            if hits == HITS:
                say(f'    {what}: {hits} hits in {number + 1} tries')
                return
        raise Failed(f'{what}: only {hits} of {TRIES} tries hit the reclaim in the middle')

    def kill_agent(self):
        self.desktop.end(self.desktop.agent, signal.SIGKILL)
        self.desktop.agent = None

    def kill_memd(self):
        self.desktop.end(self.desktop.memd, signal.SIGKILL)

    def case_kill_agent(self):
        """What is not evicted yet stays resident, and the next agent reclaims it."""
        def after():
            window = self.desktop.windows['map']
            window.check('after kill -9 of the agent')
            self.desktop.start_agent(EAGER)
            self.wait_reclaimed('map')
            self.show_complete('map')
            self.check_running('after kill -9 of the agent')
        self.open_all()
        self.in_the_middle('kill -9 of the agent', self.kill_agent, after)
        # In the middle of a claim.
        self.desktop.restart_agent(EAGER)
        self.desktop.switch('music')
        self.wait_reclaimed('map')
        window = self.desktop.windows['map']
        self.desktop.call_agent('Hint', 'i', str(window.pid))
        self.kill_agent()
        window.check('after kill -9 of the agent at a claim')
        self.finish()

    def case_kill_memd(self):
        """The agent goes on with the next panthor-memd."""
        def after():
            window = self.desktop.windows['map']
            window.check('after kill -9 of panthor-memd')
            self.desktop.start_memd()
            self.check_running('after kill -9 of panthor-memd')
            self.wait_reclaimed('map')
            self.show_complete('map')
        self.open_all()
        self.in_the_middle('kill -9 of panthor-memd', self.kill_memd, after)
        self.finish()

    def case_kill_client(self):
        """The other clients, panthor-memd and the agent go on."""
        self.open_all()
        for number in range(HITS):
            window = self.hide_map(self.moment(number))
            self.desktop.end(window.process, signal.SIGKILL)
            del self.desktop.windows['map']
            wait_until('the agent forgets it', lambda: 'map' not in self.desktop.states(),
                       step=0.2)
            other = self.desktop.windows['mail']
            other.check('after kill -9 of another client')
            self.show('mail')
            wait_until('mail is resident', lambda: other.resident() >= self.full['mail'])
            self.wait_reclaimed('music')
            self.check_running('after kill -9 of a client')
            self.open('map', BIG)
        self.finish()

    def case_kill_sway(self):
        """The windows are gone, the memory is not. The agent reclaims nothing without windows."""
        self.open_all()
        window = self.hide_map(self.moment(0))
        self.desktop.end(self.desktop.sway, signal.SIGKILL)
        self.desktop.wait_log('agent', 'All windows count as visible')
        # panthor-memd stops after the slice that it was in.
        self.desktop.wait_log('memd', f'reclaim of {window.pid} for UID')
        for other in self.desktop.windows.values():
            other.check('after kill -9 of sway')
        self.check_running('after kill -9 of sway')
        for other in self.desktop.windows.values():
            check(f'{other.name} is not reclaimed any more',
                  other.resident() >= self.full[other.name])
        self.close_all()
        # The agent finds the next sway, and works as before.
        self.desktop.start_sway()
        self.open_all()
        self.wait_reclaimed('map')
        self.show_complete('map')
        self.finish()

    def wait_frozen(self, name):
        window = self.desktop.windows[name]
        wait_until(f'{name} is frozen', window.is_frozen)
        check(f'{name} was reclaimed before', window.resident() < PINNED)

    def wait_running(self, name, when):
        window = self.desktop.windows[name]
        wait_until(f'{name} runs {when}', lambda: not window.is_frozen())
        window.check(when)

    def kill_with_keeper(self):
        """No process is left that would thaw. The systemd unit runs --thaw then."""
        keepers = children(self.desktop.agent.pid)
        check('the agent has a second process', len(keepers) == 1)
        for number in signal.SIGSTOP, signal.SIGKILL:
            os.kill(self.desktop.agent.pid, number)
            os.kill(keepers[0], number)
        self.kill_agent()
        check('map is still frozen', self.desktop.windows['map'].is_frozen())
        thaw = self.desktop.run('thaw', ['panthor-mem-agent', '--thaw'])
        check('panthor-mem-agent --thaw ends well', wait_end(thaw) == 0)

    def case_freeze(self):
        """What was reclaimed is frozen, until it is shown or somebody is killed."""
        self.open_all()
        self.desktop.start_agent(FREEZE)
        self.wait_frozen('map')
        self.wait_frozen('mail')
        self.desktop.switch('map')
        self.wait_running('map', 'after it was shown')
        self.wait_frozen('music')
        self.desktop.switch('music')
        self.wait_running('music', 'after it was shown')
        self.wait_frozen('map')
        # Without panthor-memd, nothing is claimed. Still, it runs.
        self.kill_memd()
        self.desktop.switch('map')
        self.wait_running('map', 'without panthor-memd')
        self.desktop.start_memd()
        self.desktop.switch('music')
        self.wait_frozen('map')
        self.kill_agent()
        self.wait_running('map', 'after kill -9 of the agent')
        # The agent is killed when it freezes map, or just before or after.
        for _ in range(HITS):
            self.hide_map(self.full['map'] - PINNED, FREEZE)
            self.kill_agent()
            self.wait_running('map', 'after kill -9 of the agent')
            check('nothing is frozen', not frozen_cgroups())
        self.desktop.start_agent(FREEZE)
        self.wait_frozen('map')
        self.kill_with_keeper()
        self.wait_running('map', 'after kill -9 of the agent and its second process')
        self.desktop.start_agent(FREEZE)
        self.wait_frozen('map')
        self.desktop.end(self.desktop.sway, signal.SIGKILL)
        self.wait_running('map', 'after kill -9 of sway')
        wait_until('nothing is frozen', lambda: not frozen_cgroups())
        check('the agent ends well', self.desktop.end(self.desktop.agent) == 0)
        self.desktop.agent = None
        self.finish()
        self.desktop.start_sway()

    def finish(self):
        """The contents of all clients are right, and everything ends with status 0."""
        for window in self.desktop.windows.values():
            window.check('at the end')
        if self.desktop.agent:
            check('the agent ends well', self.desktop.end(self.desktop.agent) == 0)
            self.desktop.agent = None
        self.close_all()
        check('nothing is frozen', not frozen_cgroups())

    def run(self, case):
        began = time.monotonic()
        getattr(self, f'case_{case}')()
        say(f'ok {case} ({time.monotonic() - began:.0f} s)')


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    cases = sys.argv[2:] or [name[len('case_'):] for name in vars(Suite)
                             if name.startswith('case_')]
    try:
        with Desktop(sys.argv[1]) as desktop:
            suite = Suite(desktop)
            for case in cases:
                suite.run(case)
    except (Failed, OSError) as error:
        say(f'FAILED: {error}')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
