// The song clusters where their centres lie; a circle's area is the number of songs.
import type { Cluster } from "../api/types";
import { at, Circle, Word } from "../mood/circle";
import { words } from "../words";

const LARGEST = 22;

export function ClusterMap({ clusters }: { clusters: Cluster[] }) {
  const w = words.value;
  const largest = Math.max(1, ...clusters.map(({ size }) => size));
  const placed = clusters.map((cluster) => ({ ...cluster, centre: at([cluster.valence, cluster.arousal]) }));
  return (
    <div class="cluster-map">
      <Circle
        words={placed.map(({ name, centre: [x, y] }, index) => (
          <Word key={name} x={x} y={y} dy={0.35}>
            {index + 1}
          </Word>
        ))}
      >
        {placed.map(({ name, centre: [x, y], size, emotions }) => (
          <circle key={name} class={`cluster ${emotions[0]}`} cx={x} cy={y} r={LARGEST * Math.sqrt(size / largest)} />
        ))}
      </Circle>
      <ol>
        {clusters.map(({ name, size }) => (
          <li key={name}>
            {name} <span class="quiet">{w.operator.songs(size)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
