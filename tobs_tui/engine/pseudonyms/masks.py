"""The stand-ins of a vault at work: what whoever writes notes, pages and names of folders asks."""

from __future__ import annotations

from msgspec.structs import replace

from tobs_tui.archive.archive import Archive
from tobs_tui.archive.records import ChatRecord
from tobs_tui.engine.filtering import RecordFilter
from tobs_tui.engine.pseudonyms.key import key_of
from tobs_tui.engine.pseudonyms.naming import Naming
from tobs_tui.engine.pseudonyms.people import People
from tobs_tui.engine.pseudonyms.records import Records
from tobs_tui.engine.pseudonyms.words import Words
from tobs_tui.model.messages import Message
from tobs_tui.model.peers import Peer, PeerKind, id_label
from tobs_tui.model.transcript import Transcript
from tobs_tui.render.layout import chat_folder


class Masks:
    """One vault's stand-ins, for the people that its archive knew when this was made."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._words = Words(people)
        self._records = Records(self._words)

    @property
    def mark(self) -> int:
        """Tells these people from others."""
        return self._people.mark

    def of_id(self, peer: int) -> int:
        """The id to show for a marked id."""
        return self._people.naming.of_id(peer)

    def real(self, peer: int) -> int:
        """The marked id behind one that was made here; 0 for a stand-in that has none."""
        return self._people.naming.real(peer)

    def message(self, message: Message) -> Message:
        """A message with stand-ins."""
        return self._records.struct(message)

    def transcript(self, transcript: Transcript) -> Transcript:
        """What is said in a recording, with stand-ins."""
        said = tuple(replace(one, text=self._words.text(one.text)) for one in transcript.said)
        return replace(transcript, said=said)

    def text(self, text: str) -> str:
        """A text of somebody's with stand-ins."""
        return self._words.text(text)

    def name(self, peer: int, title: str) -> str:
        """What a peer is called, by its real id or its stand-in: people get another name, chats keep `title`."""
        shown = self.of_id(peer)
        return self._words.label(shown) if shown > 0 and shown != self.real(shown) else self.text(title)

    def title(self, record: ChatRecord) -> str:
        """What a chat is called."""
        return record.title if record.kind is PeerKind.SAVED else self.name(record.id, record.title)

    def shown(self, keeps: RecordFilter) -> str:
        """Which messages a filter chooses, in words."""
        people = tuple(self.name(sender, "") or id_label(sender) for sender in keeps.senders)
        return replace(keeps, names=people, text=self.text(keeps.text)).words


def masks_of(archive: Archive) -> Masks | None:
    """The stand-ins of a vault; None for one that shows people as they are. Reads all people that the archive knows.

    Raises TobsError ARCHIVE_UNUSABLE without the vault's key.
    """
    key = key_of(archive)
    return None if key is None else Masks(People(archive.every_peer(), Naming(key)))


def folder_for(peer: Peer, archive: Archive) -> str:
    """The folder that a chat gets when it is first stored. It tells nobody's name or id where the vault is not to."""
    key = key_of(archive)
    if key is None:
        return chat_folder(peer)
    masks = Masks(People([peer], Naming(key)))
    return chat_folder(replace(peer, id=masks.of_id(peer.id), title=masks.name(peer.id, peer.title)))
