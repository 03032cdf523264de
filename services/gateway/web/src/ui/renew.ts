// A part of the page that cannot be fetched: a newer version may have been put in place of the one the page came from.
const KEY = "emoverse.renewed";

/** Load the page anew where the server answers, once for each version; whether it does. */
export async function renew(version = import.meta.url): Promise<boolean> {
  const answer = await fetch("/health/live").catch(() => null);
  // Without a server, the browser would put an error in place of a page that still works.
  if (!answer?.ok || !isFirst(version)) return false;
  location.reload();
  return true;
}

function isFirst(version: string): boolean {
  try {
    if (sessionStorage.getItem(KEY) === version) return false;
    sessionStorage.setItem(KEY, version);
    return true;
  } catch {
    // What cannot be counted might go on for ever.
    return false;
  }
}
