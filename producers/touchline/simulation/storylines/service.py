"""Storylines of the call centre, help pages and promises."""

from touchline.simulation.causes import QUEUE
from touchline.simulation.story import DAY, HOUR, MINUTE, SECOND, Story, rfc3339
from touchline.simulation.storylines.shopping import perhaps_buy

REASONS = ("billing", "delivery", "return", "warranty", "account")


def calls_once(story: Story) -> None:
    """Calls, waits a moment, is helped."""
    who = {**story.account, **story.phone}
    call = story.contact("phone", who, story.random.choice(REASONS))
    call.menu()
    call.queue()
    call.answer()
    call.end()
    if story.random.random() < 0.3:
        story.rate(who, "praise", 4, 4, 5)
    perhaps_buy(story, who, 0.3)


def calls_for_two_things(story: Story) -> None:
    """Calls for one thing and, days later, for another."""
    who = {**story.account, **story.phone}
    for reason in ("billing", "warranty"):
        call = story.contact("phone", who, reason)
        call.queue()
        call.answer()
        call.end()
        story.wait(DAY, 3 * DAY)


def chats(story: Story) -> None:
    """Chats, is put on hold and handed on once, and is helped."""
    chat = story.contact("chat", {**story.account, **story.device}, story.random.choice(REASONS))
    chat.queue("chat")
    chat.answer()
    chat.talk()
    chat.step("held")
    story.wait(20 * SECOND, 90 * SECOND)
    chat.step("resumed")
    chat.transfer("tier2")
    chat.answer()
    chat.end()
    perhaps_buy(story, {**story.account, **story.device}, 0.3)


def helps_themselves(story: Story) -> None:
    """Finds the help page at the second try; a later call has another reason."""
    who = {**story.account, **story.device}
    story.web("help.searched", who, query="opening hours", results=0)
    story.web("help.failed", who, query="opening hours")
    story.wait(10 * SECOND, MINUTE)
    story.web("help.searched", who, query="when open", results=3)
    story.wait(5 * SECOND, MINUTE)
    story.web("help.viewed", who, article_id="opening-hours")
    story.wait(20 * SECOND, 2 * MINUTE)
    story.web("help.succeeded", who, article_id="opening-hours")
    if story.random.random() < 0.3:
        story.wait(HOUR, 5 * HOUR)
        call = story.contact("phone", story.account, "billing")
        call.queue()
        call.answer()
        call.end()
    perhaps_buy(story, who, 0.3)


def is_kept_a_promise(story: Story) -> None:
    """Is promised a call back, gets it in time, and a follow-up after it."""
    who = {**story.account, **story.phone}
    call = story.contact("phone", who, "warranty")
    call.queue()
    call.answer()
    promise = story.name("promise")
    due = rfc3339(story.now + 5 * HOUR)
    story.happen("promise.made", who, "phone", "call-centre", promise_id=promise, kind="callback", due_at=due)
    call.end()
    story.wait(HOUR, 4 * HOUR)
    back = story.contact("phone", who, "warranty", direction="outbound")
    story.happen("promise.kept", who, "phone", "call-centre", promise_id=promise, kind="callback")
    back.end()
    followup = story.name("followup")
    due = rfc3339(story.now + 2 * DAY)
    story.happen("followup.scheduled", who, "phone", "call-centre", followup_id=followup, due_at=due)
    story.wait(20 * HOUR, 40 * HOUR)
    story.happen("followup.completed", who, "phone", "call-centre", followup_id=followup)


def gives_up_in_the_menu(story: Story) -> None:
    """Hears the menu and hangs up."""
    call = story.contact("phone", story.phone, story.random.choice(REASONS))
    entered = call.menu()
    left = call.give_up(20 * SECOND, 2 * MINUTE)
    story.plant("menu_abandoned", entered, left)
    perhaps_buy(story, {**story.account, **story.phone}, 0.15)


def gives_up_in_the_queue(story: Story) -> None:
    """Waits in the queue, hangs up; some call again the same day and are helped."""
    who = {**story.account, **story.phone}
    reason = story.random.choice(REASONS)
    call = story.contact("phone", who, reason)
    call.menu()
    queued = call.queue(story.meets(QUEUE))
    left = call.give_up(2 * MINUTE, 12 * MINUTE)
    story.plant("queue_abandoned", queued, left)
    if story.random.random() < 0.5:
        story.wait(10 * MINUTE, 6 * HOUR)
        again = story.contact("phone", who, reason)
        story.plant("repeat_contact", call.started, again.started)
        again.queue()
        again.answer()
        again.end()
        if story.random.random() < 0.5:
            story.rate(who, "queue", 3, 3, 4)
    perhaps_buy(story, who, 0.12)


def leaves_the_chat(story: Story) -> None:
    """Opens a chat that nobody joins."""
    chat = story.contact("chat", {**story.account, **story.device}, "return")
    left = chat.give_up(2 * MINUTE, 10 * MINUTE)
    story.plant("chat_abandoned", chat.started, left)
    perhaps_buy(story, {**story.account, **story.device}, 0.15)


def calls_again(story: Story) -> None:
    """Calls a second and a third time for the same thing within a week."""
    who = {**story.account, **story.phone}
    calls = []
    for _ in range(3):
        call = story.contact("phone", who, "delivery")
        call.queue()
        call.answer()
        call.end(resolved=False)
        calls.append(call)
        story.wait(10 * HOUR, 2 * DAY)
    story.plant("repeat_contact", calls[0].started, calls[1].started)
    perhaps_buy(story, who, 0.15)


def tries_every_channel(story: Story) -> None:
    """Writes, chats and calls for one reason; the CRM links the identifiers to one customer."""
    story.known()
    written = story.contact("email", story.email, "return")
    story.wait(3 * HOUR, 10 * HOUR)
    chat = story.contact("chat", {**story.account, **story.device}, "return")
    chat.queue("chat")
    chat.answer()
    chat.end(resolved=False)
    story.wait(HOUR, 20 * HOUR)
    call = story.contact("phone", story.phone, "return")
    call.queue()
    call.answer()
    call.end()
    story.plant("repeat_contact", written.started, chat.started)
    story.plant("channel_hopping", written.started, call.started)


def waits_long(story: Story) -> None:
    """Is answered after minutes, authenticated again, and put on hold."""
    who = {**story.account, **story.phone}
    call = story.contact("phone", who, story.random.choice(REASONS))
    call.menu()
    call.queue(story.meets(QUEUE))
    answered = call.answer(6 * MINUTE, 20 * MINUTE)
    story.plant("long_wait", answered, answered)
    call.talk()
    if story.random.random() < 0.5:
        repeated = call.step("reauthenticated")
        story.plant("reauthenticated", repeated, repeated)
    else:
        held = call.step("held")
        story.wait(3 * MINUTE, 9 * MINUTE)
        resumed = call.step("resumed") if story.random.random() < 0.7 else None
        story.plant("long_hold", held, held.time + 2 * MINUTE, resolved=resumed)
    call.end()
    if story.random.random() < 0.4:
        story.rate(who, "queue", 3, 3, 4)
    perhaps_buy(story, who, 0.18)


def waits_longer_than_told(story: Story) -> None:
    """Waits longer than the queue announced; some hang up before an answer."""
    call = story.contact("phone", {**story.account, **story.phone}, "delivery")
    queued = call.queue(told_seconds=120.0)
    if story.random.random() < 0.3:
        left = call.give_up(3 * MINUTE, 4 * MINUTE)
        story.plant("queue_abandoned", queued, left)
        story.plant("waited_longer_than_told", left, left)
        return
    answered = call.answer(3 * MINUTE, 4 * MINUTE)
    story.plant("waited_longer_than_told", answered, answered)
    call.end()


def looks_for_a_contact(story: Story) -> None:
    """Goes round the pages on help and contact, and around again."""
    pages = []
    for page in ("/help", "/help/orders", "/faq", "/support", "/contact", "/help"):
        pages.append(story.web("page.viewed", story.device, page=page))
        story.wait(10 * SECOND, MINUTE)
    story.plant("contact_hard_to_find", pages[0], pages[3])
    perhaps_buy(story, {**story.account, **story.device}, 0.25)


def is_passed_around(story: Story) -> None:
    """Is handed from team to team and up to a supervisor."""
    call = story.contact("phone", {**story.account, **story.phone}, "warranty")
    call.queue()
    call.answer()
    moves = []
    for queue in ("tier2", "parts", "evening"):
        moves.append(call.transfer(queue))
        call.answer()
    call.talk()
    escalated = call.step("escalated", level="supervisor")
    call.end()
    story.plant("transfer_ping_pong", moves[0], moves[1])
    story.plant("escalated", escalated, escalated)
    perhaps_buy(story, {**story.account, **story.phone}, 0.12)


def finds_no_help(story: Story) -> None:
    """Searches the help pages in vain and calls."""
    who = {**story.account, **story.device}
    story.web("help.searched", who, query="broken zip", results=0)
    failed = story.web("help.failed", who, query="broken zip")
    story.wait(MINUTE, 3 * HOUR)
    call = story.contact("phone", {**story.account, **story.phone}, "warranty")
    call.queue()
    call.answer()
    call.end()
    story.plant("self_service_failed", failed, call.started)
    perhaps_buy(story, {**story.account, **story.phone}, 0.15)


def is_broken_a_promise(story: Story) -> None:
    """Is promised a repair, which is cancelled, late or forgotten."""
    who = {**story.account, **story.phone}
    promise = story.name("promise")
    due = story.now + 6 * HOUR
    made = story.happen(
        "promise.made", who, "phone", "call-centre", promise_id=promise, kind="repair", due_at=rfc3339(due)
    )
    end = story.random.choice(("called off", "late", "forgotten", "late, then called off"))
    if end == "called off":
        story.wait(HOUR, 5 * HOUR)
        broken = story.happen(
            "promise.broken", who, "phone", "call-centre", promise_id=promise, kind="repair"
        )
        story.plant("promise_broken", broken, broken)
        story.wait(MINUTE, DAY)
        story.contact("phone", who, "warranty", direction="outbound").end()
        return
    kept = None
    story.wait(8 * HOUR, 2 * DAY)
    if end == "late":
        kept = story.happen("promise.kept", who, "field", "logistics", promise_id=promise, kind="repair")
    elif end == "late, then called off":
        broken = story.happen(
            "promise.broken", who, "phone", "call-centre", promise_id=promise, kind="repair"
        )
        story.plant("promise_broken", broken, broken)
    story.plant("promise_overdue", made, due, resolved=kept)


def waits_for_a_parcel(story: Story) -> None:
    """The parcel does not come on the day that was named; some get it later."""
    who = {**story.account, **story.email}
    number = story.name("order")
    due = story.now + DAY
    scheduled = story.happen(
        "delivery.scheduled", who, "email", "logistics", order_id=number, due_at=rfc3339(due)
    )
    story.wait(10 * HOUR, 20 * HOUR)
    moved = rfc3339(due + 2 * DAY)
    story.happen("delivery.scheduled", who, "email", "logistics", order_id=number, due_at=moved)
    arrived = None
    if story.random.random() < 0.7:
        story.wait(20 * HOUR, 40 * HOUR)
        arrived = story.happen("delivery.completed", who, "field", "logistics", order_id=number)
    story.plant("delivery_late", scheduled, due, resolved=arrived)
    if arrived and story.random.random() < 0.5:
        story.rate(who, "delivery", 3, 3, 4)


def is_forgotten(story: Story) -> None:
    """A follow-up is due and nobody calls; some are called later."""
    who = {**story.account, **story.phone}
    followup = story.name("followup")
    due = story.now + 20 * HOUR
    scheduled = story.happen(
        "followup.scheduled", who, "phone", "call-centre", followup_id=followup, due_at=rfc3339(due)
    )
    completed = None
    if story.random.random() < 0.5:
        story.wait(22 * HOUR, 50 * HOUR)
        completed = story.happen("followup.completed", who, "phone", "call-centre", followup_id=followup)
    story.plant("followup_missed", scheduled, due, resolved=completed)
