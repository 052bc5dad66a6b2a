"""Addresses of uploads' bytes, mounted below /media/uploads/."""

from django.urls import path

from tidegate.uploads.delivery import media

app_name = "uploads"
urlpatterns = [path("<uuid:upload_id>", media, name="media")]
