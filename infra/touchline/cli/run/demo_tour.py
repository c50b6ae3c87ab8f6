"""The guided tour of `touchline demo`: title, text and link of each step."""

TOUR = (
    (
        "What goes wrong now",
        "Each number is compared with the same time in earlier weeks. Ninety seconds after the start, "
        "payments fail for five minutes: one alert appears on top, with its likely cause, however many "
        "customers it affects.",
        "/",
    ),
    (
        "What it costs",
        "The orders that affected customers did not place, compared with customers at the same step without "
        "the friction. Each loss has its interval, or the reason why there is too little to say.",
        "/impact",
    ),
    (
        "Why it happens",
        "Payments that fail twice: press Why? at the rule. Most of those customers pay by bank transfer. "
        "A store, a queue and a release are behind three other rules.",
        "/?span=30d&rule=payment_failed_again",
    ),
    (
        "Did the fix help?",
        "Nine days ago, delivery days began to come from the carrier's own calendar. Since then, fewer "
        "parcels are late, beyond chance.",
        "/fixes?span=30d",
    ),
    (
        "One customer's journey",
        "Open a journey at risk: its events on all channels, each friction with its evidence, and the points "
        "that it takes from the score.",
        "/journeys?span=7d",
    ),
    (
        "What to bring to the meeting",
        "The audit ranks the weakest touchpoints by loss, with three real journeys each and who should fix "
        "them. Print it, or write it with the command touchline audit.",
        "/audit",
    ),
)
