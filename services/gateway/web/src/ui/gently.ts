// Changes a list so that the eye can follow: what stays slides to its new place, what is new fades in.
// Not a view transition: while one runs, nothing that it moves can be clicked, and the pointer seems to have left.
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const TIMING = { duration: 280, easing: "ease-out", id: "gently" };

/** Make the change; the parts with `data-moves` that it moves or adds arrive gently, if the person does not mind. */
export function gently(change: () => void) {
  const before = new Map(parts().map((part) => [part, part.getBoundingClientRect()]));
  change();
  // Components are drawn again after this, and before the next frame.
  if (!calm.matches) requestAnimationFrame(() => arrived(before));
}

const parts = () => [...document.querySelectorAll<HTMLElement>("[data-moves]")];

function arrived(before: Map<HTMLElement, DOMRect>) {
  for (const part of parts()) arrive(part, before.get(part));
}

function arrive(part: HTMLElement, from: DOMRect | undefined) {
  for (const running of part.getAnimations()) if (running.id === TIMING.id) running.cancel();
  if (from) slide(part, from);
  else part.animate({ opacity: [0, 1] }, TIMING);
}

function slide(part: HTMLElement, from: DOMRect) {
  const to = part.getBoundingClientRect();
  const [x, y] = [from.x - to.x, from.y - to.y];
  if (x || y) part.animate({ transform: [`translate(${x}px, ${y}px)`, "none"] }, TIMING);
}
