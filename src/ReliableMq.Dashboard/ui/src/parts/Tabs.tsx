import type { ReactNode } from "react";
import { Go, type Query } from "./address";
import type { Tone } from "./Mark";

export interface Tab { to: string; query?: Query; name: string; count?: ReactNode; isCurrent: boolean; tone?: Tone | undefined }

/** Pages beside one another; each has its own address. */
export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <Go key={tab.to + tab.name} to={tab.to} {...(tab.query ? { query: tab.query } : {})} className="tab" aria-current={tab.isCurrent ? "page" : undefined}>
          {tab.name}
          {tab.count !== undefined && <span className={`tab-count ${tab.tone ?? ""}`}>{tab.count}</span>}
        </Go>
      ))}
    </nav>
  );
}
