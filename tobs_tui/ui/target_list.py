"""The list of chats to choose from: filters, the selection, and the targets that come of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import msgspec

from tobs_tui.model.display import clean
from tobs_tui.model.peers import Dialog, PeerKind
from tobs_tui.model.profile import ChatTarget, Profile, Targets
from tobs_tui.ui.fuzzy import Finder


class Archived(enum.Enum):
    """What becomes of archived chats in the list."""

    HIDDEN = "hidden"
    SHOWN = "shown"
    ONLY = "only"


KIND_WORDS = {
    PeerKind.USER: "person",
    PeerKind.BOT: "bot",
    PeerKind.SAVED: "saved",
    PeerKind.GROUP: "group",
    PeerKind.SUPERGROUP: "group",
    PeerKind.FORUM: "forum",
    PeerKind.CHANNEL: "channel",
}
"""What a kind of chat is called; basic groups and supergroups are the same to a person."""
KINDS = ("", "person", "group", "forum", "channel", "bot", "saved")


@dataclass
class TargetList:
    """All dialogs, which of them are shown (`visible`, indexes), and which are selected (`chosen`, by chat id)."""

    dialogs: list[Dialog] = field(default_factory=list)
    chosen: dict[int, ChatTarget] = field(default_factory=dict)
    query: str = ""
    kind: str = ""
    folder: str = ""
    archived: Archived = Archived.HIDDEN
    visible: list[int] = field(default_factory=list)
    finder: Finder[Dialog] = field(default_factory=Finder)
    _passing: tuple[object, list[bool]] = (None, [])
    """The filters but for the letters, and which dialogs pass them."""
    _unfound: list[ChatTarget] = field(default_factory=list)

    def load(self, dialogs: tuple[Dialog, ...]) -> None:
        """Take a list from Telegram; the selection stays, and titles and links in it find their chats."""
        self.dialogs = list(dialogs)
        self._passing = (None, [])
        self.finder = Finder(self.dialogs, _text_of)
        waiting, self._unfound = self._unfound, []
        for target in waiting:
            self._choose_named(target)
        self.apply()

    def preselect(self, profile: Profile) -> None:
        """Take over a profile's selection; all chats of the list where it says so, once `load` has run."""
        if profile.targets.all_chats:
            for dialog in self.dialogs:
                self.chosen[dialog.peer.id] = ChatTarget(dialog.peer.id, dialog.peer.title)
        for target in profile.targets.chats:
            self._choose_named(target)

    def _choose_named(self, target: ChatTarget) -> None:
        if isinstance(target.chat, int):
            self.chosen[target.chat] = target
            return
        name = target.chat.removeprefix("https://t.me/").removeprefix("@").casefold()
        for dialog in self.dialogs:
            if name == dialog.peer.username.casefold() or target.chat == dialog.peer.title:
                chosen = ChatTarget(dialog.peer.id, dialog.peer.title, target.topics)
                self.chosen[dialog.peer.id] = chosen
                return
        self._unfound.append(target)

    def apply(self) -> None:
        """Work out what is shown."""
        passes = self._passes()
        if not self.query:
            self.visible = [index for index, passed in enumerate(passes) if passed]
            return
        found = self.finder.matches(self.query)
        self.visible = [index for index in found if passes[index]]

    def _passes(self) -> list[bool]:
        """Which dialogs pass the filters but for the letters; archived ones may be found by their letters."""
        hidden = self.archived is Archived.HIDDEN and not self.query
        key = (hidden, self.archived is Archived.ONLY, self.kind, self.folder)
        if self._passing[0] != key:
            if not (self.kind or self.folder or self.archived is Archived.ONLY):  # as it mostly is
                passing = [not (hidden and dialog.archived) for dialog in self.dialogs]
            else:
                passing = [self._lets_pass(dialog, hidden) for dialog in self.dialogs]
            self._passing = key, passing
        return self._passing[1]

    def _lets_pass(self, dialog: Dialog, hidden: bool) -> bool:
        if dialog.archived:
            if hidden:
                return False
        elif self.archived is Archived.ONLY:
            return False
        if self.kind and KIND_WORDS[dialog.peer.kind] != self.kind:
            return False
        return not self.folder or self.folder in dialog.folders

    @property
    def folders(self) -> list[str]:
        """Every folder's name, in order of first appearance."""
        return list(dict.fromkeys(name for dialog in self.dialogs for name in dialog.folders))

    def next_kind(self) -> None:
        """Show the next kind of chat that there is; after the last one, all."""
        present = {KIND_WORDS[dialog.peer.kind] for dialog in self.dialogs}
        kinds = [kind for kind in KINDS if not kind or kind in present]
        self.kind = kinds[(kinds.index(self.kind) + 1) % len(kinds)] if self.kind in kinds else ""
        self.apply()

    def next_folder(self) -> None:
        """Show the next folder; after the last one, all chats."""
        folders = ["", *self.folders]
        self.folder = folders[(folders.index(self.folder) + 1) % len(folders)] if self.folder in folders else ""
        self.apply()

    def next_archived(self) -> None:
        """Show archived chats as well, only them, or not."""
        members = list(Archived)
        self.archived = members[(members.index(self.archived) + 1) % len(members)]
        self.apply()

    def toggle(self, dialog: Dialog) -> None:
        """Select a chat, or no longer."""
        if self.chosen.pop(dialog.peer.id, None) is None:
            self.chosen[dialog.peer.id] = ChatTarget(dialog.peer.id, dialog.peer.title)

    def choose_visible(self) -> None:
        """Select every chat shown."""
        for index in self.visible:
            peer = self.dialogs[index].peer
            self.chosen.setdefault(peer.id, ChatTarget(peer.id, peer.title))

    def choose_topics(self, dialog: Dialog, topics: tuple[int, ...]) -> None:
        """Select these topics of a forum; () is all of them."""
        self.chosen[dialog.peer.id] = ChatTarget(dialog.peer.id, dialog.peer.title, topics)

    def add(self, dialog: Dialog) -> int:
        """Select a chat found by its link or name; gives its place in the list, where it is put if it was not there."""
        self.kind, self.folder, self.query = "", "", ""
        place = next((i for i, known in enumerate(self.dialogs) if known.peer.id == dialog.peer.id), None)
        if place is None:
            self.load((dialog, *self.dialogs))
            place = 0
        if dialog.peer.id not in self.chosen:
            self.toggle(dialog)
        if self.dialogs[place].archived and self.archived is Archived.HIDDEN:
            self.archived = Archived.SHOWN
        self.apply()
        return self.visible.index(place) if place in self.visible else 0

    def targets(self) -> Targets:
        """The selection in the order of the list, then what the list does not have."""
        order = {dialog.peer.id: place for place, dialog in enumerate(self.dialogs)}
        chosen = sorted(self.chosen.values(), key=lambda target: order.get(int(target.chat), len(order)))
        return Targets(chats=(*chosen, *self._unfound))

    def profile(self, base: Profile) -> Profile:
        """`base` with the selection as its targets."""
        return msgspec.structs.replace(base, targets=self.targets())


def _text_of(dialog: Dialog) -> str:
    return f"{clean(dialog.peer.title, 120)} {dialog.peer.username}".casefold()
