// What the page keeps in this browser; one that keeps nothing still works.
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(`emoverse.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string | null) {
  try {
    if (value === null) localStorage.removeItem(`emoverse.${key}`);
    else localStorage.setItem(`emoverse.${key}`, value);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}
