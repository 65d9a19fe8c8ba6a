"""FastAPI, pydantic and SQLAlchemy's asyncio ORM, written as their manuals show."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import (
    ARRAY,
    JSON,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    cast,
    column,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app import auth
from app.checkins import rules
from app.checkins.actions import place
from app.clock import system_clock
from app.questions.models import Asked
from app.thresholds import rules as thresholds
from app.thresholds.models import Answered, Day, Thresholds
from app.wire import cursor_for
from db import new_id
from db.envelope import DataKey
from db.keys import Kept
from tests.bench._peers import closed
from tests.bench._peers.shapes import CheckIn, CheckIns, NewCheckIn, RecordedCheckIn, Signed
from tests.bench._peers.statements import PURPOSES

Date = date


class Base(DeclarativeBase):
    """The mapped tables."""


class CheckInRow(Base):
    """What a patient said."""

    __tablename__ = "check_in"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    date: Mapped[Date] = mapped_column("day")
    version: Mapped[int]
    mood: Mapped[int] = mapped_column(SmallInteger)
    craving: Mapped[int] = mapped_column(SmallInteger)
    wants_to_talk: Mapped[bool]
    in_danger: Mapped[bool]
    sleep_hours: Mapped[int | None] = mapped_column(SmallInteger)
    triggers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    used: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    medication_taken: Mapped[str | None]
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    answered_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    received_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    note = ""  # what was sealed there, once it has been opened


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Any]:
    """The app over an engine with as many connections as Cairn's pool, set up alike."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: _connect(dsn), pool_size=8, max_overflow=0
    )
    app = FastAPI(openapi_url=None)
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    app.post("/v1/check-ins", status_code=201)(record)
    app.get("/v1/check-ins")(history)
    try:
        yield app
    finally:
        await engine.dispose()


async def _connect(dsn: str) -> Any:
    return await asyncpg.connect(dsn, server_settings={"TimeZone": "UTC", "jit": "off"})


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    """One session in one transaction, committed before the answer is sent."""
    async with request.app.state.sessions.begin() as opened:
        yield opened


Db = Annotated[AsyncSession, Depends(session, scope="function")]
Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


async def signed(db: Db, sent: Bearer) -> Signed:
    """Whoever holds that token, if it is a patient; from here on the transaction is theirs."""
    now = system_clock()
    found = func.signed_in(auth.sha256(sent.credentials), now).table_valued(
        column("id", Uuid),
        column("organisation_id", Uuid),
        column("session_id", Uuid),
        column("language", Text),
        column("roles", ARRAY(Text)),
    )
    row = (await db.execute(select(found))).one_or_none()
    if row is None:
        raise HTTPException(401)
    if "patient" not in row.roles:
        raise HTTPException(403)
    me = Signed.model_validate(row)
    await _identify(db, me, now)
    return me


async def _identify(db: AsyncSession, me: Signed, now: datetime) -> None:
    await db.execute(
        select(
            func.set_config("cairn.person", me.id.hex, True),
            func.set_config("cairn.duty", "", True),
            func.set_config("cairn.request", new_id(now).hex, True),
            func.set_config("cairn.session", me.session_id.hex, True),
            func.set_config("cairn.now", now.isoformat(), True),
            func.set_config("cairn.purpose", PURPOSES, True),
        )
    )


Me = Annotated[Signed, Depends(signed)]


async def record(new: NewCheckIn, me: Me, db: Db) -> RecordedCheckIn:
    """Say how you feel."""
    version, before = await _before(db, me, new.date)
    said = new.model_dump()
    words = said.pop("note")
    key = await closed.key(me.id, lambda: _key(db, me.id))
    row = CheckInRow(
        **said, patient_id=me.id, version=version + 1, received_at=system_clock(),
        note_sealed=key.seal(place(new.id), words) if words else None,
    )  # fmt: skip
    row.note = words
    db.add(row)
    try:
        await db.flush()
    except IntegrityError as error:
        raise HTTPException(409) from error
    await _audit(db, "record", me.id, new.id)
    kept = CheckIn.model_validate(row)
    sent: Any = new
    rules.check_asked(sent, before.asked)
    facts = thresholds.facts(Answered(**_judged(kept)), before.recent, before.days, before.thresholds)
    if thresholds.worry(facts, before.thresholds):
        raise HTTPException(501, "a worrying answer is not what is measured here")
    return RecordedCheckIn(**kept.model_dump(), support=rules.support(None, me.language))


class Before(NamedTuple):
    """What the rules must know of the days before, and of the program."""

    recent: list[Day]
    days: int
    thresholds: Thresholds
    asked: list[Asked]


def _judged(kept: CheckIn) -> dict[str, Any]:
    return {name: getattr(kept, name) for name in Answered.__struct_fields__}


async def _before(db: AsyncSession, me: Signed, day: date) -> tuple[int, Before]:
    """The day's latest version, and what decides whether an answer worries anybody."""
    recent = await db.execute(
        select(CheckInRow.date, CheckInRow.mood, CheckInRow.craving, CheckInRow.version)
        .distinct(CheckInRow.date)
        .where(CheckInRow.patient_id == me.id, CheckInRow.date.between(day - timedelta(days=21), day))
        .order_by(CheckInRow.date, CheckInRow.version.desc())
    )
    rows = recent.all()
    others = select(func.count(CheckInRow.date.distinct())).where(
        CheckInRow.patient_id == me.id, CheckInRow.date != day
    )
    program = (
        func.thresholds_of(me.organisation_id, system_clock(), type_=JSON),
        func.questions_of(me.organisation_id, type_=JSON),
    )
    days, at, asked = (await db.execute(select(others.scalar_subquery(), *program))).one()
    return max((row.version for row in rows if row.date == day), default=0), Before(
        [Day(row.date, row.mood, row.craving) for row in rows if row.date < day], 1 + days,
        msgspec.convert(at, Thresholds), msgspec.convert(asked, list[Asked]),
    )  # fmt: skip


async def history(me: Me, db: Db, limit: Annotated[int, Query(ge=1, le=100)] = 30) -> CheckIns:
    """Your days, the newest first."""
    found = await db.scalars(
        select(CheckInRow)
        .distinct(CheckInRow.date)
        .where(CheckInRow.patient_id == me.id, CheckInRow.date < date.max)
        .order_by(CheckInRow.date.desc(), CheckInRow.version.desc())
        .limit(limit)
    )
    key = await closed.key(me.id, lambda: _key(db, me.id))
    items = [CheckIn.model_validate(_opened(row, key)) for row in found]
    await _audit(db, "read", me.id, None)
    return CheckIns(items=items, next_cursor=cursor_for(items[-1].date) if len(items) == limit else None)


def _opened(row: CheckInRow, key: DataKey) -> CheckInRow:
    row.note = key.unseal(place(row.id), row.note_sealed) if row.note_sealed else ""
    return row


async def _key(db: AsyncSession, patient: UUID) -> Kept | None:
    found = func.newest_data_key(patient).table_valued(
        column("person_id", Uuid), column("version", Integer), column("ring_key", Text), column("wrapped", LargeBinary)
    )
    row = (await db.execute(select(found))).one_or_none()
    return None if row is None else Kept(*row)


async def _audit(db: AsyncSession, action: str, patient: UUID, subject: UUID | None) -> None:
    patients = literal([patient], ARRAY(Uuid))
    about = null() if subject is None else literal(subject, Uuid)
    await db.execute(select(func.audit(action, "check-ins", patients, cast(about, Uuid))))
