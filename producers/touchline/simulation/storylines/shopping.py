"""Storylines of the web shop: carts, checkouts, forms, payments, and clicks without effect."""

from touchline.simulation.causes import METHOD, RELEASE
from touchline.simulation.story import DAY, HOUR, MINUTE, SECOND, Identifiers, Story, Touchpoint, rfc3339

PAGES = ("/", "/new", "/sale", "/coats", "/shoes", "/lamps", "/kitchen")
FORMS = ("/returns", "/warranty", "/account")
FIELDS = ("order number", "postcode", "size")
QUERIES = ("rain coat", "desk lamp", "running shoes", "tea pot", "wool scarf")


def browse(story: Story, who: Identifiers, pages: int = 3) -> None:
    """Look at a few pages and search once."""
    for _ in range(pages):
        story.web("page.viewed", who, page=story.random.choice(PAGES))
        story.wait(10 * SECOND, 2 * MINUTE)
    story.web(
        "search.performed", who, query=story.random.choice(QUERIES), results=story.random.randint(1, 60)
    )
    story.wait(10 * SECOND, MINUTE)


def fill_cart(story: Story, who: Identifiers, cart: str, changes: int = 2) -> list[Touchpoint]:
    """Put things into a cart, minutes apart."""
    updates = []
    for items in range(1, changes + 1):
        value = round(story.random.uniform(8, 160) * items, 2)
        updates.append(story.web("cart.updated", who, cart_id=cart, items=items, value=value, currency="EUR"))
        story.wait(30 * SECOND, 5 * MINUTE)
    return updates


def check_out(
    story: Story, who: Identifiers, cart: str, steps: int = 3, method: str | None = None
) -> list[Touchpoint]:
    """Go through steps of the checkout, minutes apart; without a method, the one of anyone."""
    method = method or METHOD.of_anyone(story.random)
    done = [story.web("checkout.started", who, cart_id=cart)]
    for step in ("address", "delivery", "payment")[:steps]:
        story.wait(20 * SECOND, 4 * MINUTE)
        chosen = {"method": method} if step == "payment" else {}
        done.append(story.web("checkout.step_completed", who, cart_id=cart, step=step, **chosen))
    story.wait(20 * SECOND, 4 * MINUTE)
    return done


def order(story: Story, who: Identifiers, cart: str) -> Touchpoint:
    """Place the order of a cart, for its value."""
    values = (
        one.data["value"]
        for one in reversed(story.touchpoints)
        if one.data.get("cart_id") == cart and "value" in one.data
    )
    return story.web(
        "order.placed", who, order_id=story.name("order"), cart_id=cart, value=next(values), currency="EUR"
    )


def perhaps_buy(story: Story, who: Identifiers, chance: float) -> None:
    """Some customers order within a day, though something went wrong, or since nothing did."""
    if story.random.random() < chance:
        story.wait(HOUR, 20 * HOUR)
        cart = story.name("cart")
        fill_cart(story, who, cart, 1)
        check_out(story, who, cart)
        order(story, who, cart)


def buy_in_store(story: Story, sent_after: int = 0) -> Touchpoint:
    """Buy at the till."""
    return story.store(
        "order.placed", story.account, sent_after=sent_after,
        order_id=story.name("order"), value=round(story.random.uniform(15, 220), 2), currency="EUR",
    )  # fmt: skip


def deliver(story: Story, who: Identifiers, placed: Touchpoint) -> None:
    """Schedule the delivery of an order, and deliver it in time."""
    number = placed.data["order_id"]
    due = rfc3339(story.now + 2 * DAY)
    story.wait(5 * MINUTE, 30 * MINUTE)
    story.happen("delivery.scheduled", who, "email", "logistics", order_id=number, due_at=due)
    story.wait(18 * HOUR, 44 * HOUR)
    story.happen("delivery.completed", who, "field", "logistics", order_id=number)


def looks_around(story: Story) -> None:
    """Browses anonymously and leaves."""
    browse(story, story.device, story.random.randint(1, 5))


def buys_online(story: Story) -> None:
    """Browses anonymously, logs in at the checkout, buys, receives the order, is satisfied."""
    who = {**story.account, **story.email, **story.device}
    cart = story.name("cart")
    browse(story, story.device)
    fill_cart(story, story.device, cart)
    check_out(story, who, cart)
    placed = order(story, who, cart)
    deliver(story, who, placed)
    if story.random.random() < 0.4:
        story.rate(story.email, "praise", 4, 5, 5)


def follows_a_campaign(story: Story) -> None:
    """Reads a letter, follows its link, buys with its coupon."""
    story.known()
    campaign = "autumn"
    story.happen("campaign.delivered", story.email, "email", "crm", campaign_id=campaign)
    story.wait(10 * MINUTE, 8 * HOUR)
    story.happen("campaign.opened", story.email, "email", "crm", campaign_id=campaign)
    story.wait(5 * SECOND, MINUTE)
    who = {**story.email, **story.device}
    story.web("campaign.clicked", who, campaign_id=campaign, url="https://shop.example.com/autumn")
    cart = story.name("cart")
    fill_cart(story, story.device, cart)
    check_out(story, {**story.account, **story.device}, cart)
    story.web("coupon.redeemed", story.account, coupon_id="AUTUMN10", campaign_id=campaign)
    order(story, story.account, cart)


def comes_back(story: Story) -> None:
    """Buys three times within some days."""
    who = {**story.account, **story.device}
    for _ in range(3):
        cart = story.name("cart")
        fill_cart(story, who, cart, 1)
        check_out(story, who, cart)
        deliver(story, who, order(story, who, cart))
        story.wait(HOUR, DAY)


def abandons_cart(story: Story) -> None:
    """Fills a cart, changes it within the hour, and is not seen again."""
    browse(story, story.device, 2)
    first, *_, last = fill_cart(story, story.device, story.name("cart"), 3)
    story.plant("cart_abandoned", first, last.time + HOUR)


def buys_after_all(story: Story) -> None:
    """Leaves a cart for some hours, then orders, in the shop or in a store."""
    who = {**story.account, **story.device}
    cart = story.name("cart")
    first, *_, last = fill_cart(story, who, cart)
    story.wait(3 * HOUR, 20 * HOUR)
    if story.random.random() < 0.5:
        check_out(story, who, cart)
        placed = order(story, who, cart)
    else:
        placed = buy_in_store(story)
    story.plant("cart_abandoned", first, last.time + HOUR, resolved=placed)


def abandons_checkout(story: Story) -> None:
    """Leaves in the middle of the checkout; some return and order."""
    who = {**story.account, **story.device}
    cart = story.name("cart")
    fill_cart(story, who, cart)
    first, *_, last = check_out(story, who, cart, 1)
    placed = None
    if story.random.random() < 0.4:
        story.wait(HOUR, 12 * HOUR)
        placed = order(story, who, cart)
    story.plant("checkout_abandoned", first, last.time + 30 * MINUTE, resolved=placed)


def abandons_form(story: Story) -> None:
    """Meets a field that refuses what is entered; some send the form the next day."""
    who = {**story.account, **story.device}
    form = story.name("form")
    story.release = story.meets(RELEASE)
    page = story.random.choice(FORMS)
    first = last = story.web("form.started", who, form_id=form, page=page)
    for _ in range(2):
        story.wait(MINUTE, 5 * MINUTE)
        last = story.web("form.field_failed", who, form_id=form, field=story.random.choice(FIELDS), page=page)
    sent = None
    if story.random.random() < 0.4:
        story.wait(10 * HOUR, 20 * HOUR)
        sent = story.web("form.submitted", who, form_id=form, page=page)
    story.plant("form_abandoned", first, last.time + 30 * MINUTE, resolved=sent)
    if story.random.random() < 0.4:
        story.rate(who, "form", 3, 3, 4)
    perhaps_buy(story, who, 0.15)


def sends_a_form(story: Story) -> None:
    """Fills in a form within minutes; half of the customers correct a field."""
    who = {**story.account, **story.device}
    form, page = story.name("form"), story.random.choice(FORMS)
    story.web("form.started", who, form_id=form, page=page)
    story.wait(MINUTE, 4 * MINUTE)
    if story.random.random() < 0.5:
        story.web("form.field_failed", who, form_id=form, field=story.random.choice(FIELDS), page=page)
        story.wait(20 * SECOND, 2 * MINUTE)
    story.web("form.submitted", who, form_id=form, page=page, seconds=240)
    perhaps_buy(story, who, 0.35)


def fills_a_long_form(story: Story) -> None:
    """Submits a form after a quarter of an hour."""
    who = {**story.account, **story.device}
    form = story.name("form")
    page = story.random.choice(FORMS)
    begun = story.web("form.started", who, form_id=form, page=page, fields=34)
    story.wait(11 * MINUTE, 25 * MINUTE)
    seconds = (story.now - begun.time) / 1000
    sent = story.web("form.submitted", who, form_id=form, page=page, seconds=seconds)
    story.plant("form_too_long", sent, sent)
    perhaps_buy(story, who, 0.25)


def pays_at_the_third_try(story: Story) -> None:
    """Two payments fail; the third goes through."""
    who, cart, first, second = _fails_to_pay(story)
    story.wait(MINUTE, 4 * MINUTE)
    order(story, who, cart)
    story.plant("payment_failed_again", first, second)
    if story.random.random() < 0.4:
        story.rate(who, "payment", 3, 3, 4)


def gives_up_paying(story: Story) -> None:
    """Two payments fail, and the customer leaves."""
    _, _, first, second = _fails_to_pay(story)
    begun, *_, last = (one for one in story.touchpoints if one.type.startswith("checkout."))
    story.plant("payment_failed_again", first, second)
    story.plant("checkout_abandoned", begun, last.time + 30 * MINUTE)


def _fails_to_pay(story: Story) -> tuple[Identifiers, str, Touchpoint, Touchpoint]:
    """Check out, and fail to pay twice: the customer, the cart, and the failures."""
    who = {**story.account, **story.device}
    cart, method = story.name("cart"), story.meets(METHOD)
    fill_cart(story, who, cart)
    check_out(story, who, cart, method=method)
    first = story.web("payment.failed", who, cart_id=cart, method=method, reason="refused")
    story.wait(20 * SECOND, 2 * MINUTE)
    second = story.web("payment.failed", who, cart_id=cart, method=method, reason="refused")
    return who, cart, first, second


def cannot_pay(story: Story) -> None:
    """Tries to pay during an outage: two payments fail; some return later and order."""
    who = {**story.account, **story.device}
    cart = story.name("cart")
    story.web("cart.updated", who, cart_id=cart, items=1, value=49.9, currency="EUR")
    story.wait(SECOND, 5 * SECOND)
    first = story.web("checkout.started", who, cart_id=cart)
    story.wait(SECOND, 5 * SECOND)
    method = story.meets(METHOD)
    last = story.web("checkout.step_completed", who, cart_id=cart, step="payment", method=method)
    failures = []
    for _ in range(2):
        story.wait(2 * SECOND, 15 * SECOND)
        failures.append(
            story.web("payment.failed", who, cart_id=cart, method=method, reason="provider unavailable")
        )
    placed = None
    if story.random.random() < 0.3:
        story.wait(HOUR, 5 * HOUR)
        placed = order(story, who, cart)
    story.plant("payment_failed_again", *failures)
    story.plant("checkout_abandoned", first, last.time + 30 * MINUTE, resolved=placed)


def order_fails(story: Story) -> None:
    """Pays, and the shop cannot take the order."""
    who = {**story.account, **story.device}
    cart = story.name("cart")
    fill_cart(story, who, cart)
    check_out(story, who, cart)
    failed = story.web("order.failed", who, cart_id=cart, reason="out of stock")
    story.web("error.shown", who, page="/checkout", message="Something went wrong.", code="E-17")
    story.plant("order_failed", failed, failed)
    perhaps_buy(story, who, 0.3)


def clicks_in_anger(story: Story) -> None:
    """Clicks on an element without effect, then repeatedly."""
    who = story.device
    browse(story, who, 1)
    dead = []
    for _ in range(3):
        story.wait(5 * SECOND, MINUTE)
        dead.append(story.web("element.dead_clicked", who, element="size chart", page="/coats"))
    story.plant("dead_clicks", dead[0], dead[-1])
    if story.random.random() < 0.6:
        story.wait(5 * SECOND, MINUTE)
        rage = story.web("element.rage_clicked", who, element="size chart", page="/coats", clicks=5)
        story.plant("rage_clicks", rage, rage)
    perhaps_buy(story, {**story.account, **story.device}, 0.2)
