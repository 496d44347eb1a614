# SPDX-License-Identifier: MIT
"""A desktop in the guest: sway, Wayland clients with GPU memory, panthor-memd and the agent.

The caller is root. Everything runs as a user without privileges, but for panthor-memd, which is
a user with one capability. sway has no screen; everything else is as on a user's machine.
"""
import glob
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
MIB = 1 << 20
USER = 65534            # nobody
MEMD_USER = 'daemon'
# Nothing takes this long, even on a busy machine with all debug options.
PATIENCE = 300
STEP = 0.02
SIZE = '640x360'
# What may stay resident after a reclaim: ring buffers, and what else the driver has pinned.
PINNED = MIB
PROGRAMS = ('panthor-memd/panthor-memd', 'panthor-mem/panthor-mem',
            'panthor-mem-agent/panthor-mem-agent', 'libdrm-panthor/libdrm_panthor.so.1',
            'tests/desktop/gpu-window', 'tests/desktop/hog')
PLAIN = ['setpriv', '--reuid', str(USER), '--regid', str(USER), '--clear-groups',
         '--bounding-set=-all', '--inh-caps=-all']
WITH_CAPABILITY = ['setpriv', '--reuid', MEMD_USER, '--regid', MEMD_USER, '--clear-groups',
                   '--no-new-privs', '--bounding-set=-all,+sys_resource',
                   '--inh-caps=-all,+sys_resource', '--ambient-caps=-all,+sys_resource']
# panthor-memd as it is installed, but that it logs what it does.
LOGGING = '[Broker]\nLogLevel=debug\n'
# Tests do everything more often than users do.
NO_LIMITS = (LOGGING + '[Limits]\nMinResidentSec=0\nRoundTrips=0\n'
             'RequestsPerMinute=1000000\nBurst=1000000\n')
# Where systemd puts the applications of a user.
APPS_CGROUP = (f'/sys/fs/cgroup/user.slice/user-{USER}.slice/user@{USER}.service/app.slice')
CPU_CLOCK = 2           # CPUCLOCK_SCHED of the kernel
AGENT = 'org.panthormem.Agent1'


class Failed(Exception):
    """Something that has to happen did not happen."""


class WrongContents(Failed):
    """GPU memory is not what the GPU has written."""


def wait_until(what, condition, step=STEP):
    """Returns the first true value of @condition."""
    end = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f'{what}: not within {PATIENCE} s')
        time.sleep(step)


def wait_end(process):
    """Returns the exit status of a process."""
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise Failed(str(error)) from None


# --- the machine -----------------------------------------------------------------------------

def meminfo():
    """Sizes in bytes, by name."""
    with open('/proc/meminfo') as file:
        return {line.split(':')[0]: int(line.split()[1]) << 10 for line in file}


def swap_used(info):
    return info['SwapTotal'] - info['SwapFree']


def stalled_usec():
    """How long programs have waited for memory since the start of the machine."""
    with open('/proc/pressure/memory') as file:
        return int(re.search(r'^some .*total=(\d+)', file.read(), re.M).group(1))


def killed():
    """How many processes the kernel has killed because memory was short."""
    with open('/proc/vmstat') as file:
        return int(re.search(r'^oom_kill (\d+)', file.read(), re.M).group(1))


def cpu_ns(pid):
    """How long the process has had a CPU, from its clock: see clock_getcpuclockid(3)."""
    return time.clock_gettime_ns((~pid << 3) | CPU_CLOCK)


def frozen_cgroups():
    found = []
    for path in glob.glob('/sys/fs/cgroup/**/cgroup.events', recursive=True):
        with open(path) as file:
            if 'frozen 1' in file.read():
                found.append(os.path.dirname(path))
    return found


def children(pid):
    found = []
    for path in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(path) as file:
                stat = file.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(stat.rsplit(')', 1)[1].split()[1]) == pid:
            found.append(int(path.split('/')[2]))
    return found


def process_state(pid):
    with open(f'/proc/{pid}/stat') as file:
        return file.read().rsplit(')', 1)[1].split()[0]


def make_cgroup(name):
    """The user may freeze it, as with one that systemd has made for the user."""
    path = f'{APPS_CGROUP}/app-{name}.scope'
    os.makedirs(path, exist_ok=True)
    os.chown(f'{path}/cgroup.freeze', USER, USER)
    return path


# --- programs --------------------------------------------------------------------------------

class Lines:
    """Lines from a pipe, which are waited for with a bound."""
    def __init__(self, pipe, who):
        self.fd, self.who, self.bytes = pipe.fileno(), who, b''

    def read(self):
        end = time.monotonic() + PATIENCE
        while b'\n' not in self.bytes:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise Failed(f'{self.who} did not answer within {PATIENCE} s')
            more = os.read(self.fd, 65536)
            if not more:
                raise Failed(f'{self.who} has ended')
            self.bytes += more
        line, self.bytes = self.bytes.split(b'\n', 1)
        return line.decode()


class Window:
    """A client (window.c) on a workspace of its own, and in a systemd unit of its own."""
    def __init__(self, desktop, name, mib):
        self.name, self.bytes = name, mib * MIB
        self.cgroup = make_cgroup(name)
        enter = ['sh', '-c', f'echo $$ >{self.cgroup}/cgroup.procs && exec "$@"', '-']
        self.process = desktop.run(name, ['gpu-window', name, str(mib), '200', '200'],
                                   prefix=[*enter, *PLAIN], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        self.pid = self.process.pid
        self.lines = Lines(self.process.stdout, name)
        self.fdinfo = None
        if self.lines.read() != 'ready':
            raise Failed(f'{name} did not say that it is ready')

    def tell(self, command):
        self.process.stdin.write(command.encode() + b'\n')
        self.process.stdin.flush()

    def ask(self, command):
        self.tell(command)
        return self.lines.read()

    def watch(self):
        """Its next frame prints a line."""
        if self.ask('watch') != 'watching':
            raise Failed(f'{self.name} does not watch')

    def frames(self):
        """How many frames it has drawn so far."""
        return int(self.ask('frames').split()[0])

    def wait_frames(self, count, step=STEP):
        """Waits until it has drawn so many frames more."""
        first = self.frames()
        wait_until(f'{self.name} draws', lambda: self.frames() >= first + count, step)

    def find_device(self):
        for path in glob.glob(f'/proc/{self.pid}/fd/*'):
            if os.readlink(path).startswith('/dev/dri/'):
                return f'/proc/{self.pid}/fdinfo/{os.path.basename(path)}'
        raise Failed(f'{self.name} has no open device')

    def memory(self):
        """Resident and other bytes. Reading them is fast enough to see a reclaim at work."""
        self.fdinfo = self.fdinfo or self.find_device()
        sizes = {'total': 0, 'resident': 0}
        with open(self.fdinfo) as file:
            for line in file:
                match = re.match(r'drm-(total|resident)-memory:\s+(\d+)( KiB| MiB)?', line)
                if match:
                    unit = {None: 1, ' KiB': 1 << 10, ' MiB': MIB}[match.group(3)]
                    sizes[match.group(1)] = int(match.group(2)) * unit
        return sizes['resident'], sizes['total'] - sizes['resident']

    def resident(self):
        return self.memory()[0]

    def is_frozen(self):
        return self.cgroup in frozen_cgroups()

    def check(self, when):
        """The GPU and the CPU read all of the memory. The GPU's job brings everything back."""
        for reader, command in (('CPU', 'read'), ('GPU', 'check')):
            if self.ask(command) != 'intact':
                raise WrongContents(f'{self.name}: wrong contents, read by the {reader}, '
                                    f'{when}')

    def end(self):
        self.process.stdin.close()
        if wait_end(self.process):
            raise Failed(f'{self.name} ended with status {self.process.returncode}')


class Hog:
    """A program that needs RAM (hog.c), in several processes.

    A process of User-Mode Linux can have only some ten thousand mapped pages.
    """
    EACH_MIB = 32

    def __init__(self, desktop, mib, mib_per_second=0):
        """It takes its RAM as fast as it can (0), or about so fast. See wait_ready()."""
        self.parts = []
        rate = mib_per_second and max(1, mib_per_second * self.EACH_MIB // mib)
        while mib > 0:
            part = min(mib, self.EACH_MIB)
            process = desktop.run('hog', ['hog', str(part), str(rate)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
            self.parts.append((process, Lines(process.stdout, 'hog')))
            mib -= part

    def wait_ready(self):
        """It has all of its RAM then. Has to be called once, before the end."""
        for _, lines in self.parts:
            if lines.read() != 'ready':
                raise Failed('the hog did not say that it is ready')

    def end(self):
        """Returns how many passes each process has made at least, and the time of the longest
        pass in ns."""
        for process, _ in self.parts:
            process.stdin.close()
        results = [[int(word) for word in lines.read().split()] for _, lines in self.parts]
        for process, _ in self.parts:
            if wait_end(process):
                raise Failed(f'the hog ended with status {process.returncode}')
        return min(passes for passes, _ in results), max(longest for _, longest in results)


def listens(path):
    """Whether a program listens on a Unix socket. The file exists shortly before."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return not probe.connect_ex(str(path))


class Ipc:
    """The IPC of sway, see sway-ipc(7)."""
    MAGIC = b'i3-ipc'
    RUN_COMMAND, GET_TREE = 0, 4

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)

    def receive(self, size):
        data = b''
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise Failed('sway has closed the connection')
            data += more
        return data

    def call(self, kind, payload=''):
        text = payload.encode()
        self.socket.sendall(self.MAGIC + struct.pack('=II', len(text), kind) + text)
        header = self.receive(len(self.MAGIC) + 8)
        length, _ = struct.unpack('=II', header[len(self.MAGIC):])
        return json.loads(self.receive(length))

    def command(self, text):
        for result in self.call(self.RUN_COMMAND, text):
            if not result['success']:
                raise Failed(f'sway: {text}: {result}')


# --- the desktop -----------------------------------------------------------------------------

class Desktop:
    """As a context manager, it shows the logs of all programs if something fails."""
    def __init__(self, build):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='desktop.'))
        self.dir.chmod(0o755)
        self.bin = self.dir / 'bin'
        self.runtime = self.dir / 'runtime'
        self.bin.mkdir()
        self.runtime.mkdir(mode=0o700)
        os.chown(self.runtime, USER, USER)
        # Other users may not be able to read the build directory.
        for program in PROGRAMS:
            shutil.copy(pathlib.Path(build) / program, self.bin)
        for path in self.bin.iterdir():
            path.chmod(0o755)
        for node in glob.glob('/dev/dri/renderD*'):
            os.chmod(node, 0o666)
        self.environment = {
            'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8', 'HOME': str(self.runtime),
            'LD_LIBRARY_PATH': str(self.bin), 'XDG_RUNTIME_DIR': str(self.runtime),
            'WAYLAND_DISPLAY': 'wayland-1',
            'DBUS_SYSTEM_BUS_ADDRESS': f'unix:path={self.dir}/bus',
            'DBUS_SESSION_BUS_ADDRESS': f'unix:path={self.runtime}/session',
            'WLR_BACKENDS': 'headless', 'WLR_RENDERER': 'pixman',
            'WLR_LIBINPUT_NO_DEVICES': '1'}
        self.processes = {}
        self.windows = {}
        self.workspaces = {}
        self.memd = self.sway = self.agent = self.ipc = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.show_logs()

    # --- programs ---

    def run(self, name, command, prefix=PLAIN, **more):
        """Starts a program. What it says goes to a log with its name."""
        program = self.bin / command[0]
        command = [str(program) if program.exists() else command[0], *command[1:]]
        with open(self.dir / f'{name}.log', 'a') as log:
            more = {'stdin': subprocess.DEVNULL, 'stdout': log, **more}
            process = subprocess.Popen([*prefix, *command], env=self.environment, stderr=log,
                                       **more)
        self.processes[name] = process
        return process

    def call(self, *command):
        """Runs a program until it ends, and returns what it has printed."""
        try:
            done = subprocess.run([*PLAIN, *command], env=self.environment, capture_output=True,
                                  text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired as error:
            raise Failed(str(error)) from None
        if done.returncode:
            raise Failed(f'{" ".join(command)}: {done.stderr.strip()}')
        return done.stdout

    def log(self, name):
        try:
            return (self.dir / f'{name}.log').read_text(errors='replace')
        except FileNotFoundError:
            return ''

    def clear_log(self, name):
        (self.dir / f'{name}.log').unlink(missing_ok=True)

    def wait_log(self, name, pattern):
        """Waits for text that matches. The program must not end before."""
        def condition():
            ended = self.processes[name].poll() is not None
            found = re.search(pattern, self.log(name))
            if ended and not found:
                raise Failed(f'{name} has ended, without a line with {pattern!r}')
            return found
        return wait_until(f'{name}: a line with {pattern!r}', condition)

    def show_logs(self):
        for path in sorted(self.dir.glob('*.log')):
            print(f'--- {path.name}', path.read_text(errors='replace')[-20000:], sep='\n',
                  file=sys.stderr, flush=True)

    def end(self, process, number=signal.SIGTERM):
        """Sends a signal, and returns the exit status."""
        process.send_signal(number)
        return wait_end(process)

    # --- the parts ---

    def start(self, memd_config=NO_LIMITS):
        """Everything but the agent."""
        policy = (TOP / 'panthor-memd/org.panthormem.Broker1.conf').read_text()
        (self.dir / 'policy.conf').write_text(
            policy.replace('user="panthor-memd"', f'user="{MEMD_USER}"'))
        config = (TOP / 'tests/memd/bus.conf').read_text()
        (self.dir / 'bus.conf').write_text(config.replace('@DIR@', str(self.dir)))
        (self.dir / 'memd.conf').write_text(memd_config)
        (self.dir / 'run').mkdir()
        shutil.chown(self.dir / 'run', MEMD_USER)
        self.run('bus', ['dbus-daemon', f'--config-file={self.dir}/bus.conf', '--nofork',
                         '--nopidfile', '--nosyslog'], prefix=[])
        session = self.runtime / 'session'
        self.run('session', ['dbus-daemon', '--session', '--nofork', '--nopidfile',
                             f'--address=unix:path={session}'])
        wait_until('the buses', lambda: listens(self.dir / 'bus') and listens(session))
        self.start_memd()
        self.start_sway()

    def start_memd(self):
        self.clear_log('memd')
        self.memd = self.run('memd', ['panthor-memd', '--config', f'{self.dir}/memd.conf',
                                      '--runtime', f'{self.dir}/run'], prefix=WITH_CAPABILITY)
        self.wait_log('memd', 'is ready')

    def start_sway(self):
        display = self.runtime / 'wayland-1'
        display.unlink(missing_ok=True)
        config = self.dir / 'sway.conf'
        config.write_text(f'xwayland disable\noutput * resolution {SIZE}\n'
                          'default_border none\n')
        self.sway = self.run('sway', ['sway', '-c', str(config)])
        path = self.runtime / f'sway-ipc.{USER}.{self.sway.pid}.sock'
        wait_until('sway', lambda: listens(path) and listens(display))
        self.ipc = Ipc(str(path))

    def start_agent(self, config='', *options):
        self.clear_log('agent')
        path = self.dir / 'agent.conf'
        path.write_text(config)
        self.agent = self.run('agent', ['panthor-mem-agent', '--config', str(path), *options])
        self.wait_log('agent', 'connected to sway')

    def end_agent(self):
        """Ends the agent, if there is one. It thaws what it has frozen."""
        if self.agent and self.end(self.agent):
            raise Failed(f'the agent ended with status {self.agent.returncode}')
        self.agent = None

    def restart_agent(self, config):
        """An agent that remembers nothing."""
        self.end_agent()
        self.start_agent(config)

    def call_agent(self, method, *arguments):
        """Returns the reply, if there is one."""
        said = self.call('busctl', '--json=short', '--timeout', str(PATIENCE),
                         f'--address={self.environment["DBUS_SESSION_BUS_ADDRESS"]}', 'call',
                         AGENT, '/' + AGENT.replace('.', '/'), AGENT, method, *arguments)
        return json.loads(said)['data'] if said.strip() else None

    def states(self):
        """What the agent says of each application: {name: (state, why)}."""
        names = {window.pid: name for name, window in self.windows.items()}
        return {names.get(row[0], row[1]): (row[2], row[3]) for row in self.call_agent('List')[0]}

    def wait_state(self, name, *states):
        """Waits until the agent says that it is in one of these states."""
        wait_until(f'{name} is {" or ".join(states)}',
                   lambda: self.states().get(name, ('',))[0] in states, step=0.2)

    # --- windows ---

    def switch(self, name):
        """Shows the workspace of a window. Returns the time just before."""
        command = f'workspace {self.workspaces[name]}'
        begin = time.monotonic_ns()
        self.ipc.command(command)
        return begin

    def open(self, name, mib):
        """Starts a client on a workspace of its own, which is shown."""
        self.workspaces.setdefault(name, str(len(self.workspaces) + 1))
        self.switch(name)
        self.windows[name] = Window(self, name, mib)
        return self.windows[name]

    def first_frame(self, name, watched=False):
        """Switches to a window. Returns the time until the end of its first frame in ns, and how
        many bytes were resident when that frame began. @watched: watch() was called before, as
        is necessary if it is frozen now."""
        window = self.windows[name]
        if not watched:
            window.watch()
        began = self.switch(name)
        _, end, resident = map(int, window.lines.read().split())
        return end - began, resident

    def screenshot(self, path, kind='png'):
        """The picture is complete when the GPU has read every buffer once."""
        picture = self.runtime / 'picture'
        self.call('grim', '-t', kind, str(picture))
        shutil.copy(picture, path)

    def stopped(self):
        """The clients that are stopped or have ended, and the cgroups that are frozen."""
        return [name for name, window in self.windows.items()
                if process_state(window.pid) in 'TtZX'] + frozen_cgroups()
