"""Media addresses, mounted below /media/."""

from django.urls import path

from tidegate.assets.delivery import media, peaks

app_name = "assets"
urlpatterns = [
    path("<uuid:rendition_id>", media, name="media"),
    path("<uuid:rendition_id>/peaks", peaks, name="peaks"),
]
