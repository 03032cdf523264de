// What a person said about items, on its way to the gateway: held for a moment so that it can be undone, then sent
// until it is accepted, each word about an item after the one before.
import type { Feedback } from "../api/client";
import { newKey } from "../api/key";

export const HOLD_MS = 5_000;
const RETRY_MS = 2_000;
const MAX_RETRY_MS = 30_000;
const ATTEMPTS = 6;

export interface Entry extends Omit<Feedback, "key"> {
  /** Whose it is, whoever is here when it is sent. */
  user_id: string;
  title: string;
}

interface Message {
  readonly entry: Entry;
  readonly key: string;
  timer: ReturnType<typeof setTimeout>;
  /** The last one; none before it was first sent. */
  request?: Promise<void>;
  takenBack: boolean;
}

export interface Gateway {
  post(user_id: string, feedback: Feedback): Promise<void>;
  /** Take back what a key has stored, if anything. */
  undo(user_id: string, key: string): Promise<void>;
}

export interface Outcome {
  sent(entry: Entry): void;
  failed(entry: Entry, error: unknown): void;
}

export class Outbox {
  private readonly held = new Set<Message>();
  /** The newest that was let go, by person and item: it ends when that was accepted or given up. */
  private readonly last = new Map<string, Promise<void>>();
  private readonly gateway: Gateway;
  private readonly outcome: Outcome;

  constructor(gateway: Gateway, outcome: Outcome) {
    this.gateway = gateway;
    this.outcome = outcome;
  }

  /** Send the entry after `hold_ms`; the returned function takes it back, and raises what the gateway refuses it with. */
  put(entry: Entry, hold_ms = HOLD_MS): () => Promise<void> {
    const message: Message = { entry, key: newKey(), timer: 0 as never, takenBack: false };
    message.timer = setTimeout(() => void this.release(message), hold_ms);
    this.held.add(message);
    return () => this.takeBack(message);
  }

  /** Send everything that is held now; what is sent while `leaving` waits for nothing. */
  async flush(leaving = false): Promise<void> {
    await Promise.all([...this.held].map((each) => this.release(each, leaving)));
  }

  private async takeBack(message: Message): Promise<void> {
    const { entry, key, timer } = message;
    message.takenBack = true;
    clearTimeout(timer);
    this.held.delete(message);
    if (!message.request) return;
    await message.request.catch(() => {});
    await insist(() => this.gateway.undo(entry.user_id, key));
  }

  private async release(message: Message, leaving = false): Promise<void> {
    clearTimeout(message.timer);
    if (!this.held.delete(message)) return;
    const about = `${message.entry.user_id} ${message.entry.item_id}`;
    const before = leaving ? undefined : this.last.get(about);
    const sending = before ? before.then(() => this.send(message)) : this.send(message);
    this.last.set(about, sending);
    await sending;
    if (this.last.get(about) === sending) this.last.delete(about);
  }

  private async send(message: Message): Promise<void> {
    const { user_id, item_id, action } = message.entry;
    const post = () => (message.request = this.gateway.post(user_id, { item_id, action, key: message.key }));
    const wanted = () => !message.takenBack;
    try {
      await insist(post, wanted);
      if (wanted()) this.outcome.sent(message.entry);
    } catch (error) {
      if (wanted()) this.outcome.failed(message.entry, error);
    }
  }
}

/** Call until that succeeds or is no longer wanted; raises what will not pass, or does not in the end. */
async function insist(call: () => Promise<void>, wanted = () => true): Promise<void> {
  let wait_ms = RETRY_MS;
  for (let attempt = 1; wanted(); attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt === ATTEMPTS || !isPassing(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
    wait_ms = Math.min(2 * wait_ms, MAX_RETRY_MS);
  }
}

function isPassing(error: unknown): boolean {
  return (error as { passing?: boolean }).passing === true;
}
