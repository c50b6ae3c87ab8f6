/** Page views, also in applications that change the page without loading one. */

import { bareUrl, pagePath } from "./names";
import { type Page, listen, now } from "./page";

const enum Limit {
  /** How long the application may take to set the title of its new page. */
  TitleMs = 50,
}

/** Returns a function that reports the present page, if it was not reported yet. */
export function watchViews(page: Page, changed: () => void): (again?: boolean) => void {
  let last: string | undefined;
  let referrer = bareUrl(document.referrer);

  const view = (again?: boolean, at?: number) => {
    const path = pagePath();
    if (path === last && !again) return;
    last = path;
    page.track("page.viewed", { title: document.title || undefined, referrer }, at);
    referrer = bareUrl(location.href);
  };
  const later = () => {
    if (pagePath() !== last) changed();
    setTimeout(view, Limit.TitleMs, false, now());
  };
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (...given) {
      original.apply(this, given);
      later();
    };
  }
  listen("popstate hashchange", later);
  listen<PageTransitionEvent>("pageshow", (event) => {
    if (event.persisted) view(true);
  });
  return view;
}
