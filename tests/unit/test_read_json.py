"""JSON that others wrote: read, or refused with an error of ours that quotes nothing of it."""

import json
import math
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from functions.run.fields import Instant
from functions.shared.errors import NotUnderstoodError
from functions.shared.read_json import MAX_MENDED, Lenient, Reader, convert


class Inner(Struct, frozen=True):
    uid: Annotated[str, Meta(pattern=r"^[a-z]+\Z")]


class Model(Struct, frozen=True):
    id: int
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    by_name: dict[str, int] = {}
    at: Instant | None = None
    number: Lenient[float] = None
    text: Lenient[str] = None


READER = Reader(Model)


def refusal(text: bytes | str) -> str:
    with pytest.raises(NotUnderstoodError) as refused:
        READER.read(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "expected an object, got a list"),
        ("{}", "id: missing"),
        ('{"id": "1"}', "id: expected an integer, got text"),
        ('{"id": 1, "inner": {}}', "inner.uid: missing"),
        ('{"id": 1, "inner": 7}', "inner: expected an object or null, got an integer"),
        (
            '{"id": 1, "inner": {"uid": ""}}',
            "inner.uid: expected text matching regex '^[a-z]+\\\\Z'",
        ),
        ('{"id": 1, "many": [{"uid": "a"}, {}]}', "many.1.uid: missing"),
        ('{"id": 1, "by_name": {"x": true}}', "by_name: expected an integer, got true or false"),
        ('{"id": 1, "at": 7}', "at: expected an instant as text"),
        ('{"id": 1, "at": "9999-12-31T23:59:59-12:00"}', "at: the instant is out of range"),
        ('{"id": 1', "it is not JSON: input data was truncated"),
        ('{"id": x}', "it is not JSON: invalid character (byte 7)"),
        (b'{"id": 1, "text": "\xff"}', "it is not UTF-8"),
        ("\ud800", "it is not UTF-8"),
        ('{"id": NaN}', "id: expected an integer, got a list (NaN and Infinity count as a list)"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: bytes | str, said: str) -> None:
    assert refusal(text) == said


def test_nothing_of_what_is_wrong_is_quoted() -> None:
    canary = "0penSesame"
    for wrong in (
        canary,
        {"id": canary},
        {"id": 1, "inner": {"uid": canary}},
        {"id": 1, "by_name": {canary: canary}},
        {"id": 1, "at": canary},
        {canary: canary},
    ):
        assert canary not in refusal(json.dumps(wrong))


class TestNoNumbers:
    @pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
    @pytest.mark.parametrize("place", ['"number": %s', '"unread": %s', '"unread": [1, {"a": %s}]'])
    def test_what_python_writes_costs_no_more_than_its_field(self, word: str, place: str) -> None:
        assert READER.read(f'{{"id": 1, {place % word}, "text": "x"}}') == Model(id=1, text="x")

    @pytest.mark.parametrize("text", ["NaN", "a -Infinity b", '"NaN', "\\", '\\"Infinity'])
    def test_in_a_text_it_is_that_text(self, text: str) -> None:
        read = READER.read(json.dumps({"id": 1, "text": text, "number": math.nan}))
        assert read == Model(id=1, text=text)

    @pytest.mark.parametrize("word", ["Nan", "nan", "+Infinity", "Inf", "--Infinity", "NaNNaN"])
    def test_other_words_are_no_json(self, word: str) -> None:
        assert "it is not JSON" in refusal(f'{{"id": 1, "number": [NaN, {word}]}}')

    def test_beyond_a_hundred_thousand_it_is_no_json(self) -> None:
        READER.read('{"id": 1, "number": [' + ", ".join(["NaN"] * MAX_MENDED) + "]}")
        many = ", ".join(["NaN"] * (MAX_MENDED + 1))
        assert "it is not JSON" in refusal(f'{{"id": 1, "number": [{many}]}}')

    def test_only_a_bytearray_is_mended_in_place(self) -> None:
        kept = b'{"id": 1, "number": NaN}'
        mended = bytearray(kept)
        assert READER.read(kept) == READER.read(mended) == Model(id=1)
        assert (kept[-5:], len(mended)) == (b" NaN}", len(kept))

    @given(
        st.recursive(
            st.none() | st.text() | st.floats() | st.integers(-(2**63), 2**63 - 1),
            lambda values: st.lists(values) | st.dictionaries(st.text(), values),
            max_leaves=20,
        )
    )
    def test_all_that_python_writes_is_read(self, value: object) -> None:
        text = json.dumps(value, ensure_ascii=False, default=str)
        if text.isprintable():
            assert Reader[Any](Any).read(text) == without_no_numbers(value)


def without_no_numbers(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return []
        case list():
            return [without_no_numbers(member) for member in value]
        case dict():
            return {name: without_no_numbers(member) for name, member in value.items()}
        case _:
            return value


class TestLenient:
    @pytest.mark.parametrize("value", ["7", "true", "[[]]", "{}", "null", "1e999", "9" * 400])
    def test_a_value_of_another_kind_is_absent(self, value: str) -> None:
        assert READER.read(f'{{"id": 1, "text": {value}}}') == Model(id=1)

    def test_it_holds_for_json_that_is_parsed_already(self) -> None:
        assert convert({"id": 1, "text": 7, "number": 2}, Model) == Model(id=1, number=2)


def test_of_parsed_json_the_place_is_said_as_well() -> None:
    with pytest.raises(NotUnderstoodError, match=r"^many\.0\.uid: missing$"):
        convert({"id": 1, "many": [{}]}, Model)


@pytest.mark.parametrize("nested", [b'{"id": 1, "unread": %b}', b'{"id": 1, "text": %b}', b"%b"])
def test_what_is_nested_too_deeply_is_refused(nested: bytes) -> None:
    deep = b'{"id":' * 1_000_000 + b"1" + b"}" * 1_000_000
    with pytest.raises(NotUnderstoodError):
        READER.read(nested % deep)
