"""Tables to take away."""

from django.http import HttpResponse


def csv_file(name: str, text: str) -> HttpResponse:
    """Return CSV as a download, marked as UTF-8 for spreadsheets that guess otherwise."""
    return HttpResponse(
        f"\ufeff{text}",
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
