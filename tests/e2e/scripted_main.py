"""The application on a scripted service, for a terminal: ``python -m tests.e2e.scripted_main HOME [SETTINGS [MORE]]``.

HOME is a folder; SETTINGS is JSON, as the settings file would have it. ``mouse = false`` there is as --no-mouse. A run
is in full flight. MORE is ``story``: nobody is signed in yet, and the service goes along with a whole export; or a
number: there are so many chats, and as many topics in each forum.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from tests.e2e.scripted import SIGNED_IN, ScriptedClient, crowd, profile, run_state, scripted_app
from tests.e2e.states import story_client
from tobs_tui.config.paths import Paths
from tobs_tui.config.profiles import save_profile
from tobs_tui.config.settings import Settings
from tobs_tui.service.protocol import Snapshot

paths = Paths.resolve(home=Path(sys.argv[1]))
paths.ensure()
save_profile(profile(), paths)
settings = msgspec.json.decode(sys.argv[2] if len(sys.argv) > 2 else "{}", type=Settings)
client = story_client() if "story" in sys.argv[3:] else ScriptedClient(Snapshot(SIGNED_IN, run_state()))
for number in (word for word in sys.argv[3:] if word.isdigit()):
    crowd(client, int(number))
scripted_app(client, paths, settings=settings).run(mouse=settings.mouse)
