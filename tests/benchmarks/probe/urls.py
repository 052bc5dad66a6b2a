"""The product's addresses and the bare view's."""

from typing import Any

from django.urls import include, path
from rest_framework import generics, serializers

from tests.benchmarks.probe.models import Request


class RequestOut(serializers.ModelSerializer[Request]):
    """What a bare view takes and returns."""

    class Meta:
        model = Request
        fields = ("id", "prompt", "model", "created_at")


class Bare(generics.CreateAPIView[Any]):
    """What anybody would write first: check, insert one row, return it."""

    queryset = Request.objects.all()
    serializer_class = RequestOut
    authentication_classes = ()
    permission_classes = ()


urlpatterns = [path("bench/bare", Bare.as_view()), path("", include("tidegate.urls"))]
