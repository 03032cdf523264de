import { effect, untracked } from "@preact/signals";
import { render } from "preact";
import { connection, listen } from "./api/live";
import { App } from "./app";
import { forget, see } from "./mood/store";
import { recover, refreshSoon, start } from "./picks/store";
import { open, recheck, user } from "./session";
import { startSpotify } from "./spotify/store";
import "./style/tokens.css";
import "./style/base.css";
import "./style/frame.css";
import "./style/mood.css";
import "./style/picks.css";
import "./style/pages.css";
import { notice } from "./ui/toast";
import { words } from "./words";

// A newer version was put in place of the one that this page came from.
window.addEventListener("vite:preloadError", () => location.reload());
void open();
start();
startSpotify();
effect(() => {
  untracked(forget);
  if (!user.value) return undefined;
  return listen(user.value, {
    mood: (event) => see(event.mood),
    recommendations: refreshSoon,
    notice: ({ code, detail, advice }) => {
      notice.value = words.peek().notices[code] ?? `${detail} ${advice}`;
    },
  });
});
effect(() => {
  if (connection.value === "lost") void recheck();
  if (connection.value !== "live") return;
  notice.value = "";
  recover();
});
render(<App />, document.getElementById("app") as HTMLElement);
