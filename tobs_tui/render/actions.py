"""Service messages as sentences, one for each of Telegram's 69 kinds; slots are read as the decoder's table says."""

from __future__ import annotations

from collections.abc import Callable

from tobs_tui.model.messages import Action, ActionKind, Message
from tobs_tui.render.scene import Scene, Target
from tobs_tui.render.words import duration, money, number, size_in_words, span_in_words

MOST_DATA = 200
"""Characters of what a web app sends that are shown; more is told by its size."""


class _Told:
    """An action with what its sentence is made of: who acted, who was acted on, what was pointed at."""

    def __init__(self, message: Message, action: Action, scene: Scene, pointed: Target) -> None:
        self.action = action
        self.scene = scene
        self.sender = message.sender
        self.who = scene.linked_name(message.sender) if message.sender else scene.ink.text(scene.title)
        self.text = scene.ink.text(action.text)
        self.extra = scene.ink.text(action.extra)
        self.price = money(action.amount, action.extra)
        self._pointed = pointed

    @property
    def users(self) -> str:
        """The names of those acted on, "somebody" for unknown ones."""
        names = [self.scene.linked_name(user) if user else "somebody" for user in self.action.users]
        return ", ".join(names) or "somebody"

    @property
    def others(self) -> str:
        """The names of those acted on, less the sender's own."""
        names = [self.scene.linked_name(user) for user in self.action.users if user and user != self.sender]
        return ", ".join(names) or "nobody else"

    def user(self, index: int) -> str:
        """One name, '' where there is none."""
        users = self.action.users
        return self.scene.linked_name(users[index]) if index < len(users) and users[index] else ""

    def at(self, thing: str) -> str:
        """A thing with the link to the message that is it."""
        return self.scene.ink.link(thing, self._pointed.address)

    def collectible(self, name: str) -> str:
        """A gift's name with the link to its page."""
        return self.scene.ink.link(name, self.action.url)

    @property
    def date(self) -> str:
        """The date slot on the note's clock."""
        return self.scene.when(self.action.date) if self.action.date else "an unknown time"

    @property
    def saying(self) -> str:
        """The text slot as something that was said along with it."""
        return f": “{self.text}”" if self.text else ""

    @property
    def alone(self) -> bool:
        """Whether the sender acted on no one else."""
        return self.action.users in ((self.sender,), ())


def action_sentence(message: Message, scene: Scene, pointed: Target) -> str:
    """One sentence for a service message, set in the scene's ink; `pointed` is the message its action points at."""
    if message.action is None:
        return ""
    told = _Told(message, message.action, scene, pointed)
    facts = [scene.ink.text(fact) for fact in message.action.facts]
    return " · ".join([_SENTENCES.get(message.action.kind, _unknown)(told), *facts])


def _unknown(t: _Told) -> str:
    return f"{t.who} did something that this version cannot read: {t.extra or 'unnamed'}"


def _bot_allowed(t: _Told) -> str:
    what = f" by logging in to {t.text}" if t.text else f" by opening {t.extra}" if t.extra else ""
    how = " from the attachment menu" if t.action.flag else " on its request" if t.action.flag2 else ""
    return f"{t.who} allowed this bot to write to them{what}{how}"


def _call(t: _Told, thing: str) -> str:
    how = f" ({t.text})" if t.text else ""
    lasted = f", {duration(t.action.seconds)}" if t.action.seconds else ""
    return f"{t.who} made a {thing}{lasted}{how}"


def _conference(t: _Told) -> str:
    thing = "group video call" if t.action.flag2 else "group call"
    others = f" with {t.users}" if t.action.users else ""
    state = " (missed)" if t.action.flag else " (still going on)" if t.action.amount else ""
    lasted = f", {duration(t.action.seconds)}" if t.action.seconds else ""
    return f"{t.who} made a {thing}{others}{lasted}{state}"


def _gift_code(t: _Told) -> str:
    channel = f" from {t.users}" if t.action.users else ""
    how = " through a giveaway" if t.action.flag else ""
    prize = "an unclaimed prize, " if t.action.flag2 else ""
    length = span_in_words(t.action.seconds)
    price = f", {money(t.action.amount, t.action.currency)}" if t.action.currency else ""
    return f"{t.who} sent {prize}a gift code for Premium ({length}{price}){channel}{how}{t.saying} · {t.extra}"


def _giveaway_results(t: _Told) -> str:
    prize = "stars" if t.action.flag else "Premium"
    left = f", {t.text} not claimed" if t.text else ""
    return f"{t.at('The giveaway')} of {prize} ended: {number(t.action.amount, 'winner')}{left}"


def _group_call(t: _Told) -> str:
    if not t.action.flag:
        return f"{t.who} started a video chat"
    return f"{t.who} ended the video chat ({duration(t.action.seconds)})"


def _no_forwards_request(t: _Told) -> str:
    wish = "forbid" if t.action.flag else "allow"
    return f"{t.who} asked to {wish} forwarding from this chat{' (expired)' if t.action.flag2 else ''}"


def _paid_price(t: _Told) -> str:
    price = number(t.action.amount, "star") if t.action.amount else "nothing"
    to = " to the channel" if t.action.flag else ""
    return f"{t.who} set the price of a message{to}: {price}"


def _payment(t: _Told) -> str:
    what = f" for {t.at('the invoice')}" if t.action.message_id else ""
    until = f", subscribed until {t.date}" if t.action.date else ""
    again = ", first of several" if t.action.flag else ", recurring" if t.action.flag2 else ""
    details = f" · {t.text}" if t.text else ""
    return f"{t.who} paid {t.price}{what}{until}{again}{details}"


def _wallpaper(t: _Told) -> str:
    both = " for both sides" if t.action.flag2 else ""
    same = " the same" if t.action.flag else " a"
    return f"{t.who} set{same} wallpaper{both}{' ' + t.text if t.text else ''}"


def _ttl(t: _Told) -> str:
    whose = f" (default of {t.users})" if t.action.users else ""
    if not t.action.seconds:
        return f"{t.who} turned off the auto-delete timer{whose}"
    return f"{t.who} set messages to delete themselves after {span_in_words(t.action.seconds)}{whose}"


def _chat_theme(t: _Told) -> str:
    if not t.text:
        return f"{t.who} removed the chat's theme"
    return f"{t.who} set the chat's theme to {'the gift ' if t.action.flag else ''}{t.text}"


def _gift_people(t: _Told) -> str:
    giver, receiver = t.user(0) or t.who, t.user(1)
    return f"{giver} gave {receiver} " if receiver and receiver != giver else f"{giver} gave "


def _star_gift(t: _Told) -> str:
    state = ", converted to stars" if t.action.flag else ""
    refunded = ", refunded" if t.action.flag2 else ""
    name = f" “{t.extra}”" if t.extra else ""
    return f"{_gift_people(t)}a gift{name} worth {number(t.action.amount, 'star')}{state}{refunded}{t.saying}"


def _star_gift_unique(t: _Told) -> str:
    how = ", an upgrade" if t.action.flag else ", transferred" if t.action.flag2 else ""
    price = f" for {number(t.action.amount, 'star')}" if t.action.amount else ""
    return f"{_gift_people(t)}the collectible “{t.collectible(t.extra or 'gift')}”{price}{how}{t.saying}"


def _offer(t: _Told) -> str:
    state = ", accepted" if t.action.flag else ", declined" if t.action.flag2 else ""
    until = f", valid until {t.date}" if t.action.date and not state else ""
    return f"{t.who} offered {t.price} for “{t.collectible(t.text or 'a gift')}”{state}{until}"


def _offer_declined(t: _Told) -> str:
    verb = "expired" if t.action.flag else "was declined"
    return f"The offer of {t.price} for “{t.collectible(t.text or 'a gift')}” {verb}"


def _birthday(t: _Told) -> str:
    return f"{t.who} suggested a date of birth: {t.text or 'none'}"


def _approval(t: _Told) -> str:
    if t.action.flag:
        return f"{t.who} rejected {t.at('the suggested post')}{t.saying}"
    if t.action.flag2:
        return f"{t.at('The suggested post')} could not be approved: the balance is too low"
    when = f", to be posted {t.date}" if t.action.date else ""
    price = f" for {t.price}" if t.action.amount else ""
    return f"{t.who} approved {t.at('the suggested post')}{price}{when}"


def _todo_done(t: _Told) -> str:
    parts = [f"{items} as {state}" for state, items in (("done", t.text), ("not done", t.extra)) if items]
    return f"{t.who} marked {' and '.join(parts) or 'nothing'} in {t.at('the checklist')}"


def _topic_edit(t: _Told) -> str:
    changes = [f"renamed it to “{t.text}”"] if t.text else []
    words = {
        "closed": "closed it",
        "reopened": "reopened it",
        "hidden": "hid it",
        "shown": "showed it",
        "icon": "changed its icon",
    }
    changes += [words.get(part, part) for part in t.extra.split(", ") if part]
    return f"{t.who} edited the topic: {', '.join(changes) or 'nothing visible'}"


def _added(t: _Told) -> str:
    return f"{t.who} joined the group" if t.alone else f"{t.who} added {t.users}"


def _removed(t: _Told) -> str:
    return f"{t.who} left the group" if t.alone else f"{t.who} removed {t.users}"


def _community(t: _Told) -> str:
    if not t.action.amount:
        return f"{t.who} took this chat out of its community"
    return f"{t.who} moved this chat to the community {t.action.amount}"


def _chosen(t: _Told) -> str:
    return f"{t.who} shared {t.text or t.users} with the bot"


def _documents(t: _Told) -> str:
    return f"{t.who} sent Telegram Passport documents: {t.text or 'none'}"


def _web_data(t: _Told) -> str:
    size = f" ({size_in_words(len(t.action.extra.encode('utf-8', 'replace')))})" if t.action.extra else ""
    data = f": {t.extra}" if 0 < len(t.action.extra) <= MOST_DATA else ""
    return f"{t.who} sent data{size} to the bot with “{t.text}”{data}"


def _prize_stars(t: _Told) -> str:
    claimed = " that nobody claimed" if t.action.flag else ""
    origin = f" from {t.users}" if t.action.users else ""
    return f"{t.who} got a prize of {number(t.action.amount, 'star')}{claimed} in {t.at('the giveaway')}{origin}"


def _poll_answer(verb: str) -> Callable[[_Told], str]:
    return lambda t: f"{t.who} {verb} the answer “{t.text}” {'to' if verb == 'added' else 'from'} {t.at('the poll')}"


_SENTENCES: dict[ActionKind, Callable[[_Told], str]] = {
    ActionKind.BoostApply: lambda t: f"{t.who} boosted the group {number(t.action.amount, 'time')}",
    ActionKind.BotAllowed: _bot_allowed,
    ActionKind.ChangeCommunity: _community,
    ActionKind.ChangeCreator: lambda t: f"{t.who} made {t.users} the owner of this chat",
    ActionKind.ChannelCreate: lambda t: f"{t.who} created “{t.text}”",
    ActionKind.ChannelMigrateFrom: lambda t: f"This supergroup grew out of the group “{t.text}”",
    ActionKind.ChatAddUser: _added,
    ActionKind.ChatCreate: lambda t: f"{t.who} created the group “{t.text}” with {t.others}",
    ActionKind.ChatDeletePhoto: lambda t: f"{t.who} removed the chat's photo",
    ActionKind.ChatDeleteUser: _removed,
    ActionKind.ChatEditPhoto: lambda t: f"{t.who} changed the chat's photo",
    ActionKind.ChatEditTitle: lambda t: f"{t.who} renamed this chat to “{t.text}”",
    ActionKind.ChatJoinedByLink: lambda t: f"{t.who} joined by an invite link of {t.users}",
    ActionKind.ChatJoinedByRequest: lambda t: f"{t.who} joined; the request was accepted",
    ActionKind.ChatJoinedViaCommunity: lambda t: f"{t.who} joined through the community {t.action.amount}",
    ActionKind.ChatMigrateTo: lambda t: f"This group became the supergroup “{t.users}”",
    ActionKind.ConferenceCall: _conference,
    ActionKind.ContactSignUp: lambda t: f"{t.who} joined Telegram",
    ActionKind.CustomAction: lambda t: t.text or f"{t.who} did something",
    ActionKind.Empty: lambda t: "Empty service message",
    ActionKind.GameScore: lambda t: f"{t.who} scored {t.action.amount} in {t.at('the game')}",
    ActionKind.GeoProximityReached: lambda t: (
        f"{t.user(0) or t.who} came within {t.action.amount} m of {t.user(1) or 'somebody'}"
    ),
    ActionKind.GiftCode: _gift_code,
    ActionKind.GiftPremium: lambda t: (
        f"{t.who} gave Premium for {span_in_words(t.action.seconds)} ({t.price}){t.saying}"
    ),
    ActionKind.GiftStars: lambda t: f"{t.who} gave {t.text or '0'} stars ({t.price})",
    ActionKind.GiftTon: lambda t: f"{t.who} gave {t.text or 'TON'} ({t.price})",
    ActionKind.GiveawayLaunch: lambda t: (
        f"{t.who} started a giveaway of {number(t.action.amount, 'star') if t.action.amount else 'Premium'}"
    ),
    ActionKind.GiveawayResults: _giveaway_results,
    ActionKind.GroupCall: _group_call,
    ActionKind.GroupCallScheduled: lambda t: f"{t.who} scheduled a video chat for {t.date}",
    ActionKind.HistoryClear: lambda t: "The history was cleared",
    ActionKind.InviteToGroupCall: lambda t: f"{t.who} invited {t.users} to the video chat",
    ActionKind.ManagedBotCreated: lambda t: f"{t.who} created the bot {t.users}",
    ActionKind.NewCreatorPending: lambda t: f"{t.users} will become the owner if {t.who} leaves",
    ActionKind.NoForwardsRequest: _no_forwards_request,
    ActionKind.NoForwardsToggle: lambda t: (
        f"{t.who} {'forbade' if t.action.flag else 'allowed'} forwarding from this chat"
    ),
    ActionKind.PaidMessagesPrice: _paid_price,
    ActionKind.PaidMessagesRefunded: lambda t: (
        f"{t.who} refunded {number(t.action.amount, 'star')} for {t.text or '0'} messages"
    ),
    ActionKind.PaymentRefunded: lambda t: f"{t.who} refunded {t.price} to {t.users}",
    ActionKind.PaymentSent: _payment,
    ActionKind.PaymentSentMe: _payment,
    ActionKind.PhoneCall: lambda t: _call(t, "video call" if t.action.flag else "call"),
    ActionKind.PinMessage: lambda t: f"{t.who} pinned {t.at('a message')}",
    ActionKind.PollAppendAnswer: _poll_answer("added"),
    ActionKind.PollDeleteAnswer: _poll_answer("removed"),
    ActionKind.PrizeStars: _prize_stars,
    ActionKind.RequestedPeer: _chosen,
    ActionKind.RequestedPeerSentMe: _chosen,
    ActionKind.ScreenshotTaken: lambda t: f"{t.who} took a screenshot",
    ActionKind.SecureValuesSent: _documents,
    ActionKind.SecureValuesSentMe: _documents,
    ActionKind.SetChatTheme: _chat_theme,
    ActionKind.SetChatWallPaper: _wallpaper,
    ActionKind.SetMessagesTTL: _ttl,
    ActionKind.StarGift: _star_gift,
    ActionKind.StarGiftPurchaseOffer: _offer,
    ActionKind.StarGiftPurchaseOfferDeclined: _offer_declined,
    ActionKind.StarGiftUnique: _star_gift_unique,
    ActionKind.SuggestBirthday: _birthday,
    ActionKind.SuggestProfilePhoto: lambda t: f"{t.who} suggested a profile photo",
    ActionKind.SuggestedPostApproval: _approval,
    ActionKind.SuggestedPostRefund: lambda t: (
        f"{t.at('The suggested post')} was refunded{' at its payer’s wish' if t.action.flag else ''}"
    ),
    ActionKind.SuggestedPostSuccess: lambda t: f"{t.at('The suggested post')} was paid: {t.price}",
    ActionKind.TodoAppendTasks: lambda t: (
        f"{t.who} added {number(t.action.amount, 'task')} to {t.at('the checklist')}: "
        + t.scene.ink.text("; ".join(t.action.text.split("\n")))
    ),
    ActionKind.TodoCompletions: _todo_done,
    ActionKind.TopicCreate: lambda t: f"{t.who} created the topic “{t.text}”",
    ActionKind.TopicEdit: _topic_edit,
    ActionKind.WebViewDataSent: _web_data,
    ActionKind.WebViewDataSentMe: _web_data,
    ActionKind.UNKNOWN: _unknown,
}
