"""Ends cameras without consent, also where the word that says so was lost, and live channels without a session."""

import asyncio
from typing import Final

import structlog

from contracts.events import StopReason
from servicekit.database import Offloader
from servicekit.errors import EmoVerseError
from services.gateway.accounts.accounts import Accounts
from services.gateway.faces.bridge import STOPPED, Bridges
from services.gateway.live import SESSION_ENDED, LiveFeed

RECHECK_S: Final = 5.0

_log = structlog.get_logger(__name__)


class Recheck:
    """Asks the database about whoever has something open here."""

    def __init__(self, accounts: Accounts, offload: Offloader, bridges: Bridges, feed: LiveFeed) -> None:
        self._accounts = accounts
        self._offload = offload
        self._bridges = bridges
        self._feed = feed

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            await asyncio.sleep(RECHECK_S)
            try:
                await self._end_cameras()
                await self._end_channels()
            except EmoVerseError as error:
                _log.warning("what is open will be checked later", reason=error.message)

    async def _end_cameras(self) -> None:
        # Who agrees again while the database is asked opens another one.
        cameras = self._bridges.all
        if not cameras:
            return
        agree = await self._offload(self._accounts.agreements, {camera.user_id for camera in cameras})
        for camera in cameras:
            if camera.user_id not in agree:
                camera.stop(STOPPED[StopReason.DELETED])
            elif not agree[camera.user_id]:
                camera.stop(STOPPED[StopReason.WITHDRAWN])

    async def _end_channels(self) -> None:
        channels = {channel: channel.session_id for channel in self._feed.listeners if channel.session_id}
        if not channels:
            return
        going_on = await self._offload(self._accounts.sessions_among, set(channels.values()))
        for channel, session_id in channels.items():
            if session_id not in going_on:
                channel.close(SESSION_ENDED)
