"""`app audit`, as whoever owns the database types it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from app import cli
from app.demo.cast import DANA, LEO, MAYA
from app.trail import anchors, chain
from db import migrate
from db.pool import connect

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """A command of the audit against the test's own database: its status, and what it says."""
    monkeypatch.setenv("CAIRN_DATABASE_URL", own_database)
    monkeypatch.setenv("CAIRN_DATABASE_OWNER_URL", as_owner(own_database))
    monkeypatch.setenv("CAIRN_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("CAIRN_LOG_LEVEL", "error")

    def command(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        status = cli.main(["audit", *words])
        return (status, *capfd.readouterr())

    return command


def as_owner(dsn: str) -> str:
    return dsn.replace(migrate.APP_ROLE, "postgres")


@pytest.fixture
async def looks(own_database: str) -> None:
    """Dana has looked at Maya's record, and at Leo's and Maya's."""
    raw = await connect(own_database)
    async with raw.transaction():
        await raw.execute(f"SET LOCAL cairn.person = '{DANA.id}'")
        await raw.execute("SELECT audit('read', 'check-ins', ARRAY[$1::uuid], $1, 'treatment')", MAYA.id)
        await raw.execute("SELECT audit('list', 'identity', $1, NULL)", [LEO.id, MAYA.id])
    await raw.close()


@pytest.mark.usefixtures("looks")
def test_an_audit_that_holds_is_told_with_its_key_also_after_that_was_handed_on(run: Run, tmp_path: Path) -> None:
    status, first, _ = run("key")
    assert (status, len(first.strip())) == (0, 64)
    status, said, beside = run("verify")
    assert (status, "It holds" in said, "no anchors" in beside) == (0, True, True)

    status, said, _ = run("rotate-key")
    second = said.strip().splitlines()[-1]
    assert (status, run("key")[1].strip()) == (0, second)
    assert second != first.strip()
    assert run("verify")[0] == 0
    told = msgspec.json.decode(run("verify", "--json")[1])
    assert (told["holds"], told["public_key"]) == (True, second)

    file = str(tmp_path / "anchors.jsonl")
    for key in (first.strip(), second):
        assert run("verify", "--anchors", file, "--key", key, "--offline")[0] == 0
    assert run("verify", "--anchors", file, "--key", "0" * 64, "--offline")[0] == 1
    assert run("verify", "--since", "2026-01-01")[0] == 0


@pytest.mark.usefixtures("looks")
def test_where_it_does_not_hold_the_first_row_that_is_wrong_is_named(run: Run, own_database: str) -> None:
    number = tampered(own_database)
    status, said, _ = run("verify")
    assert status == 1
    assert "It does NOT hold" in said
    assert f"event {number}: columns differ from its bytes: actor_id" in said
    told = msgspec.json.decode(run("verify", "--json")[1])
    assert [(fault["event"], told["holds"]) for fault in told["faults"]] == [(number, False)]


def tampered(dsn: str) -> int:

    async def change() -> int:
        raw = await connect(as_owner(dsn))
        await raw.execute("SET session_replication_role = 'replica'")
        number: int = await raw.fetchval(
            "UPDATE audit_event SET actor_id = patient_id WHERE category = 'check-ins' RETURNING id"
        )
        await raw.close()
        return number

    return asyncio.run(change())


@pytest.mark.usefixtures("looks")
def test_a_patients_own_is_taken_out_as_fhir_or_with_its_proof_and_that_is_on_record(run: Run) -> None:
    status, said, _ = run("export", "--patient", str(MAYA.id))
    events: list[Any] = [AuditEvent.model_validate_json(line) for line in said.splitlines()]
    assert (status, [one.subtype[-1].code for one in events]) == (0, ["read", "list", "export"])
    assert events[0].agent[0].who.display == DANA.name
    assert events[-1].agent[0].who.display == "Whoever owns the database"
    assert str(LEO.id) not in said

    with_proof = run("export", "--patient", str(MAYA.id), "--format", "jsonl")[1]
    rows = [msgspec.json.decode(line) for line in with_proof.splitlines()]
    assert len(rows) == 4
    assert {row["shard"] for row in rows} <= set(range(chain.SHARDS))
    assert msgspec.json.decode(rows[0]["stored"])["patient_id"] == str(MAYA.id)
    assert run("export", "--patient", str(MAYA.id), "--since", "2100-01-01")[1] == ""


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--patient", "maya"),
        ("export", "--patient", str(DANA.id)),
        ("verify", "--since", "yesterday"),
        ("verify", "--anchors", "no-such-file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(run: Run, words: tuple[str, ...]) -> None:
    status, said, beside = run(*words)
    assert (status, said) == (2, "")
    assert len(beside.strip().splitlines()) == 1


def test_a_key_from_the_settings_is_handed_on_to_one_of_a_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old.pem", tmp_path / "new.pem"
    old.write_text(anchors.new_key())
    new.write_text(anchors.new_key())
    monkeypatch.setenv("CAIRN_ANCHOR_KEY_FILE", str(old))
    monkeypatch.setenv("CAIRN_ANCHOR_LOG", str(tmp_path / "log" / "anchors.jsonl"))
    assert run("rotate-key")[0] == 2
    status, said, _ = run("rotate-key", "--to", str(new))
    assert (status, str(new) in said) == (0, True)
    monkeypatch.setenv("CAIRN_ANCHOR_KEY_FILE", str(new))
    assert run("key")[1].strip() == said.strip().splitlines()[-1]
    assert run("verify")[0] == 0
