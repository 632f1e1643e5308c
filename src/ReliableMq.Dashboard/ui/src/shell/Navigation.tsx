import { useLocation } from "wouter";
import type { Overview } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { addCounts, formatCount } from "../i18n/numbers";
import { Go, useService } from "../parts/address";
import type { Tone } from "../parts/Mark";

export function Navigation() {
  const { pages, shell } = useTexts();
  const [path] = useLocation();
  const service = useService();
  const overview = useRead<Overview>("overview", { service }, { areas: ["outbox", "inbox", "dead-letters", "alerts", "nodes", "broker", "database"] }).data;
  const sum = (pick: "failed" | "deadLetters" | "failing" | "openAlerts") => overview && addCounts(overview.services.map((one) => one[pick]));
  const failed = sum("failed");
  const failing = sum("failing");
  const dead = sum("deadLetters");
  const alerts = sum("openAlerts");

  const item = (to: string, name: string, count?: string | false | undefined, tone: Tone = "bad") => {
    const isCurrent = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
    return (
      <li>
        <Go to={to} className="nav-item" aria-current={isCurrent ? "page" : undefined}>
          <span>{name}</span>
          {count && <span className={`nav-count ${tone}`}>{count}</span>}
        </Go>
      </li>
    );
  };

  return (
    <>
      <div className="brand"><img src="./icon.svg" alt="" width="22" height="22" />ReliableMq</div>
      <nav aria-label={shell.navigation}>
        <ul>{item("/", pages.overview)}</ul>
        <h2>{shell.repair}</h2>
        <ul>
          {item("/dead-letters", pages.deadLetters, dead && dead.value > 0 && formatCount(dead))}
          {item("/alerts", pages.alerts, alerts && alerts.value > 0 && formatCount(alerts), "warn")}
        </ul>
        <h2>{shell.flow}</h2>
        <ul>
          {item("/outbox", pages.outbox, failed && failed.value > 0 && formatCount(failed))}
          {item("/inbox", pages.inbox, failing && failing.value > 0 && formatCount(failing), "warn")}
          {item("/queues", pages.queues)}
        </ul>
        <h2>{shell.operation}</h2>
        <ul>
          {item("/nodes", pages.nodes)}
          {item("/schedule", pages.schedule)}
          {item("/audit", pages.audit)}
        </ul>
      </nav>
    </>
  );
}
