// One line that says what was done, with a way back; and one that says what is the matter.
import { signal } from "@preact/signals";
import { ProblemError } from "../api/request";
import { recheck } from "../session";
import { words } from "../words";
import { Icon } from "./icon";

export const TOAST_MS = 5_000;
const REFUSED: readonly number[] = [401, 403];

/** Undo what was said to be done; whether that succeeded. */
export type Undo = () => Promise<boolean>;

interface Toast {
  text: string;
  undo?: Undo;
}

const toast = signal<Toast | null>(null);

/** What is the matter with the live channel; empty while nothing is. */
export const notice = signal("");

let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string, undo?: Undo) {
  clearTimeout(timer);
  toast.value = { text, undo };
  timer = setTimeout(() => (toast.value = null), TOAST_MS);
}

/** Do something that the gateway may refuse, and say so if it does; whether it was done. */
export async function attempt(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    say(reasonOf(error));
    // Somebody else may have signed in on another page of this browser.
    if (error instanceof ProblemError && REFUSED.includes(error.status)) void recheck();
    return false;
  }
}

/** Why the gateway was of no help, in words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof ProblemError)) return words.value.unreachable;
  return known(error.code) ?? `${error.message} ${error.advice}`;
}

/** What a problem's code means, in words. */
export function reasonFor(code: string): string {
  return known(code) ?? words.value.unreachable;
}

function known(code: string): string | undefined {
  const problems: Record<string, string> = words.value.problems;
  return problems[code];
}

export function Toasts() {
  const current = toast.value;
  return (
    <div class="toasts" role="status">
      {current && (
        <p class="toast" key={current.text}>
          <span>{current.text}</span>
          {current.undo && (
            <button type="button" onClick={() => void takeBack(current)}>
              {words.value.undo}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

async function takeBack({ undo }: Toast) {
  toast.value = null;
  if (await undo?.()) say(words.value.undone);
}

export function NoticeBar() {
  return (
    <div role="status">
      {notice.value && (
        <p class="notice">
          <Icon name="not_now" /> {notice.value}
        </p>
      )}
    </div>
  );
}
