// The song clusters where their centres lie; a circle's area is the number of songs.
import type { Cluster } from "../api/types";
import { words } from "../words";

const RADIUS = 100;
const LARGEST = 22;

export function ClusterMap({ clusters }: { clusters: Cluster[] }) {
  const w = words.value;
  const largest = Math.max(1, ...clusters.map(({ size }) => size));
  return (
    <div class="cluster-map">
      <svg viewBox="-128 -122 256 244" aria-hidden="true">
        <circle class="rim" r={RADIUS} />
        <path class="axis" d={`M${-RADIUS} 0H${RADIUS}M0 ${-RADIUS}V${RADIUS}`} />
        {clusters.map(({ name, valence, arousal, size, emotions }, index) => (
          <g key={name} class={emotions[0]} transform={`translate(${valence * RADIUS} ${-arousal * RADIUS})`}>
            <circle class="cluster" r={LARGEST * Math.sqrt(size / largest)} />
            <text text-anchor="middle" dy="4">
              {index + 1}
            </text>
          </g>
        ))}
      </svg>
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
