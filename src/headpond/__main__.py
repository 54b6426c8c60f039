"""`python -m headpond` is `headpond`."""

from __future__ import annotations

import sys

from headpond.cli.start import main

sys.exit(main())
