// How probable each of the seven emotions is.
import type { Mood } from "../api/types";
import { percent, words } from "../words";
import { EMOTIONS } from "./emotions";
import { Glyph } from "./glyph";

export function Bars({ probabilities, top }: { probabilities: Mood["probabilities"]; top?: string }) {
  const w = words.value;
  return (
    <ul class="bars" aria-label={w.barsTitle}>
      {EMOTIONS.map((emotion) => {
        const share = probabilities[emotion];
        return (
          <li key={emotion} class={emotion === top ? `bar ${emotion} top` : `bar ${emotion}`}>
            <Glyph state={emotion} />
            <span class="name">{w.emotion[emotion]}</span>
            <span class="track" aria-hidden="true">
              <span class="fill" style={{ transform: `scaleX(${share ?? 0})` }} />
            </span>
            <span class="share">{share === undefined ? "–" : percent(share)}</span>
          </li>
        );
      })}
    </ul>
  );
}
