"""Slowing down those who guess passwords."""

import logging
from hashlib import sha256

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from tidegate.accounts.models import canonical_email

logger = logging.getLogger(__name__)


class _SignIns(SimpleRateThrottle):
    """Counts in the cache. Without it people still sign in: the password hash slows guessing."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return bool(super().allow_request(request, view))
        except RedisError as error:
            logger.warning("sign-ins are not counted while the cache is away: %s", error)
            return True


class FromOneAddress(_SignIns):
    """Ten tries a minute from one address.

    The address is the connection's: `X-Forwarded-For` is what the caller likes it to be, and
    the server in front (uvicorn with its trusted proxies) has already resolved it.
    """

    rate = "10/min"
    scope = "sign-in-address"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return self.cache_format % {
            "scope": self.scope,
            "ident": request.META.get("REMOTE_ADDR", ""),
        }


class ForOneAccount(_SignIns):
    """Thirty tries an hour for one e-mail address, from wherever they come."""

    rate = "30/hour"
    scope = "sign-in-account"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        email = request.data.get("email") if isinstance(request.data, dict) else None
        if not isinstance(email, str):
            return None
        return self.cache_format % {
            "scope": self.scope,
            # Of any length and with any characters, which a cache key may not be.
            "ident": sha256(canonical_email(email).encode("utf-8", "replace")).hexdigest(),
        }
