"""Contacts over HTTP: one's own, and for those who stand beside somebody how careful one has to be."""

from uuid import UUID

from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from app import access
from app.contacts import actions
from app.contacts.models import Care, Contact, Contacts, NewContact, Preferences
from app.dependencies import Db, Me, Now


@get("/v1/contacts", operation_id="listContacts", tags=["contacts"], summary="Your contacts",
     access=access.allow("read", "own-contacts"))  # fmt: skip
async def mine(me: Me, db: Db) -> Contacts:
    """Where you are written to, and which of it you have shown to be yours."""
    return Contacts(await actions.of(db, me.id))


@post("/v1/contacts", operation_id="addContact", tags=["contacts"], summary="Add a contact",
      access=access.allow("add", "own-contacts", step_up=True))  # fmt: skip
async def add(data: JSONBody[NewContact], me: Me, db: Db, now: Now) -> Contact:
    """It counts for nothing until you have given the code that goes there."""
    return await actions.add(db, me.id, data, me.id, now)


@patch("/v1/contacts/{contact_id:uuid}", operation_id="changeContact", tags=["contacts"],
       summary="How careful one has to be",
       access=access.allow("change", "own-contacts", step_up=True))  # fmt: skip
async def change(contact_id: FromPath[UUID], data: JSONBody[Care], me: Me, db: Db) -> Contact:
    """Whether anything is sent there, whether one may leave a message, and whether others look at it as well."""
    return await actions.change(db, me.id, contact_id, data)


@delete("/v1/contacts/{contact_id:uuid}", operation_id="removeContact", tags=["contacts"], summary="Remove a contact",
        access=access.allow("remove", "own-contacts", step_up=True))  # fmt: skip
async def remove(contact_id: FromPath[UUID], me: Me, db: Db, now: Now, sure: FromQuery[bool | None] = None) -> None:
    """It is forgotten. The last one by which you come in is kept unless you are `sure`."""
    await actions.remove(db, me.id, contact_id, now, sure=sure is True)


@get("/v1/patients/{patient_id:uuid}/contact-preferences", operation_id="getContactPreferences", tags=["contacts"],
     summary="How a patient may be reached", access=access.allow("read", "contact-preferences"))  # fmt: skip
async def preferences(patient_id: FromPath[UUID], db: Db) -> Preferences:
    """By which ways, and how careful one has to be there; not where."""
    return await actions.preferences(db, patient_id)


ROUTES = (mine, add, change, remove, preferences)
