"""Cairn as a process of its own, over a database of its own, for whoever means harm."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Process:
    """A running server: where it is, what it has open, and what it has logged."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, log: Path) -> None:
        self._process, self.port, self._log = process, port, log
        self.url = f"http://127.0.0.1:{port}"

    @property
    def running(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def descriptors(self) -> int:
        """How many files and sockets it holds."""
        return len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))

    def tasks(self) -> int:
        """How many tasks its event loop has."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def memory(self) -> int:
        """How many bytes it takes up."""
        found = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()
        return int(found[1]) * 4096

    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running(folder: Path, module: str, *arguments: str) -> Iterator[Process]:
    """`python -m module arguments`, which prints its port and ends when its input does."""
    log = folder / f"{module}.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            said = process.stdout.readline().strip()
            assert said.isdigit(), log.read_text(encoding="utf-8", errors="replace")
            yield Process(process, int(said), log)
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            finally:
                process.kill()
                process.stdout.close()
