// The moods of the last week: those that are kept, and those seen since.
import { forgetMoods as forgetKept, moods } from "../api/client";
import type { Mood } from "../api/types";
import { ownId, personal } from "../session";
import { type Note, noted } from "./notes";

export const history = personal<readonly Note[]>([]);

export function note(mood: Mood, now = Date.now()) {
  history.value = noted(history.value, mood, now);
}

export async function loadMoods(): Promise<void> {
  const name = ownId.peek();
  const found = await moods(name);
  if (ownId.peek() !== name) return;
  const kept = found.map(({ at, ...rest }) => ({ ...rest, at: Date.parse(at) }));
  const last = kept.at(-1)?.at ?? 0;
  history.value = [...kept, ...history.value.filter(({ at }) => at >= last + 60_000)];
}

export async function forgetMoods(): Promise<void> {
  await forgetKept(ownId.peek());
  history.value = [];
}
