"""Somebody who reads of danger has a clinician told at once."""

from app.demo.cast import DANA, MAYA, SAM, THEO
from tests.messages.talk import a_thread, wrote
from tests.world import World


async def test_a_peer_who_flags_a_message_has_a_crisis_answered_and_twice_is_once(world: World) -> None:
    thread = await a_thread(world)
    message = await wrote(world, MAYA, thread, "I cannot go on.")
    sam = await world.of(SAM)

    first = await sam.post(f"/v1/messages/{message['id']}/flag")
    again = await sam.post(f"/v1/messages/{message['id']}/flag")

    assert first.status_code == 200, first.text
    assert first.json()["onDuty"] is True
    assert again.json()["alertId"] == first.json()["alertId"]
    for who in (DANA, THEO):
        [alert] = (await (await world.of(who)).get("/v1/alerts")).json()["items"]
        assert (alert["id"], alert["alertClass"]) == (first.json()["alertId"], "p0")
    assert (await (await world.of(MAYA)).get("/v1/support")).json()["state"] == "told"


async def test_what_the_peer_wrote_is_nobodys_danger(world: World) -> None:
    thread = await a_thread(world)
    message = await wrote(world, SAM, thread)
    assert (await (await world.of(SAM)).post(f"/v1/messages/{message['id']}/flag")).status_code == 404
