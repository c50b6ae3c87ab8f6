"""How a customer's story is printed."""

from touchline.cli.customer.story import shortened


def test_a_long_path_is_shortened() -> None:
    """Of a journey with many changes of channel, its beginning and its end are printed."""
    assert shortened(["web", "phone"]) == "web > phone"
    assert shortened([f"c{n}" for n in range(9)]) == " > ".join(f"c{n}" for n in range(9))
    long = [f"c{n}" for n in range(1_500)]
    assert shortened(long) == ("c0 > c1 > c2 > c3 > … 1,492 more … > c1496 > c1497 > c1498 > c1499")
