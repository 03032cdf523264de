// The moods of the last week, kept in this browser and nowhere else.
import { keptList } from "../account/kept";
import type { Mood } from "../api/types";
import { type Note, noted } from "./notes";

const kept = keptList<Note>("moods");

export const history = kept.list;

export function note(mood: Mood, now = Date.now()) {
  const next = noted(history.value, mood, now);
  if (next !== history.value) kept.keep(next);
}

export function forgetMoods() {
  kept.keep([]);
}
