// The person's word on their mood: shown at once, and remembered for when their face looks like this again.
import { correctMood } from "../api/client";
import type { Emotion } from "../api/types";
import { user, watched } from "../session";
import { attempt } from "../ui/toast";
import { tell } from "./store";

export function sayMood(emotion: Emotion) {
  tell(emotion);
  const name = user.value;
  if (name && !watched.value) void attempt(() => correctMood(name, emotion));
}
