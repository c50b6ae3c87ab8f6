"""The storylines of the simulated retailer's customers, and the share of each."""

from collections.abc import Callable, Mapping

from touchline.simulation.story import Story
from touchline.simulation.storylines import across, elsewhere, service, shopping

Storyline = Callable[[Story], None]

STORYLINES: Mapping[Storyline, int] = {
    shopping.looks_around: 160,
    shopping.buys_online: 180,
    shopping.follows_a_campaign: 40,
    shopping.comes_back: 20,
    service.calls_once: 120,
    service.calls_for_two_things: 20,
    service.chats: 40,
    service.helps_themselves: 50,
    service.is_kept_a_promise: 30,
    elsewhere.visits_a_store: 80,
    elsewhere.orders_at_the_kiosk: 40,
    elsewhere.is_answered_in_public: 30,
    elsewhere.is_heard: 30,
    elsewhere.reports_a_problem: 6,
    shopping.sends_a_form: 40,
    shopping.abandons_cart: 40,
    shopping.buys_after_all: 15,
    shopping.abandons_checkout: 20,
    shopping.abandons_form: 10,
    shopping.fills_a_long_form: 5,
    shopping.pays_at_the_third_try: 10,
    shopping.gives_up_paying: 8,
    shopping.order_fails: 5,
    shopping.clicks_in_anger: 15,
    service.gives_up_in_the_menu: 10,
    service.gives_up_in_the_queue: 15,
    service.leaves_the_chat: 8,
    service.calls_again: 12,
    service.tries_every_channel: 8,
    service.waits_long: 15,
    service.waits_longer_than_told: 8,
    service.looks_for_a_contact: 6,
    service.is_passed_around: 8,
    service.finds_no_help: 12,
    service.is_broken_a_promise: 10,
    service.waits_for_a_parcel: 12,
    service.is_forgotten: 6,
    elsewhere.leaves_the_kiosk: 6,
    elsewhere.is_refused: 8,
    elsewhere.is_not_seen: 8,
    elsewhere.asks_in_public: 8,
    elsewhere.is_ignored_in_public: 6,
    elsewhere.complains_in_vain: 8,
    elsewhere.is_not_followed_up: 6,
    elsewhere.scores_low: 10,
    across.strikes_out: 10,
    across.leaves: 5,
    across.cancels_the_order: 5,
    across.tells_one_story_everywhere: 8,
    across.had_ordered_by_phone: 6,
    across.had_bought_in_the_store: 6,
}
"""Every storyline, and how many of about 1,200 customers follow it."""
