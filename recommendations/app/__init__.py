"""The feed: items and tastes kept by event, slates made on request, the gate asked on each page."""
