import { useQueryClient } from "@tanstack/react-query";
import { act } from "../act/act";
import { DoButton } from "../act/DoButton";
import { post } from "../api/client";
import type { ConsumerChangeRequest, Page, QueueItem, QueueRequest } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { formatNumber, formatRate } from "../i18n/numbers";
import { Go, useQueryState, useService } from "../parts/address";
import { Counted, Facts } from "../parts/Facts";
import { Mark, State } from "../parts/Mark";
import { Blank, Shown, UnreadableNotes } from "../parts/States";
import { Table } from "../parts/Table";
import { Title } from "../parts/Title";
import { Crumb } from "../parts/Crumb";
import { Time } from "../time/zone";
import "../styles/detail.css";

export function Queues() {
  const { pages, queues: words, fields } = useTexts();
  const service = useService();
  const [query] = useQueryState();
  const read = useRead<Page<QueueItem>>("queues", { service }, { areas: ["queues", "inbox", "dead-letters", "broker"] });
  const faint = (value: number) => <span className={value === 0 ? "faint" : ""}>{formatNumber(value)}</span>;
  return (
    <Shown read={read}>
      {(page) => {
        const one = page.items.find((item) => item.queue === query["queue"] && (!service || item.service === service));
        if (one) return <Queue item={one} />;
        return (
          <>
            <Title>{pages.queues}</Title>
            <UnreadableNotes unreadable={page.unreadable} />
            {page.items.length === 0 ? <div className="framed"><Blank title={words.empty} /></div> : (
              <Table
                label={pages.queues} rows={page.items} keyOf={(row) => `${row.service}\n${row.queue}`}
                columns={[
                  {
                    name: fields.queue, kind: "wide", phone: "first",
                    cell: (row) => (
                      <span className="two-lines">
                        <Go to="/queues" query={{ service: row.service, queue: row.queue }}>{row.queue}</Go>
                        <span>{row.service}{row.differences !== null && row.differences.length > 0 && <span className="warn-text"> · {words.differs}</span>}</span>
                      </span>
                    ),
                  },
                  { name: fields.state, cell: (row) => <QueueState item={row} /> },
                  { name: fields.ready, kind: "num", cell: (row) => row.depth ? <span title={row.isSameBrokerAssumed ? words.sameBroker : undefined}>{row.isSameBrokerAssumed && "≈ "}{faint(row.depth.ready)}</span> : "–" },
                  { name: fields.unacked, kind: "num", cell: (row) => row.depth?.unacked == null ? "–" : faint(row.depth.unacked) },
                  { name: fields.consumers, kind: "num", cell: (row) => row.depth ? <span className={row.depth.consumers === 0 ? "warn-text" : ""}>{row.depth.consumers}</span> : "–" },
                  { name: fields.rates, kind: "num", cell: (row) => row.depth?.publishRate == null ? "–" : `${formatRate(row.depth.publishRate)} / ${formatRate(row.depth.deliverRate ?? 0)}` },
                  { name: fields.delayed, kind: "num", phone: "off", cell: (row) => <Counted count={row.delayed} /> },
                  { name: fields.failing, kind: "num", cell: (row) => <Go to="/inbox/failing" query={{ service: row.service, queue: row.queue }} className={row.failing.value > 0 ? "warn-text" : "faint"}><Counted count={row.failing} /></Go> },
                  { name: fields.deadLetters, kind: "num", cell: (row) => <Go to="/dead-letters" query={{ service: row.service, queue: row.queue }} className={row.deadLetters.value > 0 ? "bad-text" : "faint"}><Counted count={row.deadLetters} /></Go> },
                  { name: "", cell: (row) => row.isConsumed && <QueueActions item={row} /> },
                ]}
              />
            )}
          </>
        );
      }}
    </Shown>
  );
}

function QueueState({ item }: { item: QueueItem }) {
  const { queues: words } = useTexts();
  if (item.settings.isPaused) return <State tone="warn">{words.paused}</State>;
  if (!item.isConsumed) return <State tone="calm">{words.notConsumed}</State>;
  // Of other services' queues only the broker could tell.
  if (item.consumers.length === 0 && !item.depth) return <State tone="calm">{words.notPaused}</State>;
  return item.depth?.consumers === 0 && !item.consumers.some((one) => one.isConsuming) ? <State tone="bad">{words.nobody}</State> : <State tone="good">{words.running}</State>;
}

function QueueActions({ item, withChange = false }: { item: QueueItem; withChange?: boolean }) {
  const texts = useTexts();
  const { queues: words, fields } = texts;
  const queries = useQueryClient();
  const { service, queue } = item;
  const facts: [string, string][] = [[fields.queue, queue], [fields.service, service]];
  const lasting = { name: "lasting", label: words.lasting, kind: "check" as const };
  const run = (what: "pause" | "resume" | "reset", title: string, text: string, isDangerous: boolean) =>
    act(queries, texts, { title, text, facts, confirm: words[what], isDangerous, fields: what === "pause" ? [lasting] : [] }, async (answer) => {
      const request: QueueRequest = { service, queue, lasting: answer["lasting"] === true };
      await post<QueueItem>(`queues/${what}`, request);
      return `${queue}: ${what === "pause" ? words.paused : what === "resume" ? words.running : words.reset}`;
    });
  const change = () => {
    const number = (name: "concurrency" | "prefetch", most: number) => ({
      name, label: fields[name], kind: "number" as const, hint: words.perProcess, least: 1, most, initial: item.settings[name] === null ? "" : String(item.settings[name]), placeholder: words.unchanged,
    });
    return act(queries, texts, { title: words.changeTitle(queue), text: words.perProcess, facts, confirm: words.change, fields: [number("concurrency", 1000), number("prefetch", 2000), lasting] }, async (answer) => {
      const request: ConsumerChangeRequest = {
        service, queue, lasting: answer["lasting"] === true,
        ...(answer["concurrency"] ? { concurrency: Number(answer["concurrency"]) } : {}), ...(answer["prefetch"] ? { prefetch: Number(answer["prefetch"]) } : {}),
      };
      await post<QueueItem>("queues/change", request);
      return `${queue}: ${words.changed}`;
    });
  };
  const isChanged = item.settings.concurrency !== null || item.settings.prefetch !== null;
  return (
    <span className="row-actions">
      {withChange && isChanged && <DoButton onDo={() => run("reset", `${words.reset}: ${queue}?`, words.changed, false)}>{words.reset}</DoButton>}
      {withChange && <DoButton onDo={() => change()}>{words.change}</DoButton>}
      {item.settings.isPaused
        ? <DoButton tone={withChange ? "primary" : "plain"} label={`${words.resume} ${queue}`} onDo={() => run("resume", `${words.resume}: ${queue}?`, "", false)}>{words.resume}</DoButton>
        : <DoButton label={`${words.pause} ${queue}`} onDo={() => run("pause", words.pauseTitle(queue), words.pauseText, true)}>{words.pause}</DoButton>}
    </span>
  );
}

function Queue({ item }: { item: QueueItem }) {
  const { queues: words, fields, pages } = useTexts();
  const { settings, depth } = item;
  const source = { management: words.sourceManagement, amqp: words.sourceAmqp, none: words.sourceNone }[item.source];
  return (
    <>
      <Crumb to="/queues" query={{ queue: null }} name={pages.queues} />
      <Title tab={item.queue} about={<QueueState item={item} />} actions={item.isConsumed && <QueueActions item={item} withChange />}>{item.queue}</Title>
      {settings.isPaused && settings.pausedSince && <p className="note warn"><Mark tone="warn" />{words.paused} · <Time at={settings.pausedSince} long />{settings.isPauseLasting && ` · ${words.lasting}`}</p>}
      {item.differences !== null && item.differences.length > 0 ? (
        <section className="section" aria-label={words.differences}>
          <div className="section-head"><h2>{words.differences}</h2></div>
          <ul className="findings framed">{item.differences.map((difference) => <li key={difference}><Mark tone="warn" /><span className="breaks">{difference}</span></li>)}</ul>
        </section>
      ) : item.isConsumed && (item.differences === null
        ? <p className="note"><Mark tone="calm" />{words.notCompared}</p>
        : <p className="note good"><Mark tone="good" />{words.noDifferences}</p>)}
      <section className="section" aria-label={item.queue}>
        <div className="section-head"><span /><span className="faint">{source}{item.isSameBrokerAssumed && ` · ${words.sameBroker}`}</span></div>
        <div className="framed padded">
          <Facts
            facts={[
              [fields.service, item.service], [fields.ready, depth && formatNumber(depth.ready)], [fields.unacked, depth?.unacked == null ? null : formatNumber(depth.unacked)],
              [fields.consumers, depth && depth.consumers], [fields.rates, depth?.publishRate == null ? null : `${formatRate(depth.publishRate)} / ${formatRate(depth.deliverRate ?? 0)}`],
              [words.inDeadLetterQueue, depth?.inDeadLetterQueue == null ? null : formatNumber(depth.inDeadLetterQueue)],
              [fields.delayed, <Counted count={item.delayed} />], [fields.failing, <Go to="/inbox/failing" query={{ queue: item.queue }}><Counted count={item.failing} /></Go>],
              [fields.parked, <Go to="/inbox/parked" query={{ queue: item.queue }}><Counted count={item.parked} /></Go>],
              [pages.deadLetters, <Go to="/dead-letters" query={{ queue: item.queue }}><Counted count={item.deadLetters} /></Go>],
              [fields.concurrency, settings.concurrency === null ? null : <>{settings.concurrency} <span className="faint">({words.changed})</span></>],
              [fields.prefetch, settings.prefetch === null ? null : <>{settings.prefetch} <span className="faint">({words.changed})</span></>],
              [fields.policy, item.policy], [fields.queueType, item.type],
            ]}
          />
        </div>
      </section>
      {item.isConsumed && (
        <section className="section" aria-labelledby="processes">
          <div className="section-head"><h2 id="processes">{words.processes}</h2></div>
          {item.consumers.length === 0 ? <p className="faint">{words.noProcess}</p> : (
            <Table
              label={words.processes} rows={item.consumers} keyOf={(row) => `${row.host}/${row.processId}`}
              columns={[
                { name: fields.host, phone: "first", cell: (row) => <State tone={row.isConsuming ? "good" : "warn"}>{row.host}/{row.processId}</State> },
                { name: fields.state, kind: "wide", cell: (row) => row.description },
                { name: words.handlingNow, kind: "num", cell: (row) => row.handling },
                { name: fields.concurrency, kind: "num", cell: (row) => <>{row.concurrency}{row.concurrency !== row.configuredConcurrency && <span className="faint"> ({words.configured(row.configuredConcurrency)})</span>}</> },
                { name: fields.prefetch, kind: "num", cell: (row) => <>{row.prefetch}{row.prefetch !== row.configuredPrefetch && <span className="faint"> ({words.configured(row.configuredPrefetch)})</span>}</> },
              ]}
            />
          )}
        </section>
      )}
      {Object.keys(item.arguments).length > 0 && (
        <section className="section" aria-labelledby="arguments">
          <div className="section-head"><h2 id="arguments">{words.arguments}</h2></div>
          <Table
            label={words.arguments} rows={Object.entries(item.arguments)} keyOf={([name]) => name}
            columns={[{ name: fields.header, cell: ([name]) => <span className="mono">{name}</span> }, { name: fields.value, kind: "wide", cell: ([, value]) => <span className="mono">{value}</span> }]}
          />
        </section>
      )}
    </>
  );
}
