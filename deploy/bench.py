"""`python3 -m app bench [NAME…] [--json]`: measured ratios against what they should be, and 1 when one falls short.

A benchmark is a module of `tests/bench/` with `async def measure() -> list[Ratio]`.
"""

import argparse
import asyncio
import importlib
import pkgutil
import sys
from collections.abc import Sequence

import msgspec

from tests import bench
from tests.bench import Ratio


def main(arguments: Sequence[str]) -> int:
    """Run the named benchmarks, or all of them, one after another."""
    known = names()
    parser = argparse.ArgumentParser(prog="python3 -m app bench", description="Known: " + (", ".join(known) or "none"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.names) - set(known))
    if unknown:
        print(f"There is no benchmark {unknown[0]}; there are: {', '.join(known) or 'none'}.", file=sys.stderr)
        return 2
    measured = {name: measure(name) for name in asked.names or known}
    print(as_json(measured) if asked.json else as_table(measured))
    return verdict(measured)


def names() -> list[str]:
    """The benchmarks that there are."""
    return sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_"))


def verdict(measured: dict[str, list[Ratio]]) -> int:
    """The exit status: 1 when one of them falls short."""
    return 0 if all(ratio.enough for ratios in measured.values() for ratio in ratios) else 1


def measure(name: str) -> list[Ratio]:
    """Run one benchmark on an event loop of its own."""
    print(f"Measuring {name} …", file=sys.stderr, flush=True)
    ratios: list[Ratio] = asyncio.run(importlib.import_module(f"tests.bench.{name}").measure())
    return ratios


def as_table(measured: dict[str, list[Ratio]]) -> str:
    """The measurements for people."""
    lines = [f"{'':10} {'measured':>10} {'wanted':>10}  what"]
    for name, ratios in measured.items():
        lines += ["", name, *(_line(ratio) for ratio in ratios)]
    return "\n".join(lines)


def as_json(measured: dict[str, list[Ratio]]) -> str:
    """The measurements for programs."""
    document = {
        name: [msgspec.structs.asdict(one) | {"enough": one.enough} for one in measured[name]] for name in measured
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _line(ratio: Ratio) -> str:
    verdict = "ok" if ratio.enough else "FALLS SHORT"
    bound = f"{'≤' if ratio.at_most else '≥'} {ratio.wanted:.4g}"
    return f"{verdict:11} {ratio.value:>9.4g} {bound:>10}  {ratio.name}{f' ({ratio.detail})' if ratio.detail else ''}"
