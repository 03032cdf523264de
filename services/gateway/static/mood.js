// The mood: in words, as seven bars, and as a point in the valence-arousal plane.
const EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
const WORDS = {
  angry: "Angry",
  disgust: "Disgusted",
  fear: "Afraid",
  happy: "Happy",
  sad: "Sad",
  surprise: "Surprised",
  neutral: "Calm and neutral",
  uncertain: "Hard to tell",
  absent: "Nobody there",
};
const DETAILS = {
  uncertain: "A face is seen, but no emotion stands out.",
  absent: "No face has been seen for some seconds.",
};
// Where each emotion lies: Russell and Mehrabian (1977), as in contracts/emotion.py.
const LANDMARKS = {
  angry: [-0.51, 0.59],
  disgust: [-0.6, 0.35],
  fear: [-0.64, 0.6],
  happy: [0.81, 0.51],
  sad: [-0.63, -0.27],
  surprise: [0.4, 0.67],
  neutral: [0, 0],
};
const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 100;

function make(tag, attributes = {}, text = "") {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

function draw(tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

export class MoodView {
  constructor(element) {
    this.state = element("state");
    this.detail = element("state-detail");
    this.bars = element("bars");
    this.point = element("point");
    this.planeTitle = element("plane-title");
    this.landmarks = element("landmarks");
    this.rows = new Map();
  }

  start(user) {
    this.detail.textContent = `The mood appears as soon as a face is seen. To show one: python -m services.capture --source demo --user ${user}`;
    for (const emotion of EMOTIONS) {
      this.addBar(emotion);
      this.addLandmark(emotion);
    }
  }

  addBar(emotion) {
    const row = make("li", { class: emotion });
    const name = make("span", { id: `bar-${emotion}` }, emotion);
    const bar = make("progress", { max: "1", value: "0", "aria-labelledby": `bar-${emotion}` });
    const share = make("span", { class: "share" }, "–");
    row.append(name, bar, share);
    this.bars.append(row);
    this.rows.set(emotion, { row, bar, share });
  }

  addLandmark(emotion) {
    const [valence, arousal] = LANDMARKS[emotion];
    const [x, y] = [valence * RADIUS, -arousal * RADIUS];
    // Anger and fear lie so close together that their names need different sides.
    const below = emotion === "angry" || emotion === "neutral";
    this.landmarks.append(
      draw("circle", { class: `landmark-dot ${emotion}`, cx: x, cy: y, r: 3 }),
      draw("text", { class: "landmark", x: below ? x + 5 : x, y: below ? y + 12 : y - 7, "text-anchor": below ? "start" : "middle" }, emotion),
    );
  }

  show(mood) {
    const words = WORDS[mood.state] ?? mood.state;
    if (this.state.textContent !== words) this.state.textContent = words;
    this.detail.textContent = DETAILS[mood.state] ?? `${Math.round(mood.confidence * 100)} % sure`;
    for (const emotion of EMOTIONS) {
      const { row, bar, share } = this.rows.get(emotion);
      const probability = mood.probabilities[emotion];
      bar.value = probability ?? 0;
      share.textContent = probability === undefined ? "–" : `${Math.round(probability * 100)} %`;
      row.classList.toggle("top", emotion === mood.state);
    }
    this.movePoint(mood);
  }

  movePoint({ state, valence, arousal }) {
    const absent = state === "absent";
    this.point.setAttribute("visibility", absent ? "hidden" : "visible");
    this.point.setAttribute("class", `point ${EMOTIONS.includes(state) ? state : ""}`);
    this.point.style.transform = `translate(${valence * RADIUS}px, ${-arousal * RADIUS}px)`;
    this.planeTitle.textContent = absent ? "No position" : `Valence ${valence.toFixed(2)}, arousal ${arousal.toFixed(2)}`;
  }
}
