"""What a measurement was made on, to be printed beside it."""

import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path


def told(postgres: str, packages: Sequence[str]) -> None:
    """Say it on standard error, where it spoils no JSON."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    sys.stderr.write(f"  on {os.cpu_count()} x {processor()}, Python {platform.python_version()}\n")
    sys.stderr.write(f"  PostgreSQL {postgres}, nothing written through to the disk\n  {versions}\n")
    sys.stderr.flush()


def processor() -> str:
    """The CPU's own name, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
