"""The application on a scripted service, for a terminal: ``python -m tests.e2e.scripted_main HOME [SETTINGS]``.

HOME is a folder; SETTINGS is JSON, as the settings file would have it. ``mouse = false`` there is as --no-mouse.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from tests.e2e.scripted import SIGNED_IN, ScriptedClient, profile, run_state, scripted_app
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import save_profile
from tobs_tui.config.settings import Settings
from tobs_tui.service.protocol import Snapshot

paths = Paths.resolve(home=Path(sys.argv[1]))
paths.ensure()
save_profile(profile(), paths)
settings = msgspec.json.decode(sys.argv[2] if len(sys.argv) > 2 else "{}", type=Settings)
scripted_app(ScriptedClient(Snapshot(SIGNED_IN, run_state())), paths, settings=settings).run(mouse=settings.mouse)
