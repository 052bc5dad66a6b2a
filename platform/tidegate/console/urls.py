"""The addresses below /console/."""

from django.urls import path

from tidegate.console.views import cases, models, queue, trail

urlpatterns = [
    path("", queue.queue, name="console-queue"),
    path("cases/<uuid:case_id>", cases.case, name="console-case"),
    path("cases/<uuid:case_id>/claim", cases.claim, name="console-claim"),
    path("cases/<uuid:case_id>/give-back", cases.give_back, name="console-give-back"),
    path("cases/<uuid:case_id>/decision", cases.decide, name="console-decide"),
    path("models", models.models, name="console-models"),
    path("models/<str:name>", models.model, name="console-model"),
    path("models/<str:name>/enable", models.enable, name="console-model-enable"),
    path("models/<str:name>/disable", models.disable, name="console-model-disable"),
    path("models/<str:name>/aliases", models.aliases, name="console-model-aliases"),
    path("models/<str:name>/deprecation", models.deprecate, name="console-model-deprecate"),
    path("models/<str:name>/load", models.load, name="console-model-load"),
    path("models/<str:name>/unload", models.unload, name="console-model-unload"),
    path("trail", trail.trail, name="console-trail"),
    path("trail/verification", trail.verify_trail, name="console-verify"),
]
