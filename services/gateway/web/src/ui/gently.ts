// Changes what is shown with a short transition, where the browser can and the person does not mind.
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

export function gently(change: () => void) {
  if (!document.startViewTransition || calm.matches || document.hidden) {
    change();
    return;
  }
  const transition = document.startViewTransition(async () => {
    change();
    // Components are drawn again in a task of their own.
    await new Promise((resolve) => setTimeout(resolve));
  });
  // One that is overtaken by the next is no failure.
  for (const part of [transition.ready, transition.finished]) part.catch(() => {});
}
