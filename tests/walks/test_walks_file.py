"""A file of walks: what it says, and where its faults are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.config.walks_files import ValueMissing, load_walks, values_beside
from touchline.documents import Document
from touchline.walks import WalksError, parse_walks, read_walks

MAIL = (
    "{to: service@shop.example, sender: walk@mail.example, smtp: smtps://mail.example, "
    "imap: imaps://mail.example, password: {env: P}, subject: A question, text: Please answer."
)


def _mail(fields: str) -> str:
    return f"      - {{name: a, email: {fields}}}}}\n"


HEAD = "walks:\n  - name: shop\n    site: https://shop.example\n    steps:\n"
FAULTY = {
    "      - {name: a, opne: /}\n": ("walks:5:19", "unknown key (did you mean 'open'?)"),
    "      - {name: a}\n": (
        "walks:5:9",
        "one of open, form, contact_within, phone_menu, email",
    ),
    "      - {name: a, open: /, contact_within: 2}\n": ("walks:5:9", "write exactly one of"),
    "      - {name: a, open: 'ftp://shop.example'}\n": ("walks:5:25", "is not an address"),
    "      - {name: a, open: 'https://[::1/'}\n": ("walks:5:25", "is not an address"),
    "      - {name: a, open: 'https://else.example/'}\n": ("walks:5:25", "is not on the walk's hosts"),
    "      - {name: a, open: {page: /, within: 5}}\n": ("walks:5:43", "is not a duration"),
    "      - {name: a, open: {page: /, within: 2m}}\n": ("walks:5:43", "is not between 1s and 1m"),
    "      - {name: a, contact_within: 9}\n": ("walks:5:35", "less than or equal to 5"),
    "      - {name: a, form: {page: /, expect: Thanks}}\n": ("walks:5:25", "submit: is missing"),
    "      - {name: a, form: {page: /, submit: b, expect: c, fields: {d: 2}}}\n": ("walks:5:", "fields.d"),
    "      - {name: a, phone_menu: {levels: 2, at_most: 3, stated: soon}}\n": ("walks:5:63", "stated"),
    _mail(MAIL.replace("{env: P}", "word")): ("walks:5:", "has no place in this file"),
    _mail(MAIL.replace("smtps:", "http:")): ("walks:5:", "write smtps://mail.example"),
    _mail(MAIL.replace("service@", "")): ("walks:5:", "is not an e-mail address"),
    _mail(f"{MAIL}, within: 31d"): ("walks:5:", "is not between 1m and 30d"),
    _mail(f"{MAIL}, mailbox: 'a\"b'"): ("walks:5:", "mailbox"),
    "      - {name: a, open: /}\n      - {name: a, open: /b}\n": ("walks:6:16", "two steps are named 'a'"),
}


@pytest.mark.parametrize(("steps", "fault"), FAULTY.items())
def test_each_fault_has_its_place_and_says_what_to_write(steps: str, fault: tuple[str, str]) -> None:
    """A fault is one line: file, line, column, and what is wrong."""
    with pytest.raises(WalksError) as raised:
        parse_walks(HEAD + steps)
    place, words = fault
    assert str(raised.value).startswith(place)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_no_list_of_walks_is_refused() -> None:
    """An empty file, another key, two walks of one name, an unknown channel: each is named."""
    one = "site: 'https://a.example', steps: [{name: a, open: /}]"
    for text, words in {
        "": "write a list of walks",
        "walks: []": "write a list of walks",
        "walk: [1]": "did you mean 'walks'?",
        "walks: [1]": "write its name, site",
        f"walks: [{{name: Shop 1, {one}}}]": "name: ",
        f"walks: [{{name: a, channel: fax, {one}}}]": "web, app",
        f"walks: [{{name: a, hosts: ['https://b'], {one}}}]": "is not a host",
        f"walks: [{{name: a, block: [a, '||*'], {one}}}]": "block.1",
        f"walks: [{{name: a, {one}}}, {{name: a, {one}}}]": "is there twice",
    }.items():
        with pytest.raises(WalksError) as raised:
            parse_walks(text)
        assert str(raised.value).startswith("walks:")
        assert words in str(raised.value)


_KEYS = [
    "walks",
    "name",
    "site",
    "steps",
    "open",
    "form",
    "fields",
    "page",
    "contact_within",
    "phone_menu",
    "email",
]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(_KEYS),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_document_is_read_or_refused(raw: object) -> None:
    """Whatever the file says, reading it ends with walks or with faults."""
    document = Document("", "walks")
    document.raw = {"walks": [raw]}
    found = read_walks(document)
    assert bool(found.walks) != bool(found.faults)


def test_values_of_fields_come_from_the_environment_and_from_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value is read from its place, never shown, and missed by name."""
    path = tmp_path / "walks.yaml"
    path.write_text(
        HEAD + "      - {name: a, form: {page: /, submit: b, expect: c, "
        "fields: {d: plain-secret, e: {env: WALK_VALUE}, f: {file: value.txt}, g: {env: WALK_MISSING}}}}\n"
    )
    (tmp_path / "value.txt").write_text("of a file\n")
    monkeypatch.setenv("WALK_VALUE", "of the environment")
    [walk] = load_walks(path)
    form = walk.steps[0].form
    assert form is not None
    *there, missing = form.fields.values()
    value_of = values_beside(path)
    assert [value_of(one) for one in there] == ["plain-secret", "of the environment", "of a file"]
    assert "plain-secret" not in repr(walk)
    with pytest.raises(ValueMissing, match="WALK_MISSING"):
        value_of(missing)
