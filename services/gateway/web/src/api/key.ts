// Keys that tell a repeated call from a new one.

/** 32 random hexadecimal digits. `crypto.randomUUID` would be there on https and localhost only. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
