"""The ASGI entry point: `uvicorn tidegate.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

from tidegate.connections import returning_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tidegate.settings.local")

application = returning_connections(get_asgi_application())
