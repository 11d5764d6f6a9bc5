"""`python -m tobs_tui` is `tobs`."""

from __future__ import annotations

import sys

from tobs_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
