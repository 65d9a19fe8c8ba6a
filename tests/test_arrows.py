"""The arrows of the house hold, and each of them can be seen to break."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "signaling", "notifications", "db")

# Contract, file, and the line that breaks it.
BREAKS = [
    ("app stands on notifications and signaling, notifications on db", "db/ids.py", "import notifications"),
    ("signaling imports nothing of ours", "signaling/ice.py", "import db"),
    (
        "inside a slice: routes, actions, rules and queries, models",
        "app/checkins/rules.py",
        "import app.checkins.queries",
    ),
    ("the queries of a slice are its own", "app/checkins/routes.py", "import app.checkins.queries"),
    ("rules know no database, no framework, no waiting", "app/alerts/rules.py", "import asyncio"),
    ("actions know no HTTP", "app/alerts/actions.py", "import litestar"),
    ("asyncpg is behind db", "app/people/queries.py", "import asyncpg"),
    ("apscheduler is behind app.worker", "app/stack.py", "import apscheduler"),
    ("firebase_admin is behind notifications.push", "notifications/outbox.py", "import firebase_admin"),
    ("aiortc is behind signaling.peers", "signaling/asgi.py", "import aiortc"),
    ("whoever asks another server does it through app.egress", "app/signin/actions.py", "import httpx"),
    ("webauthn is behind app.passkeys.ceremony", "app/passkeys/actions.py", "import webauthn"),
    ("joserfc is behind app.proofs and app.provider.tokens", "app/provider/openid.py", "import joserfc"),
    ("pyotp and segno are behind app.totp.codes", "app/totp/actions.py", "import pyotp"),
    ("aiosmtplib is behind notifications.mail", "notifications/letters.py", "import aiosmtplib"),
    ("no cycle at any depth", "app/people/models.py", "import app.checkins.actions"),
]


def contracts(folder: Path) -> dict[str, bool]:
    """Every contract by name, and whether it is kept."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)
    found = re.findall(r"^(\S.*?) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {name: state == "KEPT" for name, state in found}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources, to be spoiled."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("node_modules", "__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_arrow_is_kept(copy: Path) -> None:
    kept = contracts(copy)

    assert all(kept.values()), kept
    assert set(kept) == {name for name, _, _ in BREAKS}, "a new contract wants its line in BREAKS"


@pytest.mark.parametrize(("name", "file", "line"), BREAKS, ids=[name for name, _, _ in BREAKS])
def test_an_arrow_that_is_broken_is_found(copy: Path, name: str, file: str, line: str) -> None:
    with (copy / file).open("a") as source:
        source.write(f"\n{line}\n")

    assert contracts(copy)[name] is False


def slices_that_reach_into_others(graph: grimp.ImportGraph) -> set[tuple[str, str]]:
    """Imports of a slice's queries from outside that slice."""
    found = set()
    for module in graph.modules:
        if module.startswith("app.") and module.endswith(".queries"):
            owner = module.removesuffix(".queries")
            importers = graph.find_modules_that_directly_import(module)
            found |= {(i, module) for i in importers if not i.startswith(f"{owner}.")}
    return found


def test_no_slice_reaches_into_the_queries_of_another() -> None:
    graph = grimp.build_graph("app", cache_dir=None)
    assert slices_that_reach_into_others(graph) == set()

    graph.add_import(importer="app.alerts.actions", imported="app.people.queries")
    assert slices_that_reach_into_others(graph) == {("app.alerts.actions", "app.people.queries")}


@pytest.mark.parametrize(
    ("duty", "never"),
    [
        ("app.asgi", {"aiortc", "av", "firebase_admin", "apscheduler"}),
        ("app.stack", {"aiortc", "av", "firebase_admin", "apscheduler"}),
        ("signaling.asgi", {"aiortc", "av", "asyncpg", "firebase_admin", "apscheduler"}),
    ],
)
def test_a_duty_loads_only_what_it_needs(duty: str, never: set[str]) -> None:
    code = f"import sys, {duty}; print(*sorted(m for m in {sorted(never)!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
