// Whether the person's Spotify is connected, and what we had it play.
import { computed, effect, signal } from "@preact/signals";
import * as api from "../api/spotify";
import type { Item, SpotifyState } from "../api/types";
import { me, ownId, settings, watched } from "../session";
import { attempt, reasonFor, say } from "../ui/toast";
import { words } from "../words";

export const spotify = signal<SpotifyState | null>(null);
/** The song that plays because of us; null: none, or it was paused or skipped. */
export const playing = signal<Item | null>(null);

/** Whether songs can be played from here. */
export const canPlay = computed(() => spotify.value?.connected === true && !watched.value);

const account = computed(() => (settings.value?.spotify ? me.value?.user_id : undefined));

export function startSpotify() {
  effect(() => {
    spotify.value = null;
    playing.value = null;
    if (account.value) void load().catch(() => {});
  });
  tellOutcome();
}

async function load() {
  const name = ownId.peek();
  const found = await api.state(name);
  if (ownId.peek() === name) spotify.value = found;
}

/** What came of it is in the address that Spotify sends people back to. */
function tellOutcome() {
  const address = new URL(location.href);
  const outcome = address.searchParams.get("spotify");
  if (!outcome) return;
  address.searchParams.delete("spotify");
  history.replaceState(history.state, "", address);
  say(outcome === "connected" ? words.value.spotify.connected : reasonFor(outcome));
}

export async function connect() {
  location.assign(await api.connect(ownId.peek()));
}

export async function disconnect() {
  await api.disconnect(ownId.peek());
  playing.value = null;
  await load();
}

export async function play(item: Item) {
  await api.play(ownId.peek(), item);
  playing.value = item;
}

export async function queue(item: Item) {
  await api.queue(ownId.peek(), item);
  say(words.value.spotify.queued(item.title));
}

export const pause = () =>
  attempt(async () => {
    await api.pause(ownId.peek());
    playing.value = null;
  });

export const skip = () =>
  attempt(async () => {
    await api.skip(ownId.peek());
    playing.value = null;
  });
