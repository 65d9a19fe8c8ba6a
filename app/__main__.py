"""`python3 -m app COMMAND`: prepares what the command needs, then starts it; imports nothing else.

An old Python must be able to read this file as far as its first sentence, so its syntax is that of Python 3.8.
"""

import importlib
import os
import signal
import sys
from typing import Any, List

RUNTIME = (
    ("up", "everything on this machine: database, API, worker and signaling; demo people when nothing is configured"),
    ("demo", "a day of care played against the running stack, as a story"),
    ("api", "the HTTP API and its live events"),
    ("worker", "the clock: deliveries, reminders, escalations"),
    ("signaling", "the sockets of a visit"),
    ("migrate", "bring the database's schema up to date (--plan only tells)"),
    ("operator-link", "a one-time sign-in link for each operator, when none of them can come in any more"),
    ("doctor", "what is set up, what is not, and what to do about it (--json)"),
    ("config", "every setting, its meaning and where its value comes from"),
    ("access", "who may do what, as a table (--matrix, --json; --sql as the file that migrate runs)"),
    ("openapi", "the API's description"),
    ("rules", "replay: what other thresholds would have raised on the check-ins that are there"),
    ("keys", "list, check, rotate, retire: the keys that seal what people wrote"),
    ("audit", "verify, export, key, rotate-key: whether the audit is as it was written, and a patient's own as a file"),
)
DEVELOPMENT = (
    ("test", "every check and test, on a database of their own; pytest's arguments run these tests alone"),
    ("bench", "measured ratios against what they should be ([NAME] --json)"),
    ("lock", "the lock files, made anew (--upgrade)"),
)


IN_DEPLOY = {"test": "deploy.testing", "bench": "deploy.bench", "lock": "deploy.lock"}
# These run until they are told to stop, so to be told is no failure, however early it comes.
DUTIES = ("up", "api", "worker", "signaling")
SERVE_THE_PAGE = ("up", "demo", "api")


class Terminated(KeyboardInterrupt):
    """SIGTERM, which stops a command just as Ctrl-C does."""


def main(arguments: List[str]) -> int:
    """Run one command; the answer is the exit status."""
    if sys.version_info < (3, 11):
        return complain("Cairn needs Python 3.11 or newer, and this python3 is %d.%d." % sys.version_info[:2])
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        return welcome()
    if arguments[0] not in dict(RUNTIME + DEVELOPMENT):
        return complain("There is no command %s; `python3 -m app` lists them." % ascii(arguments[0]))
    return until_stopped(arguments)


def until_stopped(arguments: List[str]) -> int:
    """The command from its preparation to its end; a signal ends it at any moment without a traceback.

    A duty has then done what it was told, and answers 0; whatever was cut short answers with 128 and the signal.
    """
    signal.signal(signal.SIGTERM, terminate)
    try:
        return prepared(arguments)
    except KeyboardInterrupt as stopped:
        sys.stderr.write("\nStopped.\n")
        number = signal.SIGTERM if isinstance(stopped, Terminated) else signal.SIGINT
        return 0 if arguments[0] in DUTIES else 128 + number


def terminate(_number: int, _frame: Any) -> None:
    """Raise in whatever is going on."""
    raise Terminated


def prepared(arguments: List[str]) -> int:
    """Start the command anew inside the environment that it needs, or run it when we are there already."""
    from deploy import launcher  # noqa: PLC0415 - an older Python could not read it

    command = arguments[0]
    try:
        launcher.enter(arguments, development=command in dict(DEVELOPMENT))
        if command in SERVE_THE_PAGE:
            importlib.import_module("deploy.parts").prepare(os.environ, database=command != "api")
    except launcher.CannotPrepare as problem:
        return complain(str(problem))
    return run(arguments)


def run(arguments: List[str]) -> int:
    """The command itself; what stands around the product takes the words after its name."""
    if arguments[0] in IN_DEPLOY:
        return int(importlib.import_module(IN_DEPLOY[arguments[0]]).main(arguments[1:]))
    return int(importlib.import_module("app.cli").main(arguments))


def welcome() -> int:
    """The commands, each with what it is for."""
    print("Cairn: telehealth and peer support. python3 -m app COMMAND, with one of\n")
    for command, meaning in (*RUNTIME, ("", ""), *DEVELOPMENT):
        print(("  %-10s %s" % (command, meaning)).rstrip())
    print("\nBegin with `python3 -m app up`.")
    return 0


def complain(sentence: str) -> int:
    """One sentence on the error stream, and the status of a command that was not understood."""
    sys.stderr.write(sentence + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
