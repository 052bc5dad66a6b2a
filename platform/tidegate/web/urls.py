"""The addresses of the product."""

from django.urls import path

from tidegate.web.views import (
    assets,
    compare,
    compositions,
    feed,
    history,
    landing,
    language,
    organisation,
    people,
    pictures,
    presets,
    studio,
)

urlpatterns = [
    path("", landing.landing, name="landing"),
    path("studio", studio.studio, name="studio"),
    path("studio/pictures", pictures.pictures),
    path("studio/picture", pictures.picture),
    path("studio/jobs", studio.submit),
    path("studio/presets", presets.keep),
    path("studio/jobs/<uuid:job_id>/card", studio.job_card),
    path("studio/jobs/<uuid:job_id>/cancel", studio.cancel),
    path("history", history.history, name="history"),
    path("compare", compare.compare, name="compare"),
    path("compositions", compositions.compositions, name="compositions"),
    path("compositions/new", compositions.submit),
    path("compositions/<uuid:composition_id>", compositions.composition),
    path("compositions/<uuid:composition_id>/card", compositions.card),
    path("compositions/<uuid:composition_id>/cancel", compositions.cancel),
    path("feed", feed.feed, name="feed"),
    path("feed/news", feed.news),
    path("language", language.choose, name="language"),
    path("library", assets.library, name="library"),
    path("assets/<uuid:asset_id>", assets.asset_page, name="asset"),
    path("assets/<uuid:asset_id>/interactions", feed.interact),
    path("assets/<uuid:asset_id>/withdraw", assets.withdraw),
    path("assets/<uuid:asset_id>/restore", assets.restore),
    path("organisation", organisation.organisation, name="organisation"),
    path("organisation/<uuid:organisation_id>", organisation.organisation),
    path("organisation/<uuid:organisation_id>/keys", organisation.issue_key),
    path("organisation/<uuid:organisation_id>/members", people.add_member),
    path("organisation/<uuid:organisation_id>/projects", organisation.create_project),
    path("organisation/<uuid:organisation_id>/members/<uuid:user_id>/role", people.change_role),
    path("organisation/<uuid:organisation_id>/members/<uuid:user_id>/remove", people.remove_member),
    path("organisation/keys/<uuid:key_id>/revoke", organisation.revoke_key),
    path("projects/<uuid:project_id>/audience", people.set_audience),
    path("projects/<uuid:project_id>/collaborators", people.add_collaborator),
    path(
        "projects/<uuid:project_id>/collaborators/<uuid:user_id>/remove", people.remove_collaborator
    ),
]
