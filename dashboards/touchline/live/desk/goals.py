"""Goals of measures, set on the page."""

from touchline.live.desk.desk import Desk
from touchline.live.desk.documents import Id, Kind, NotWritten
from touchline.live.desk.writing import WriteRequest, Writing
from touchline.measures import GoalsError, check_goals

GOALS = Kind("goals", "goal", 500)


class GoalRequest(WriteRequest, forbid_unknown_fields=True):
    """A goal for the measure `id`, in its unit."""

    id: Id
    value: float


def take_goals(writing: Writing) -> None:
    """Set and remove goals: the requests `goal` and `remove_goal` of a page."""

    async def put(desk: Desk, request: GoalRequest, author: str) -> None:
        try:
            check_goals({request.id: request.value})
        except GoalsError as error:
            raise NotWritten(f"Not saved: {error}") from None
        await desk.put(GOALS, request.id, {"value": request.value}, author)

    writing.on("goal", GoalRequest, put)
    writing.on_remove("remove_goal", GOALS)
