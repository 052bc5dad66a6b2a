"""Every write of the gate, one module per noun.

`services.organisations` is imported by its own name: it asks the engine, which asks these.

Each service locks in one order: what the reviewer chose (`care_at_work.lock_care`), policies (their
turn, then versions), run, author, what the author waits for (`makers().lock`), assets (by id), hash
entries (by id), case, audit chains (by name).
Keeping to it is what keeps two services over the same thing from waiting for each other for ever.
"""

from moderation.app.services.appeals import make_appeal
from moderation.app.services.backtest_runs import (
    advance_backtests,
    cancel_backtest,
    start_backtest,
)
from moderation.app.services.banks import change_bank, create_bank
from moderation.app.services.bulk import advance_bulks, preview_bulk, reverse_bulk, start_bulk
from moderation.app.services.care import choose_care, set_care_rules
from moderation.app.services.cases import claim_case, claim_next_case, release_claim
from moderation.app.services.conduct import impose_restriction, lift_restriction, void_strike
from moderation.app.services.decisions import decide_case
from moderation.app.services.exchanges import import_hashes
from moderation.app.services.golden import make_golden, retire_golden
from moderation.app.services.hashes import (
    add_hash,
    pause_hash,
    remove_hash,
    resume_hash,
    set_hash_expiry,
)
from moderation.app.services.letters import read_letter
from moderation.app.services.next_work import claim_next_work
from moderation.app.services.notes import add_note, read_mention
from moderation.app.services.notices import record_notice
from moderation.app.services.overdue import escalate_asset
from moderation.app.services.policies import activate_policy
from moderation.app.services.policy_fuse import check_policies
from moderation.app.services.policy_moves import move_policy, propose_policy, roll_back_policy
from moderation.app.services.queues import preview_rule, remove_queue, save_queue, set_skills
from moderation.app.services.reports import record_report
from moderation.app.services.retro_runs import move_retro_run, preview_retro_run
from moderation.app.services.retro_steps import advance_retro_run, advance_retro_runs
from moderation.app.services.reversals import reverse_decision, undo_decision
from moderation.app.services.routing import route_changed
from moderation.app.services.sampling import draw_gate
from moderation.app.services.screenings import record_screening
from moderation.app.services.second_looks import (
    answer_second_look,
    release_second_look,
    renew_second_look,
    undo_second_look,
)
from moderation.app.services.settling import settle_second_looks
from moderation.app.services.shadows import forget_shadows, note_shadows
from moderation.app.services.statements import note_export
from moderation.app.services.taxonomies import publish_taxonomy
from moderation.app.services.thresholds import propose_threshold
from moderation.app.services.translations import translate_case
from moderation.app.services.verdicts import record_verdict, supersede_unavailable
from moderation.app.services.viewings import note_view, reveal_case, unveil_case

__all__ = [
    "activate_policy",
    "add_hash",
    "add_note",
    "advance_backtests",
    "advance_bulks",
    "advance_retro_run",
    "advance_retro_runs",
    "answer_second_look",
    "cancel_backtest",
    "change_bank",
    "check_policies",
    "choose_care",
    "claim_case",
    "claim_next_case",
    "claim_next_work",
    "create_bank",
    "decide_case",
    "draw_gate",
    "escalate_asset",
    "forget_shadows",
    "import_hashes",
    "impose_restriction",
    "lift_restriction",
    "make_appeal",
    "make_golden",
    "move_policy",
    "move_retro_run",
    "note_export",
    "note_shadows",
    "note_view",
    "pause_hash",
    "preview_bulk",
    "preview_retro_run",
    "preview_rule",
    "propose_policy",
    "propose_threshold",
    "publish_taxonomy",
    "read_letter",
    "read_mention",
    "record_notice",
    "record_report",
    "record_screening",
    "record_verdict",
    "release_claim",
    "release_second_look",
    "remove_hash",
    "remove_queue",
    "renew_second_look",
    "resume_hash",
    "retire_golden",
    "reveal_case",
    "reverse_bulk",
    "reverse_decision",
    "roll_back_policy",
    "route_changed",
    "save_queue",
    "set_care_rules",
    "set_hash_expiry",
    "set_skills",
    "settle_second_looks",
    "start_backtest",
    "start_bulk",
    "supersede_unavailable",
    "translate_case",
    "undo_decision",
    "undo_second_look",
    "unveil_case",
    "void_strike",
]
