// The page: one live channel in, feedback out. Whatever a server sent enters the page as text, never as markup.
import { Lists } from "/static/lists.js";
import { MoodView } from "/static/mood.js";

const user = new URLSearchParams(location.search).get("user") || "demo";
const base = `/v1/users/${encodeURIComponent(user)}`;
const element = (id) => document.getElementById(id);

const moodView = new MoodView(element);
const lists = new Lists(element("picks"), base, { announce, warn: showMessage });
let timer = 0;

element("user").textContent = user;
document.title = `EmoVerse – ${user}`;

function announce(text) {
  element("announcer").textContent = text;
}

function showMessage(text) {
  element("message").textContent = text;
  element("message").hidden = !text;
}

function showConnection(live, text) {
  element("connection").textContent = text;
  element("connection").classList.toggle("live", live);
}

async function explainRefusal() {
  // EventSource does not tell why it was refused, so the same address space is asked in a way that answers.
  try {
    const response = await fetch(`${base}/mood`);
    if (response.status === 422) {
      const problem = await response.json();
      showConnection(false, "Not connected");
      showMessage(`${problem.detail} ${problem.advice}`);
      return;
    }
  } catch {
    // The gateway is away altogether: trying again is all there is to do.
  }
  connectLater();
}

function connectLater() {
  clearTimeout(timer);
  timer = setTimeout(connect, 3000);
}

const NOTICES = {
  redis_unavailable: "Live updates are paused: the event channel is away. They resume by themselves.",
  recommender_unavailable: "New picks are paused: the recommender is away. They resume by themselves.",
  unavailable: "New picks are paused: the recommender is away. They resume by themselves.",
  live_resumed: "",
  shutting_down: "The gateway is restarting. Connecting again.",
  slow_reader: "This page fell behind. Connecting again.",
};

function connect() {
  const channel = new EventSource(`${base}/live`);
  channel.addEventListener("open", () => {
    showConnection(true, "Live");
    showMessage("");
  });
  channel.addEventListener("mood", (event) => moodView.show(JSON.parse(event.data).mood));
  channel.addEventListener("recommendations", (event) => lists.show(JSON.parse(event.data).picks));
  channel.addEventListener("notice", (event) => {
    const notice = JSON.parse(event.data);
    showMessage(NOTICES[notice.code] ?? `${notice.detail} ${notice.advice}`);
  });
  channel.addEventListener("error", () => {
    showConnection(false, "Connection lost, trying again");
    if (channel.readyState === EventSource.CLOSED) explainRefusal();
  });
}

async function start() {
  try {
    await lists.start();
    connect();
  } catch {
    showConnection(false, "Connection lost, trying again");
    setTimeout(start, 3000);
  }
}

moodView.start(user);
start();
