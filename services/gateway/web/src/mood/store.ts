// The mood that is shown: as it was seen, or as the person said.
import { computed, signal } from "@preact/signals";
import type { Emotion, Mood } from "../api/types";
import { watched } from "../session";
import { note } from "./history";

export const TOLD_MS = 30 * 60_000;
const TRAIL_LENGTH = 40;

export interface Told {
  state: Emotion;
  until: number;
}

export const seen = signal<Mood | null>(null);
export const trail = signal<readonly (readonly [number, number])[]>([]);
export const told = signal<Told | null>(null);

/** What picks are ranked for where it is not what was seen. */
export const wanted = computed(() => told.value?.state);

/** How late an end may be noticed: a timer of half an hour would stand still while a laptop sleeps. */
const LOOK_MS = 10_000;
let timer: ReturnType<typeof setInterval> | undefined;

export function see(mood: Mood) {
  seen.value = mood;
  if (!watched.value) note(mood);
  if (mood.state === "absent") return;
  trail.value = [...trail.value, [mood.valence, mood.arousal] as const].slice(-TRAIL_LENGTH);
}

/** The person says how they feel; null: follow the camera again. */
export function tell(state: Emotion | null, now = Date.now()) {
  clearInterval(timer);
  const until = now + TOLD_MS;
  told.value = state && { state, until };
  if (state) timer = setInterval(() => Date.now() >= until && tell(null), LOOK_MS);
}

/** Another person is shown now. */
export function forget() {
  tell(null);
  seen.value = null;
  trail.value = [];
}
