"""The tests' settings, with the probe's consumer added."""

from tidegate.settings.test import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks.probe.apps.Probe"]  # noqa: F405
