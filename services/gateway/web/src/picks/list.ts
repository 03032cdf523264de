// One list of picks: loaded, kept fresh, and never changed under somebody's hands.
import { computed, signal } from "@preact/signals";
import type { Wish } from "../api/client";
import type { Pick, Recommendations } from "../api/types";

export const PAGE = 12;
/** More than this the gateway does not give at once. */
const MOST = 100;

export type Ask = (wish: Wish) => Promise<Recommendations>;

export class PickList {
  readonly picks = signal<Pick[] | null>(null);
  /** A fresher list that waits until nobody is busy with the one shown. */
  readonly waiting = signal<Recommendations | null>(null);
  readonly problem = signal<unknown>(null);
  readonly loading = signal(false);
  readonly next = signal<string | null>(null);
  readonly empty = computed(() => this.picks.value?.length === 0 && !this.loading.value);

  private readonly ask: Ask;
  private readonly apply: (change: () => void) => void;
  private wish: Omit<Wish, "count"> | null = null;
  private busy = false;
  private appending: Promise<void> | undefined;
  private round = 0;
  private readonly gone = new Set<string>();

  /** `apply` makes a change of the list; it may do so with a transition. */
  constructor(ask: Ask, apply = (change: () => void) => change()) {
    this.ask = ask;
    this.apply = apply;
  }

  /** Show the list for another wish, at once. */
  async load(wish: Omit<Wish, "count">): Promise<void> {
    this.wish = wish;
    this.picks.value = null;
    this.waiting.value = null;
    this.next.value = null;
    await this.fetch((fresh) => this.show(fresh));
  }

  /** Bring the list up to date, as long as it is: now, or as soon as nobody is busy with it. */
  async refresh(): Promise<void> {
    if (this.appending) await this.appending;
    const count = Math.min(Math.max(PAGE, this.picks.value?.length ?? 0), MOST);
    await this.fetch(
      (fresh) => {
        if (!this.busy || !this.picks.value?.length) this.show(fresh);
        else if (!sameOrder(this.kept(fresh.picks), this.picks.value)) this.waiting.value = fresh;
      },
      { count },
    );
  }

  /** Append the next page. */
  async more(): Promise<void> {
    const page_token = this.next.value;
    if (!page_token) return;
    this.appending = this.append(page_token);
    await this.appending;
    this.appending = undefined;
  }

  private async append(page_token: string): Promise<void> {
    const use = (page: Recommendations) => {
      const shown = new Set(this.picks.value?.map((pick) => pick.item.id));
      const added = this.kept(page.picks).filter((pick) => !shown.has(pick.item.id));
      this.picks.value = [...(this.picks.value ?? []), ...added];
      this.next.value = page.next_page_token ?? null;
    };
    await this.fetch(use, { page_token });
  }

  /** Say whether a pointer or the keyboard's focus is in the list. */
  hold(busy: boolean): void {
    this.busy = busy;
    if (!busy) this.showWaiting();
  }

  showWaiting(): void {
    if (this.waiting.value) this.show(this.waiting.value);
  }

  /** Take an item out; the returned function puts it back where it was. */
  remove(id: string): () => void {
    this.gone.add(id);
    const before = this.picks.value ?? [];
    const index = before.findIndex((pick) => pick.item.id === id);
    this.apply(() => {
      this.picks.value = this.kept(this.picks.value ?? []);
    });
    return () => {
      this.gone.delete(id);
      const pick = before[index];
      const now = this.picks.value ?? [];
      if (pick && !now.some((each) => each.item.id === id)) this.picks.value = now.toSpliced(index, 0, pick);
    };
  }

  /** What was taken out may come again. */
  readmit(id: string): void {
    this.gone.delete(id);
  }

  /** Be as new, for another person. */
  reset(): void {
    this.wish = null;
    // What was asked for the one before is not shown any more.
    this.round += 1;
    this.gone.clear();
    this.picks.value = null;
    this.waiting.value = null;
    this.next.value = null;
    this.problem.value = null;
    this.loading.value = false;
  }

  private show(fresh: Recommendations): void {
    this.waiting.value = null;
    this.next.value = fresh.next_page_token ?? null;
    this.apply(() => {
      this.picks.value = this.kept(fresh.picks);
    });
  }

  private kept(picks: Pick[]): Pick[] {
    return picks.filter((pick) => !this.gone.has(pick.item.id));
  }

  private async fetch(use: (fresh: Recommendations) => void, part: Partial<Wish> = {}): Promise<void> {
    if (!this.wish) return;
    this.round += 1;
    const round = this.round;
    this.loading.value = true;
    try {
      const fresh = await this.ask({ ...this.wish, count: PAGE, ...part });
      // An answer that was overtaken by a later question is of no use.
      if (round !== this.round) return;
      this.problem.value = null;
      use(fresh);
    } catch (error) {
      if (round === this.round) this.problem.value = error;
    } finally {
      if (round === this.round) this.loading.value = false;
    }
  }
}

function sameOrder(a: Pick[], b: Pick[]): boolean {
  return a.length === b.length && a.every((pick, index) => pick.item.id === b[index]?.item.id);
}
