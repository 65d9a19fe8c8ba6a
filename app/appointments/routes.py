"""Appointments over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app import access
from app.appointments import actions, feeds, hours
from app.appointments.models import (
    Appointment,
    Appointments,
    CalendarFeed,
    Kind,
    Move,
    NewAppointment,
    NewWorkingException,
    NewWorkingHours,
    Search,
    Slots,
    WorkingException,
    WorkingHours,
)
from app.dependencies import Db, Me, Now, Where
from app.observe import request_id
from app.versions import IfMatch
from app.wire import Cursor, Instant, Limit

StaffId = Annotated[UUID | None, QueryParameter(name="staffId")]
PatientId = Annotated[UUID | None, QueryParameter(name="patientId")]
Begin = Annotated[Instant | None, QueryParameter(name="from")]
End = Annotated[Instant | None, QueryParameter(name="to")]


@get("/v1/slots", operation_id="listSlots", tags=["appointments"], summary="Free times",
     access=access.allow("read", "slots"))  # fmt: skip
async def slots(
    me: Me, db: Db, now: Now, kind: FromQuery[Kind], staff_id: StaffId = None, patient_id: PatientId = None,
    begin: Begin = None, end: End = None, cursor: Cursor = None, limit: Limit = 50,
) -> Slots:  # fmt: skip
    """Times that can be booked, with your own team first and then with others of the program.

    Two weeks unless you ask otherwise, at most 31 days. Staff name the patient.
    """
    return await actions.slots(db, me, Search(kind, patient_id, staff_id, begin, end), cursor, limit, now)


@post("/v1/appointments", operation_id="bookAppointment", tags=["appointments"], summary="Book a free time",
      access=access.allow("book", "appointments"))  # fmt: skip
async def book(data: JSONBody[NewAppointment], me: Me, db: Db, now: Now) -> Appointment:
    """Book one of the free times; sending it again is safe. Both people are reminded. Staff name the patient."""
    return await actions.book(db, me, data, now)


@get("/v1/appointments", operation_id="listAppointments", tags=["appointments"], summary="Your appointments",
     access=access.allow("list", "appointments"))  # fmt: skip
async def listed(
    me: Me, db: Db, now: Now, begin: Begin = None, cursor: Cursor = None, limit: Limit = 50
) -> Appointments:
    """Your own appointments that have not ended, the next one first; `from` reaches back."""
    return await actions.listed(db, me, begin, cursor, limit, now)


@get("/v1/appointments/{appointment_id:uuid}", operation_id="getAppointment", tags=["appointments"],
     summary="An appointment", access=access.allow("read", "appointments"))  # fmt: skip
async def by_id(appointment_id: FromPath[UUID], me: Me, db: Db) -> Appointment:
    """One appointment as it stands now."""
    return await actions.by_id(db, me, appointment_id)


@post("/v1/appointments/{appointment_id:uuid}/reschedule", operation_id="rescheduleAppointment", tags=["appointments"],
      summary="Move an appointment", access=access.allow("reschedule", "appointments"))  # fmt: skip
async def reschedule(appointment_id: FromPath[UUID], data: JSONBody[Move], me: Me, db: Db, now: Now) -> Appointment:
    """Move it to another free time of the same person; it has a new id then. When that time is taken, it stays."""
    return await actions.reschedule(db, me, appointment_id, data, now)


@post("/v1/appointments/{appointment_id:uuid}/cancel", operation_id="cancelAppointment", tags=["appointments"],
      summary="Cancel an appointment", status_code=200,
      access=access.allow("cancel", "appointments"))  # fmt: skip
async def cancel(appointment_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Appointment:
    """Give the time back; no reason is asked. Nobody is reminded of it any more."""
    return await actions.cancel(db, me, appointment_id, now)


@post("/v1/appointments/{appointment_id:uuid}/complete", operation_id="completeAppointment", tags=["appointments"],
      summary="It took place", status_code=200,
      access=access.allow("complete", "appointments"))  # fmt: skip
async def complete(appointment_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Appointment:
    """Say that your appointment took place. It also puts right a no-show that was a slip of the finger."""
    return await actions.complete(db, me, appointment_id, now)


@post("/v1/appointments/{appointment_id:uuid}/no-show", operation_id="markNoShow", tags=["appointments"],
      summary="The patient could not be there", status_code=200,
      access=access.allow("no-show", "appointments"))  # fmt: skip
async def no_show(appointment_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Appointment:
    """Say that the patient could not be there. It is a reason to reach out, and never a mark against anybody.

    Until somebody says otherwise: what was said by mistake can be put right.
    """
    return await actions.no_show(db, me, appointment_id, now)


@get("/v1/working-hours", operation_id="getWorkingHours", tags=["working hours"], summary="Your working hours",
     access=access.allow("read", "own-hours"))  # fmt: skip
async def own_hours(me: Me, db: Db, now: Now) -> WorkingHours:
    """Your week as wall time in your own zone, and the days to come that are not like it."""
    return await hours.read(db, me, now)


@put("/v1/working-hours", operation_id="replaceWorkingHours", tags=["working hours"], summary="Set your working hours",
     access=access.allow("replace", "own-hours"))  # fmt: skip
async def replace_hours(data: JSONBody[NewWorkingHours], if_match: IfMatch, me: Me, db: Db, now: Now) -> WorkingHours:
    """A whole week in place of the one before. What is booked already stays booked."""
    return await hours.replace(db, me, data, if_match, now)


@post("/v1/working-exceptions", operation_id="addWorkingException", tags=["working hours"],
      summary="A day unlike the week", access=access.allow("add", "own-hours"))  # fmt: skip
async def add_exception(data: JSONBody[NewWorkingException], me: Me, db: Db, now: Now) -> WorkingException:
    """Other hours on one day, or none: without times the day is closed. No reason is asked."""
    return await hours.add_exception(db, me, data, now)


@delete("/v1/working-exceptions/{exception_id:uuid}", operation_id="removeWorkingException", tags=["working hours"],
        summary="That day is like the week", access=access.allow("remove", "own-hours"))  # fmt: skip
async def remove_exception(exception_id: FromPath[UUID], me: Me, db: Db) -> None:
    """That day is like the rest of the week again."""
    await hours.remove_exception(db, me, exception_id)


@post("/v1/calendar-feeds", operation_id="openCalendarFeed", tags=["calendar"], summary="Your calendar's address",
      access=access.allow("open", "own-feed"))  # fmt: skip
async def open_feed(me: Me, db: Db, site: Where, now: Now) -> CalendarFeed:
    """An address for a calendar program. Who has it sees when you have appointments, and nothing else.

    It is shown once; a new one closes the one before.
    """
    return await feeds.open_feed(db, me, site, now)


@delete("/v1/calendar-feeds", operation_id="closeCalendarFeed", tags=["calendar"],
        summary="Close your calendar's address", access=access.allow("close", "own-feed"))  # fmt: skip
async def close_feed(me: Me, db: Db, now: Now) -> None:
    """Your address shows nothing from now on."""
    await feeds.close_feed(db, me, now)


@get("/v1/calendar/{name:str}", operation_id="readCalendarFeed", tags=["calendar"], summary="A calendar feed",
     media_type="text/calendar", access=access.public("read", "calendar-feed"))  # fmt: skip
async def calendar(name: FromPath[str], request: Request[Any, Any, Any], now: Now) -> Response[bytes]:
    """Appointments as iCalendar for whoever has the address: times only, without names."""
    shown = await feeds.rendered(request.app.state.pool, name, request_id(request.scope), now)
    return Response(shown, media_type="text/calendar", headers={"Cache-Control": "private, no-store"})


ROUTES = (
    slots, book, listed, by_id, reschedule, cancel, complete, no_show, own_hours, replace_hours, add_exception,
    remove_exception, open_feed, close_feed, calendar,
)  # fmt: skip
