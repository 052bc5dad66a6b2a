import pytest

from tidegate.projects.adapter import name_from


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("ana.silva@example.test", "Ana Silva"),
        ("ana_silva-reis@example.test", "Ana Silva Reis"),
        ("ana+news@example.test", "Ana"),
        ("李雷@example.test", "李雷"),
        ("...@example.test", "Someone"),
        ("x" * 90 + "@example.test", "X" + "x" * 79),
    ],
)
def test_a_first_name_is_made_of_the_address(email: str, name: str) -> None:
    assert name_from(email) == name
