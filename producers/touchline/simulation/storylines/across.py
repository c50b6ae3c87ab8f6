"""Storylines across channels: strike-outs, lost customers, and retracted frictions."""

from touchline.simulation.causes import QUEUE
from touchline.simulation.story import DAY, HOUR, MINUTE, Story, rfc3339
from touchline.simulation.storylines.service import REASONS
from touchline.simulation.storylines.shopping import browse, buy_in_store, check_out, fill_cart


def strikes_out(story: Story) -> None:
    """Gives up in the queue, calls again, is escalated; some close the account."""
    who = {**story.account, **story.phone}
    reason = story.random.choice(REASONS)
    call = story.contact("phone", who, reason)
    queued = call.queue(story.meets(QUEUE))
    left_queue = story.plant("queue_abandoned", queued, call.give_up(3 * MINUTE, 9 * MINUTE))
    story.wait(HOUR, 20 * HOUR)
    again = story.contact("phone", who, reason)
    story.plant("repeat_contact", call.started, again.started)
    again.queue()
    again.answer()
    again.talk()
    step = again.step("escalated", level="supervisor")
    escalated = story.plant("escalated", step, step)
    story.plant("strike_out", left_queue, escalated)
    again.end(resolved=False)
    if story.random.random() < 0.5:
        story.wait(HOUR, 2 * DAY)
        closed = story.web("account.closed", story.account, reason="service")
        story.plant("left_after_friction", escalated, closed)


def leaves(story: Story) -> None:
    """Is refused a refund and cancels the subscription the next day."""
    denied = story.web("request.denied", story.account, kind="refund", reason="after 14 days")
    refused = story.plant("request_denied", denied, denied)
    story.wait(HOUR, DAY)
    cancelled = story.web("subscription.cancelled", story.account, plan="plus")
    story.plant("left_after_friction", refused, cancelled)


def cancels_the_order(story: Story) -> None:
    """Waits for a parcel beyond the day that was named, and cancels the order."""
    who = {**story.account, **story.email}
    number = story.name("order")
    due = story.now + DAY
    scheduled = story.happen(
        "delivery.scheduled", who, "email", "logistics", order_id=number, due_at=rfc3339(due)
    )
    late = story.plant("delivery_late", scheduled, due)
    story.wait(26 * HOUR, 3 * DAY)
    cancelled = story.web("order.cancelled", story.account, order_id=number, reason="late", by="customer")
    story.plant("order_cancelled_after_friction", late, cancelled)


def tells_one_story_everywhere(story: Story) -> None:
    """Browses anonymously, logs in, cannot pay, finds no help, chats, calls, complains in public."""
    browse(story, story.device, 2)
    story.web("identity.linked", {**story.account, **story.device, **story.email})
    story.happen("identity.linked", {**story.account, **story.social, **story.phone}, "social", "crm")
    cart = story.name("cart")
    fill_cart(story, story.device, cart)
    first, *_, last = check_out(story, story.device, cart, 1)
    left = story.plant("checkout_abandoned", first, last.time + 30 * MINUTE)
    story.wait(HOUR, 2 * HOUR)
    searched = story.web("help.failed", story.device, query="card refused")
    story.wait(MINUTE, 10 * MINUTE)
    chat = story.contact("chat", story.device, "payment")
    story.plant("self_service_failed", searched, chat.started)
    chat.queue("chat")
    chat.answer()
    chat.end(resolved=False)
    story.wait(HOUR, 5 * HOUR)
    call = story.contact("phone", story.phone, "payment")
    again = story.plant("repeat_contact", chat.started, call.started)
    call.queue()
    call.answer()
    call.end(resolved=False)
    story.plant("strike_out", left, again)
    story.wait(HOUR, 3 * HOUR)
    post = story.happen(
        "mention.posted", story.social, "social", "social-desk",
        mention_id=story.name("mention"), network="mastodon", sentiment="negative",
    )  # fmt: skip
    story.plant("mention_unanswered", post, post.time + HOUR)
    story.plant("mention_ignored", post, post.time + DAY)


def had_ordered_by_phone(story: Story) -> None:
    """Leaves an anonymous cart and orders by phone; a later log-in links the two."""
    first, *_, last = fill_cart(story, story.device, story.name("cart"))
    story.wait(10 * MINUTE, 40 * MINUTE)
    story.happen(
        "order.placed", story.account, "phone", "call-centre",
        order_id=story.name("order"), value=first.data["value"], currency="EUR",
    )  # fmt: skip
    story.wait(3 * HOUR, 20 * HOUR)
    linked = story.web("identity.linked", {**story.account, **story.device})
    story.plant("cart_abandoned", first, last.time + HOUR, taken_back_at=linked.time)


def had_bought_in_the_store(story: Story) -> None:
    """Leaves a cart and buys in a store, whose till was offline and reports hours later."""
    who = {**story.account, **story.device}
    first, *_, last = fill_cart(story, who, story.name("cart"))
    story.wait(10 * MINUTE, 40 * MINUTE)
    late = story.random.randint(2 * HOUR, 6 * HOUR)
    placed = buy_in_store(story, late)
    story.plant("cart_abandoned", first, last.time + HOUR, taken_back_at=placed.due)
