// Notes of moods over a week.
import type { Mood, MoodState } from "../api/types";

export const DAY_MS = 24 * 60 * 60_000;
export const KEPT_MS = 7 * DAY_MS;
/** A mood that lasts is noted again after this long. */
export const NOTE_MS = 60_000;

export interface Note {
  at: number;
  state: MoodState;
  valence: number;
  arousal: number;
}

/** The notes with a mood added: one a minute, and one for each change of state. */
export function noted(notes: readonly Note[], { state, valence, arousal }: Mood, now: number): readonly Note[] {
  const last = notes.at(-1);
  if (state === "absent" || (last && last.state === state && now - last.at < NOTE_MS)) return notes;
  const fresh = notes.filter((note) => now - note.at < KEPT_MS);
  return [...fresh, { at: now, state, valence: rounded(valence), arousal: rounded(arousal) }];
}

/** How long each state lasted, in ms, the longest first. A note lasts until the next one, a minute and a half at most. */
export function shares(notes: readonly Note[]): [MoodState, number][] {
  const sums = new Map<MoodState, number>();
  notes.forEach((note, index) => {
    const next = notes[index + 1]?.at ?? note.at + NOTE_MS;
    sums.set(note.state, (sums.get(note.state) ?? 0) + Math.min(next - note.at, 1.5 * NOTE_MS));
  });
  return [...sums].sort((a, b) => b[1] - a[1]);
}

const rounded = (value: number) => Math.round(value * 100) / 100;
