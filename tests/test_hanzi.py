"""Chinese in mixed text: found, marked, counted; quotes; addresses of any script."""

import pytest
from markupsafe import Markup

from blueprints.filters import hanzi as mark_hanzi
from models.hanzi import count, is_hanzi, pieces, reading_minutes
from models.quotes import curly
from models.slug import LONGEST, slugify


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("only words", [("text", "only words")], id="no hanzi"),
        pytest.param("see 沙发, sofa", [("text", "see "), ("hanzi", "沙发"), ("text", ", sofa")], id="a run"),
        pytest.param("#归舟# was", [("hashtag", "#归舟#"), ("text", " was")], id="a hashtag"),
        pytest.param("a #tag# b", [("text", "a #tag# b")], id="a hashtag without hanzi is plain"),
        pytest.param("#中国 人", [("text", "#"), ("hanzi", "中国"), ("text", " "), ("hanzi", "人")], id="not closed"),
        pytest.param("《楼上》说", [("hanzi", "《楼上》说")], id="its own marks belong to it"),
        pytest.param("2026年 and", [("text", "2026"), ("hanzi", "年"), ("text", " and")], id="digits before"),
        pytest.param("", [], id="nothing"),
    ],
)  # fmt: skip
def test_text_is_parted_into_words_and_hanzi(text: str, parts: list[tuple[str, str]]) -> None:
    assert list(pieces(text)) == parts


@pytest.mark.parametrize(
    "text", ["#中#文#", "##", "中#a中#b#中 c", "#" * 50 + "中" * 50, "a中b中#中#", "\U00020000x𠀀#𠀀#"]
)
def test_the_pieces_joined_are_the_text_again(text: str) -> None:
    assert "".join(piece for _, piece in pieces(text)) == text


def test_a_long_text_of_many_runs_is_parted_in_one_go() -> None:
    assert sum(1 for _ in pieces("中 a" * 100_000)) == 200_000  # a second search from every run would take minutes


def test_a_line_is_chinese_when_no_other_letters_are_in_it() -> None:
    assert is_hanzi("那天下雨。") and is_hanzi("#归舟# 2021")
    assert not is_hanzi("那天 it rained") and not is_hanzi("2021!")


def test_words_and_hanzi_are_counted_apart() -> None:
    assert count("It's a well-known 沙发, #归舟#") == (3, 4)


def test_reading_takes_a_minute_at_least() -> None:
    assert [reading_minutes(0, 0), reading_minutes(230, 0), reading_minutes(230, 1)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("straight", "turned"),
    [
        ("'Yes,' she said.", "‘Yes,’ she said."),
        ("\"Come 'home' safe\"", "“Come ‘home’ safe”"),
        ("'\"Come home safe\" is four replies'", "‘“Come home safe” is four replies’"),
        ("the '90s and rock 'n' roll", "the ’90s and rock ’n’ roll"),
        ("the boys' toys, it's Xi'an's", "the boys’ toys, it’s Xi’an’s"),
        ("('quoted') — 'again'", "(‘quoted’) — ‘again’"),
        ("I wanted—' and 'I—'", "I wanted—’ and ‘I—’"),
        ('他说"你好"吗', "他说“你好”吗"),
        ("他说“你好”", "他说“你好”"),
        ("none", "none"),
    ],
)
def test_straight_quotes_are_turned_the_british_way(straight: str, turned: str) -> None:
    assert curly(straight) == turned


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Café de l'Été!", "cafe-de-lete"),
        ("#骑手说电梯坏了#", "骑手说电梯坏了"),
        ("404", "404"),
        ("Who keeps the blue helmets honest?", "who-keeps-the-blue-helmets-honest"),
        ("  ---  ", ""),
        ("/../etc/passwd", "etc-passwd"),
        ("Война и мир", "война-и-мир"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_an_address_keeps_the_letters_of_every_script(text: str, slug: str) -> None:
    assert slugify(text) == slug


def test_an_address_ends_at_a_word_and_never_grows_long() -> None:
    assert slugify("word " * 100).endswith("word")
    assert len(slugify("word " * 100)) <= LONGEST and len(slugify("x" * 500)) == LONGEST


def test_a_text_is_escaped_whatever_html_of_the_same_letters_was_marked_before() -> None:
    for letters in ("<b>bold</b>", "<b>沙发</b>"):
        assert "<b>" in mark_hanzi(Markup(letters))
        assert "<b>" not in mark_hanzi(letters)
