"""A small world full of marked things, and people and keys of every kind who look at it.

Whoever reads an answer in which a mark stands that their row of `RIGHTS` does not allow has
found a leak.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

from django.test import Client

from generation.app.models import Composition, CompositionPart, Job, Preset, PresetVersion
from generation.core.recipes import recipes
from moderation.app.models import Case
from recommendations.app.models import Item, ItemVector
from recommendations.core.vectors import DIMENSIONS
from tests import factories as make
from tests.integration.leaks.rights import (
    AUDIENCES,
    NONE,
    RIGHTS,
    STATES,
    STRANGER,
    Rights,
    mark,
    presets_of,
)
from tidegate.accounts import services as accounts
from tidegate.accounts.models import ApiKey, Organisation, User
from tidegate.accounts.scopes import SCOPES, STAFF_SCOPES
from tidegate.assets import storage
from tidegate.assets.models import Asset, Blob, Rendition
from tidegate.assets.services import Media, move_asset
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id
from tidegate.projects import services as projects
from tidegate.projects.models import Project
from tidegate.uploads.models import Upload

PUBLICATIONS = {
    "pending": "private",
    "released": "public",
    "held": "held",
    "blocked": "refused",
    "withdrawn": "withdrawn",
}
PLAIN_SCOPES = SCOPES - STAFF_SCOPES
PATHS = {
    "pending": (),
    "released": ("released",),
    "held": ("held",),
    "blocked": ("blocked",),
    "withdrawn": ("released", "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """One asset in one state and audience, with its job, its upload and its case."""

    audience: str
    state: str
    asset: Asset
    rendition: Rendition
    job: Job
    case: Case
    upload: Upload
    preset: Preset

    def mark(self, kind: str) -> str:
        """Return the mark of one of its texts."""
        return mark(kind, self.audience, self.state)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who looks: a browser with a session, or a caller with a key."""

    name: str
    client: Client
    is_signed_in: bool = False
    scopes: frozenset[str] = NONE
    is_key: bool = False
    # What each look answers them about an id that nobody has.
    blanks: dict[Any, tuple[int, str]] = field(default_factory=dict)

    @property
    def rights(self) -> Rights:
        """What they may find through the API and in media."""
        return replace(RIGHTS[self.name], presets=presets_of(self.name))

    @property
    def page_rights(self) -> Rights:
        """What they may find on pages, where a key counts for nothing."""
        return STRANGER if self.is_key else self.rights

    def opens(self, scope: str | None) -> bool:
        """Whether the API lets them reach a view that asks for these scopes."""
        if not self.is_key:
            return self.is_signed_in
        return scope is not None and self.scopes.issuperset(scope.split())


@dataclass(slots=True)
class World:
    """Everything."""

    home: Organisation
    author: User
    projects: dict[str, Project] = field(default_factory=dict)
    things: list[Thing] = field(default_factory=list)
    readers: dict[str, Reader] = field(default_factory=dict)
    child: Asset | None = None

    def add_reader(self, name: str, who: User | str | None = None, **given: Any) -> None:
        """Let somebody look: a person signs in, a text is sent as the API key."""
        if isinstance(who, User):
            client = Client()
            client.force_login(who, backend="django.contrib.auth.backends.ModelBackend")
            self.readers[name] = Reader(name, client, is_signed_in=who.is_active, **given)
        elif isinstance(who, str):
            client = Client(headers={"Authorization": f"Bearer {who}"})
            self.readers[name] = Reader(name, client, is_key=True, **given)
        else:
            self.readers[name] = Reader(name, Client())


def build() -> World:
    """Make the world. Inside a transaction that is rolled back when it was looked at."""
    home = make.make_organisation()
    world = World(home, make.make_member(home))
    for audience in AUDIENCES:
        world.projects[audience] = make.make_project(home, audience=audience)
    world.things = list(_things(world))
    held = next(thing for thing in world.things if thing.state == "held")
    world.child = make.make_asset(
        world.projects["public"], owner=world.author, parent=held.asset, title="child"
    )
    _people(world)
    _keys(world)
    return world


def _things(world: World) -> Iterator[Thing]:
    for number, (audience, state) in enumerate(product(AUDIENCES, STATES)):
        composition = _composition(world, audience, state)
        job = _job(world, audience, state, composition)
        asset = make.make_asset(
            world.projects[audience],
            owner=world.author,
            visibility="pending",
            job_id=job.pk,
            title=mark("title", audience, state),
            prompt=mark("prompt", audience, state),
            text=mark("text", audience, state),
            media=[Media("original", mark("bytes", audience, state).encode(), "text/plain")],
        )
        for step in PATHS[state]:
            asset = move_asset(
                asset_id=asset.pk,
                to=step,
                actor=Actor.system("tests"),
                reason=mark("moved", audience, state),
                reasons=[{"hazard": mark("staffreason", audience, state), "rule": "score"}],
                public_reasons=[{"code": "x", "title": mark("why", audience, state)}],
            )
        # The copy that the feed retrieves by lies: it says that everything was released.
        item = Item.objects.create(
            asset=asset,
            owner_id=asset.owner_id,
            project_id=asset.project_id,
            modality=asset.modality,
            family=f"family{number}",
            heat=1.0 + number,
            is_listed=True,
            released_at=now(),
        )
        # Far from each other: what is too near to another item counts as its double.
        ItemVector.objects.create(
            item=item, embedding=[float(place == number) for place in range(DIMENSIONS)]
        )
        CompositionPart.objects.create(
            composition=composition,
            name=recipes()["illustrated-story"].parts[0].name,
            position=0,
            state=CompositionPart.State.PASSED,
            job=job,
            asset=asset,
        )
        case = Case.objects.create(
            asset=asset,
            organisation_id=asset.organisation_id,
            because=Case.Because.HOLD,
            severity=number,
            hazards=[mark("hazard", audience, state)],
        )
        upload = _upload(world, audience, state)
        preset = _preset(world, audience, state)
        yield Thing(audience, state, asset, asset.renditions.get(), job, case, upload, preset)


def _composition(world: World, audience: str, state: str) -> Composition:
    """What the thing's job is a part of; the thing itself is an asset on its own."""
    recipe = recipes()["illustrated-story"]
    return Composition.objects.create(
        organisation=world.home,
        project=world.projects[audience],
        requested_by=world.author,
        correlation_id=new_id(),
        recipe_name=recipe.name,
        recipe_version=recipe.version,
        recipe=dict(recipe.document),
        inputs={"topic": mark("jobprompt", audience, state)},
        title=mark("jobprompt", audience, state),
        seed=1,
        state=Composition.State.CANCELLED,
        ended_at=now(),
    )


def _job(world: World, audience: str, state: str, composition: Composition) -> Job:
    at = now()
    has_failed = state == "blocked"
    return Job.objects.create(
        organisation=world.home,
        project=world.projects[audience],
        requested_by=world.author,
        correlation_id=new_id(),
        batch_id=new_id(),
        whole_id=composition.pk,
        model_name="smollm2-135m",
        modality="text",
        prompt=mark("jobprompt", audience, state),
        seed=1,
        cost_credits=1,
        state=Job.State.FAILED if has_failed else Job.State.SUCCEEDED,
        error_code="nothing_made" if has_failed else "",
        error_detail=mark("joberror", audience, state) if has_failed else "",
        error_stage="running" if has_failed else "",
        refusal=[mark("refusal", audience, state)],
        screened_at=at,
        attempt=1,
        released_text=mark("jobtext", audience, state),
        started_at=at,
        ended_at=at,
        expires_at=at + timedelta(hours=1),
    )


def _preset(world: World, audience: str, state: str) -> Preset:
    """The author's own, or the organisation's; as public as the thing is."""
    preset = Preset.objects.create(
        organisation=world.home,
        author=world.author,
        scope="user" if audience == "public" else "organisation",
    )
    PresetVersion.objects.create(
        preset=preset,
        number=1,
        author=world.author,
        name=mark("preset", audience, state),
        model_name="smollm2-135m",
        prompt=mark("preset", audience, state),
        publication=PUBLICATIONS[state],
        screened_at=None if state == "pending" else now(),
        reasons=[mark("preset", audience, state)],
    )
    return preset


def _upload(world: World, audience: str, state: str) -> Upload:
    data = mark("upload", audience, state).encode()
    blob = Blob.objects.create(sha256=storage.put(data), size=len(data), media_type="text/plain")
    return Upload.objects.create(
        owner=world.author,
        organisation=world.home,
        project=world.projects[audience],
        blob=blob,
        media_type="text/plain",
        width=1,
        height=1,
        source_sha256=blob.sha256,
        source_type="image/png",
        state=Upload.State.HELD if state == "held" else Upload.State.ACCEPTED,
        reasons=[mark("uploadwhy", audience, state)],
        screened_at=now(),
        correlation_id=new_id(),
        expires_at=now() + timedelta(hours=1),
    )


def _people(world: World) -> None:
    home, places = world.home, list(world.projects.values())
    world.add_reader("nobody")
    world.add_reader("stranger", make.make_account().user)
    world.add_reader("author", world.author)
    world.add_reader("owner of the organisation", make.owner_of(home))
    for role in ("admin", "member", "viewer"):
        world.add_reader(f"{role} of the organisation", make.make_member(home, role))
    for role, name in (("editor", "edits"), ("viewer", "looks")):
        person = make.make_user()
        for place in places:
            make.make_collaborator(place, role, person)
        world.add_reader(f"collaborator who {name}", person)
    left = make.make_member(home)
    accounts.remove_member(viewer=make.SYSTEM, organisation_id=home.pk, user_id=left.pk)
    world.add_reader("member who left", left)
    removed = make.make_user()
    for place in places:
        make.make_collaborator(place, "editor", removed)
        projects.remove_collaborator(
            viewer=make.viewer_of(make.owner_of(home)), project_id=place.pk, user_id=removed.pk
        )
    world.add_reader("collaborator who was removed", removed)
    world.add_reader("owner of another organisation", make.owner_of(make.make_organisation()))
    closed = make.make_member(home)
    world.add_reader("member who was deactivated", closed)
    _deactivate(closed)
    world.readers["member who was deactivated"] = Reader(
        "member who was deactivated", world.readers["member who was deactivated"].client
    )
    for role in ("reviewer", "senior_reviewer", "policy_admin", "auditor"):
        world.add_reader(role.replace("_", " "), make.make_user(staff=[role]))
    dismissed = make.make_user(staff=["reviewer"])
    accounts.dismiss_staff(
        viewer=make.SYSTEM, user_id=dismissed.pk, role="reviewer", reason="left the team"
    )
    world.add_reader("reviewer who was dismissed", dismissed)


def _keys(world: World) -> None:
    home, other = world.home, make.make_organisation()

    def key(
        name: str,
        creator: User,
        organisation: Organisation = home,
        scopes: frozenset[str] = PLAIN_SCOPES,
    ) -> ApiKey:
        # Only admins issue keys; the rights tested are those of the role held afterwards.
        if organisation != home or creator != world.author:
            _belongs(organisation, creator)
        with _as_admin(organisation, creator):
            row, text = make.make_key(organisation, creator=creator, scopes=scopes)
        world.add_reader(name, text, scopes=scopes)
        return row

    member, reviewer = make.make_member(home), make.make_user(staff=["reviewer"])
    auditor = make.make_user(staff=["auditor"])
    staff_scopes = frozenset({"assets:read", "jobs:read", "feed:read", *STAFF_SCOPES})
    key("key of the author", world.author)
    key("key of a member", member)
    key("key of the author that reads jobs only", world.author, scopes=frozenset({"jobs:read"}))
    key("key of the author that only writes jobs", world.author, scopes=frozenset({"jobs:write"}))
    key("key of the author in another organisation", world.author, other)
    key("key of another organisation", make.owner_of(other), other)
    key("plain key of a reviewer", reviewer, other)
    key("staff key of a reviewer in another organisation", reviewer, other, staff_scopes)
    key("staff key of an auditor in another organisation", auditor, other, staff_scopes)
    inside = make.make_member(home, user=make.make_user(staff=["reviewer"]))
    key("staff key of a reviewer in this organisation", inside, home, staff_scopes)
    revoked = key("revoked key", world.author)
    accounts.revoke_key(viewer=make.viewer_of(world.author), key_id=revoked.pk)
    expired = key("expired key", world.author)
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=now() - timedelta(seconds=1))
    closed = make.make_member(home)
    key("key of a deactivated member", closed)
    _deactivate(closed)
    world.add_reader("unknown key", "tg_abcdefgh_" + "x" * 32)
    for name in ("revoked key", "expired key", "key of a deactivated member", "unknown key"):
        world.readers[name] = Reader(name, world.readers[name].client, is_key=True)


def _belongs(organisation: Organisation, person: User) -> None:
    if not person.memberships.filter(organisation=organisation).exists():
        make.make_member(organisation, user=person)


class _as_admin:  # noqa: N801  # reads as a phrase where it is used
    """Makes a member an admin for a moment."""

    def __init__(self, organisation: Organisation, person: User) -> None:
        self._membership = person.memberships.get(organisation=organisation)
        self._role = self._membership.role

    def __enter__(self) -> None:
        if self._role != "owner":
            self._set("admin")

    def __exit__(self, *exc_info: object) -> None:
        self._set(self._role)

    def _set(self, role: str) -> None:
        self._membership.role = role
        self._membership.save(update_fields=["role"])


def _deactivate(person: User) -> None:
    accounts.deactivate_user(viewer=make.SYSTEM, user_id=person.pk, reason="asked for it")


def nothing() -> UUID:
    """Return an id that nobody has."""
    return new_id()
