// Me: the mood over time, what was said about picks, the account, and what is kept.

import { Devices } from "../account/devices";
import { Privacy } from "../account/privacy";
import { Profile } from "../account/profile";
import { OverTime } from "../mood/over-time";
import { Said } from "../picks/said";
import { TasteView } from "../picks/taste";
import { me, watched } from "../session";
import { SpotifyConnection } from "../spotify/connection";
import { words } from "../words";

export function MePage() {
  const own = me.value && !watched.value;
  return (
    <div class="me">
      <h1>{words.value.nav.me}</h1>
      <OverTime />
      <div class="column">
        <Said />
        {own && <Profile />}
        {own && <Privacy />}
      </div>
      <div class="column">
        <TasteView />
        {own && <SpotifyConnection />}
        {own && <Devices />}
      </div>
    </div>
  );
}
