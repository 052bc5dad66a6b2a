"""Media addresses, mounted below /media/."""

from django.urls import path

from tidegate.assets.delivery import media

app_name = "assets"
urlpatterns = [path("<uuid:rendition_id>", media, name="media")]
