"""Topics, words that stand out, and sentiment, in simulated texts with a planted answer."""

from random import Random

import numpy as np
import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from tests.analysis.voice.writing import COMMON, LIEFERUNG, THEMES, english, german
from touchline.analysis.voice.contrast import standing_out
from touchline.analysis.voice.corpus import Corpus, Written, by_language
from touchline.analysis.voice.factorise import factorise, project
from touchline.analysis.voice.language import UNKNOWN, language
from touchline.analysis.voice.sentiment import learn
from touchline.analysis.voice.topics import NO_TOPIC, find_topics
from touchline.analysis.voice.vectors import tf_idf, vocabulary
from touchline.analysis.voice.words import Words
from touchline.vocabulary.names import LANGUAGES

OWN = list(THEMES)


def _written(texts: list[str], rules: list[tuple[str, ...]] | None = None) -> Corpus:
    given = rules or [()] * len(texts)
    [corpus] = by_language(
        [
            Written(f"e{n}", f"c{n}", n, text, None, rule)
            for n, (text, rule) in enumerate(zip(texts, given, strict=True))
        ]
    )
    return corpus


def test_each_topic_has_the_words_of_one_theme() -> None:
    """Texts of four themes fall into topics of one theme each, at least 19 of 20 into their own."""
    random = Random(3)
    themes = [OWN[number % 4] for number in range(240)]
    corpus = _written([english(theme, random) for theme in themes])
    found = corpus.topics()
    assert len(found.topics) == 4
    assert found.missing == ""
    for topic in found.topics:
        assert max(len(set(topic.words) & set(words.split())) for words in THEMES.values()) == 6
        assert topic.coherence > 0
    pure = 0
    for number in range(4):
        inside = [themes[index] for index in np.flatnonzero(found.topic == number)]
        pure += max(map(inside.count, OWN))
    assert pure >= 0.95 * 240
    again = _written([text.text for text in corpus.texts]).topics()
    assert again.topics == found.topics
    assert (again.topic == found.topic).all()


def test_a_text_that_is_like_no_topic_has_none() -> None:
    """A text without the words of any topic is not counted into one."""
    random = Random(3)
    texts = [english(OWN[number % 2], random) for number in range(120)]
    corpus = _written([*texts, "giraffes elephants and zebras are grazing where the river bends"])
    assert corpus.topics().topic[-1] == NO_TOPIC


def test_few_texts_have_no_topics() -> None:
    """Below the minimum, and where texts share no words, the reason stands in the place of topics."""
    random = Random(3)
    few = _written([english(OWN[number % 2], random) for number in range(59)]).topics()
    assert (few.topics, few.missing) == ((), "too few texts: 59, 60 are needed")
    unlike = [[f"{number}{part}" for part in "abcdef"] for number in range(80)]
    assert "too few in common" in find_topics(unlike, Words("en")).missing


def test_a_rare_word_labels_nothing() -> None:
    """A word of fewer than five texts, such as a name, is in no vocabulary; neither is one of most texts."""
    texts = [
        ["parcel", "late"] + (["petersen"] if number < 4 else []) + (["red"] * (number % 3 == 0))
        for number in range(30)
    ]
    assert vocabulary(texts, 100).stems == ["red"]
    assert vocabulary(texts, 100, fewest=4).stems == ["red", "petersen"]


def test_rows_have_the_weights_of_the_textbook() -> None:
    """A row is (1 + ln count) * idf for each word, divided by its length."""
    texts = [["a", "a", "b"], ["b", "c"], ["c"], ["d"]]
    known = vocabulary(texts, 10, fewest=1)
    plain = {"a": (1 + np.log(2)) * (np.log(5 / 2) + 1), "b": np.log(5 / 3) + 1}
    length = np.hypot(plain["a"], plain["b"])
    row = tf_idf(texts, known)[0]
    assert row[known.index["a"]] == pytest.approx(plain["a"] / length)
    assert row[known.index["b"]] == pytest.approx(plain["b"] / length)
    assert not tf_idf([["unknown"]], known).any()


def test_the_factors_of_a_product_are_found() -> None:
    """A product of non-negative factors is given back nearly exactly, its topics up to their scale."""
    draws = np.random.default_rng(4)
    weights = draws.gamma(0.3, 1.0, (200, 3))
    topics = draws.gamma(0.3, 1.0, (3, 40))
    rows = weights @ topics
    found = factorise(rows, 3)
    assert (found >= 0).all()
    back = project(rows, found) @ found
    assert np.linalg.norm(rows - back) < 0.02 * np.linalg.norm(rows)
    unit = topics / np.linalg.norm(topics, axis=1, keepdims=True)
    assert ((found / np.linalg.norm(found, axis=1, keepdims=True)) @ unit.T).max(axis=0).min() > 0.97


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I have been waiting for my parcel since Monday and nobody answers", "en"),
        ("Ich warte seit Montag auf mein Paket und niemand antwortet mir", "de"),
        ("J'attends mon colis depuis lundi et personne ne me répond", "fr"),
        ("thanks a lot", UNKNOWN),
        ("@shop https://shop.example/a/b/c #fail #fail 12345 67890 1 2 3 4 5", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_the_language_is_told_from_enough_words(text: str, code: str) -> None:
    """A short text, and one of links and numbers, has no known language."""
    assert language(text) == code


def test_every_language_has_a_name() -> None:
    """Each language that the detector knows has a plain name of its own."""
    known = LanguageIdentifier.from_model_file(MODEL_FILE).labels
    assert set(LANGUAGES) == {str(code) for code in known}
    assert len(set(LANGUAGES.values())) == len(LANGUAGES)


def test_words_are_stems_without_stop_words() -> None:
    """Forms of a word are one; links, accounts, numbers and stop words are none."""
    words = Words("en")
    stems = words.stems(
        "My deliveries: the delivery @shop of 3 parcels isn\u2019t here https://x.example/delivery A17"
    )
    assert stems == ["deliveri", "deliveri", "parcel"]
    words.stems("delivery")
    assert words.shown("deliveri") == "delivery"
    assert Words("xx").stems("alpha betas") == ["alpha", "betas"]


def test_planted_words_stand_out_and_others_do_not() -> None:
    """The words of those with the friction are named; where both write alike, few runs name any."""
    random = Random(8)
    affected = [set(english("delivery", random).split()) for _ in range(60)]
    others = [set(english("login", random).split()) for _ in range(200)]
    named = standing_out(affected, others)
    assert {word.stem for word in named} <= {*THEMES["delivery"].split(), *COMMON.split()}
    assert named[0].z >= named[-1].z >= 3
    false = 0
    for _ in range(40):
        both = [set(english(random.choice(OWN), random).split()) for _ in range(260)]
        false += bool(standing_out(both[:60], both[60:]))
    assert false <= 2


def test_few_writers_are_not_compared() -> None:
    """Below twenty customers on either side, nothing is said."""
    random = Random(2)
    texts = [english("delivery", random) for _ in range(60)]
    found = _written(texts, [("late",)] * 19 + [()] * 41).contrast("late")
    assert (found.words, found.missing) == ((), "too few to say: 19 wrote after it, 20 are needed")
    assert (
        _written(texts, [("late",)] * 41 + [()] * 19)
        .contrast("late")
        .missing.startswith("too few to say: 19 wrote w")
    )
    assert _written(texts, [("late",)] * 40 + [()] * 20).contrast("late").missing == ""


def _scored(count: int, random: Random, signal: float) -> tuple[list[list[str]], np.ndarray]:
    low = np.array([random.random() < 0.4 for _ in range(count)])
    texts = []
    for is_low in low:
        word = ("awful", "lovely")[random.random() < 0.5]
        if random.random() < signal:
            word = "awful" if is_low else "lovely"
        texts.append([*german(LIEFERUNG, random).split(), word])
    return texts, low


def test_sentiment_is_learned_only_where_words_predict_scores() -> None:
    """With a signal, unseen scores are predicted; without one, at most three of 40 runs claim it."""
    random = Random(5)
    texts, low = _scored(400, random, 0.6)
    found = learn(texts, low, np.arange(400))
    assert found.missing == ""
    assert found.area is not None
    assert 0.7 < found.area.value < 0.9
    negative = found.negative([["awful"], ["lovely"]])
    assert negative is not None
    assert negative[0] > 0.5 > negative[1]
    claimed = 0
    for _ in range(40):
        texts, low = _scored(200, random, 0.0)
        none = learn(texts, low, np.arange(200))
        claimed += none.missing == ""
        assert none.missing or none.area
    assert claimed <= 3


@pytest.mark.parametrize(
    ("count", "lows", "missing"), [(199, 90, "199, 200 are"), (200, 19, "19 low and 181 high")]
)
def test_few_scored_texts_teach_nothing(count: int, lows: int, missing: str) -> None:
    """Below 200 texts, or twenty of either kind, texts are neither negative nor positive."""
    found = learn([["word"]] * count, np.arange(count) < lows, np.arange(count))
    assert missing in found.missing
    assert found.negative([["word"]]) is None
