import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { ApiError } from "../api/client";
import { explain } from "../api/explain";
import { useLive } from "../api/live";
import { useSession } from "../api/use";
import { AskHost } from "../act/AskHost";
import { useTexts } from "../i18n/language";
import { useQueryState } from "../parts/address";
import { Icon } from "../parts/Icon";
import { Mark } from "../parts/Mark";
import { Failed } from "../parts/States";
import { localZone, offsetOf } from "../time/format";
import { useClock } from "../time/zone";
import { Navigation } from "./Navigation";
import { SearchBox } from "./SearchBox";

// Neither is needed to see whether messages flow.
const Settings = lazy(async () => ({ default: (await import("./Settings")).Settings }));
const Notices = lazy(async () => ({ default: (await import("../parts/Notices")).Notices }));

/** What is around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const texts = useTexts();
  const { shell } = texts;
  const session = useSession();
  const [path] = useLocation();
  const [isOpen, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);

  // A new page begins at its top, also for those who hear it.
  useEffect(() => {
    setOpen(false);
    if (before.current === path) return;
    before.current = path;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [path]);

  useEffect(() => {
    if (!isOpen) return;
    const close = (event: KeyboardEvent) => event.key === "Escape" && setOpen(false);
    document.addEventListener("keydown", close);
    return () => document.removeEventListener("keydown", close);
  }, [isOpen]);

  const refused = session.error instanceof ApiError && [401, 403].includes(session.error.status) ? session.error : null;
  return (
    <div className="shell">
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>{shell.skip}</a>
      <aside className={isOpen ? "side open" : "side"} id="side">
        <Navigation />
      </aside>
      {isOpen && <div className="veil" onClick={() => setOpen(false)} />}
      <div className="body">
        <header className="top">
          <button type="button" className="icon-button menu-button" aria-expanded={isOpen} aria-controls="side" aria-label={isOpen ? shell.closeMenu : shell.menu} onClick={() => setOpen(!isOpen)}>
            <Icon name={isOpen ? "close" : "menu"} />
          </button>
          <SearchBox />
          <div className="top-right">
            <ServiceChoice />
            <ZoneSwitch />
            <LiveSign />
            <SettingsButton />
          </div>
        </header>
        {session.data?.isReadOnly && <p className="strip" role="status"><Mark tone="info" />{shell.readOnly}</p>}
        {session.error && !refused && session.data && <p className="strip bad" role="status"><Mark tone="bad" />{session.error instanceof ApiError && session.error.isAway ? shell.away : explain(session.error, texts)}</p>}
        <main id="main" ref={main} tabIndex={-1}>
          {refused ? <Failed error={refused} again={() => void session.refetch()} /> : children}
        </main>
      </div>
      <Suspense fallback={null}><Notices /></Suspense>
      <AskHost />
    </div>
  );
}

/** What is behind it weighs as much as a page, and is fetched when it is wanted. */
function SettingsButton() {
  const { shell } = useTexts();
  const [isWanted, setWanted] = useState(false);
  const button = <button type="button" className="icon-button" aria-haspopup="dialog" aria-label={shell.settings} title={shell.settings} onClick={() => setWanted(true)}><Icon name="settings" /></button>;
  return isWanted ? <Suspense fallback={button}><Settings /></Suspense> : button;
}

function ServiceChoice() {
  const { shell } = useTexts();
  const services = useSession().data?.services ?? [];
  const [query, change] = useQueryState();
  if (services.length < 2 && !query["service"]) return null;
  return (
    <select className="service-choice" aria-label={shell.service} value={query["service"] ?? ""} onChange={(event) => change({ service: event.target.value || null, cursor: null })}>
      <option value="">{shell.allServices}</option>
      {services.map((service) => <option key={service.name} value={service.name}>{service.name}</option>)}
    </select>
  );
}

function ZoneSwitch() {
  const { shell } = useTexts();
  const { zone, setZone, now } = useClock();
  const name = zone === "utc" ? "UTC" : offsetOf(now, "local");
  return (
    <button
      type="button" className="button quiet zone" title={`${shell.timeZone}: ${zone === "utc" ? "UTC" : `${localZone()}, ${name}`}`} aria-pressed={zone === "utc"} aria-label={`${shell.timeZone}: ${zone === "utc" ? "UTC" : localZone()}`}
      onClick={() => setZone(zone === "utc" ? "local" : "utc")}
    >
      <Icon name="clock" /><span>{zone === "utc" ? "UTC" : localZone().split("/").pop()!.replaceAll("_", " ")}</span>
    </button>
  );
}

function LiveSign() {
  const { shell } = useTexts();
  const live = useLive();
  return (
    <span className={`live ${live}`} role="status" title={live === "polling" ? shell.pollingTitle : shell.liveTitle}>
      <Mark tone={live === "live" ? "good" : "calm"} /><span>{shell[live]}</span>
    </span>
  );
}
