// Who is here, and whom they watch.
import { computed, effect, type Signal, signal } from "@preact/signals";
import * as account from "./api/account";
import { ProblemError } from "./api/request";
import type { Me, Settings } from "./api/types";

const RETRY_MS = 3_000;

export const settings = signal<Settings | null>(null);
export const me = signal<Me | null>(null);

/** Somebody other than the person here, e.g. the demo. */
export const watched = signal<string | null>(new URLSearchParams(location.search).get("user"));

/** Whose moods and picks are shown; null before anybody has begun. */
export const user = computed(() => watched.value ?? me.value?.user_id ?? null);

/** Who is here, for what only they themselves may do. */
export const ownId = computed(() => me.value?.user_id ?? "me");

/** Something about the person who is shown: empty again when another one is. */
export function personal<T>(empty: T): Signal<T> {
  const kept = signal(empty);
  effect(() => {
    void user.value;
    kept.value = empty;
  });
  return kept;
}

export const agreed = computed(() => me.value?.consent != null);

/** Whether the terms are to be shown, though there is an account. */
export const asked = signal(false);

/** Whoever does not agree goes on without. */
export function putTermsAside() {
  asked.value = false;
}

/** Ask who is here, until the gateway says. */
export async function open(): Promise<void> {
  try {
    const [found, known] = await Promise.all([whoIsHere(), account.settings()]);
    me.value = found;
    settings.value = known;
  } catch {
    setTimeout(() => void open(), RETRY_MS);
  }
}

async function whoIsHere(): Promise<Me | null> {
  return account.me().catch((error: unknown) => {
    if (error instanceof ProblemError && error.status === 401) return null;
    throw error;
  });
}

/** Ask again who is here, after something failed that may have to do with it. */
export async function recheck(): Promise<void> {
  const before = me.value;
  try {
    const found = await whoIsHere();
    // Whoever signed in or left while this was asked is right; the answer is of before.
    if (me.value === before) me.value = found;
  } catch {
    // The gateway is away; whoever lost it asks again.
  }
}

let beginning: Promise<Me> | undefined;

/** Begin as a guest, unless there is an account already. */
export async function begin(): Promise<void> {
  if (me.value) return;
  // Whoever clicks twice is one guest.
  beginning ??= account.beginAsGuest().finally(() => {
    beginning = undefined;
  });
  me.value = await beginning;
}

/** Begin, and agree that pictures are looked at. */
export async function agree(): Promise<void> {
  await begin();
  if (!agreed.value) me.value = await account.giveConsent(ownId.value, settings.value?.consent.version ?? 1);
  putTermsAside();
}

export async function withdraw(): Promise<void> {
  me.value = await account.withdrawConsent(ownId.value);
}

/** The account is no longer there, or no longer this one's. */
export function leave() {
  me.value = null;
}

/** Show somebody else, or oneself. */
export function watch(name: string | null) {
  putTermsAside();
  watched.value = name;
  const search = name ? `?user=${encodeURIComponent(name)}` : "";
  history.replaceState(history.state, "", `${location.pathname}${search}`);
}
