// The valence-arousal plane: where the mood lies, and the way it came.
import type { Emotion, Mood } from "../api/types";
import { decimal, words } from "../words";
import { at, Circle, RADIUS, Word } from "./circle";
import { CIRCUMPLEX, EMOTIONS } from "./emotions";

export function Plane({ mood, trail }: { mood: Mood | null; trail: readonly (readonly [number, number])[] }) {
  const w = words.value;
  const shown = mood && mood.state !== "absent" ? mood : null;
  const title = shown ? w.planeAt(decimal(shown.valence, 2), decimal(shown.arousal, 2)) : w.planeEmpty;
  return (
    <figure class="plane">
      <Circle title={title} words={<Names />}>
        <circle class="rim inner" r={RADIUS / 2} />
        {EMOTIONS.map((emotion) => {
          const [x, y] = at(CIRCUMPLEX[emotion]);
          return <circle key={emotion} class={`landmark ${emotion}`} cx={x} cy={y} r="3.5" />;
        })}
        <polyline class="trail" points={trail.map((point) => at(point).join(",")).join(" ")} />
        {shown && <Point mood={shown} />}
      </Circle>
    </figure>
  );
}

// Anger, fear and disgust lie so close together that their names need different sides.
const NAME_PLACES: Partial<Record<Emotion, readonly [number, number, "start" | "middle"]>> = {
  angry: [0.7, 0.35, "start"],
  disgust: [0, 1.4, "middle"],
  neutral: [0.7, 1.2, "start"],
};

function Names() {
  const w = words.value;
  return (
    <>
      {EMOTIONS.map((emotion) => {
        const [x, y] = at(CIRCUMPLEX[emotion]);
        const [dx, dy, anchor] = NAME_PLACES[emotion] ?? [0, -0.75, "middle"];
        return (
          <Word key={emotion} x={x} y={y} dx={dx} dy={dy} anchor={anchor}>
            {w.emotion[emotion]}
          </Word>
        );
      })}
      <g class="axis-names">
        <Word x={-RADIUS} y={0} dx={0.3} dy={-0.45} anchor="start">
          {w.unpleasant}
        </Word>
        <Word x={RADIUS} y={0} dx={-0.3} dy={-0.45} anchor="end">
          {w.pleasant}
        </Word>
        <Word x={0} y={-RADIUS} dy={-0.6}>
          {w.activated}
        </Word>
        <Word x={0} y={RADIUS} dy={1.3}>
          {w.sleepy}
        </Word>
      </g>
    </>
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
