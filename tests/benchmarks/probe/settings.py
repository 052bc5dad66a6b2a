"""The one-machine settings, with the probe's consumer and address added."""

from tidegate.settings.local import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks.probe.apps.Probe"]  # noqa: F405
ROOT_URLCONF = "tests.benchmarks.probe.urls"
