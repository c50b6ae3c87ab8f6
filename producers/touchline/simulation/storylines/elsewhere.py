"""Storylines of stores, social media and feedback."""

from typing import Any

from touchline.simulation.causes import STORE
from touchline.simulation.story import DAY, HOUR, MINUTE, SECOND, Story, Touchpoint
from touchline.simulation.storylines.shopping import buy_in_store, perhaps_buy
from touchline.simulation.words import STAFF, SUBJECTS, comment


def visits_a_store(story: Story) -> None:
    """Comes in, is helped soon; most buy."""
    visit, store = story.name("visit"), STORE.of_anyone(story.random)
    story.store("visit.started", story.account, visit_id=visit, store=store)
    story.wait(2 * MINUTE, 10 * MINUTE)
    story.store("assistance.requested", story.account, visit_id=visit, store=store)
    story.wait(30 * SECOND, 8 * MINUTE)
    story.store("assistance.given", story.account, visit_id=visit, store=store)
    story.wait(5 * MINUTE, 20 * MINUTE)
    bought = story.random.random() < 0.8
    if bought:
        buy_in_store(story)
    story.store("visit.ended", story.account, visit_id=visit, store=store, bought=bought)


def orders_at_the_kiosk(story: Story) -> None:
    """Logs in at a store's tablet, which many use, and orders there."""
    who = {**story.account, "device": f"kiosk-{STORE.of_anyone(story.random)}"}
    cart = story.name("cart")
    story.happen("search.performed", who, "kiosk", "stores", query="size 43", results=4)
    story.wait(20 * SECOND, 3 * MINUTE)
    paid: dict[str, Any] = {"value": round(story.random.uniform(15, 120), 2), "currency": "EUR"}
    story.happen("cart.updated", who, "kiosk", "stores", cart_id=cart, items=1, **paid)
    story.wait(20 * SECOND, 3 * MINUTE)
    story.happen("checkout.started", who, "kiosk", "stores", cart_id=cart)
    story.wait(20 * SECOND, 3 * MINUTE)
    story.happen("order.placed", who, "kiosk", "stores", order_id=story.name("order"), cart_id=cart, **paid)


def leaves_the_kiosk(story: Story) -> None:
    """Logs in at a store's tablet, fills a cart, and walks off; the next customer's order is not theirs."""
    who = {**story.account, "device": f"kiosk-{STORE.of_anyone(story.random)}"}
    filled = story.happen("cart.updated", who, "kiosk", "stores", cart_id=story.name("cart"), items=2)
    story.plant("cart_abandoned", filled, filled.time + HOUR)


def is_refused(story: Story) -> None:
    """Requests something in a store and is denied."""
    visit, store = story.name("visit"), STORE.of_anyone(story.random)
    story.store("visit.started", story.account, visit_id=visit, store=store)
    story.wait(5 * MINUTE, 20 * MINUTE)
    denied = story.store("request.denied", story.account, visit_id=visit, kind="return", reason="no receipt")
    story.wait(MINUTE, 5 * MINUTE)
    bought = story.random.random() < 0.3
    if bought:
        buy_in_store(story)
    story.store("visit.ended", story.account, visit_id=visit, store=store, bought=bought)
    story.plant("request_denied", denied, denied)


def is_not_seen(story: Story) -> None:
    """Requests help in a store and waits; some leave, some are helped."""
    visit, store = story.name("visit"), story.meets(STORE)
    story.store("visit.started", story.account, visit_id=visit, store=store)
    story.wait(MINUTE, 5 * MINUTE)
    requested = story.store("assistance.requested", story.account, visit_id=visit, store=store)
    helped, bought = None, False
    if story.random.random() < 0.5:
        story.wait(12 * MINUTE, 25 * MINUTE)
        helped = story.store("assistance.given", story.account, visit_id=visit, store=store)
        bought = story.random.random() < 0.5
        if bought:
            buy_in_store(story)
    else:
        story.wait(4 * MINUTE, 20 * MINUTE)
    left = story.store("visit.ended", story.account, visit_id=visit, store=store, bought=bought)
    if left.time > requested.time + 10 * MINUTE:
        story.plant("store_help_missed", requested, requested.time + 10 * MINUTE, resolved=helped)
    if helped is None:
        story.plant("visit_abandoned", requested, left)


def _post(story: Story, sentiment: str) -> Touchpoint:
    subject = "praise" if sentiment == "positive" else story.random.choice(SUBJECTS)
    return story.happen(
        "mention.posted", story.social, "social", "social-desk",
        mention_id=story.name("mention"), network="mastodon", sentiment=sentiment,
        text=comment(story.random, subject),
    )  # fmt: skip


def _answer(story: Story, post: Touchpoint) -> Touchpoint:
    mention = post.data["mention_id"]
    return story.happen("mention.answered", story.social, "social", "social-desk", mention_id=mention)


def is_answered_in_public(story: Story) -> None:
    """Posts on social media and is answered within the hour."""
    post = _post(story, "positive")
    story.wait(5 * MINUTE, 55 * MINUTE)
    _answer(story, post)


def asks_in_public(story: Story) -> None:
    """Posts on social media and is answered late."""
    post = _post(story, "negative")
    story.wait(2 * HOUR, 20 * HOUR)
    answer = _answer(story, post)
    story.plant("mention_unanswered", post, post.time + HOUR, resolved=answer)


def is_ignored_in_public(story: Story) -> None:
    """Posts on social media and is not answered for a day, or ever."""
    post = _post(story, "negative")
    answer = None
    if story.random.random() < 0.5:
        story.wait(26 * HOUR, 60 * HOUR)
        answer = _answer(story, post)
    story.plant("mention_unanswered", post, post.time + HOUR, resolved=answer)
    story.plant("mention_ignored", post, post.time + DAY, resolved=answer)


def _feedback(story: Story, metric: str, score: int | None = None) -> Touchpoint:
    scale = 10 if metric == "nps" else 5
    scored: dict[str, Any] = {} if score is None else {"score": score, "scale": scale}
    pleased = score is not None and score / scale > 0.6
    subject = "praise" if pleased else story.random.choice(SUBJECTS)
    return story.happen(
        "feedback.given", story.email, "email", "crm",
        feedback_id=story.name("feedback"), metric=metric, comment=comment(story.random, subject), **scored,
    )  # fmt: skip


def _reply(story: Story, feedback: Touchpoint) -> Touchpoint:
    number = feedback.data["feedback_id"]
    return story.happen("feedback.answered", story.email, "email", "crm", feedback_id=number)


def is_heard(story: Story) -> None:
    """Complains or scores low and is answered in time, or is satisfied."""
    given = _feedback(story, *story.random.choice((("complaint", None), ("nps", 3), ("nps", 9))))
    story.wait(HOUR, 20 * HOUR)
    _reply(story, given)


def complains_in_vain(story: Story) -> None:
    """Complains and is answered late, or never."""
    given = _feedback(story, "complaint")
    reply = None
    if story.random.random() < 0.5:
        story.wait(26 * HOUR, 3 * DAY)
        reply = _reply(story, given)
    story.plant("complaint_unanswered", given, given.time + DAY, resolved=reply)


def is_not_followed_up(story: Story) -> None:
    """Would not recommend the retailer, and is not answered for two days."""
    given = _feedback(story, "nps", story.random.randint(0, 6))
    reply = None
    if story.random.random() < 0.4:
        story.wait(50 * HOUR, 4 * DAY)
        reply = _reply(story, given)
    story.plant("detractor_unanswered", given, given.time + 2 * DAY, resolved=reply)


def scores_low(story: Story) -> None:
    """Gives one or two of five."""
    given = _feedback(story, story.random.choice(("csat", "review")), story.random.randint(1, 2))
    story.plant("low_score", given, given)
    perhaps_buy(story, {**story.account, **story.email}, 0.15)


def reports_a_problem(story: Story) -> None:
    """An employee says what makes serving customers hard."""
    topic, team, words = story.random.choice(STAFF)
    story.happen(
        "staff.feedback_given", {"staff": story.name("staff")}, "web", "staff-survey",
        topic=topic, team=team, comment=words, score=story.random.randint(1, 3), scale=5,
    )  # fmt: skip
