// What plays on the person's own device, and how to stop it.
import { Icon } from "../ui/icon";
import { words } from "../words";
import { pause, playing, skip } from "./store";

export function Player() {
  const w = words.value.spotify;
  const song = playing.value;
  if (!song) return null;
  return (
    <section class="player" aria-label={w.player}>
      <Icon name="music" />
      <span>
        <b>{song.title}</b> <span class="quiet">{song.creators?.join(", ")}</span>
      </span>
      <button type="button" class="button" onClick={() => void pause()}>
        {w.pause}
      </button>
      <button type="button" class="button" onClick={() => void skip()}>
        {w.skip}
      </button>
    </section>
  );
}
