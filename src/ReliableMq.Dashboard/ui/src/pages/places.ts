import type { Finding, Overview } from "../api/contract";
import type { Query } from "../parts/address";

interface Place { to: string; query?: Query }

/** The page that repairs what a finding tells. */
export function pageOf(finding: Finding, overview: Overview): Place | null {
  const service = overview.services.find((one) => one.service === finding.service);
  const query: Query = finding.service ? { service: finding.service } : {};
  switch (finding.area) {
    case "outbox": return { to: service && service.failed.value > 0 ? "/outbox/failed" : service && service.retrying.value > 0 ? "/outbox/retrying" : "/outbox/pending", query };
    case "inbox": return { to: service && service.failing.value === 0 && service.parked.value > 0 ? "/inbox/parked" : "/inbox/failing", query };
    case "dead-letters": return { to: "/dead-letters", query };
    case "queues": return { to: "/queues", query };
    case "alerts": return { to: "/alerts", query };
    case "nodes": return { to: "/nodes", query };
    case "schedule": return { to: "/schedule", query };
    case "broker": return { to: "/queues", query };
    // Nothing here repairs a database; the list of services tells which one it is.
    case "database": return null;
  }
}
