// The valence-arousal plane as a picture: shapes grow with it, words keep the size of the page's text.
import type { ComponentChildren } from "preact";

export const RADIUS = 100;
const WIDTH = 256;
const HEIGHT = 244;

/** Where a valence and an arousal lie among the shapes. */
export const at = ([valence, arousal]: readonly [number, number]) => [valence * RADIUS, -arousal * RADIUS] as const;

interface CircleProps {
  /** What the picture shows, for whoever does not see it; none: it only repeats what is told elsewhere. */
  title?: string;
  children: ComponentChildren;
  words: ComponentChildren;
}

export function Circle({ title, children, words }: CircleProps) {
  return (
    <svg class="circle" role={title ? "img" : undefined} aria-label={title} aria-hidden={title ? undefined : "true"}>
      <svg viewBox={`${-WIDTH / 2} ${-HEIGHT / 2} ${WIDTH} ${HEIGHT}`} role="presentation">
        <circle class="rim" r={RADIUS} />
        <path class="axis" d={`M${-RADIUS} 0H${RADIUS}M0 ${-RADIUS}V${RADIUS}`} />
        {children}
      </svg>
      {words}
    </svg>
  );
}

interface WordProps {
  x: number;
  y: number;
  /** From there, in the word's own size. */
  dx?: number;
  dy?: number;
  anchor?: "start" | "middle" | "end";
  class?: string;
  children: ComponentChildren;
}

export function Word({ x, y, dx = 0, dy = 0, anchor = "middle", class: name, children }: WordProps) {
  return (
    <text
      class={name}
      x={`${50 + (100 * x) / WIDTH}%`}
      y={`${50 + (100 * y) / HEIGHT}%`}
      dx={`${dx}em`}
      dy={`${dy}em`}
      text-anchor={anchor}
    >
      {children}
    </text>
  );
}
