// The seven emotions, their order, and where each lies: as in contracts/emotion.py.
import type { Emotion, MoodState } from "../api/types";

export const EMOTIONS = [
  "angry",
  "disgust",
  "fear",
  "happy",
  "sad",
  "surprise",
  "neutral",
] as const satisfies Emotion[];

/** (valence, arousal), both -1..1: Russell and Mehrabian (1977). */
export const CIRCUMPLEX: Record<Emotion, readonly [number, number]> = {
  angry: [-0.51, 0.59],
  disgust: [-0.6, 0.35],
  fear: [-0.64, 0.6],
  happy: [0.81, 0.51],
  sad: [-0.63, -0.27],
  surprise: [0.4, 0.67],
  neutral: [0, 0],
};

export function isEmotion(state: MoodState): state is Emotion {
  return (EMOTIONS as readonly string[]).includes(state);
}

/** The most probable emotions, the best first. */
export function ranked(probabilities: Partial<Record<Emotion, number>>): [Emotion, number][] {
  return EMOTIONS.map((emotion): [Emotion, number] => [emotion, probabilities[emotion] ?? 0]).sort(
    (a, b) => b[1] - a[1],
  );
}
