// The live channel: server-sent events, made again whenever it is lost. A browser has six connections to a server, so that
// a page that nobody looks at leaves its own to others; and of a machine that slept it may be silent for ever.
import { signal } from "@preact/signals";
import type { LiveRecommendations, Notice, UserMood } from "./types";

const RETRY_MS = 2_000;
const MAX_RETRY_MS = 15_000;
const UNSEEN_MS = 30_000;

export type Connection = "connecting" | "live" | "lost";

export const connection = signal<Connection>("connecting");

export interface Handlers {
  mood(event: UserMood): void;
  recommendations(event: LiveRecommendations): void;
  notice(event: Notice): void;
}

/** Listen for a person's events until the returned function is called. */
export function listen(user: string, on: Handlers): () => void {
  let source: EventSource | undefined;
  let timer = 0;
  let unseen = 0;
  let unseenSince = Number.POSITIVE_INFINITY;
  let wait = RETRY_MS;

  function open() {
    source = new EventSource(`/v1/users/${encodeURIComponent(user)}/live`);
    source.addEventListener("open", () => {
      wait = RETRY_MS;
      connection.value = "live";
    });
    for (const name of ["mood", "recommendations", "notice"] as const) {
      source.addEventListener(name, (event: MessageEvent<string>) => on[name](JSON.parse(event.data)));
    }
    source.addEventListener("error", () => {
      connection.value = "lost";
      // A browser tries again by itself, except where the answer was no event stream at all.
      if (source?.readyState === EventSource.CLOSED) again();
    });
  }

  function again() {
    timer = window.setTimeout(open, wait);
    wait = Math.min(2 * wait, MAX_RETRY_MS);
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  }

  function look() {
    clearTimeout(unseen);
    if (document.hidden) {
      unseenSince = Date.now();
      unseen = window.setTimeout(close, UNSEEN_MS);
    } else if (Date.now() - unseenSince >= UNSEEN_MS) {
      close();
      connection.value = "connecting";
      open();
    }
  }

  open();
  document.addEventListener("visibilitychange", look);
  return () => {
    document.removeEventListener("visibilitychange", look);
    clearTimeout(unseen);
    close();
  };
}
