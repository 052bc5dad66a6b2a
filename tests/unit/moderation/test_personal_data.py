"""Personal data in texts: what is found, what is not, what a signal keeps of it, and masking."""

import json
import time

import pytest

from moderation.core import checksums
from moderation.core.masking import masked
from moderation.core.personal_data import Kind, find, judge
from moderation.core.policy import evaluate, load
from moderation.core.signals import Signal

CARD = "4242 4242 4242 4242"
RESIDENT = "11010519491231002X"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Write to jane.doe@example.com today", Kind.EMAIL, "jane.doe@example.com"),
        ("请发邮件到zhang.wei@example.cn谢谢", Kind.EMAIL, "zhang.wei@example.cn"),
        ("jane (at) example (dot) com", Kind.EMAIL, "jane (at) example (dot) com"),
        ("ring +1 415 555 2671 now", Kind.PHONE, "+1 415 555 2671"),
        ("or (212) 555-0123 now", Kind.PHONE, "(212) 555-0123"),
        ("我的手机13800138000", Kind.PHONE, "13800138000"),
        ("电话：010-88886666", Kind.PHONE, "010-88886666"),
        (f"card {CARD}, exp 12/30", Kind.CARD, CARD),
        ("card ４２４２４２４２４２４２４２４２", Kind.CARD, "４２４２４２４２４２４２４２４２"),
        (
            "card 4242\u200b4242\u200b4242\u200b4242",
            Kind.CARD,
            "4242\u200b4242\u200b4242\u200b4242",
        ),
        ("amex 3782 822463 10005", Kind.CARD, "3782 822463 10005"),
        ("pay DE89 3704 0044 0532 0130 00 then go", Kind.IBAN, "DE89 3704 0044 0532 0130 00"),
        ("gb82west12345698765432", Kind.IBAN, "gb82west12345698765432"),
        (f"身份证{RESIDENT}。", Kind.RESIDENT_ID, RESIDENT),
        ("my SSN is 123 45 6789", Kind.SOCIAL_SECURITY, "123 45 6789"),
        ("number 123-45-6789", Kind.SOCIAL_SECURITY, "123-45-6789"),
        ("passport number X1234567", Kind.PASSPORT, "X1234567"),
        ("护照号码：E12345678", Kind.PASSPORT, "E12345678"),
        ("from 8.8.8.8.", Kind.IP_ADDRESS, "8.8.8.8"),
        ("from 2001:4860:4860::8888", Kind.IP_ADDRESS, "2001:4860:4860::8888"),
        ("She lives at 742 Evergreen Terrace", Kind.ADDRESS, "742 Evergreen Terrace"),
        (
            "10 Main Street, Springfield, IL 62701",
            Kind.ADDRESS,
            "10 Main Street, Springfield, IL 62701",
        ),
        ("家在建国路88号", Kind.ADDRESS, "家在建国路88号"),
        ("key AKIAIOSFODNN7EXAMPLE", Kind.SECRET, "AKIAIOSFODNN7EXAMPLE"),
        ("password: hunter2024", Kind.SECRET, "hunter2024"),
        ("密码是abc12345", Kind.SECRET, "abc12345"),
        (
            "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
            Kind.SECRET,
            "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
        ),
    ],
)
def test_personal_data_is_found_where_it_stands(text: str, kind: Kind, value: str) -> None:
    (found,) = find(text)
    assert (found.kind, text[found.start : found.end]) == (kind, value)


@pytest.mark.parametrize(
    "text",
    [
        "card 4242 4242 4242 4241",
        "pay DE88 3704 0044 0532 0130 00",
        "身份证110105194912310021",
        "number 000-12-3456 and 666-12-3456",
        "order 2125550123 of 2024-11-22 10:30:00",
        "the years 1990 1991 1992 1993 and 3.14159265358979",
        "job 019b0c1e-1234-4123-8123-123456789012",
        "from 192.168.0.1, 127.0.0.1 and ::1",
        "at 221B Baker Street a detective waits",
        "the password is easy to remember",
        "Rose and Paris are walking down Main Street",
        "一只猫在窗台上晒太阳，2024年，高清",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    ("digits", "is_right"),
    # ISO/IEC 7812-1 Annex B's own example is the first.
    [("79927398713", True), ("79927398710", False), ("4111111111111111", True)],
)
def test_luhn(*, digits: str, is_right: bool) -> None:
    assert checksums.passes_luhn(digits) is is_right


def test_a_resident_number_needs_a_province_a_day_and_its_check_character() -> None:
    assert checksums.is_resident_number(RESIDENT)
    assert not checksums.is_resident_number("99" + RESIDENT[2:])
    assert not checksums.is_resident_number("110105194913310027")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Write to jane.doe@example.com.", "release"),
        ("Call 13800138000 or write to jane@example.com.", "release"),
        (f"Pay with {CARD}.", "hold"),
        (f"身份证{RESIDENT}", "hold"),
        ("key AKIAIOSFODNN7EXAMPLE", "hold"),
        (" ".join(f"person{n}@example.com" for n in range(5)), "hold"),
        ("same@example.com " * 9, "release"),
        (
            "Jane, 10 Main Street, Springfield, IL 62701, +1 415 555 2671, jane@example.com",
            "hold",
        ),
        (" ".join(f"8.8.8.{n}" for n in range(50)), "release"),
    ],
)
def test_the_policy_holds_what_harms_and_passes_an_address_of_e_mail(
    text: str, verdict: str
) -> None:
    clean = Signal("text_hazards", "t@1", dict.fromkeys(load().detectors["text_hazards"], 0.0))
    decision = evaluate(load(), surface="text", signals=[clean, judge(text)])
    assert decision.verdict == verdict


def test_a_signal_holds_kinds_and_places_and_never_a_value() -> None:
    signal = judge(f"Jane jane@example.com {CARD}")
    kept = json.dumps(signal.to_json())
    assert [one["kind"] for one in signal.detail["found"]] == ["email", "card"]
    assert "jane" not in kept.casefold()
    assert "4242" not in kept
    assert signal.version.startswith("personal_data@")


def test_masking_numbers_values_and_keeps_the_rest() -> None:
    text = f"a@example.com, b@example.com, A@example.com: {CARD}!"
    assert masked(text) == "[e-mail 1], [e-mail 2], [e-mail 1]: [card 1]!"
    assert masked(masked(text)) == masked(text)
    assert masked("a calm harbour") == "a calm harbour"


@pytest.mark.parametrize(
    "hostile",
    [
        "1 " * 10_000,
        "1234-" * 4_000,
        "a@" * 10_000,
        "a." * 10_000,
        "A1 " * 7_000,
        "GB82 " * 4_000,
        "::" * 10_000,
        "eyJ" * 7_000,
        "1 Aa " * 4_000,
        "路1号" * 6_000,
        "省市区" * 6_000,
        "key " * 5_000,
        "-----BEGIN PRIVATE KEY-----" * 700,
        "a@b.cd " * 2_800,
    ],
    ids=lambda text: text[:8].strip(),
)
def test_no_text_takes_long(hostile: str) -> None:
    started = time.perf_counter()
    judge(hostile)
    assert time.perf_counter() - started < 2.0
