// Lists that this browser keeps for the account that is here, and for no other.
import { effect, type Signal, signal } from "@preact/signals";
import { me } from "../session";
import { remember, remembered } from "../ui/memory";

export interface Kept<Entry> {
  list: Signal<readonly Entry[]>;
  keep(next: readonly Entry[]): void;
}

export function keptList<Entry>(name: string): Kept<Entry> {
  const list = signal<readonly Entry[]>([]);
  const key = () => me.peek() && `${name}.${me.peek()?.user_id}`;
  effect(() => {
    list.value = me.value ? parsed<Entry>(remembered(key() ?? name)) : [];
  });
  return {
    list,
    keep(next) {
      list.value = next;
      const place = key();
      if (place) remember(place, next.length ? JSON.stringify(next) : null);
    },
  };
}

function parsed<Entry>(text: string | null): Entry[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}
