import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import type { Overview as OverviewData, Rates, ServiceOverview } from "../api/contract";
import { explain } from "../api/explain";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { addCounts, formatCount, formatMilliseconds, formatNumber, formatRate } from "../i18n/numbers";
import { Go, useQueryState, useService } from "../parts/address";
import { Counted } from "../parts/Facts";
import { Mark, State } from "../parts/Mark";
import { Loading, Shown } from "../parts/States";
import { Table } from "../parts/Table";
import { formatClock, formatTime } from "../time/format";
import { Span, useClock } from "../time/zone";
import { pageOf } from "./places";
import { perMinute, wholeSteps } from "./steps";
import "../styles/overview.css";

const Chart = lazy(() => import("../charts/Chart"));
const ranges = [15, 60, 360, 1440, 10080];

export function Overview() {
  const texts = useTexts();
  const service = useService();
  const [query] = useQueryState();
  const minutes = ranges.find((range) => String(range) === query["minutes"]) ?? 60;
  const overview = useRead<OverviewData>("overview", { service }, { areas: ["outbox", "inbox", "dead-letters", "alerts", "nodes", "broker", "database"] });
  const rates = useRead<Rates>("rates", { service, minutes, points: 60 }, { areas: ["nodes"] });
  return (
    <Shown read={overview} rows={10}>
      {(data) => (
        <>
          <Verdict data={data} minutes={minutes} />
          <Figures data={data} rates={rates.data} />
          {data.verdict.findings.length > 0 && <Findings data={data} />}
          <Charts rates={rates.data} error={rates.error} />
          <section className="section" aria-labelledby="services">
            <div className="section-head">
              <h2 id="services">{texts.overview.services}</h2>
              <Broker data={data} />
            </div>
            <Services services={data.services} />
          </section>
        </>
      )}
    </Shown>
  );
}

function Verdict({ data, minutes }: { data: OverviewData; minutes: number }) {
  const { overview: words, pages } = useTexts();
  const { zone } = useClock();
  const worst = data.verdict.isHealthy ? "good" : data.verdict.findings.some((finding) => finding.severity === "error") ? "bad" : "warn";
  const sentence = words.verdict(data.verdict);
  useEffect(() => {
    document.title = `${sentence} · ReliableMq`;
  }, [sentence]);
  return (
    <div className="verdict">
      <Mark tone={worst} />
      <h1 tabIndex={-1}><span className="hidden">{pages.overview}: </span>{sentence}</h1>
      <nav className="segments" aria-label={words.range}>
        {ranges.map((range) => (
          <Go key={range} to="/" query={{ minutes: range === 60 ? null : String(range) }} className="segment" aria-current={range === minutes ? "true" : undefined}>{words.ranges[range]}</Go>
        ))}
      </nav>
      <p>{words.asOf(formatClock(data.now, zone))}</p>
    </div>
  );
}

function Figures({ data, rates }: { data: OverviewData; rates: Rates | undefined }) {
  const { overview: words } = useTexts();
  const total = rates?.total;
  const minutes = rates ? Math.max(1, (Date.parse(rates.until) - Date.parse(rates.from)) / 60_000) : 1;
  // The oldest may be one that is being retried.
  const waiting = addCounts(data.services.flatMap((one) => [one.pending, one.retrying]));
  const oldest = Math.max(-1, ...data.services.map((one) => one.oldestPendingSeconds ?? -1));
  const rate = (value: number | undefined) => value === undefined ? "–" : `${formatRate(value / minutes)} ${words.perMinute}`;
  return (
    <div className="figures">
      <Figure name={words.committed} value={total?.committed} more={rate(total?.committed)} to="/outbox/pending" />
      <Figure name={words.sent} value={total?.sent} more={rate(total?.sent)} to="/outbox/sent" />
      <Figure name={words.handled} value={total?.handled} more={rate(total?.handled)} to="/inbox/done" />
      <Figure name={words.failed} value={total?.failed} more={rate(total?.failed)} to="/inbox/failing" tone={total && total.failed > 0 ? "warn" : ""} />
      <Figure name={words.deadLettered} value={total?.deadLettered} more={rate(total?.deadLettered)} to="/dead-letters" tone={total && total.deadLettered > 0 ? "bad" : ""} />
      <Figure name={words.waiting} value={formatCount(waiting)} more={oldest < 0 ? "" : <>{words.oldest} <Span seconds={oldest} /></>} to="/outbox/pending" />
      <Figure name={`${words.confirm} ${words.p95}`} about={words.confirmLatency} value={total?.confirm ? formatMilliseconds(total.confirm.p95) : "–"} more={<span title={words.handleLatency}>{`${words.handle}: ${total?.handle ? formatMilliseconds(total.handle.p95) : "–"}`}</span>} />
    </div>
  );
}

function Figure({ name, value, more, to, about, tone = "" }: { name: string; value: number | string | undefined; more: React.ReactNode; to?: string; about?: string; tone?: string }) {
  const content = (
    <>
      <span className="figure-name" title={about}>{name}</span>
      <span className="figure-value">{typeof value === "number" ? formatNumber(value) : (value ?? "–")}</span>
      <span className="figure-more">{more}</span>
    </>
  );
  return to ? <Go to={to} className={`figure ${tone}`}>{content}</Go> : <div className={`figure ${tone}`}>{content}</div>;
}

function Findings({ data }: { data: OverviewData }) {
  const { overview: words } = useTexts();
  return (
    <section className="section" aria-labelledby="attention">
      <div className="section-head"><h2 id="attention">{words.attention}</h2></div>
      <ul className="findings framed">
        {data.verdict.findings.map((finding, index) => {
          const place = pageOf(finding, data);
          return (
            <li key={index}>
              <Mark tone={finding.severity === "error" ? "bad" : "warn"} />
              <span className="breaks">
                {finding.service && <span className="service">{finding.service}</span>}
                {words.finding(finding)}
              </span>
              {place && <Go to={place.to} {...(place.query ? { query: place.query } : {})} className="button small">{words.open[finding.area]}</Go>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}


function Charts({ rates, error }: { rates: Rates | undefined; error: unknown }) {
  const { overview: words } = useTexts();
  const points = useMemo(() => wholeSteps(rates), [rates]);
  const at = useMemo(() => points.map((point) => Date.parse(point.at) / 1000), [points]);
  const throughput = useMemo(() => rates && [
    { name: words.committed, line: 1 as const, values: perMinute(points, rates.stepSeconds, (point) => point.committed) },
    { name: words.sent, line: 2 as const, values: perMinute(points, rates.stepSeconds, (point) => point.sent) },
    { name: words.handled, line: 3 as const, values: perMinute(points, rates.stepSeconds, (point) => point.handled) },
    { name: words.failed, line: 4 as const, values: perMinute(points, rates.stepSeconds, (point) => point.failed) },
    { name: words.deadLettered, line: 5 as const, values: perMinute(points, rates.stepSeconds, (point) => point.deadLettered) },
  ], [rates, points, words]);
  const latency = useMemo(() => rates && [
    { name: `${words.confirm} ${words.p50}`, line: 1 as const, values: points.map((point) => point.confirm?.p50 ?? null) },
    { name: `${words.confirm} ${words.p99}`, line: 2 as const, values: points.map((point) => point.confirm?.p99 ?? null) },
    { name: `${words.handle} ${words.p50}`, line: 3 as const, values: points.map((point) => point.handle?.p50 ?? null) },
    { name: `${words.handle} ${words.p99}`, line: 4 as const, values: points.map((point) => point.handle?.p99 ?? null) },
  ], [rates, points, words]);
  return (
    <div className="charts">
      <ChartSection title={words.throughput} rates={rates} error={error} at={at} series={throughput} format={formatRate} />
      <ChartSection title={words.latency} rates={rates} error={error} at={at} series={latency} format={formatMilliseconds} />
    </div>
  );
}

interface ChartSectionProps {
  title: string; rates: Rates | undefined; error: unknown; at: number[]; format: (value: number) => string;
  series: { name: string; line: 1 | 2 | 3 | 4 | 5; values: (number | null)[] }[] | undefined;
}

function ChartSection({ title, rates, error, at, series, format }: ChartSectionProps) {
  const texts = useTexts();
  const { overview: words, fields } = texts;
  const { zone } = useClock();
  const [isTable, setTable] = useState(false);
  const isEmpty = !rates || !series || series.every((each) => each.values.every((value) => !value));
  return (
    <section className="section" aria-label={title}>
      <div className="section-head">
        <h2>{title}</h2>
        {!isEmpty && <button type="button" className="link-button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>{isTable ? words.asChart : words.asTable}</button>}
      </div>
      {error && !rates ? <div className="chart-box chart-none">{explain(error, texts)}</div>
        : !rates || !series ? <div className="chart-box"><Loading rows={5} /></div>
        : isEmpty ? <div className="chart-box chart-none">{words.noRates}</div>
        : isTable ? (
        <div className="chart-table" tabIndex={0} role="region" aria-label={title}>
          <Table
            label={title} rows={at.map((_, index) => index)} keyOf={String}
            columns={[
              { name: fields.at, cell: (index) => <span className="num">{formatTime(new Date(at[index]! * 1000), zone)}</span> },
              ...series.map((each) => ({
                name: each.name, kind: "num" as const,
                cell: (index: number) => each.values[index] === null ? "–" : format(each.values[index]!),
              })),
            ]}
          />
        </div>
      ) : (
        <Suspense fallback={<div className="chart-box" />}>
          <Chart label={words.chartOf(title, formatTime(rates.from, zone), formatTime(rates.until, zone))} at={at} series={series} format={format} />
        </Suspense>
      )}
    </section>
  );
}

function Broker({ data }: { data: OverviewData }) {
  const { overview: words } = useTexts();
  const { broker } = data;
  const tone = broker.isReachable === null ? "calm" : !broker.isReachable ? "bad" : broker.alarms.length > 0 ? "warn" : "good";
  return (
    <span className="state breaks" title={broker.text}>
      <Mark tone={tone} />
      {words.broker}: {broker.isReachable === null ? words.brokerUnknown : broker.isReachable ? words.brokerUp : words.brokerDown}
      {broker.version && <span className="faint num">RabbitMQ {broker.version}</span>}
      {broker.alarms.length > 0 && <span className="warn-text">{words.alarms}: {broker.alarms.join(", ")}</span>}
    </span>
  );
}

function Services({ services }: { services: ServiceOverview[] }) {
  const { overview: words, outboxStates, inboxStates, pages, fields } = useTexts();
  const figure = (row: ServiceOverview, to: string, pick: "pending" | "scheduled" | "retrying" | "failed" | "failing" | "parked" | "deadLetters", tone?: "warn" | "bad") => (
    <Go to={to} query={{ service: row.service }} className={tone && row[pick].value > 0 ? `${tone}-text` : row[pick].value === 0 ? "faint" : ""}><Counted count={row[pick]} /></Go>
  );
  return (
    <Table
      label={words.services} rows={services} keyOf={(row) => row.service}
      columns={[
        {
          name: fields.service, kind: "wide", phone: "first",
          cell: (row) => <State tone={row.isReachable && row.nodesAlive > 0 ? "good" : "bad"}>{row.service}{!row.isReachable && <span className="bad-text">{words.unreachable}</span>}</State>,
        },
        { name: outboxStates.pending, kind: "num", cell: (row) => figure(row, "/outbox/pending", "pending") },
        { name: words.oldest, kind: "num", cell: (row) => <Span seconds={row.oldestPendingSeconds} /> },
        { name: outboxStates.scheduled, kind: "num", phone: "off", cell: (row) => figure(row, "/outbox/scheduled", "scheduled") },
        { name: outboxStates.retrying, kind: "num", cell: (row) => figure(row, "/outbox/retrying", "retrying", "warn") },
        { name: outboxStates.failed, kind: "num", cell: (row) => figure(row, "/outbox/failed", "failed", "bad") },
        { name: inboxStates.failing, kind: "num", cell: (row) => figure(row, "/inbox/failing", "failing", "warn") },
        { name: words.parked, kind: "num", phone: "off", cell: (row) => figure(row, "/inbox/parked", "parked", "warn") },
        { name: pages.deadLetters, kind: "num", cell: (row) => figure(row, "/dead-letters", "deadLetters", "bad") },
        { name: words.alerts, kind: "num", cell: (row) => <Go to="/alerts" query={{ service: row.service }} className={row.openAlerts.value > 0 ? "warn-text" : "faint"}><Counted count={row.openAlerts} /></Go> },
        {
          name: words.nodesAlive, kind: "num",
          cell: (row) => <Go to="/nodes" query={{ service: row.service }} {...(row.isReachable && row.nodesAlive === 0 ? { className: "bad-text" } : {})}>{row.isReachable ? row.nodesAlive : "?"}{row.nodesSilent > 0 && <span className="warn-text"> + {words.silent(row.nodesSilent)}</span>}</Go>,
        },
      ]}
    />
  );
}
