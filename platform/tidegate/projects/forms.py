"""What sign-up asks beside address and password."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tidegate.accounts.models import User


class SignUpForm(forms.Form):
    """allauth puts its own fields around these."""

    display_name = forms.CharField(
        label=_("Your name"),
        max_length=80,
        required=False,
        strip=True,
        help_text=_("Shown beside what you publish. Left empty, it is made of your address."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("display_name", "email", "password1", "password2")

    def signup(self, request: HttpRequest, user: User) -> None:
        """Do nothing more: the adapter has opened the account with this name already."""
