// What was found in a picture: a frame and a word for each face.
import type { Face } from "../api/types";
import { ranked } from "../mood/emotions";
import { Glyph } from "../mood/glyph";
import { percent, words } from "../words";

/** `size` is that of the picture in pixels; `mirrored` where it is shown as in a mirror. */
export function Boxes({
  faces,
  size,
  mirrored = false,
}: {
  faces: Face[];
  size: readonly [number, number];
  mirrored?: boolean;
}) {
  const [width, height] = size;
  return (
    <ul class="boxes">
      {faces.map(({ box, probabilities, track_id }, index) => {
        const [emotion, share] = ranked(probabilities)[0] ?? ["neutral", 0];
        const left = mirrored ? width - box.x - box.width : box.x;
        return (
          <li
            key={track_id || -index}
            class={emotion}
            style={{
              left: `${(100 * left) / width}%`,
              top: `${(100 * box.y) / height}%`,
              width: `${(100 * box.width) / width}%`,
              height: `${(100 * box.height) / height}%`,
            }}
          >
            <span>
              <Glyph state={emotion} size={14} /> {words.value.emotion[emotion]} {percent(share)}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
