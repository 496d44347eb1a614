#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: dead_fs.py FOLDER

A FUSE file system with one file, FOLDER/file, that this process has open. After it prints "ready",
it does not answer requests for the attributes of the file. It ends at the end of standard input.
Status 77: it cannot be mounted here.
"""
import ctypes
import os
import stat
import sys
import threading

try:
    import fusepy
except (ImportError, OSError) as error:
    print(f'no fusepy ({error}): install python3-fusepy')
    sys.exit(77)


MNT_FORCE = 1
MNT_DETACH = 2


class OneFile(fusepy.Operations):
    def __init__(self):
        self.mounted = threading.Event()
        self.dead = False
        self.asked = threading.Event()

    def init(self, path):
        self.mounted.set()

    def getattr(self, path, fh=None):
        if self.dead:
            self.asked.set()
            threading.Event().wait()
        if path == '/':
            return {'st_mode': stat.S_IFDIR | 0o755, 'st_nlink': 2}
        if path == '/file':
            return {'st_mode': stat.S_IFREG | 0o644, 'st_nlink': 1}
        raise fusepy.FuseOSError(2)

    def open(self, path, flags):
        return 0


def serve(files, folder):
    try:
        fusepy.FUSE(files, folder, foreground=True, attr_timeout=0, entry_timeout=0)
    except RuntimeError as error:
        print(f'cannot mount a file system here ({error})', flush=True)
        os._exit(77)


def main():
    folder = sys.argv[1]
    files = OneFile()
    threading.Thread(target=serve, args=(files, folder), daemon=True).start()
    files.mounted.wait()
    held = os.open(os.path.join(folder, 'file'), os.O_RDONLY | os.O_CLOEXEC)
    files.dead = True
    # Wait until a request has arrived, to be sure that it hangs.
    threading.Thread(target=os.fstat, args=(held,), daemon=True).start()
    files.asked.wait()
    print('ready', os.getpid(), flush=True)
    sys.stdin.read()
    # By force, so that waiting requests fail. Otherwise not even a signal would end this process.
    ctypes.CDLL(None).umount2(os.fsencode(folder), MNT_FORCE | MNT_DETACH)
    os._exit(0)


main()
