"""Facts on their way between services: outbox, relay, consumers, inbox, dead letters.

Announce with `tidegate.events.services.announce`, listen with
`tidegate.events.registry.consumer`. Events name their subjects and know no other app.
"""
