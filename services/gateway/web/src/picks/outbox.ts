// What a person said about items, on its way to the gateway: held for a moment so that it can be undone, then sent
// until it is accepted.
import type { Feedback } from "../api/client";

export const HOLD_MS = 5_000;
const RETRY_MS = 2_000;
const MAX_RETRY_MS = 30_000;
const ATTEMPTS = 6;

export interface Entry extends Omit<Feedback, "key"> {
  /** Whose it is, whoever is here when it is sent. */
  user_id: string;
  title: string;
}

interface Waiting {
  entry: Entry;
  timer: ReturnType<typeof setTimeout>;
  key: string;
}

export interface Outcome {
  sent(entry: Entry): void;
  failed(entry: Entry, error: unknown): void;
}

export class Outbox {
  private readonly waiting = new Set<Waiting>();
  private readonly post: (user_id: string, feedback: Feedback) => Promise<void>;
  private readonly outcome: Outcome;

  constructor(post: (user_id: string, feedback: Feedback) => Promise<void>, outcome: Outcome) {
    this.post = post;
    this.outcome = outcome;
  }

  /** Send the entry after `hold_ms`; the returned function takes it back, and says whether it still could. */
  put(entry: Entry, hold_ms = HOLD_MS): () => boolean {
    const waiting: Waiting = { entry, key: crypto.randomUUID(), timer: 0 as never };
    waiting.timer = setTimeout(() => void this.release(waiting), hold_ms);
    this.waiting.add(waiting);
    return () => {
      clearTimeout(waiting.timer);
      return this.waiting.delete(waiting);
    };
  }

  /** Send everything that is held now, e.g. because the page is being closed. */
  async flush(): Promise<void> {
    await Promise.all([...this.waiting].map((each) => this.release(each)));
  }

  private async release(waiting: Waiting): Promise<void> {
    clearTimeout(waiting.timer);
    if (this.waiting.delete(waiting)) await this.send(waiting, ATTEMPTS, RETRY_MS);
  }

  private async send(waiting: Waiting, attempts: number, wait_ms: number): Promise<void> {
    const { user_id, item_id, action } = waiting.entry;
    try {
      await this.post(user_id, { item_id, action, key: waiting.key });
      this.outcome.sent(waiting.entry);
    } catch (error) {
      if (attempts === 1 || !isPassing(error)) return this.outcome.failed(waiting.entry, error);
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
      await this.send(waiting, attempts - 1, Math.min(2 * wait_ms, MAX_RETRY_MS));
    }
  }
}

function isPassing(error: unknown): boolean {
  return (error as { passing?: boolean }).passing === true;
}
