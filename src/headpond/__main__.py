"""`python -m headpond` is `headpond`."""

from __future__ import annotations

import sys

from headpond.cli.app import main

sys.exit(main())
