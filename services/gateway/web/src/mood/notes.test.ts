import { expect, test } from "vitest";
import type { Mood, MoodState } from "../api/types";
import { KEPT_MS, NOTE_MS, type Note, noted, shares } from "./notes";

const mood = (state: MoodState): Mood => ({
  state,
  probabilities: {},
  valence: 0.123,
  arousal: -0.456,
  confidence: 1,
  since: "2026-01-01T12:00:00Z",
});

function written(...moods: [MoodState, number][]): readonly Note[] {
  return moods.reduce<readonly Note[]>((notes, [state, at]) => noted(notes, mood(state), at), []);
}

test("a change is noted at once, what lasts once a minute", () => {
  const notes = written(["happy", 0], ["happy", 5_000], ["sad", 6_000], ["sad", 6_000 + NOTE_MS]);
  expect(notes.map(({ state, at }) => [state, at])).toEqual([
    ["happy", 0],
    ["sad", 6_000],
    ["sad", 6_000 + NOTE_MS],
  ]);
  expect(notes[0]).toMatchObject({ valence: 0.12, arousal: -0.46 });
});

test("nobody in sight is no mood", () => {
  expect(written(["absent", 0])).toEqual([]);
});

test("what is older than a week is forgotten", () => {
  expect(written(["happy", 0], ["sad", KEPT_MS])).toHaveLength(1);
});

test("shares count the time until the next note, and no gaps", () => {
  const notes = written(["happy", 0], ["sad", 30_000], ["sad", 30_000 + NOTE_MS], ["happy", 10 * NOTE_MS]);
  expect(shares(notes)).toEqual([
    ["sad", 2.5 * NOTE_MS],
    ["happy", 1.5 * NOTE_MS],
  ]);
});
