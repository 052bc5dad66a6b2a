"""A small policy that tests of the policy engine build on."""

SMALL = """\
name: small
detectors:
  words: [violence, spam]
  eyes: [violence]
  reader: []
surfaces:
  prompt: &rules
    required: [words]
    thresholds:
      violence: {hold_at: 0.5, block_at: 0.9}
      spam: {hold_at: 0.8}
    words: {mild: release, strong: hold, severe: block}
  text: *rules
  speech: *rules
  image:
    required: [eyes, reader]
    required_with_text: [words]
    thresholds:
      violence: {hold_at: 0.6, block_at: 0.9}
      spam: {hold_at: 0.8}
    by_detector:
      eyes:
        violence: {hold_at: 0.2}
    words: {mild: hold, strong: hold, severe: block}
reports: {hold_at: 3}
"""


def with_parts(parts: str) -> str:
    """Return the small policy with further parts at its end."""
    return f"{SMALL}{parts.strip()}\n"
