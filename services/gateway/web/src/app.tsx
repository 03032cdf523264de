// The frame around every page: where one can go, whether the page is live, and how it looks and speaks.
import { useEffect } from "preact/hooks";
import { Link, Route, Switch, useLocation, useSearch } from "wouter-preact";
import { connection } from "./api/live";
import { stream, turnOff } from "./camera/camera";
import { ForYou } from "./pages/for-you";
import { MePage } from "./pages/me";
import { Now } from "./pages/now";
import { OperatorPage } from "./pages/operator";
import { Welcome } from "./pages/welcome";
import { Skeletons } from "./picks/list-view";
import { asked, me, putTermsAside, settings, user } from "./session";
import { Player } from "./spotify/player";
import { Icon, type IconName } from "./ui/icon";
import { THEMES, theme } from "./ui/theme";
import { NoticeBar, Toasts } from "./ui/toast";
import { LANGUAGE_NAMES, type Language, language, speak, words } from "./words";

const PLACES = [
  ["/", "now"],
  ["/for-you", "forYou"],
  ["/me", "me"],
  ["/operator", "operator"],
] as const satisfies readonly (readonly [string, IconName])[];

export function App() {
  const w = words.value;
  const [path] = useLocation();
  const welcomes = !user.value || asked.value;
  useEffect(putTermsAside, [path]);
  useEffect(() => window.scrollTo(0, 0), [path, welcomes]);
  useEffect(() => {
    const name = PLACES.find(([href]) => href === path)?.[1] ?? "now";
    document.title = `${w.nav[name]} · EmoVerse`;
    document.documentElement.lang = language.value;
  });
  return (
    <>
      <a class="skip" href="#content">
        {w.skipToContent}
      </a>
      <header class="bar">
        <Link class="brand" href={hrefOf("/", useSearch())} onClick={putTermsAside}>
          EmoVerse
        </Link>
        {user.value && <Places />}
        <CameraLight />
        {user.value && (
          <p class={`connection ${connection.value}`} role="status">
            {w.connection[connection.value]}
          </p>
        )}
      </header>
      <NoticeBar />
      <main id="content" tabIndex={-1}>
        <Page key={user.value ?? ""} />
      </main>
      <Player />
      <Toasts />
      <Footer />
    </>
  );
}

/** Wherever somebody is on the page, they see that the camera is on, and can turn it off. */
function CameraLight() {
  if (!stream.value) return null;
  const w = words.value;
  return (
    <button type="button" class="camera-light" onClick={() => turnOff()}>
      <Icon name="camera" />
      <span>{w.cameraOff}</span>
    </button>
  );
}

function Page() {
  if (!settings.value) return <Skeletons />;
  if (!user.value || asked.value) return <Welcome />;
  return (
    <Switch>
      <Route path="/for-you" component={ForYou} />
      <Route path="/me" component={MePage} />
      <Route path="/operator" component={OperatorPage} />
      <Route component={Now} />
    </Switch>
  );
}

/** A page's address, for the same person. */
function hrefOf(path: string, search: string): string {
  return search ? `${path}?${search}` : path;
}

function Places() {
  const w = words.value;
  const [path] = useLocation();
  const search = useSearch();
  return (
    <nav class="places" aria-label={w.nav.label}>
      {PLACES.filter(([, name]) => name !== "operator" || me.value?.kind === "operator").map(([href, name]) => (
        <Link
          key={href}
          href={hrefOf(href, search)}
          aria-current={path === href ? "page" : undefined}
          onClick={putTermsAside}
        >
          <Icon name={name} />
          {w.nav[name]}
        </Link>
      ))}
    </nav>
  );
}

function Footer() {
  const w = words.value;
  return (
    <footer>
      <p class="quiet">
        {w.privacyLine} <a href="/docs">{w.api}</a>
      </p>
      <label>
        {w.theme.label}
        <select
          value={theme.value}
          onChange={(event) => (theme.value = event.currentTarget.value as typeof theme.value)}
        >
          {THEMES.map((each) => (
            <option key={each} value={each}>
              {w.theme[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {w.chooseLanguage}
        <select value={language.value} onChange={(event) => speak(event.currentTarget.value as Language)}>
          {LANGUAGE_NAMES.map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </footer>
  );
}
