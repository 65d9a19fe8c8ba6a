"""The commands of the product; each loads only what its duty needs."""

import argparse
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from app import logs
from app.settings import BadSettings, Settings, described, examined, read


def main(argv: Sequence[str]) -> int:
    """Run one command; the answer is the exit status. A mistake in the settings is one sentence."""
    parser = argparse.ArgumentParser(prog="python3 -m app")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in _COMMANDS:
        sub = commands.add_parser(name)
        for flag in _FLAGS.get(name, ()):
            sub.add_argument(flag, action="store_true")
        if name == "keys":
            sub.add_argument("verb", choices=("list", "check", "rotate", "retire"))
            sub.add_argument("ring_key", nargs="?", metavar="KEY")
        if name == "audit":
            _audit_arguments(sub)
        if name == "rules":
            _rules_arguments(sub)
    options = parser.parse_args(argv)
    try:
        settings = examined(os.environ)[0] if options.command in _WHATEVER_IS_SET else read(os.environ)
        logs.configure(settings.log_level)
        return _COMMANDS[options.command](settings, options)
    except Exception as error:
        if type(error).__name__ not in _SENTENCES:
            raise
        print(error, file=sys.stderr)
        return int(getattr(error, "exit_status", 2))


# Errors whose text was written for the person at the terminal; their modules are not all loaded here.
_SENTENCES = frozenset(
    {
        *("BadSettings", "CannotListen", "OwnsTooMuch", "EditedHistory", "Misfit", "CannotServe", "NoPostgres"),
        *("Misplaced", "CannotUse", "NotMigrated", "OtherCells", "NoRole", "DatabaseEnded"),
        *("KeysMissing", "KeysUnavailable", "StillNeeded", "CannotAudit", "CannotReplay", "NoKey", "OlderDatabase"),
    }
)


def _up(settings: Settings, _options: argparse.Namespace) -> int:
    from app import card, stack

    return _served(stack.serve_all(settings, _say, lambda ready: print(card.text(ready), flush=True)))


def _api(settings: Settings, _options: argparse.Namespace) -> int:
    from app import stack

    return _served(stack.serve_api(settings, _say))


def _worker(settings: Settings, _options: argparse.Namespace) -> int:
    from app import stack

    return _served(stack.serve_worker(settings, _say))


def _signaling(settings: Settings, _options: argparse.Namespace) -> int:
    from app import stack

    return _served(stack.serve_signaling(settings, _say))


def _served(duty: Coroutine[Any, Any, None]) -> int:
    from app import stack

    stack.run(duty)
    _say("Stopped.")
    return 0


def _migrate(settings: Settings, options: argparse.Namespace) -> int:
    from app import migrating

    migrating.run(settings, plan_only=options.plan)
    return 0


def _operator_link(settings: Settings, _options: argparse.Namespace) -> int:
    from app import migrating

    migrating.let_operators_in(settings)
    return 0


def _keys(settings: Settings, options: argparse.Namespace) -> int:
    from app import key_ring

    return key_ring.run(settings, options.verb, options.ring_key, data=options.data)


def _doctor(settings: Settings, options: argparse.Namespace) -> int:
    from app import doctor

    _, mistakes = examined(os.environ)
    return doctor.run(settings, mistakes, as_json=options.json)


def _config(_settings: Settings, _options: argparse.Namespace) -> int:
    print(described(os.environ))
    _, mistakes = examined(os.environ)
    return 2 if mistakes else 0


def _access(_settings: Settings, options: argparse.Namespace) -> int:
    from app import grants, stack, tables

    if options.sql:
        sys.stdout.write(grants.sql())
        return 0
    if options.page:
        sys.stdout.write(tables.page())
        return 0
    if options.matrix:
        print(tables.matrix())
        return 0
    told = tables.as_json if options.json else tables.undeclared if options.undeclared else tables.printed
    print(told(stack.app_without_database()))
    return 0


def _openapi(_settings: Settings, _options: argparse.Namespace) -> int:
    from app import openapi, stack

    sys.stdout.buffer.write(openapi.document(stack.app_without_database()) + b"\n")
    return 0


def _demo(settings: Settings, _options: argparse.Namespace) -> int:
    from app import stack
    from app.demo import play

    if settings.port == 0:
        raise BadSettings("The demo has to know where Cairn answers: set CAIRN_PORT to that port.")
    return play.run(stack.public_url(settings), may_start=stack.is_demo(settings))


def _audit_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be done with the audit, each with its own words."""
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("verify", help="hold every row against the chains and the anchors")
    check.add_argument("--since", help="begin with the last anchor before this day or instant")
    check.add_argument("--anchors", metavar="FILE", help="a copy of the anchors, kept elsewhere")
    check.add_argument("--key", help="the public key that you were told")
    check.add_argument("--offline", action="store_true", help="only the file of anchors; no database")
    check.add_argument("--json", action="store_true")
    out = verbs.add_parser("export", help="a patient's audit, a line of JSON for each event")
    out.add_argument("--patient", required=True, metavar="ID")
    out.add_argument("--since", default="2000-01-01")
    out.add_argument("--format", choices=("fhir", "jsonl"), default="fhir")
    verbs.add_parser("key", help="the public key that signs anchors")
    turn = verbs.add_parser("rotate-key", help="let the key hand on to a new one")
    turn.add_argument("--to", metavar="FILE", help="the new private key, PEM; else one is made in the state folder")


def _audit(settings: Settings, options: argparse.Namespace) -> int:
    from app import auditing

    return auditing.run(settings, options)


def _rules_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked of the rules."""
    verbs = parser.add_subparsers(dest="verb", required=True)
    again = verbs.add_parser("replay", help="what other thresholds would have raised on the check-ins that are there")
    again.add_argument("--since", required=True, metavar="DAY", help="check-ins of this day and later")
    again.add_argument("--set", action="append", metavar="NAME=NUMBER", help="another threshold; may be repeated")
    again.add_argument("--json", action="store_true")


def _rules(settings: Settings, options: argparse.Namespace) -> int:
    from app import replaying

    return replaying.run(settings, options)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


# These need no settings, or are there to tell what is wrong with them.
_WHATEVER_IS_SET = frozenset({"config", "doctor", "access", "openapi"})
_FLAGS = {
    "migrate": ("--plan",),
    "doctor": ("--json",),
    "access": ("--json", "--matrix", "--page", "--sql", "--undeclared"),
    "keys": ("--data",),
}
_COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
    "up": _up, "api": _api, "worker": _worker, "signaling": _signaling, "migrate": _migrate,
    "operator-link": _operator_link, "doctor": _doctor, "config": _config, "access": _access, "openapi": _openapi,
    "demo": _demo, "keys": _keys, "audit": _audit,
    "rules": _rules,
}  # fmt: skip
