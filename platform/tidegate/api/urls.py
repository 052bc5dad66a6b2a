"""The addresses below /api/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView

from tidegate.api import views

urlpatterns = [
    path("v1/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("v1/", include("tidegate.api.v1.urls")),
    path("docs", views.docs, name="api-docs"),
    path("docs/problems", views.problem_codes, name="api-problems"),
    re_path(r"^.*$", views.Unknown.as_view()),
]
