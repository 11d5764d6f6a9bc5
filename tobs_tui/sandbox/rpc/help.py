"""``help.*``: where the data centres are, and the limits that the server announces."""

from __future__ import annotations

import time
from typing import Any

from telethon.tl import types
from telethon.tl.functions import help as methods

from tobs_tui.sandbox.rpc.registry import CDN_DC, HOME_DC, Call, handles

_CONFIG_LIFETIME_S = 3600
_APP_CONFIG_HASH = 1


def _data_centres(call: Call) -> list[Any]:
    options = []
    for dc in call.server.data_centres:
        host, port = call.server.address(dc)
        cdn = dc == CDN_DC or None
        options.append(types.DcOption(id=dc, ip_address=host, port=port, static=True, this_port_only=True, cdn=cdn))
        if dc == HOME_DC:  # Telegram has machines of their own for files there; here it is the same one
            options.append(
                types.DcOption(id=dc, ip_address=host, port=port, static=True, this_port_only=True, media_only=True)
            )
    return options


@handles(methods.GetConfigRequest, open_to_strangers=True)
def get_config(call: Call, request: Any) -> Any:
    """help.getConfig: Telegram's usual figures, and this sandbox's data centres."""
    now = int(time.time())
    return types.Config(
        date=now,
        expires=now + _CONFIG_LIFETIME_S,
        test_mode=False,
        this_dc=call.dc,
        dc_options=_data_centres(call),
        dc_txt_domain_name="",
        chat_size_max=200,
        megagroup_size_max=200_000,
        forwarded_count_max=100,
        online_update_period_ms=210_000,
        offline_blur_timeout_ms=5_000,
        offline_idle_timeout_ms=30_000,
        online_cloud_timeout_ms=300_000,
        notify_cloud_delay_ms=30_000,
        notify_default_delay_ms=1_500,
        push_chat_period_ms=60_000,
        push_chat_limit=2,
        edit_time_limit=172_800,
        revoke_time_limit=2_147_483_647,
        revoke_pm_time_limit=2_147_483_647,
        rating_e_decay=2_419_200,
        stickers_recent_limit=200,
        channels_read_media_period=604_800,
        call_receive_timeout_ms=20_000,
        call_ring_timeout_ms=90_000,
        call_connect_timeout_ms=30_000,
        call_packet_timeout_ms=10_000,
        me_url_prefix="https://t.me/",
        caption_length_max=1024,
        message_length_max=4096,
        webfile_dc_id=HOME_DC,
    )


@handles(methods.GetNearestDcRequest, open_to_strangers=True)
def get_nearest_dc(call: Call, request: Any) -> Any:
    """help.getNearestDc."""
    return types.NearestDc(country="XX", this_dc=call.dc, nearest_dc=HOME_DC)


@handles(methods.GetCdnConfigRequest, open_to_strangers=True)
def get_cdn_config(call: Call, request: Any) -> Any:
    """help.getCdnConfig: the key of the content network's data centre."""
    return types.CdnConfig(public_keys=[types.CdnPublicKey(CDN_DC, call.server.accounts.cdn_key.public_pem)])


@handles(methods.GetAppConfigRequest, open_to_strangers=True)
def get_app_config(call: Call, request: Any) -> Any:
    """help.getAppConfig: the limits that concern downloads (https://core.telegram.org/api/config)."""
    if request.hash == _APP_CONFIG_HASH:
        return types.help.AppConfigNotModified()
    limits = {
        "small_queue_max_active_operations_count": 5.0,
        "large_queue_max_active_operations_count": 2.0,
        "upload_max_fileparts_default": 4000.0,
        "upload_max_fileparts_premium": 8000.0,
    }
    values = [types.JsonObjectValue(key, types.JsonNumber(value)) for key, value in limits.items()]
    return types.help.AppConfig(hash=_APP_CONFIG_HASH, config=types.JsonObject(values))


@handles(methods.GetTermsOfServiceUpdateRequest)
def get_terms_of_service_update(call: Call, request: Any) -> Any:
    """help.getTermsOfServiceUpdate: none."""
    return types.help.TermsOfServiceUpdateEmpty(expires=int(time.time()) + _CONFIG_LIFETIME_S)


@handles(methods.GetPromoDataRequest)
def get_promo_data(call: Call, request: Any) -> Any:
    """help.getPromoData: none."""
    return types.help.PromoDataEmpty(expires=int(time.time()) + _CONFIG_LIFETIME_S)
