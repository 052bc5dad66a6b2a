"""The taxonomy as rows: published once, never changed, read by anybody."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest
from django.core.management import call_command
from django.test import Client

from moderation.app.models import TaxonomyHazard, TaxonomyMapping
from moderation.app.selectors import published_taxonomy
from moderation.app.services import publish_taxonomy
from moderation.core.taxonomy import taxonomy
from tidegate.audit.models import Entry
from tidegate.primitives.errors import Conflict

pytestmark = pytest.mark.django_db


def test_a_release_is_published_once_and_the_trail_names_each_version() -> None:
    first = publish_taxonomy(taxonomy=taxonomy())
    assert publish_taxonomy(taxonomy=taxonomy()) == []

    assert len(first) == 1 + len(taxonomy().schemes)
    assert TaxonomyHazard.objects.count() == len(taxonomy().hazards)
    actions = Entry.objects.filter(action="taxonomy.published")
    assert sorted(actions.values_list("subject_id", flat=True)) == sorted(first)


def test_a_changed_scheme_is_a_new_version_and_the_old_rows_stay() -> None:
    publish_taxonomy(taxonomy=taxonomy())
    scheme = taxonomy().schemes["mlcommons"]
    changed = scheme.model_copy(update={"version": "2.0", "codes": scheme.codes[:3]})
    after = replace(taxonomy(), schemes=MappingProxyType({"mlcommons": changed}))

    assert publish_taxonomy(taxonomy=after) == ["mlcommons 2.0"]

    shown = published_taxonomy().schemes
    assert {row.code for row in shown["mlcommons"] if row.code} == {"S1", "S2", "S3"}
    assert len({row.code for row in shown["tc260"] if row.code}) == 31
    assert TaxonomyMapping.objects.filter(scheme="mlcommons", code="S14").exists()


def test_a_published_version_that_says_something_else_is_refused_whole() -> None:
    publish_taxonomy(taxonomy=taxonomy())
    rows = TaxonomyMapping.objects.count()
    scheme = taxonomy().schemes["openai"]
    changed = scheme.model_copy(update={"codes": scheme.codes[:3]})
    new = taxonomy().schemes["dsa"].model_copy(update={"version": "3"})

    with pytest.raises(Conflict, match="needs a new version"):
        publish_taxonomy(taxonomy=replace(taxonomy(), schemes={"dsa": new, "openai": changed}))

    assert TaxonomyMapping.objects.count() == rows


@pytest.mark.django_db(transaction=True)
def test_two_that_publish_at_once_write_each_row_once(
    in_threads: Callable[[list[Callable[[], object]]], list[object]],
) -> None:
    done = in_threads([lambda: publish_taxonomy(taxonomy=taxonomy())] * 2)

    assert sorted(map(len, done)) == [0, 1 + len(taxonomy().schemes)]  # type: ignore[arg-type]
    assert TaxonomyHazard.objects.count() == len(taxonomy().hazards)


def test_anybody_reads_it(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("publish_taxonomy")
    call_command("publish_taxonomy")
    assert capsys.readouterr().out.endswith("nothing new\n")

    answer = client.get("/api/v1/taxonomy").json()

    assert answer["hazards"][0]["severity"] == 4
    assert {scheme["name"] for scheme in answer["schemes"]} == set(taxonomy().schemes)
    [s4] = [
        code
        for scheme in answer["schemes"]
        if scheme["name"] == "mlcommons"
        for code in scheme["codes"]
        if code["code"] == "S4"
    ]
    assert s4["hazard"] == "child_safety"
