"""What the tests of the kits use: real git servers, a pytest of its own, resolvers that are broken."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "support"))
sys.path.insert(0, str(TESTS / "testing" / "broken"))
