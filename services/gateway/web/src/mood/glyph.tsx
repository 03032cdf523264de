// Each emotion's own shape with its face, so that colour is never the only difference.
import type { MoodState } from "../api/types";

const SHAPES: Record<MoodState, string> = {
  angry: "M16 4.200a2 2 0 0 1 1.7 1l11.6 20a2 2 0 0 1-1.7 3H4.400a2 2 0 0 1-1.7-3l11.6-20a2 2 0 0 1 1.7-1Z",
  disgust:
    "M10 4.500h12a2 2 0 0 1 1.7 1L29.5 15a2 2 0 0 1 0 2l-5.8 9.500a2 2 0 0 1-1.7 1H10a2 2 0 0 1-1.7-1L2.5 17a2 2 0 0 1 0-2l5.8-9.500a2 2 0 0 1 1.7-1Z",
  fear: "M14.6 2.600a2 2 0 0 1 2.8 0l12 12a2 2 0 0 1 0 2.800l-12 12a2 2 0 0 1-2.8 0l-12-12a2 2 0 0 1 0-2.800Z",
  happy: "M16 3a13 13 0 1 1 0 26 13 13 0 0 1 0-26Z",
  sad: "M16 2.5c5 7.5 9.5 11 9.5 17a9.5 9.5 0 0 1-19 0c0-6 4.5-9.5 9.5-17Z",
  surprise:
    "M16 1.500l3.7 4.7 5.9-.9.6 5.9 4.7 3.8-3.6 4.7.9 5.9-5.9.800L16 30.500l-4.7-3.7-5.9-.4.2-6.200L1 15l4.9-3.8.5-5.9 5.9.900Z",
  neutral:
    "M8 3.500h16A4.5 4.5 0 0 1 28.5 8v16a4.5 4.5 0 0 1-4.5 4.500H8A4.5 4.5 0 0 1 3.5 24V8A4.5 4.5 0 0 1 8 3.500Z",
  uncertain: "M16 3a13 13 0 1 1 0 26 13 13 0 0 1 0-26Z",
  absent: "M16 3a13 13 0 1 1 0 26 13 13 0 0 1 0-26Z",
};
const FACES: Record<MoodState, string> = {
  angry: "M12 17.500l2.2 1.200M20 17.500l-2.2 1.200M12.5 24.500q3.5-2.5 7 0",
  disgust: "M10.5 14h2.500M19 14h2.500M11 21q2.5-2.5 5-.500t5-.5",
  fear: "M12 14v1.200M20 14v1.200M12.5 20.500l1.8-1.5 1.7 1.5 1.7-1.5 1.8 1.5",
  happy: "M11.5 12.500v1.200M20.5 12.500v1.200M10 18.500q6 6 12 0",
  sad: "M12.5 17v1.200M19.5 17v1.200M12.5 24q3.5-2.8 7 0",
  surprise: "M12 13v1.200M20 13v1.200M16 18.200a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.400Z",
  neutral: "M11.5 13.500v1.200M20.5 13.500v1.200M11.5 20.500h9",
  uncertain: "M13 12.500a3 3 0 1 1 3.5 4q-.5.5-.5 2M16 22v.01",
  absent: "M10.5 16h11",
};

export function Glyph({ state, face = false, size = 20 }: { state: MoodState; face?: boolean; size?: number }) {
  return (
    <svg class={`glyph ${state}`} viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <path class="shape" d={SHAPES[state]} />
      {face && <path class="face" d={FACES[state]} />}
    </svg>
  );
}
