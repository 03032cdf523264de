// The lists of picks, and what a person says about them.
const ACTIONS = [
  { action: "like", label: "Like", done: "Liked" },
  { action: "skip", label: "Skip", done: "Skipped" },
  { action: "dislike", label: "Not for me", done: "Noted as not for you" },
];
const COUNT = 10;

function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

function lineUnderTitle({ creators, year, rating, duration_min: minutes, genres }) {
  const parts = [creators.join(", "), year, rating && `rated ${rating.toFixed(1)}`, minutes && `${minutes} min`];
  return [...parts, genres.slice(0, 2).join(", ")].filter(Boolean).join(" · ");
}

export class Lists {
  constructor(root, base, { announce, warn }) {
    this.root = root;
    this.base = base;
    this.announce = announce;
    this.warn = warn;
    this.lists = new Map();
    this.liked = new Set();
  }

  async start() {
    const response = await fetch("/v1/kinds");
    if (!response.ok) throw new Error(`The kinds of picks are not known: ${response.status}`);
    for (const kind of await response.json()) this.addCard(kind);
  }

  addCard({ kind, title, links }) {
    const card = make("section", "card");
    const heading = make("h2", "", title);
    heading.id = `picks-${kind}`;
    card.setAttribute("aria-labelledby", heading.id);
    const empty = make("p", "quiet", "Waiting for the first picks");
    const list = make("ol");
    card.append(heading, empty, list);
    this.root.append(card);
    this.lists.set(kind, { empty, list, links });
  }

  show(picks) {
    for (const [kind, ofKind] of Object.entries(picks)) this.showKind(kind, ofKind);
  }

  showKind(kind, picks) {
    const parts = this.lists.get(kind);
    if (!parts) return;
    const focused = parts.list.contains(document.activeElement) ? document.activeElement.dataset : null;
    parts.list.replaceChildren(...picks.map((pick) => this.row(pick)));
    parts.empty.hidden = picks.length > 0;
    parts.empty.textContent = "Nothing left to pick here";
    // A list that is replaced would otherwise throw a keyboard user back to the top of the page.
    if (focused) this.button(parts.list, focused)?.focus();
  }

  button(list, { item, action }) {
    const same = [...list.querySelectorAll("button")].find((b) => b.dataset.item === item && b.dataset.action === action);
    return same ?? list.querySelector("button");
  }

  row({ item, reasons }) {
    const row = make("li", "pick");
    row.append(this.title(item), make("p", "by", lineUnderTitle(item)));
    if (reasons.length) row.append(make("p", "why", reasons.join(" ")));
    const actions = make("div", "actions");
    actions.append(...ACTIONS.map((choice) => this.actionButton(item, choice)));
    row.append(actions);
    return row;
  }

  title({ kind, title, external_ids: ids }) {
    const heading = make("h3");
    const [provider, address] = Object.entries(this.lists.get(kind).links).find(([name]) => ids[name]) ?? [];
    const text = make(provider ? "a" : "span", "", title);
    if (provider) {
      text.href = address.replace("{}", encodeURIComponent(ids[provider]));
      text.rel = "noopener noreferrer";
      text.target = "_blank";
    }
    heading.append(text);
    return heading;
  }

  actionButton(item, { action, label, done }) {
    const button = make("button", "", label);
    button.type = "button";
    button.dataset.item = item.id;
    button.dataset.action = action;
    button.setAttribute("aria-label", `${label}: ${item.title}`);
    if (action === "like") button.setAttribute("aria-pressed", String(this.liked.has(item.id)));
    button.addEventListener("click", () => this.send(button, item, action, `${done}: ${item.title}`));
    return button;
  }

  async send(button, item, action, done) {
    button.disabled = true;
    try {
      const response = await fetch(`${this.base}/feedback`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ item_id: item.id, action }),
      });
      if (!response.ok) {
        const problem = await response.json();
        throw new Error(`${problem.detail} ${problem.advice}`);
      }
      if (action === "like") this.liked.add(item.id);
      this.announce(done);
      await this.reload(item.kind);
    } catch (error) {
      this.warn(`That was not saved. ${error.message}`);
    } finally {
      button.disabled = false;
    }
  }

  async reload(kind) {
    const response = await fetch(`${this.base}/recommendations?kind=${encodeURIComponent(kind)}&count=${COUNT}`);
    if (response.ok) this.showKind(kind, (await response.json()).picks);
  }
}
