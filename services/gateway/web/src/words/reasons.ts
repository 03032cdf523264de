// Why an item was picked: the server's sentences, or the reader's language's own.
import type { Reason } from "../api/types";
import type { Words } from "./en";

export function wordReasons(w: Words, sentences: readonly string[], why: readonly Reason[]): string {
  return sentences.map((sentence, index) => (why[index] && w.reason(why[index])) ?? sentence).join(" ");
}
