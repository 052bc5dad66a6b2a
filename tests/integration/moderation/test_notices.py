"""Somebody outside demands that an output goes."""

import pytest

from moderation.app import services
from moderation.app.models import TakedownNotice
from tests import factories
from tests.integration.moderation import conduct, stage
from tidegate.assets.models import Asset
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound

pytestmark = pytest.mark.django_db


def _notice(asset: Asset, **given: str) -> TakedownNotice:
    return services.record_notice(
        viewer=stage.staff("reviewer"),
        asset_id=asset.pk,
        **({"claimant": "Ann Ltd", "basis": "copyright", "reason": "our picture"} | given),
    )


def test_a_notice_holds_at_once_with_a_case_and_leaves_a_trail() -> None:
    asset = factories.make_asset()
    notice = _notice(asset, reference="N-7")
    assert (notice.held_at_once, stage.visibility(asset)) == (True, "held")
    case = stage.case_of(asset)
    assert (notice.case_id, case.because) == (case.pk, "notice")
    assert stage.trail(notice.pk) == ["notice.recorded"]
    conduct.decided(case)
    assert stage.visibility(asset) == "blocked"


def test_the_same_notice_again_is_the_same() -> None:
    asset = factories.make_asset()
    assert _notice(asset).pk == _notice(asset).pk
    assert _notice(asset, reason="and our words").pk != _notice(asset).pk


def test_what_is_held_for_its_author_stays_for_the_notice() -> None:
    asset = factories.make_asset()
    restriction = conduct.suspended(asset.owner)
    notice = _notice(asset)
    assert (notice.held_at_once, notice.case_id) == (False, stage.case_of(asset).pk)
    services.lift_restriction(
        viewer=stage.staff("policy_admin"), restriction_id=restriction.pk, reason="a mistake"
    )
    assert stage.visibility(asset) == "held"


def test_the_blocked_is_only_noted_and_the_withdrawn_gets_a_case() -> None:
    blocked = factories.make_asset(visibility="blocked")
    withdrawn = factories.make_asset(visibility="withdrawn")
    assert _notice(blocked).case is None
    assert _notice(withdrawn).case is not None
    assert (stage.visibility(blocked), stage.visibility(withdrawn)) == ("blocked", "withdrawn")


def test_what_is_wrong_with_a_notice_is_said() -> None:
    asset = factories.make_asset()
    for wrong in ({"claimant": " "}, {"basis": "envy"}, {"reason": ""}, {"reference": "x" * 201}):
        with pytest.raises(InvalidInput):
            _notice(asset, **wrong)
    with pytest.raises(Conflict):
        _notice(factories.make_asset(visibility="pending"))
    with pytest.raises(NotAllowed):
        services.record_notice(
            viewer=factories.viewer_of(factories.make_user()),
            asset_id=asset.pk,
            claimant="Ann",
            basis="privacy",
            reason="me",
        )
    with pytest.raises(NotFound):
        services.record_notice(
            viewer=stage.staff("reviewer"),
            asset_id=asset.owner_id,
            claimant="Ann",
            basis="privacy",
            reason="me",
        )
    assert stage.visibility(asset) == "released"
