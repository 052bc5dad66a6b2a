"""What codes, states and kinds are called in front of people."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tidegate.contracts.interactions import REPORT_REASONS as REPORT_CODES

Words = Mapping[str, str | Promise]

MODALITIES: Words = {
    "text": _("Text"),
    "image": _("Image"),
    "speech": _("Speech"),
    "music": _("Music"),
    "video": _("Video"),
    "composition": _("Composition"),
}
FACETS: Words = {
    "creator": _("author"),
    "tag": _("word"),
    "model": _("model"),
    "modality": _("kind"),
}
FORMS: Words = {
    "original": _("Original"),
    "preview": _("Smaller file"),
    "poster": _("Still picture"),
    "score": _("Score"),
    "midi": _("MIDI"),
    "notation": _("Notation (ABC)"),
    "captions": _("Captions"),
}
STATES: Words = {
    "pending": _("being checked"),
    "released": _("released"),
    "held": _("held for review"),
    "blocked": _("blocked"),
    "withdrawn": _("withdrawn"),
    "queued": _("waiting"),
    "running": _("being made"),
    "succeeded": _("made"),
    "failed": _("failed"),
    "cancelled": _("cancelled"),
    "refused": _("refused"),
    "open": _("open"),
    "claimed": _("claimed"),
    "mine": _("mine"),
    "undecided": _("all waiting"),
    "decided": _("decided"),
    "release": _("release"),
    "hold": _("hold"),
    "block": _("block"),
    "unavailable": _("could not be checked"),
    "waiting": _("waiting"),
    "completed": _("complete"),
    "left_out": _("left out"),
    "made": _("made"),
    "not_made": _("not made"),
}
HISTORY: Words = {
    "under_way": _("under way"),
    "succeeded": _("made"),
    "failed": _("failed or refused"),
    "cancelled": _("cancelled"),
}
CREDITS: Words = {
    "grant": _("Granted"),
    "purchase": _("Bought"),
    "reserve": _("Set aside for a job"),
    "release": _("Given back"),
    "charge": _("Charged"),
    "refund": _("Refunded"),
    "adjustment": _("Corrected"),
}
CREDIT_REASONS: Words = {
    "welcome": _("to begin with"),
    "cancelled_before_start": _("cancelled before it began"),
    "cancelled_while_running": _("cancelled while it was made"),
    "prompt_refused": _("the prompt was refused"),
    "screening_unavailable": _("the prompt could not be checked"),
    "expired": _("it waited too long"),
    "failed": _("it failed"),
    "not_delivered": _("it was not delivered"),
    "blocked_by_policy": _("it was blocked"),
    "blocked_after_release": _("it was blocked later"),
    "released_on_appeal": _("it was released after all"),
}
BECAUSE: Words = {
    "hold": _("The checks are in doubt"),
    "unavailable": _("A check did not answer"),
    "report": _("People reported it"),
    "lineage": _("What it was made from was blocked"),
    "duplicate": _("The same was blocked"),
    "sample": _("Drawn from what the checks decided"),
    "disagreement": _("Two people saw it differently"),
    "restriction": _("Its author is under review"),
    "notice": _("Somebody claims a right against it"),
    "overdue": _("Not judged in time"),
    "appeal": _("Somebody appeals"),
}
HAZARDS: Words = {
    "child_safety": _("Child safety"),
    "self_harm": _("Self-harm"),
    "dangerous": _("Dangerous advice"),
    "hate": _("Hate"),
    "violence": _("Violence"),
    "sexual": _("Sexual content"),
    "harassment": _("Harassment"),
    "spam": _("Spam or scam"),
    "profanity": _("Strong language"),
    "privacy": _("Personal data"),
    "prompt_attack": _("Attack on the checks"),
    "listed": _("On a hash list"),
    "reported": _("Reported"),
}
REPORT_REASONS: Words = {
    **{code: HAZARDS[code] for code in REPORT_CODES if code in HAZARDS},
    "copyright": _("It uses what is mine or somebody else's"),
    "privacy": _("It shows or tells something private"),
    "deception": _("It deceives people"),
    "other": _("Something else"),
}
RESTRICTIONS: Words = {
    "cooldown": _("Nothing can be made for a while"),
    "no_public": _("Nothing can be made public"),
    "hold_all": _("A person looks at every output first"),
    "suspended": _("Suspended"),
}
BASES: Words = {
    "copyright": _("Copyright"),
    "privacy": _("Privacy"),
    "court_order": _("Court order"),
    "authority": _("Order of an authority"),
    "other": _("Other"),
}
SURFACES: Words = {
    "prompt": _("Prompt"),
    "text": _("Text"),
    "image": _("Picture"),
    "image_text": _("Words in the picture"),
    "speech": _("Recording"),
    "speech_text": _("Words in the recording"),
    "music": _("Music"),
    "video": _("Pictures of the film"),
}
PARAMETERS: Words = {
    "max_tokens": _("Length"),
    "temperature": _("Temperature"),
    "top_p": _("Variety"),
    "repetition_penalty": _("Avoid repeating"),
    "system": _("Instructions"),
    "json_schema": _("Form of the answer"),
    "voice": _("Voice"),
    "speed": _("Pace"),
    "steps": _("Steps"),
    "guidance": _("Guidance"),
    "size": _("Size"),
    "negative_prompt": _("What it should not be like"),
    "image": _("Picture"),
    "mask": _("Mask"),
    "strength": _("Strength"),
    "factor": _("Enlargement"),
    "style": _("Painting style"),
    "second_style": _("Second painting style"),
    "mix": _("Share of the second"),
    "colours": _("Colours"),
    "colour": _("Colour"),
    "tolerance": _("Tolerance"),
    "key": _("Key of the tune"),
    "metre": _("Metre"),
    "mood": _("Mood"),
    "rhythm": _("Kind of tune"),
    "bars": _("Bars"),
    "tempo": _("Tempo"),
    "instrument": _("Instrument"),
    "chords": _("Chords"),
    "towards": _("Turns into"),
    "motion": _("Camera"),
    "shape": _("Shape"),
    "seconds": _("Seconds"),
    "narration": _("Narration"),
    "captions": _("Captions"),
}
ROLES: Words = {
    "owner": _("Owner"),
    "admin": _("Admin"),
    "member": _("Member"),
    "viewer": _("Viewer"),
    "editor": _("Editor"),
}
PRESET_STATES: Words = {
    "private": _("only for you"),
    "organisation": _("for your organisation"),
    "held": _("waiting for the gate"),
    "unanswered": _("waiting for the gate"),
    "public": _("public"),
    "refused": _("refused"),
    "withdrawn": _("withdrawn"),
    "archived": _("out of use"),
    "taken_down": _("taken down"),
}
PRESET_STANDINGS: Words = {
    "private": _("Only you see it. Once it is published, everybody who is signed in can use it."),
    "organisation": _(
        "Your organisation sees it. Once it is published, everybody who is signed in can use it."
    ),
    "held": _("The gate is in doubt. Others do not see it; you may ask again."),
    "unanswered": _("The gate could not answer. Others do not see it; you may ask again."),
    "public": _("Everybody who is signed in can use it."),
    "refused": _("It breaks the rules, so it is not published. Write another version."),
    "withdrawn": _("It was public and was taken back. It may be published again."),
    "archived": _("It is out of use, for everybody."),
    "taken_down": _("Staff took it from everybody but its keepers."),
}
PRESET_ANSWERS: Words = {
    "public": _("It is public now."),
    "held": _("The gate is in doubt, so it is not public."),
    "unanswered": _("The gate did not answer, so it is not public."),
    "refused": _("The gate refused it."),
}
PRESET_ERRORS: Words = {
    "invalid_input": _("Something in it does not hold."),
    "preset_changed": _("Somebody wrote another version meanwhile. Look at it before you go on."),
    "preset_archived": _("This preset is out of use."),
    "preset_limit": _("There are as many versions as there may be."),
    "preset_move_not_allowed": _("This version was refused. Write another one."),
    "preset_not_yours": _(
        "Its author changes a preset, or of an organisation's its admins and owners."
    ),
    "invalid_version": _("This is no version of the preset."),
    "invalid_number": _("This must be a number."),
    "null_characters_not_allowed": _("This holds a character that cannot be stored."),
    "unknown_model": _("This model is no longer offered."),
    "model_disabled": _("This model is switched off at the moment."),
    "empty": _("Say what you want."),
    "duplicate": _("Another one has this name."),
    "invalid_name": _("A name begins with a to z and has a to z, 0 to 9 and _, at most 32."),
}
PRESET_DETAILS: Words = {
    "invalid_template": _("This cannot be read"),
    "unknown_list": _("There is no such list"),
    "unused": _("Nothing uses this"),
    "out_of_range": _("This is not within its bounds"),
    "too_long": _("This is too long"),
    "too_many": _("These are too many"),
    "not_taken": _("This does not belong here"),
    "required": _("Something is missing"),
    "unknown_choice": _("There is no such choice"),
}
"""What is wrong, before a detail that is told in English."""
VARIABLE_TYPES: Words = {
    "text": _("words"),
    "choice": _("one of several"),
    "integer": _("whole number"),
    "number": _("number"),
}
FAILURES: Words = {
    "prompt_refused": _("The prompt asks for something that our rules do not allow."),
    "screening_unavailable": _("The prompt could not be checked, so nothing was made."),
    "generator_unavailable": _("The model could not be reached."),
    "input_unavailable": _("A picture that this works on was taken down."),
    "invalid_request": _("The model did not accept these settings."),
    "deadline_exceeded": _("The model took too long."),
    "nothing_made": _("The model returned nothing."),
    "output_blocked": _("What the model wrote breaks the rules, so it was stopped."),
    "answer_cut": _("The answer was cut before it was whole; allow it more tokens."),
    "answer_unfit": _("The model did not answer in the form that was asked for."),
    "interrupted_too_often": _("The work was interrupted too often."),
    "unforeseen_error": _("Something broke on our side."),
    "expired": _("It waited too long for its turn."),
    "model_withdrawn": _("This model is no longer offered."),
    "part_blocked": _("A part was blocked."),
    "part_unusable": _("A part did not hold what the others build on."),
    "part_unfit": _("A part does not fit its model."),
    "nothing_to_repeat": _("There was nothing in the list that a part is made for."),
    "needed_part_missing": _("A part that it builds on was left out."),
    "insufficient_credits": _("There are too few credits left."),
    "job_cancelled": _("It was cancelled."),
}
OBSTACLES: Words = {
    "model_withdrawn": _("its model is no longer offered"),
    "no_worker": _("nobody works on such requests at the moment"),
    "expires_first": _("it may not get its turn in time"),
}
PICTURES: Words = {
    "usable": _("Checked: it can be worked on."),
    "waiting": _("Being checked. This usually takes a moment."),
    "doubted": _("The check is in doubt, so it cannot be used."),
    "refused": _("Refused: it is not kept and cannot be used."),
    "unreleased": _("It has not passed the gate, so it cannot be used."),
    "gone": _("This picture is no longer there."),
}

MOVES: Words = {
    "created": _("created"),
    "the checks found nothing": _("the checks found nothing"),
    "a person has to look": _("a person has to look"),
    "classifiers unavailable": _("a check did not answer"),
    "the checks found what the policy does not allow": _(
        "the checks found what the policy does not allow"
    ),
    "what it was made from was blocked": _("what it was made from was blocked"),
    "what it was made from was released again": _("what it was made from was released again"),
    "its author is under review": _("its author is under review"),
    "the restriction of its author was lifted": _("the restriction of its author was lifted"),
}
"""Reasons that the platform itself gives for a move; people's reasons stay as they wrote them."""


def word(words: Words, name: str) -> str:
    """Return what a name is called; an unknown name in readable form."""
    return str(words[name]) if name in words else name.replace("_", " ").capitalize()


DSA: Words = {
    "STATEMENT_CATEGORY_ANIMAL_WELFARE": _("Animal welfare"),
    "STATEMENT_CATEGORY_CONSUMER_INFORMATION": _("Consumer information"),
    "STATEMENT_CATEGORY_CYBER_VIOLENCE": _("Cyber violence"),
    "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN": _("Cyber violence against women"),
    "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS": _("Data protection and privacy"),
    "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH": _("Illegal or harmful speech"),
    "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS": _("Intellectual property"),
    "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS": _(
        "Civic discourse and elections"
    ),
    "STATEMENT_CATEGORY_NOT_SPECIFIED_NOTICE": _("Not specified by the notice"),
    "STATEMENT_CATEGORY_OTHER_VIOLATION_TC": _("Other rules of ours"),
    "STATEMENT_CATEGORY_PROTECTION_OF_MINORS": _("Protection of minors"),
    "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY": _("Public security"),
    "STATEMENT_CATEGORY_SCAMS_AND_FRAUD": _("Scams and fraud"),
    "STATEMENT_CATEGORY_SELF_HARM": _("Self-harm"),
    "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS": _("Unsafe and prohibited products"),
    "STATEMENT_CATEGORY_VIOLENCE": _("Violence"),
    "blocked": _("blocked"),
    "held": _("held back"),
    "DECISION_GROUND_ILLEGAL_CONTENT": _("a law"),
    "DECISION_GROUND_INCOMPATIBLE_CONTENT": _("a rule of ours"),
    "SOURCE_VOLUNTARY": _("our own checks"),
    "SOURCE_ARTICLE_16": _("a notice"),
    "SOURCE_TYPE_OTHER_NOTIFICATION": _("reports"),
    "Yes": _("by machine"),
    "No": _("by people"),
    "AUTOMATED_DECISION_FULLY": _("by machine"),
    "AUTOMATED_DECISION_PARTIALLY": _("by both"),
    "AUTOMATED_DECISION_NOT_AUTOMATED": _("by people"),
    "author": _("authors"),
    "reporter": _("reporters"),
    **RESTRICTIONS,
    **BASES,
}
"""What the transparency report's codes are called; those of the DSA database and our own."""
