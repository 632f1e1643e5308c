import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { Area, Change } from "./contract";

export type LiveState = "connecting" | "live" | "polling";

let state: LiveState = "connecting";
const listeners = new Set<() => void>();

/** Without a live line pages ask at this interval; with it, only as a net under it. */
export const pollEvery = 5_000;
export const pollEveryWhileLive = 30_000;
const reopenAfter = 15_000;

/** A page reads again at most so often, however much changes: it costs each database a statement or two. */
export const gatherFor = 4_000;

export function useLive() {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

/** Reads again what is shown when the server says that it has changed. */
export function listen(queries: QueryClient) {
  let source: EventSource | null = null;
  let reopening = 0;
  const tell = gather((areas) => {
    void queries.invalidateQueries({ predicate: (query) => touches(query.meta?.["areas"] as Area[] | undefined, areas) });
  });

  const open = () => {
    source = new EventSource(new URL("api/v1/live", document.baseURI));
    source.addEventListener("open", () => {
      // What changed while the line was away was not told.
      if (state === "polling") void queries.invalidateQueries();
      become("live");
    });
    source.addEventListener("changed", (event) => {
      tell((JSON.parse((event as MessageEvent<string>).data) as Change).areas);
    });
    source.addEventListener("error", () => {
      become("polling");
      // The browser opens a broken line again by itself, but not a refused one.
      if (source?.readyState === EventSource.CLOSED) {
        clearTimeout(reopening);
        reopening = window.setTimeout(open, reopenAfter);
      }
    });
  };

  // A hidden page costs the server nothing, and one that is left holds none of the few lines a browser has.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(reopening);
      source?.close();
      become("polling");
    } else if (!source || source.readyState === EventSource.CLOSED) {
      open();
    }
  });
  open();
}

/** What comes after a pause is told at once, and what comes soon after it together. */
export function gather(told: (areas: Area[]) => void, wait = gatherFor) {
  let gathered = new Set<Area>();
  let isWaiting = false;
  const tell = () => {
    isWaiting = gathered.size > 0;
    if (!isWaiting) return;
    const areas = [...gathered];
    gathered = new Set();
    setTimeout(tell, wait);
    told(areas);
  };
  return (areas: Area[]) => {
    areas.forEach((area) => gathered.add(area));
    if (!isWaiting) tell();
  };
}

export const touches = (shown: Area[] | undefined, changed: Area[]) => !shown || shown.some((area) => changed.includes(area));

function become(next: LiveState) {
  if (state === next) return;
  state = next;
  listeners.forEach((listener) => listener());
}
