#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The completion in a real shell, with names that do harm if the shell evaluates them.

usage: complete.py bash|zsh|fish FILE

FILE is the completion. The test starts processes with such names. On a terminal, it types the
beginning of each name, TAB and Enter. The program must get exactly that name, and no other program
must have run. Status 77 if the shell is not installed.
"""
import ctypes
import os
import pathlib
import select
import shutil
import signal
import sys
import tempfile
import time

PATIENCE = 60
PR_SET_NAME = 15
# A PID that is listed but has no process: it is larger than any PID on Linux.
GONE = 99999999

# If a shell evaluates a name, it runs the program "p", which the test creates: its name is short
# because names have 15 bytes. The lists are what is typed in every shell, in bash and zsh, and in
# bash. zsh has no escapes in $', and loses characters that do not print in a quote. To fish, a star
# is a pattern even in a quote, and a word that begins with a dash is an option.
NAMES = [
    (b'Web Content', ['We', r'Web\ C', '"Web C', "'Web C", 'W"eb C'], ["'Web'\\ C", "$'Web C"], []),
    (b"it's \"q\"", ['it', r"it\'", '"it\'s', r"it\'s\ "], [r"'it'\''s"], []),
    (b'$(p;p) $x', [r'\$', r'"\$(p', "'$(p"], [], []),
    (b'`p` `p`', ["'`p"], [r'\`p', r'"\`'], []),
    (b';p&p|p>o<(p', [r'\;', "';p", '";p'], [], []),
    (b'new\np;$(p)', ['new', '"new', "'ne"], ["$'ne"], ["$'new\\np"]),
    (b'x*?[a-z]*', ['x'], [r'x\*', '"x*?', "'x*"], []),
    (rb'back\slash\n', ['back', r'back\\s', r"'back", '"back'], [], []),
    (b'-rf --json', [], ['-r', '"-r', r'-rf\ -'], []),
    (b'~root/x', [r'\~', '"~', "'~r"], [], []),
    (b'a:b=c d', ['a', r'a\:b', "'a:b=", 'a:'], ['a:b='], []),
    (b'bang!p!!', ['ban', "'bang!", r'bang\!'], [], []),
    (b'{p,q}$HOME', [r'\{', "'{p", '"{'], [], []),
    ('caf\u00e9 \u6f22'.encode(), ['caf', 'caf\u00e9', '"caf\u00e9 '], [], []),
    (b'z\xff\xfe z', ['z'], [], []),
    (b'#p', [r'\#', "'#"], [], []),
    (b'=p', [r'\=', "'="], [], []),
    (b'^p^p', [r'\^', "'^"], [], []),
    (b'%p (x)', [r'\%', '"%p ('], [], []),
    (b'esc\x1b]0;p\x07\x9b', ['esc'], [], ["'esc", '"esc']),
]
# fish cannot escape a TAB, which ends a candidate, so the completion does not offer such a name.
POSIX_NAMES = [(b'tab\tp', ['tab'], [], ['"tab'])]

FILES = [b'm $(p).prom', b'n\np;`p`', b'o\\x2dp.scope']


def start_process(name):
    """Starts a process with that name, which ends together with this one."""
    ready, told = os.pipe()
    pid = os.fork()
    if not pid:
        libc = ctypes.CDLL(None)
        libc.prctl(1, signal.SIGKILL)
        libc.prctl(PR_SET_NAME, ctypes.c_char_p(name))
        os.write(told, b'.')
        while True:
            signal.pause()
    os.close(told)
    os.read(ready, 1)
    os.close(ready)
    with open(f'/proc/{pid}/comm', 'rb') as file:
        assert file.read() == name + b'\n', name
    return pid


class Shell:
    """A shell on a terminal. It prints READY when it waits for a line."""

    def __init__(self, shell, completion, folder):
        self.folder = folder
        self.said = b''
        self.count = 0
        environment = {
            'HOME': str(folder), 'PATH': f'{folder}/bin:/usr/bin:/bin', 'TERM': 'xterm',
            'LC_ALL': 'C.UTF-8', 'ZDOTDIR': str(folder), 'XDG_CONFIG_HOME': str(folder / 'c'),
            'XDG_DATA_HOME': str(folder / 'd'), 'COMPLETION': completion}
        args = getattr(self, shell)(completion)
        self.pid, self.fd = os.forkpty()
        if not self.pid:
            os.chdir(folder)
            # As in a terminal, also if the tests run under nohup(1).
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            os.execvpe(args[0], args, environment)
        self.expect(b'READY')

    def bash(self, completion):
        (self.folder / '.bashrc').write_text(
            "PS1='READY> '\nset -o history -o histexpand\n"
            "bind 'set enable-bracketed-paste off'\nbind 'set bell-style none'\n"
            '. "$COMPLETION"\n')
        return ['bash', '--rcfile', str(self.folder / '.bashrc'), '-i']

    def zsh(self, completion):
        (self.folder / 'functions').mkdir()
        shutil.copy(completion, self.folder / 'functions' / '_panthor-mem')
        (self.folder / '.zshrc').write_text(
            "fpath=($HOME/functions $fpath)\nautoload -Uz compinit\n"
            "compinit -u -d $HOME/.zcompdump\nunsetopt beep promptsp\nPS1='READY> '\n")
        return ['zsh', '-d', '-i']

    def fish(self, completion):
        # fish would write here in the background, from all man pages, for longer than the test.
        (self.folder / 'd/fish/generated_completions').mkdir(parents=True)
        return ['fish', '-C', 'function fish_prompt; echo -n "READY> "; end; '
                'function fish_title; end; set -g fish_greeting; source $COMPLETION']

    def expect(self, what):
        end = time.monotonic() + PATIENCE
        while what not in self.said:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                sys.exit(f'{what!r} does not come; the shell said:\n{self.said!r}')
            try:
                self.said += os.read(self.fd, 65536)
            except OSError:
                sys.exit(f'the shell ended; it said:\n{self.said!r}')
        self.said = self.said[self.said.index(what) + len(what):]

    def type(self, text):
        os.write(self.fd, text)

    def line(self, typed):
        """Types a line with a TAB at its end. Returns the arguments of the program."""
        self.count += 1
        self.type(b'panthor-mem ' + typed + b'\t\r')
        self.expect(b'CALLED %d.' % self.count)
        self.expect(b'READY')
        file = self.folder / 'called'
        got = file.read_bytes().split(b'\0')[:-1]
        file.unlink()
        return got

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def make_folder(folder, pids):
    (folder / 'bin').mkdir()
    program = folder / 'bin' / 'panthor-mem'
    program.write_text(
        '#!/bin/sh\n'
        f'cd "{folder}" || exit\n'
        'if [ "$*" = "list --pids" ]; then\n'
        f'\tprintf "%s\\n" {" ".join(map(str, pids))} {GONE} "1; p" \'$(p)\'\n'
        '\texit\nfi\n'
        'n=$(($(cat count 2>/dev/null) + 1))\n'
        'echo $n >count\n'
        'printf "%s\\0" "$@" >called\n'
        'echo "CALLED $n."\n')
    program.chmod(0o755)
    # It leaves a trace if it is run.
    harm = folder / 'bin' / 'p'
    harm.write_text(f'#!/bin/sh\n: >"{folder}/harm"\n')
    harm.chmod(0o755)
    (folder / 'files').mkdir()
    for name in FILES:
        open(os.fsencode(folder / 'files') + b'/' + name, 'w', encoding='ascii').close()
        os.mkdir(os.fsencode(folder / 'files') + b'/dir ' + name)


class Checks:
    def __init__(self):
        self.count = 0
        self.bad = 0

    def same(self, what, got, wanted):
        self.count += 1
        if got != wanted:
            self.bad += 1
            print(f'FAILED: {what}: got {got!r}, wanted {wanted!r}', flush=True)


def test_names(shell, checks, names, kind):
    for name, typed, not_fish, bash in names:
        # Other shells quote on their own, and are slower.
        if kind != 'bash':
            typed = (typed + (not_fish if kind == 'zsh' else []))[:2]
        else:
            typed = typed + not_fish + bash
        for text in typed:
            got = shell.line(b'reclaim --comm ' + text.encode())
            checks.same(f'{text} and TAB', got, [b'reclaim', b'--comm', name])
    for typed, *wanted in (('--comm=We', b'--comm=Web Content'),
                           ('--comm="We', b'--comm=Web Content'),
                           ('--comm=-r', b'--comm=-rf --json'),
                           ('-c We', b'-c', b'Web Content')):
        checks.same(f'{typed} and TAB', shell.line(b'claim ' + typed.encode()),
                    [b'claim', *wanted])


def test_files(shell, checks, kind):
    for option, what in ((b'--metrics', b''), (b'--cgroup', b'dir ')):
        for name in FILES:
            plain = b'files/' + (what + name[:1]).replace(b' ', b'\\ ')
            quoted = b"'files/" + what + name[:1]
            # Shells other than bash leave the quote of a directory open, for what is in it.
            for typed in (plain,) if what and kind != 'bash' else (plain, quoted):
                got = shell.line(b'claim 1 ' + option + b' ' + typed)
                if what and len(got) == 4:
                    got[3] = got[3].rstrip(b'/')
                checks.same(f'{option} {typed} and TAB', got,
                            [b'claim', b'1', option, b'files/' + what + name])


def test_lists(shell, checks):
    """Ambiguous words give a list, and nothing in it is run."""
    for typed in (b'reclaim --comm ', b'claim ', b'list --metrics files/', b're'):
        shell.type(b'panthor-mem ' + typed + b'\t\t')
        shell.type(b'\x15')
        checks.same(f'{typed} after the lists', shell.line(b'wat'), [b'watch'])
    # No PID begins with so many of its digits.
    checks.same('a number', shell.line(b'claim %d' % (GONE // 10)), [b'claim', b'%d' % GONE])
    checks.same('an option', shell.line(b'claim --pref'), [b'claim', b'--prefetch'])


def main():
    kind, completion = sys.argv[1], os.path.abspath(sys.argv[2])
    if not shutil.which(kind):
        print(f'no {kind}: install it')
        sys.exit(77)
    checks = Checks()
    folder = pathlib.Path(tempfile.mkdtemp())
    shell = None
    names = NAMES + (POSIX_NAMES if kind != 'fish' else [])
    pids = []
    try:
        pids = [start_process(name[0]) for name in names]
        make_folder(folder, pids)
        shell = Shell(kind, completion, folder)
        test_names(shell, checks, names, kind)
        test_files(shell, checks, kind)
        test_lists(shell, checks)
        checks.same('harm', (folder / 'harm').exists(), False)
    finally:
        if shell:
            shell.close()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        shutil.rmtree(folder)
    print(f'{checks.count} checks, {checks.bad} failed')
    sys.exit(1 if checks.bad or checks.count < 50 else 0)


main()
