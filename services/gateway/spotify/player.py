"""Spotify, through spotipy. Every method blocks for a few seconds at most."""

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final, NamedTuple, TypeVar
from weakref import WeakValueDictionary

import requests
from spotipy import MemoryCacheHandler, Spotify, SpotifyException, SpotifyOauthError, SpotifyPKCE

from services.gateway.accounts.accounts import Clock
from services.gateway.spotify.errors import (
    SpotifyNoDeviceError,
    SpotifyNoMatchError,
    SpotifyNotConnectedError,
    SpotifyPremiumRequiredError,
    SpotifyRateLimitedError,
    SpotifyRefusedError,
    SpotifyUnavailableError,
)
from services.gateway.spotify.vault import Kept, Profile, Song, Tokens, Vault

TIMEOUT_S: Final = 5
EXPIRY_MARGIN_S: Final = 60
SCOPES: Final = "user-read-private user-read-playback-state user-modify-playback-state"

_ADDRESSES: Final = {"OAUTH_AUTHORIZE_URL": "/authorize", "OAUTH_TOKEN_URL": "/api/token"}
"""Of the accounts' server, by spotipy's names for them."""

_UNAUTHORIZED: Final = 401
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500

T = TypeVar("T")

# It logs requests with their headers, and so with people's tokens.
logging.getLogger("spotipy").setLevel(logging.CRITICAL)


class App(NamedTuple):
    """How this gateway is known to Spotify."""

    client_id: str
    redirect_uri: str
    accounts_url: str
    api_url: str


class _Lock:
    def __init__(self) -> None:
        self.held = Lock()


class Player:
    """Acts for people on their Spotify.

    Every method but `authorize_url` raises `SpotifyUnavailableError`, `SpotifyRateLimitedError`, and, where it acts
    for somebody, `SpotifyNotConnectedError`; those that play raise `SpotifyNoDeviceError`,
    `SpotifyPremiumRequiredError` and `SpotifyRefusedError`.
    """

    def __init__(self, app: App, vault: Vault, clock: Clock) -> None:
        self._app = app
        self._vault = vault
        self._clock = clock
        self._session = requests.Session()
        self._refreshing: WeakValueDictionary[str, _Lock] = WeakValueDictionary()

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def authorize_url(self, state: str) -> tuple[str, str]:
        """Where a person agrees, and the verifier that proves later that it was us who sent them (RFC 7636)."""
        auth = self._auth()
        return auth.get_authorize_url(state), str(auth.code_verifier)

    def connect(self, user_id: str, code: str, verifier: str) -> None:
        """Take what a person came back with."""
        auth = self._auth()
        auth.code_verifier, auth.code_challenge = verifier, "told before"
        with _translated():
            auth.get_access_token(code, check_cache=False)
            tokens = _tokens(auth.cache_handler.get_cached_token())
            me: Any = self._api(tokens.access).me()
        profile = Profile(str(me.get("display_name") or me["id"])[:100], me.get("product") == "premium")
        self._vault.keep(user_id, tokens, profile)

    def profile(self, user_id: str) -> Profile | None:
        """Who a person is there; None: not connected. Asks nobody."""
        found = self._vault.find(user_id)
        return found.profile if found else None

    def disconnect(self, user_id: str) -> None:
        """Forget the tokens. Spotify itself is told by the person, on their account's page there."""
        self._vault.forget(user_id)

    def play(self, user_id: str, song: Song, track_id: str | None) -> None:
        """Play a song now.

        Raises:
            SpotifyNoMatchError: it is not there.
        """
        uri = self._uri(user_id, song, track_id)
        self._act(user_id, lambda api: api.start_playback(uris=[uri]))

    def queue(self, user_id: str, song: Song, track_id: str | None) -> None:
        """Play a song after those that wait; see `play`."""
        uri = self._uri(user_id, song, track_id)
        self._act(user_id, lambda api: api.add_to_queue(uri))

    def pause(self, user_id: str) -> None:
        """Play no more for now."""
        self._act(user_id, lambda api: api.pause_playback())

    def skip(self, user_id: str) -> None:
        """Play the next song."""
        self._act(user_id, lambda api: api.next_track())

    def _uri(self, user_id: str, song: Song, track_id: str | None) -> str:
        if track_id:
            return f"spotify:track:{track_id}"
        if known := self._vault.track_of(song):
            return known
        uri = self._search(user_id, song)
        self._vault.note_track(song, uri)
        return uri

    def _search(self, user_id: str, song: Song) -> str:
        words = f'track:"{song.title}" artist:"{song.creators[0]}"' if song.creators else song.title
        found = self._act(user_id, lambda api: api.search(words, limit=5, type="track"))
        wanted = {name.casefold() for name in song.creators}
        for track in (found or {}).get("tracks", {}).get("items", []):
            if wanted & {str(artist["name"]).casefold() for artist in track["artists"]}:
                return str(track["uri"])
        raise SpotifyNoMatchError(song.title)

    def _act(self, user_id: str, action: Callable[[Spotify], T]) -> T:
        """Do something for a person; with new tokens, should Spotify no longer take the ones we have."""
        tokens = self._fresh(user_id)
        try:
            return action(self._api(tokens.access))
        except SpotifyException as error:
            if error.http_status != _UNAUTHORIZED:
                raise _error_of(error) from error
        except requests.RequestException as error:
            raise SpotifyUnavailableError(type(error).__name__) from error
        renewed = self._fresh(user_id, refused=tokens)
        with _translated():
            return action(self._api(renewed.access))

    def _fresh(self, user_id: str, refused: Tokens | None = None) -> Tokens:
        # Spotify gives a new refresh token for each one that is used: two at once would lose it.
        lock = self._refreshing.setdefault(user_id, _Lock())
        with lock.held:
            kept = self._kept(user_id)
            tokens = kept.tokens
            if tokens != refused and tokens.expires_at - EXPIRY_MARGIN_S > self._clock().timestamp():
                return tokens
            return self._refreshed(user_id, kept)

    def _refreshed(self, user_id: str, kept: Kept) -> Tokens:
        try:
            with _translated():
                renewed = _tokens(self._auth().refresh_access_token(kept.tokens.refresh))
        except SpotifyNotConnectedError:
            if self._vault.forget(user_id, kept.sealed):
                raise
        else:
            if self._vault.renew(user_id, renewed, instead_of=kept.sealed):
                return renewed
        # Another replica was quicker, or the person disconnected; they may have connected anew, with another account.
        return self._kept(user_id).tokens

    def _kept(self, user_id: str) -> Kept:
        kept = self._vault.find(user_id)
        if kept is None:
            raise SpotifyNotConnectedError
        return kept

    def _auth(self) -> SpotifyPKCE:
        session: Any = self._session  # it takes one, its docstring says
        auth = SpotifyPKCE(
            self._app.client_id,
            self._app.redirect_uri,
            scope=SCOPES,
            requests_timeout=TIMEOUT_S,
            requests_session=session,
            open_browser=False,
            cache_handler=MemoryCacheHandler(),
        )
        for name, path in _ADDRESSES.items():
            setattr(auth, name, f"{self._app.accounts_url}{path}")
        return auth

    def _api(self, access_token: str) -> Spotify:
        session: Any = self._session  # it takes one, its docstring says
        api = Spotify(access_token, requests_session=session, requests_timeout=TIMEOUT_S)
        api.prefix = f"{self._app.api_url}/"
        return api


def _tokens(info: Any) -> Tokens:
    return Tokens(info["access_token"], info["refresh_token"], int(info["expires_at"]))


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except SpotifyException as error:
        raise _error_of(error) from error
    except SpotifyOauthError as error:
        raise _no_tokens(error) from error
    except requests.RequestException as error:
        raise SpotifyUnavailableError(type(error).__name__) from error


def _no_tokens(error: SpotifyOauthError) -> Exception:
    if error.error == "invalid_grant":
        # The person took it back, or their code was used before.
        return SpotifyNotConnectedError()
    # spotipy makes this of every error there, and drops its status.
    response: Any = getattr(error.__context__, "response", None)
    if response is not None and response.status_code == _TOO_MANY:
        return _rate_limited(response.headers)
    return SpotifyUnavailableError("it gives no tokens")


def _error_of(error: SpotifyException) -> Exception:
    by_reason = {"NO_ACTIVE_DEVICE": SpotifyNoDeviceError, "PREMIUM_REQUIRED": SpotifyPremiumRequiredError}
    if error.reason in by_reason:
        return by_reason[error.reason]()
    if error.http_status == _UNAUTHORIZED:
        return SpotifyNotConnectedError()
    if error.http_status == _TOO_MANY:
        return _rate_limited(error.headers or {})
    if error.http_status >= _SERVER_ERROR:
        return SpotifyUnavailableError(f"status {error.http_status}")
    return SpotifyRefusedError(error.reason or f"status {error.http_status}")


def _rate_limited(headers: Mapping[str, str]) -> SpotifyRateLimitedError:
    return SpotifyRateLimitedError(float(headers.get("Retry-After", 1)))
