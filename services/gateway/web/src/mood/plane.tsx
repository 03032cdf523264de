// The valence-arousal plane: where the mood lies, and the way it came.
import type { Emotion, Mood } from "../api/types";
import { decimal, words } from "../words";
import { CIRCUMPLEX, EMOTIONS } from "./emotions";

const RADIUS = 100;

const at = ([valence, arousal]: readonly [number, number]) => [valence * RADIUS, -arousal * RADIUS] as const;

export function Plane({ mood, trail }: { mood: Mood | null; trail: readonly (readonly [number, number])[] }) {
  const w = words.value;
  const shown = mood && mood.state !== "absent" ? mood : null;
  const title = shown ? w.planeAt(decimal(shown.valence, 2), decimal(shown.arousal, 2)) : w.planeEmpty;
  return (
    <figure class="plane">
      <svg viewBox="-128 -122 256 244" role="img" aria-label={title}>
        <circle class="rim" r={RADIUS} />
        <circle class="rim inner" r={RADIUS / 2} />
        <path class="axis" d={`M${-RADIUS} 0H${RADIUS}M0 ${-RADIUS}V${RADIUS}`} />
        <g class="axis-names">
          <text x={-RADIUS + 2} y="-5">
            {w.unpleasant}
          </text>
          <text x={RADIUS - 2} y="-5" text-anchor="end">
            {w.pleasant}
          </text>
          <text y={-RADIUS - 8} text-anchor="middle">
            {w.activated}
          </text>
          <text y={RADIUS + 16} text-anchor="middle">
            {w.sleepy}
          </text>
        </g>
        {EMOTIONS.map((emotion) => (
          <Landmark key={emotion} emotion={emotion} name={w.emotion[emotion]} />
        ))}
        <polyline class="trail" points={trail.map((point) => at(point).join(",")).join(" ")} />
        {shown && <Point mood={shown} />}
      </svg>
    </figure>
  );
}

// Anger, fear and disgust lie so close together that their names need different sides.
const NAME_PLACES: Partial<Record<Emotion, readonly [number, number, "start" | "middle"]>> = {
  angry: [7, 3.5, "start"],
  disgust: [0, 15, "middle"],
  neutral: [7, 13, "start"],
};

function Landmark({ emotion, name }: { emotion: Emotion; name: string }) {
  const [x, y] = at(CIRCUMPLEX[emotion]);
  const [dx, dy, anchor] = NAME_PLACES[emotion] ?? [0, -8, "middle"];
  return (
    <g class={`landmark ${emotion}`}>
      <circle cx={x} cy={y} r="3.5" />
      <text x={x + dx} y={y + dy} text-anchor={anchor}>
        {name}
      </text>
    </g>
  );
}

function Point({ mood }: { mood: Mood }) {
  const [x, y] = at([mood.valence, mood.arousal]);
  return (
    <g class={`point ${mood.state}`} style={{ transform: `translate(${x}px, ${y}px)` }}>
      <circle class="halo" r="16" />
      <circle class="dot" r="8" />
    </g>
  );
}
