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
import { renew } from "./ui/renew";
import { notice } from "./ui/toast";
import { words } from "./words";

window.addEventListener("vite:preloadError", () => void renew());
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
      const notices: Record<string, string> = words.peek().notices;
      notice.value = notices[code] ?? `${detail} ${advice}`;
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
