"""What a load balancer is told about a server whose database is not as it should be."""

import pytest

from db.pool import connect
from tests.world import World


@pytest.mark.parametrize(
    "change",
    [
        "REVOKE SELECT ON migration FROM cairn_app",
        "DROP FUNCTION oldest_due_seconds",
        "DROP TABLE migration",
    ],
)
async def test_a_schema_that_is_half_there_is_pending_and_no_mistake(
    real_world: World, own_database: str, change: str
) -> None:
    owner = await connect(own_database.replace("//cairn_app@", "//postgres@"))
    await owner.execute(change)
    await owner.close()

    answer = await real_world.nobody().get("/health/ready")

    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["migrations"]) == ("ok", "pending")
