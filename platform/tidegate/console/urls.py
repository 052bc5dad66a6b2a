"""The addresses below /console/."""

from django.urls import path

from tidegate.console.views import care, cases, conduct, hashes, models, policies, queue, trail

urlpatterns = [
    path("", queue.queue, name="console-queue"),
    path("cases/next", cases.next_case, name="console-next"),
    path("cases/<uuid:case_id>", cases.case, name="console-case"),
    path("cases/<uuid:case_id>/lease", cases.renew, name="console-renew"),
    path("cases/<uuid:case_id>/claim", cases.claim, name="console-claim"),
    path("cases/<uuid:case_id>/give-back", cases.give_back, name="console-give-back"),
    path("cases/<uuid:case_id>/decision", cases.decide, name="console-decide"),
    path("cases/<uuid:case_id>/strikes/<uuid:strike_id>/void", conduct.void, name="console-void"),
    path(
        "cases/<uuid:case_id>/authors/<uuid:author_id>/restriction",
        conduct.restrict,
        name="console-restrict",
    ),
    path(
        "cases/<uuid:case_id>/restrictions/<uuid:restriction_id>/lift",
        conduct.lift,
        name="console-lift",
    ),
    path(
        "cases/<uuid:case_id>/assets/<uuid:asset_id>/notice",
        conduct.notice,
        name="console-notice",
    ),
    path("cases/<uuid:case_id>/reveal", cases.reveal, name="console-reveal"),
    path("cases/<uuid:case_id>/look", cases.unveil, name="console-look"),
    path("care", care.care, name="console-care"),
    path("care/rules", care.rules, name="console-care-rules"),
    path("break", care.pause, name="console-break"),
    path("hashes", hashes.hashes, name="console-hashes"),
    path("hashes/add", hashes.add, name="console-hash-add"),
    path("hashes/banks", hashes.add_bank, name="console-bank-add"),
    path("hashes/banks/<uuid:bank_id>", hashes.change_bank, name="console-bank-change"),
    path("hashes/<uuid:entry_id>", hashes.entry, name="console-hash"),
    path("hashes/<uuid:entry_id>/pause", hashes.pause, name="console-hash-pause"),
    path("hashes/<uuid:entry_id>/resume", hashes.resume, name="console-hash-resume"),
    path("hashes/<uuid:entry_id>/expiry", hashes.expire, name="console-hash-expire"),
    path("hashes/<uuid:entry_id>/removal", hashes.remove, name="console-hash-remove"),
    path("policies", policies.policies, name="console-policies"),
    path("policies/new", policies.propose, name="console-policy-propose"),
    path("policies/<uuid:version_id>", policies.policy, name="console-policy"),
    path("policies/<uuid:version_id>/state", policies.move, name="console-policy-move"),
    path(
        "policies/<uuid:version_id>/roll-back", policies.roll_back, name="console-policy-roll-back"
    ),
    path("policies/<uuid:version_id>/backtests", policies.backtest, name="console-policy-backtest"),
    path("policies/<uuid:version_id>/preview", policies.preview, name="console-policy-preview"),
    path("policies/retro-runs/<uuid:run_id>", policies.move_run, name="console-retro-run-move"),
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
