"""Which tests need the recordings of the speech demo."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gruvy.datasets import speech

# The recordings' licence (CC-BY-SA) keeps them out of the repository: they are read from a Debian package, which not
# every machine can have. `.ci/run` installs it and sets CI; there nothing is skipped, and tests fail without it.
installed = pytest.mark.skipif(
    not Path("/", speech.SOUNDS).exists() and not os.environ.get("CI"),
    reason="the recordings are not installed: apt-get install asterisk-core-sounds-en asterisk-core-sounds-en-wav",
)
