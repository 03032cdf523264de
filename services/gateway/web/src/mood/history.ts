// The moods of the last week: those that are kept, and those seen since.
import { effect, signal } from "@preact/signals";
import { forgetMoods as forgetKept, moods } from "../api/client";
import type { Mood } from "../api/types";
import { me, ownId } from "../session";
import { type Note, noted } from "./notes";

export const history = signal<readonly Note[]>([]);

effect(() => {
  if (!me.value) history.value = [];
});

export function note(mood: Mood, now = Date.now()) {
  history.value = noted(history.value, mood, now);
}

export async function loadMoods(): Promise<void> {
  const kept = (await moods(ownId.peek())).map(({ at, ...rest }) => ({ ...rest, at: Date.parse(at) }));
  const last = kept.at(-1)?.at ?? 0;
  history.value = [...kept, ...history.value.filter(({ at }) => at >= last + 60_000)];
}

export async function forgetMoods(): Promise<void> {
  await forgetKept(ownId.peek());
  history.value = [];
}
