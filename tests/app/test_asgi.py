"""What the app is made of."""

from app import stack
from app.demo.cast import MAYA
from tests.world import World


def test_dependencies_are_resolved_in_turn_without_a_task_each() -> None:
    """The framework's own batches: if it keeps them elsewhere one day, requests get slower and this says why."""
    app = stack.app_without_database()
    models = [m for route in app.routes for _, m in getattr(route, "route_handler_map", {}).values()]
    batches = [batch for model in models for batch in model.dependency_batches]

    assert len(batches) > 100
    assert {len(batch) for batch in batches} == {1}
    assert {d.key for batch in batches for d in batch} == {"me", "db", "caller", "pool", "now", "site"}


async def test_no_cache_keeps_an_answer_unless_it_says_by_itself_for_how_long(world: World) -> None:
    maya = await world.of(MAYA)

    for path in ("/v1/me", "/v1/check-ins", "/v1/alerts", "/v1/patients/nobody"):
        assert (await maya.get(path)).headers.get_list("cache-control") == ["no-store"]
    assert (await maya.get("/openapi.json")).headers.get_list("cache-control") == ["no-cache"]
