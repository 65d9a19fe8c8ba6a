"""Runs a PostgreSQL server that does not outlive the process that wants it, however that process ends.

Started as a program of its own by `db.embedded`, with the standard library alone. It gives up root's rights, and then
*becomes* the server on Linux, where the kernel stops it with its parent; elsewhere it stays beside it and watches.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1


def main(mode: str, parent: str, uid: str, gid: str, *command: str) -> int:
    """Run `command` as that user for as long as the parent lives; a fast shutdown (SIGINT) follows its death."""
    libc = ctypes.CDLL(None) if mode == "become" else None
    _give_up_root(int(uid), int(gid))
    if libc is None:
        return _watch(command)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
    # The parent may have died before the kernel was asked to tell us.
    if os.getppid() != int(parent):
        return 1
    return os.execv(command[0], command)  # noqa: S606 - no shell is the point


def _give_up_root(uid: int, gid: int) -> None:
    """After this the kernel forgets any parent-death signal, so that one is set later."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)


def _watch(command: tuple[str, ...]) -> int:
    """Stay beside the server; our standard input is a pipe that ends when the parent does."""
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)  # noqa: S603 - from db.embedded
    for wanted in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(wanted, lambda number, _: server.send_signal(number))
    threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    return server.wait()


def _stop_at_end_of_input(server: subprocess.Popen[bytes]) -> None:
    os.read(0, 1)
    server.send_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
