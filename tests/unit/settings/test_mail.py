"""Where mail goes."""

import pytest

from tidegate.settings.env import EnvironmentRefused
from tidegate.settings.mail import Mail, read_mail


def test_without_a_server_mails_are_files() -> None:
    assert read_mail(None) == Mail(is_file=True)


@pytest.mark.parametrize(
    ("url", "mail"),
    [
        (
            "smtp://ada:p%40ss@mail.example:2525",
            Mail(
                is_file=False,
                host="mail.example",
                port=2525,
                user="ada",
                password="p@ss",
                use_tls=True,
            ),
        ),
        ("smtps://mail.example", Mail(is_file=False, host="mail.example", port=465, use_ssl=True)),
        ("smtp://127.0.0.1?tls=no", Mail(is_file=False, host="127.0.0.1", port=587)),
    ],
)
def test_a_server_is_read_from_its_url(url: str, mail: Mail) -> None:
    assert read_mail(url) == mail


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mail.example:25", "smtp://user"),
        ("http://mail.example", "not http://mail.example"),
        ("smtp://", "smtp://user"),
        ("smtp://mail.example:port", "TIDEGATE_EMAIL_URL"),
        ("smtp://mail.example?tls=maybe", "tls is yes or no"),
    ],
)
def test_nonsense_is_refused_and_named(url: str, said: str) -> None:
    with pytest.raises(EnvironmentRefused, match=said):
        read_mail(url)
