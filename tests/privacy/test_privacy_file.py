"""The file of privacy rules: what it may say, and where a fault is."""

import pytest

from touchline.privacy import PrivacyError, parse_privacy

KEY = "0" * 32


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1:1: write your rules under identifiers, fields or consent"),
        ("identifiers: {email: hash", "1:26: not YAML"),
        ("identifier: {}", "1:1: identifier: unknown key (did you mean 'identifiers'?)"),
        ("identifiers: {email: hide}", "1:22: identifiers.email: 'hide' is none of hash, drop"),
        ("identifiers: {E-Mail: hash}", "1:15: identifiers.E-Mail: 'E-Mail' is not a kind"),
        ("identifiers: [email]", "1:14: identifiers: write a map"),
        ("fields:\n  - deny: [card]", "2:12: fields.0.deny.0: 'card' is not a path"),
        ("fields:\n  - deny: data..a", "fields.0.deny.0: 'data..a' is not a path"),
        ("fields:\n  - deny: []", "fields.0.deny: write at least one"),
        ("fields:\n  - types: ['*']", "2:5: fields.0: write one of deny, redact and allow"),
        ("fields:\n  - {deny: data.a, redact: data.b}", "fields.0: write one of deny, redact and allow"),
        ("fields:\n  - {deny: data.a, types: order}", "fields.0.types.0: 'order' matches no type"),
        ("fields:\n  - {hide: data.a}", "2:6: fields.0.hide: unknown key"),
        ("consent: {purposes: a}", "1:11: consent.purposes: unknown key (did you mean 'purpose'?)"),
        ("consent: {unstated: ignore}", "consent.unstated: 'ignore' is none of store, suppress"),
        ("consent: {types: {campaign: ads}}", "consent.types.campaign: 'campaign' matches no type"),
    ],
)
def test_a_fault_has_its_place(text: str, fault: str) -> None:
    """The message has file, line, column, what is wrong and what to write."""
    with pytest.raises(PrivacyError) as raised:
        parse_privacy(text, KEY, "privacy.yaml")
    assert f"{fault}" in str(raised.value)
    assert str(raised.value).startswith("privacy.yaml:")


@pytest.mark.parametrize("key", ["", "short", "0" * 31])
def test_hashes_need_a_key(key: str) -> None:
    """Without a key that nobody can guess, anybody could compute the hashes; dropping needs none."""
    with pytest.raises(PrivacyError, match=r"privacy:1:1: hashes need a key of at least 32 characters"):
        parse_privacy("identifiers: {email: hash}", key)
    parse_privacy("identifiers: {email: drop}", key)


def test_several_faults_are_all_named() -> None:
    """Each fault has a line."""
    with pytest.raises(PrivacyError) as raised:
        parse_privacy("identifiers: {email: x}\nfields:\n  - deny: a\n  - redact: b\n")
    assert len(str(raised.value).splitlines()) == 3
