// Connecting and disconnecting Spotify, on Me.
import { attempt } from "../ui/toast";
import { words } from "../words";
import { connect, disconnect, spotify } from "./store";

export function SpotifyConnection() {
  const w = words.value.spotify;
  const state = spotify.value;
  if (!state) return null;
  return (
    <section class="panel spotify" aria-labelledby="spotify">
      <h2 id="spotify">Spotify</h2>
      <p>{state.connected ? w.connectedAs(state.name ?? "") : w.detail}</p>
      {state.connected && !state.premium && <p class="quiet">{w.needsPremium}</p>}
      <button type="button" class="button" onClick={() => void attempt(state.connected ? disconnect : connect)}>
        {state.connected ? w.disconnect : w.connect}
      </button>
    </section>
  );
}
