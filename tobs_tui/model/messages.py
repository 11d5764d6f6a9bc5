"""The message record: everything the archive keeps of one message, independent of TL layers."""

from __future__ import annotations

import enum

import msgspec
from msgspec import Struct

from tobs_tui.model.media import Extra, File, FileKind, Media, extras_of, files_of
from tobs_tui.model.rich import Rich
from tobs_tui.model.text import Entity, EntityKind, FormattedText

RECORD_VERSION = 1
EMOJI_TO_FIND = "custom emoji"
"""The type of a file of which no more than its id is known yet."""


class Reply(Struct, frozen=True, omit_defaults=True):
    """What a message answers: a message (of `peer`, 0 = the same chat), or a story."""

    message_id: int = 0
    peer: int = 0
    topic_root: int = 0  # reply_to_top_id
    quote: FormattedText | None = None
    quote_offset: int = 0
    story_id: int = 0
    todo_item: int = 0
    poll_option: str = ""
    external_from: str = ""  # author of a quoted message in a chat that this account cannot see
    from_peer: int = 0  # the same by marked id, where Telegram tells


class Forward(Struct, frozen=True, omit_defaults=True):
    """Where a forwarded message came from; `name` alone for people who hide their account."""

    peer: int = 0
    name: str = ""
    message_id: int = 0
    date: int = 0
    author: str = ""
    imported: bool = False
    saved_peer: int = 0
    saved_message_id: int = 0
    announcement: str = ""  # the kind of a public service announcement


class ReactionKind(enum.StrEnum):
    """What was reacted with."""

    EMOJI = "emoji"
    CUSTOM = "custom"
    PAID = "paid"


class Reaction(Struct, frozen=True, omit_defaults=True):
    """One reaction with its count; `emoji` for EMOJI, `document_id` for CUSTOM."""

    kind: ReactionKind
    count: int
    emoji: str = ""
    document_id: int = 0
    chosen: bool = False


class Reactor(Struct, frozen=True, omit_defaults=True):
    """Somebody who reacted (0 = who does not want to be named); `count` the stars of a PAID reaction.

    Telegram names the latest few of them, in small groups all.
    """

    peer: int
    kind: ReactionKind
    emoji: str = ""
    document_id: int = 0
    date: int = 0
    count: int = 0


class Button(Struct, frozen=True, omit_defaults=True):
    """A button; `row` counts from 0. `url` is what it opens, `does` what else it does, in words. One of a `keyboard`
    stands below the field to write in; else it is below the message."""

    row: int
    text: str
    url: str = ""
    does: str = ""
    keyboard: bool = False


class FactCheck(Struct, frozen=True, omit_defaults=True):
    """A fact check attached by Telegram's partners."""

    text: FormattedText
    country: str = ""


class ActionKind(enum.StrEnum):
    """The service actions of TL layer 229 by constructor name (without ``MessageAction``), and UNKNOWN."""

    BoostApply = "BoostApply"
    BotAllowed = "BotAllowed"
    ChangeCommunity = "ChangeCommunity"
    ChangeCreator = "ChangeCreator"
    ChannelCreate = "ChannelCreate"
    ChannelMigrateFrom = "ChannelMigrateFrom"
    ChatAddUser = "ChatAddUser"
    ChatCreate = "ChatCreate"
    ChatDeletePhoto = "ChatDeletePhoto"
    ChatDeleteUser = "ChatDeleteUser"
    ChatEditPhoto = "ChatEditPhoto"
    ChatEditTitle = "ChatEditTitle"
    ChatJoinedByLink = "ChatJoinedByLink"
    ChatJoinedByRequest = "ChatJoinedByRequest"
    ChatJoinedViaCommunity = "ChatJoinedViaCommunity"
    ChatMigrateTo = "ChatMigrateTo"
    ConferenceCall = "ConferenceCall"
    ContactSignUp = "ContactSignUp"
    CustomAction = "CustomAction"
    Empty = "Empty"
    GameScore = "GameScore"
    GeoProximityReached = "GeoProximityReached"
    GiftCode = "GiftCode"
    GiftPremium = "GiftPremium"
    GiftStars = "GiftStars"
    GiftTon = "GiftTon"
    GiveawayLaunch = "GiveawayLaunch"
    GiveawayResults = "GiveawayResults"
    GroupCall = "GroupCall"
    GroupCallScheduled = "GroupCallScheduled"
    HistoryClear = "HistoryClear"
    InviteToGroupCall = "InviteToGroupCall"
    ManagedBotCreated = "ManagedBotCreated"
    NewCreatorPending = "NewCreatorPending"
    NoForwardsRequest = "NoForwardsRequest"
    NoForwardsToggle = "NoForwardsToggle"
    PaidMessagesPrice = "PaidMessagesPrice"
    PaidMessagesRefunded = "PaidMessagesRefunded"
    PaymentRefunded = "PaymentRefunded"
    PaymentSent = "PaymentSent"
    PaymentSentMe = "PaymentSentMe"
    PhoneCall = "PhoneCall"
    PinMessage = "PinMessage"
    PollAppendAnswer = "PollAppendAnswer"
    PollDeleteAnswer = "PollDeleteAnswer"
    PrizeStars = "PrizeStars"
    RequestedPeer = "RequestedPeer"
    RequestedPeerSentMe = "RequestedPeerSentMe"
    ScreenshotTaken = "ScreenshotTaken"
    SecureValuesSent = "SecureValuesSent"
    SecureValuesSentMe = "SecureValuesSentMe"
    SetChatTheme = "SetChatTheme"
    SetChatWallPaper = "SetChatWallPaper"
    SetMessagesTTL = "SetMessagesTTL"
    StarGift = "StarGift"
    StarGiftPurchaseOffer = "StarGiftPurchaseOffer"
    StarGiftPurchaseOfferDeclined = "StarGiftPurchaseOfferDeclined"
    StarGiftUnique = "StarGiftUnique"
    SuggestBirthday = "SuggestBirthday"
    SuggestProfilePhoto = "SuggestProfilePhoto"
    SuggestedPostApproval = "SuggestedPostApproval"
    SuggestedPostRefund = "SuggestedPostRefund"
    SuggestedPostSuccess = "SuggestedPostSuccess"
    TodoAppendTasks = "TodoAppendTasks"
    TodoCompletions = "TodoCompletions"
    TopicCreate = "TopicCreate"
    TopicEdit = "TopicEdit"
    WebViewDataSent = "WebViewDataSent"
    WebViewDataSentMe = "WebViewDataSentMe"
    UNKNOWN = "unknown"


class Action(Struct, frozen=True, omit_defaults=True):
    """A service action. The slots hold what the kind's sentence needs; which means what is told by `render.actions`.

    `users` are marked peer ids acted upon; `text` a title, emoji, reason or message; `extra` a second text (currency,
    constructor of an UNKNOWN action); `amount` money in the smallest unit, a score, a count or a version; `seconds` a
    duration or period; `date` a moment; `message_id` a message pointed at; `flag` and `flag2` yes-or-no facts; `url` a
    collectible's address. `facts` are further ones in words, for any kind.
    """

    kind: ActionKind
    users: tuple[int, ...] = ()
    text: str = ""
    extra: str = ""
    amount: int = 0
    seconds: int = 0
    date: int = 0
    message_id: int = 0
    flag: bool = False
    flag2: bool = False
    photo: Media | None = None
    currency: str = ""  # of `amount`, where `extra` is something else
    url: str = ""
    facts: tuple[str, ...] = ()


class Message(Struct, frozen=True, omit_defaults=True):
    """One message or service message of one chat.

    Dates are seconds since the epoch. `sender` is a marked id (0 = the channel itself or unknown); `topic` the forum
    topic's id (0 outside forums). `unknown` names TL constructors that were met and could not be read in full.
    """

    id: int
    date: int
    sender: int = 0
    text: str = ""
    entities: tuple[Entity, ...] = ()
    topic: int = 0
    edit_date: int = 0
    edit_hidden: bool = False
    reply: Reply | None = None
    forward: Forward | None = None
    album: int = 0  # grouped_id
    media: Media | None = None
    action: Action | None = None
    reactions: tuple[Reaction, ...] = ()
    views: int = 0
    forwards: int = 0
    comments: int = 0  # replies.replies of a channel post with comments
    discussion: int = 0  # marked id of the group that holds the comments
    pinned: bool = False
    silent: bool = False
    outgoing: bool = False
    noforwards: bool = False
    post_author: str = ""
    from_rank: str = ""
    boosts: int = 0
    via_bot: int = 0
    via_business_bot: int = 0
    ttl: int = 0
    effect: int = 0
    factcheck: FactCheck | None = None
    paid_stars: int = 0
    suggested_post: str = ""
    buttons: tuple[Button, ...] = ()
    restriction: str = ""
    rich_text: str = ""  # the plain text of `rich`, or all that is kept of a rich message read by an older version
    rich: Rich | None = None  # content in blocks
    unknown: tuple[str, ...] = ()
    reactors: tuple[Reactor, ...] = ()
    suggested_for: int = 0  # when a suggested post is to be published
    facts: tuple[str, ...] = ()  # further facts about how it was sent, in words
    guest_of: int = 0  # marked id of whom a guest bot answers for
    gone: int = 0  # when a refresh noticed that it was deleted; 0 = it is there


def main_files(message: Message) -> tuple[File, ...]:
    """A message's files in the order that numbers them: those of its media, then a service message's photo."""
    photo = message.action.photo if message.action is not None else None
    return (*files_of(message.media), *files_of(photo))


def extra_files(message: Message) -> tuple[tuple[Extra, File], ...]:
    """The files that are numbered behind `main_files`: those of its media, then the custom emoji of its text, each
    once. What Telegram tells of an emoji is its id alone."""
    emoji = dict.fromkeys(each.number for each in message.entities if each.kind is EntityKind.CUSTOM_EMOJI)
    pictures = (File(FileKind.DOCUMENT, ident, 0, b"", 0, 0, mime=EMOJI_TO_FIND) for ident in emoji if ident)
    return (*extras_of(message.media), *((Extra.EMOJI, picture) for picture in pictures))


def may_carry_files(message: Message) -> bool:
    """A quick look at whether a message may have files; most have none."""
    if message.media is not None or message.action is not None:
        return True
    return any(each.kind is EntityKind.CUSTOM_EMOJI for each in message.entities)


def number_of(message: Message, extra: File) -> int:
    """The index of an extra file among the message's files; -1 for one that is not among them."""
    extras = [file for _, file in extra_files(message)]
    return len(main_files(message)) + extras.index(extra) if extra in extras else -1


encode_message = msgspec.msgpack.Encoder().encode
decode_message = msgspec.msgpack.Decoder(Message).decode
