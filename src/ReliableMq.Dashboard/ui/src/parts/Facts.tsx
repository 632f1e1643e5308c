import type { ReactNode } from "react";
import type { Count } from "../api/contract";
import { useTexts } from "../i18n/language";
import { formatCount } from "../i18n/numbers";
import { Copy } from "./Copy";

/** Names and values beside each other; what is not there is left out. */
export function Facts({ facts }: { facts: [name: string, value: ReactNode][] }) {
  return (
    <dl className="facts">
      {facts.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}

/** An id as a whole, and a button that copies it. */
export function Id({ value, children }: { value: string; children?: ReactNode }) {
  return <span className="id"><span className="mono">{children ?? value}</span><Copy text={value} /></span>;
}

export function Counted({ count }: { count: Count }) {
  const { common } = useTexts();
  const title = count.isUnknown ? common.notKnown : count.isAtLeast ? common.atLeast : count.isEstimate ? common.estimate : undefined;
  return <span className="num" {...(title ? { title } : {})}>{formatCount(count)}</span>;
}
