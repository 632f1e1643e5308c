import type { AlertItem, Page } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { Go, MessageLink, useQueryState } from "../parts/address";
import { Mark } from "../parts/Mark";
import { Pager } from "../parts/Pager";
import { Blank, Shown, UnreadableNotes } from "../parts/States";
import { Tabs } from "../parts/Tabs";
import { Title } from "../parts/Title";
import { Age } from "../time/zone";
import "../styles/alerts.css";

export function Alerts() {
  const { pages, alerts: words } = useTexts();
  const [query] = useQueryState();
  const isResolved = query["resolved"] === "true";
  const read = useRead<Page<AlertItem>>("alerts", { service: query["service"], resolved: isResolved, cursor: query["cursor"] }, { areas: ["alerts"] });
  return (
    <>
      <Title>{pages.alerts}</Title>
      <Tabs label={pages.alerts} tabs={[{ to: "/alerts", name: words.open, isCurrent: !isResolved }, { to: "/alerts", query: { resolved: "true" }, name: words.resolved, isCurrent: isResolved }]} />
      <Shown read={read}>
        {(page) => (
          <>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.items.length === 0 ? <div className="framed"><Blank tone={isResolved ? "calm" : "good"} title={isResolved ? words.emptyResolved : words.empty} /></div> : (
              <ul className="alerts framed">{page.items.map((alert) => <Alert key={alert.service + alert.id} alert={alert} />)}</ul>
            )}
            <Pager next={page.next} shown={page.items.length} />
          </>
        )}
      </Shown>
    </>
  );
}

function Alert({ alert }: { alert: AlertItem }) {
  const { alerts: words, severities, fields } = useTexts();
  const told = alert.tellings.filter((telling) => telling.toldAt);
  return (
    <li>
      <Mark tone={alert.resolvedAt ? "calm" : alert.severity === "error" ? "bad" : "warn"} />
      <div>
        <p className="alert-text"><span className="hidden">{severities[alert.severity]}: </span>{alert.text}</p>
        <p className="faint">
          {alert.service} · <span className="mono">{alert.kind}</span> · {alert.group} · {words.raised(alert.count)} · {fields.last.toLowerCase()} <Age at={alert.lastRaisedAt} />
          {alert.firstRaisedAt !== alert.lastRaisedAt && <> · {fields.first.toLowerCase()} <Age at={alert.firstRaisedAt} /></>}
        </p>
        {alert.resolvedAt && <p className="faint">{words.resolved} <Age at={alert.resolvedAt} />{alert.resolution && `: ${alert.resolution}`}</p>}
        {alert.examples.length > 0 && (
          <ul className="examples" aria-label={words.examples}>
            {alert.examples.map((example, index) => (
              <li key={index}>{example.messageId && <MessageLink id={example.messageId} />} <span className="faint breaks">{example.reason}</span></li>
            ))}
          </ul>
        )}
        <p className="faint">
          {alert.tellings.length === 0 || told.length === 0 ? words.notTold : `${words.told}: `}
          {told.map((telling) => <span key={telling.sink}>{telling.sink} <Age at={telling.toldAt} /> </span>)}
          {alert.tellings.filter((telling) => telling.failedAttempts > 0).map((telling) => (
            <span key={telling.sink} className="warn-text" title={telling.error ?? ""}> {telling.sink}: {words.failedTelling(telling.failedAttempts)}{telling.error && ` (${telling.error})`} </span>
          ))}
        </p>
      </div>
      <AlertLink alert={alert} />
    </li>
  );
}

/** The page where the cause is put right. */
function AlertLink({ alert }: { alert: AlertItem }) {
  const { overview } = useTexts();
  const area = /dead/.test(alert.kind) ? "dead-letters" : /outbox|backlog|unroutable|sent/.test(alert.kind) ? "outbox" : /inbox|failing/.test(alert.kind) ? "inbox" : null;
  return area && !alert.resolvedAt ? <Go to={area === "outbox" ? "/outbox/failed" : `/${area}`} query={{ service: alert.service }} className="button small">{overview.open[area]}</Go> : null;
}
