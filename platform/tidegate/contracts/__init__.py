"""The wire: topics, the envelope, every event and the ports. Standard library only.

Anything two services both know lives here, and nothing else does. A change to an
existing event is a new version of its type, never an edit: old records stay readable. Only a
field with a default may be added: old records lack it, and old readers pass over it.
"""
