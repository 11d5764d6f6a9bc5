"""Service messages of an export. It names people where Telegram has ids, so most become a sentence of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tobs_tui.desktop.fields import list_field, number_field, text_field
from tobs_tui.model.messages import Action, ActionKind

_MONTH = 30 * 86_400
Fields = dict[str, Any]


def _people(fields: Fields, name: str = "members") -> str:
    """Those acted on, by name; people whose account is gone have none."""
    return ", ".join(item if isinstance(item, str) else "Deleted Account" for item in list_field(fields, name))


def _actor(fields: Fields) -> str:
    return text_field(fields, "actor") or "Somebody"


def _said(sentence: str) -> Action:
    return Action(ActionKind.CustomAction, text=sentence)


def _created(fields: Fields) -> Action:
    people = _people(fields)
    return _said(f"{_actor(fields)} created the group “{text_field(fields, 'title')}”{people and f' with {people}'}")


def _invited(fields: Fields) -> Action:
    people = _people(fields)
    return _said(
        f"{_actor(fields)} joined the group" if people == _actor(fields) else f"{_actor(fields)} added {people}"
    )


def _removed(fields: Fields) -> Action:
    people = _people(fields)
    return _said(
        f"{_actor(fields)} left the group" if people == _actor(fields) else f"{_actor(fields)} removed {people}"
    )


def _call(fields: Fields) -> Action:
    reason = text_field(fields, "discard_reason").replace("hangup", "hung up").replace("disconnect", "disconnected")
    return Action(ActionKind.PhoneCall, seconds=number_field(fields, "duration_seconds"), text=reason)


def _group_call(fields: Fields) -> Action:
    seconds = number_field(fields, "duration")
    return Action(ActionKind.GroupCall, seconds=seconds, flag=seconds > 0)


def _proximity(fields: Fields) -> Action:
    who, whom = text_field(fields, "from") or "Somebody", text_field(fields, "to") or "somebody"
    return _said(f"{who} came within {number_field(fields, 'distance')} m of {whom}")


def _premium(fields: Fields) -> Action:
    months = number_field(fields, "months")
    cost = text_field(fields, "cost")
    return _said(f"{_actor(fields)} gave Premium for {months} months{cost and f' ({cost})'}")


def _pinned(fields: Fields) -> Action:
    return Action(ActionKind.PinMessage, message_id=number_field(fields, "message_id"))


def _payment(fields: Fields) -> Action:
    return Action(
        ActionKind.PaymentSent,
        amount=number_field(fields, "amount"),
        extra=text_field(fields, "currency"),
        message_id=number_field(fields, "invoice_message_id"),
    )


def _score(fields: Fields) -> Action:
    return Action(
        ActionKind.GameScore,
        amount=number_field(fields, "score"),
        message_id=number_field(fields, "game_message_id"),
    )


def _allowed(fields: Fields) -> Action:
    return Action(
        ActionKind.BotAllowed,
        text=text_field(fields, "reason_domain"),
        extra=text_field(fields, "reason_app_name"),
        flag=text_field(fields, "action") == "attach_menu_bot_allowed",
    )


def _passport(fields: Fields) -> Action:
    return Action(ActionKind.SecureValuesSent, text=_people(fields, "values").replace("_", " "))


def _titled(kind: ActionKind, name: str = "title") -> Callable[[Fields], Action]:
    return lambda fields: Action(kind, text=text_field(fields, name))


def _bare(kind: ActionKind) -> Callable[[Fields], Action]:
    return lambda fields: Action(kind)


_ACTIONS: dict[str, Callable[[Fields], Action]] = {
    "create_group": _created,
    "create_channel": _titled(ActionKind.ChannelCreate),
    "edit_group_title": _titled(ActionKind.ChatEditTitle),
    "edit_group_photo": _bare(ActionKind.ChatEditPhoto),
    "delete_group_photo": _bare(ActionKind.ChatDeletePhoto),
    "invite_members": _invited,
    "remove_members": _removed,
    "join_group_by_link": lambda fields: _said(
        f"{_actor(fields)} joined by an invite link of {text_field(fields, 'inviter') or 'somebody'}"
    ),
    "join_group_by_request": _bare(ActionKind.ChatJoinedByRequest),
    "migrate_to_supergroup": lambda fields: _said("This group became a supergroup"),
    "migrate_from_group": _titled(ActionKind.ChannelMigrateFrom),
    "pin_message": _pinned,
    "clear_history": _bare(ActionKind.HistoryClear),
    "score_in_game": _score,
    "send_payment": _payment,
    "phone_call": _call,
    "take_screenshot": _bare(ActionKind.ScreenshotTaken),
    "allow_sending_messages": _allowed,
    "attach_menu_bot_allowed": _allowed,
    "send_passport_values": _passport,
    "joined_telegram": _bare(ActionKind.ContactSignUp),
    "proximity_reached": _proximity,
    "requested_phone_number": lambda fields: _said(f"{_actor(fields)} asked for a phone number"),
    "group_call": _group_call,
    "invite_to_group_call": lambda fields: _said(f"{_actor(fields)} invited {_people(fields)} to the video chat"),
    "set_messages_ttl": lambda fields: Action(ActionKind.SetMessagesTTL, seconds=number_field(fields, "period")),
    "group_call_scheduled": lambda fields: Action(
        ActionKind.GroupCallScheduled, date=number_field(fields, "schedule_date")
    ),
    "edit_chat_theme": _titled(ActionKind.SetChatTheme, "emoticon"),
    "send_webview_data": _titled(ActionKind.WebViewDataSent, "text"),
    "send_premium_gift": _premium,
    "topic_created": _titled(ActionKind.TopicCreate),
    "topic_edit": _titled(ActionKind.TopicEdit, "new_title"),
    "suggest_profile_photo": _bare(ActionKind.SuggestProfilePhoto),
    "set_chat_wallpaper": _bare(ActionKind.SetChatWallPaper),
    "set_same_chat_wallpaper": lambda fields: Action(ActionKind.SetChatWallPaper, flag=True),
    "boost_apply": lambda fields: Action(ActionKind.BoostApply, amount=number_field(fields, "boosts")),
}


def action_of(fields: Fields) -> Action:
    """What a service message says. A kind that is not known here stays visible under its name."""
    if told := text_field(fields, "information_text"):
        return _said(told)
    name = text_field(fields, "action")
    make = _ACTIONS.get(name)
    return make(fields) if make is not None else Action(ActionKind.UNKNOWN, extra=name or "unnamed")
