#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the examples as a user would, and check their output and effects.

usage: drive.py --mock DIRECTORY
       drive.py --guest HOLDER DIRECTORY

--mock: the programs NAME-mock of DIRECTORY, on a model of the driver. --guest: the
real programs of DIRECTORY on the device of the guest, and HOLDER for processes with
GPU memory. The programs run under the command in TOOL_WRAPPER, if it is set.
"""
import atexit
import os
import pathlib
import re
import selectors
import shlex
import subprocess
import sys
import time

MIB = 1 << 20
PATIENCE = 60


class Program:
    """A running program, with methods to wait for lines of its output."""

    def __init__(self, args, env=None):
        self.name = os.path.basename(args[0])
        self.said = ''
        self.seen = 0
        wrapper = shlex.split(os.environ.get('TOOL_WRAPPER', ''))
        self.process = subprocess.Popen(
            wrapper + args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def tell(self, line):
        self.process.stdin.write((line + '\n').encode())
        self.process.stdin.flush()

    def expect(self, pattern):
        """Waits for the next line that matches."""
        end = time.monotonic() + PATIENCE
        while True:
            for line in self.said[self.seen:].splitlines(keepends=True):
                if not line.endswith('\n'):
                    break
                self.seen += len(line)
                match = re.search(pattern, line)
                if match:
                    return match
            if not self.selector.select(max(0, end - time.monotonic())):
                self.fail(f'did not say /{pattern}/ in time')
            more = os.read(self.process.stdout.fileno(), 65536).decode()
            if not more:
                self.fail(f'ended without saying /{pattern}/')
            self.said += more

    def silent(self, pattern):
        """Checks that no line so far contains the text."""
        if re.search(pattern, self.said):
            self.fail(f'said /{pattern}/')

    def end(self, status=0):
        self.process.stdin.close()
        self.said += self.process.stdout.read().decode()
        code = self.process.wait(PATIENCE)
        if code != status:
            self.fail(f'ended with status {code}')
        return self.said

    def fail(self, why):
        self.process.kill()
        raise AssertionError(f'{self.name} {why}; it said:\n{self.said}')


class World:
    """The directory of the programs, and the processes with GPU memory."""

    def __init__(self, mode, args):
        self.mock = mode == '--mock'
        self.programs = args[-1]
        self.env = {}
        self.apps = []
        if not self.mock:
            self.holder = args[0]
            self.device = next(
                '/dev/dri/' + path.parent.parent.name
                for path in pathlib.Path('/sys/class/drm').glob('renderD*/device/uevent')
                if 'DRIVER=panthor' in path.read_text())
        else:
            self.device = '/dev/dri/renderD128'

    def have(self, count, mib, **env):
        """Starts processes with GPU memory."""
        self.close()
        self.env = {}
        if self.mock:
            self.apps = [subprocess.Popen(['sleep', '1000']) for _ in range(count)]
            pids = [app.pid for app in self.apps]
            self.env = {'MOCK_APPS': ','.join(f'{pid}:{mib}' for pid in pids), **env}
            return pids
        holder = Program([self.holder, str(count), str(mib)])
        self.apps = [holder]
        return [int(holder.expect(r'^(\d+)$')[1]) for _ in range(count)]

    def kill(self, pid):
        """Kills a process, and waits until its number is free."""
        os.kill(pid, 9)
        for app in self.apps:
            if self.mock and app.pid == pid:
                app.wait()
        # In the guest, the holder is the parent.
        end = time.monotonic() + PATIENCE
        while pathlib.Path(f'/proc/{pid}').exists():
            assert time.monotonic() < end, f'{pid} does not end'
            time.sleep(0.01)

    def close(self):
        for app in self.apps:
            if self.mock:
                app.kill()
                app.wait()
            else:
                app.end()
        self.apps = []

    def run(self, name, *args):
        suffix = '-mock' if self.mock else ''
        path = os.path.join(self.programs, name + suffix)
        return Program([path, self.device, *map(str, args)], self.env)

    def wrong(self, name, *args):
        """A file that is no device must give an error, not a crash."""
        path = os.path.join(self.programs, name + ('-mock' if self.mock else ''))
        Program([path, '/dev/null', *args]).end(status=1)
        assert '/dev/nope' in Program([path, '/dev/nope', *args]).end(status=1)
        assert 'usage' in Program([path]).end(status=2)

    def misused(self, name, *args):
        """Invalid arguments: prints the usage, and does nothing."""
        path = os.path.join(self.programs, name + ('-mock' if self.mock else ''))
        assert 'usage' in Program([path, *args]).end(status=2), args


def about(match, mib):
    """At least this much: a real process has slightly more."""
    assert mib * MIB <= int(match) <= (mib + 2) * MIB, f'{match} is not {mib} MiB'


def reclaim(world):
    world.wrong('reclaim', '1')
    # A name is not a number, and 0 would be the example itself.
    for tgid in ('game', '0', '', '-1', '12x', '99999999999'):
        world.misused('reclaim', '/dev/null', tgid)
    pid, = world.have(1, 16)
    program = world.run('reclaim', pid)
    about(program.expect(r'^(\d+) bytes are free now')[1], 16)
    program.end()
    world.kill(pid)


def direct_ioctl(world):
    world.wrong('direct-ioctl', '1')
    assert 'usage' in world.run('direct-ioctl', 'game').end(status=2)
    assert 'usage' in world.run('direct-ioctl', 0).end(status=2)
    pid, = world.have(1, 16)
    program = world.run('direct-ioctl', pid)
    line = program.expect(r'^evicted (\d+), freed (\d+), skipped (\d+) bytes')
    about(line[1], 16)
    about(line[2], 16)
    about(program.expect(r'^claimed (\d+) bytes')[1], 16)
    program.end()
    # There is no such process.
    assert 'No such process' in world.run('direct-ioctl', 4000000).end(status=1)


def compositor_there_and_back(world):
    world.wrong('compositor-focus')
    one, two = world.have(2, 16)
    program = world.run('compositor-focus')
    program.tell(f'suspend {one}')
    about(program.expect(rf'^{one}: reclaimed (\d+) bytes')[1], 16)
    program.tell(f'suspend {two}\nactivate {one}')
    about(program.expect(rf'^{one}: claimed (\d+) bytes')[1], 16)
    program.tell('suspend 4000000')
    program.expect('^4000000: No such process')
    program.tell(f'activate {two}')
    program.tell('quit')
    program.end()
    program.silent('not (re)?claimed')


def compositor_overtakes(world):
    # Long enough that a late frame is not taken for a blocked loop.
    pid, = world.have(1, 64, MOCK_SLOW='4')
    program = world.run('compositor-focus')
    early = rf'^{pid}: reclaimed (\d+) bytes in \d+ ms, interrupted$'
    for _ in range(50):
        # The loop handles other clients meanwhile, so this answer comes first.
        program.tell(f'suspend {pid}\nsuspend 4000000')
        program.expect('^4000000: No such process')
        time.sleep(0.2 if world.mock else 0.05)
        program.tell(f'activate {pid}')
        program.expect(rf'^{pid}: claimed')
        # Undisturbed, for comparison, and to wait for the end of everything above.
        program.tell(f'suspend {pid}')
        whole = program.expect(rf'^{pid}: reclaimed (\d+) bytes in (\d+) ms$')
        program.tell(f'activate {pid}')
        program.expect(rf'^{pid}: claimed')
        if re.search(early, program.said, re.M):
            break
    else:
        program.fail('was never overtaken by a claim')
    said = program.end()

    about(whole[1], 64)
    assert int(re.search(early, said, re.M)[1]) < 64 * MIB, said
    assert re.search(r'^frames were at most \d+ ms apart', said, re.M), said
    print(said, end='')


def compositor_exit(world):
    pid, = world.have(1, 64, MOCK_SLOW='2')
    program = world.run('compositor-focus')
    program.tell(f'suspend {pid}')
    time.sleep(0.05)
    world.kill(pid)
    # The second message appears if the process was gone before the line was read.
    program.expect(rf'^{pid}: (has exited|No such process)')
    said = program.end()
    assert said.count(f'{pid}: has exited') <= 1, said


def descriptors(program):
    return len(os.listdir(f'/proc/{program.process.pid}/fd'))


def compositor_forgets(world):
    """Many clients start and exit during a session."""
    one, two, three = world.have(3, 2)
    program = world.run('compositor-focus')
    program.tell(f'suspend {one}')
    program.expect(rf'^{one}: reclaimed')
    before = descriptors(program)
    for pid in two, three:
        program.tell(f'suspend {pid}')
        program.expect(rf'^{pid}: reclaimed')
        assert descriptors(program) == before + 1
        world.kill(pid)
        program.expect(rf'^{pid}: has exited')
        end = time.monotonic() + PATIENCE
        while descriptors(program) != before:
            if time.monotonic() > end:
                program.fail('keeps the pidfd of a client that has exited')
            time.sleep(0.01)
    program.tell(f'activate {one}')
    program.expect(rf'^{one}: claimed')
    program.end()


def pressure(world):
    world.wrong('pressure-policy')
    one, two, three = world.have(3, 24)
    program = world.run('pressure-policy', 60000)
    program.tell(f'focus {one}\nfocus {two}\nfocus {three}\npressure')
    about(program.expect(rf'^pressure: {one} gave (\d+) bytes')[1], 24)
    program.tell('pressure')
    about(program.expect(rf'^pressure: {two} gave (\d+) bytes')[1], 24)
    # The third application is in use.
    program.tell('pressure')
    program.expect('^pressure: nobody has anything to give')
    program.expect('^pressure: nothing for 60000 ms')
    program.tell(f'focus {one}')
    about(program.expect(rf'^{one}: claimed (\d+) bytes')[1], 24)
    # There is something to reclaim, but the program is backing off.
    program.tell('pressure\nfocus 4000000')
    program.expect('^4000000: No such process')
    assert program.said.count('gave') == 2, program.said
    world.kill(one)
    program.tell('quit')
    program.end()


def pressure_forgets(world):
    """A reused PID belongs to another application."""
    one, two = world.have(2, 4)
    program = world.run('pressure-policy', 60000)
    program.tell(f'focus {one}\nfocus {two}\npressure')
    program.expect(rf'^pressure: {one} gave')
    world.kill(one)
    # Nothing may be claimed by a PID whose process has exited. The next line is for a process
    # that never existed, so both were read when its error comes.
    program.tell(f'focus {one}\nfocus 4000000')
    program.expect('^4000000: No such process')
    program.silent('claimed')
    if again(one):
        program.tell(f'focus {one}\nfocus 4000000')
        program.expect('^4000000: No such process')
        program.silent('claimed')
    program.end()


def again(pid):
    """Starts a process with the given PID, if permitted."""
    try:
        with open('/proc/sys/kernel/ns_last_pid', 'w', encoding='ascii') as last:
            last.write(str(pid - 1))
    except OSError:
        return False
    child = subprocess.Popen(['sleep', '1000'])
    atexit.register(child.kill)
    return child.pid == pid


def pressure_slices(world):
    one, two = world.have(2, 40)
    program = world.run('pressure-policy')
    program.tell(f'focus {one}\nfocus {two}\npressure')
    about(program.expect(rf'^pressure: {one} gave (\d+) bytes')[1], 32)
    program.tell('pressure')
    about(program.expect(rf'^pressure: {one} gave (\d+) bytes')[1], 8)
    program.end()


def pressure_without_swap(world):
    one, two = world.have(2, 16, MOCK_SWAP='16')
    program = world.run('pressure-policy', 10)
    program.tell(f'focus {one}\nfocus {two}\npressure')
    program.expect('^pressure: swap has no room')
    program.expect('^pressure: nothing for 10 ms')
    time.sleep(0.02)
    program.tell('pressure')
    program.expect('^pressure: nothing for 20 ms')
    program.silent('gave')
    program.end()


# Waits for its own pages all the time, because its cgroup may have only a part of them in RAM.
STALLED = '''
import os
open("{cgroup}/cgroup.procs", "w").write("0")
held = [bytearray(os.urandom(1 << 20)) for _ in range(64)]
while True:
    for block in held:
        block[::4096] = block[1::4096]
'''


def pressure_of_the_kernel(world):
    """
    The policy reacts to real memory pressure. There is free RAM all the time: otherwise the kernel
    can be the first to evict what the applications have.
    """
    one, two = world.have(2, 32)
    program = world.run('pressure-policy', 300)
    program.tell(f'focus {one}\nfocus {two}')
    program.silent('no pressure reports')
    cgroup = pathlib.Path('/sys/fs/cgroup/stalled')
    (cgroup.parent / 'cgroup.subtree_control').write_text('+memory', encoding='ascii')
    cgroup.mkdir()
    (cgroup / 'memory.high').write_text('24M', encoding='ascii')
    stalled = subprocess.Popen([sys.executable, '-c', STALLED.format(cgroup=cgroup)])
    try:
        program.expect(rf'^pressure: {one} gave (\d+) bytes')
    finally:
        stalled.kill()
        stalled.wait()
        cgroup.rmdir()
    program.end()


def knows_pidfds():
    """valgrind before 3.22 does not know pidfd_open(), which two examples need."""
    wrapper = shlex.split(os.environ.get('TOOL_WRAPPER', ''))
    if not wrapper:
        return True
    asked = 'import os; os.pidfd_open(os.getpid()); print("yes")'
    return subprocess.run([*wrapper, sys.executable, '-c', asked], check=False,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout == b'yes\n'


def main():
    world = World(sys.argv[1], sys.argv[2:])
    cases = [reclaim, direct_ioctl]
    if knows_pidfds():
        cases += [compositor_there_and_back, compositor_overtakes, compositor_exit,
                  compositor_forgets, pressure, pressure_forgets, pressure_slices]
        cases += [pressure_without_swap] if world.mock else [pressure_of_the_kernel]
    else:
        print('reclaim and direct_ioctl only: no pidfd_open() under TOOL_WRAPPER')
    try:
        for case in cases:
            start = time.monotonic()
            case(world)
            print(f'ok {case.__name__} ({time.monotonic() - start:.1f} s)', flush=True)
    finally:
        world.close()


if len(sys.argv) < 3 or sys.argv[1] not in ('--mock', '--guest'):
    sys.exit(__doc__)
main()
