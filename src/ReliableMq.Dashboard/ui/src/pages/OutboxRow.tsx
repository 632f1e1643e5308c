import { useQueryClient } from "@tanstack/react-query";
import { useParams } from "wouter";
import { act } from "../act/act";
import { postAll, targetsOf } from "../act/bulk";
import { DoButton } from "../act/DoButton";
import { rowPath } from "../api/client";
import type { OutboxDetail } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { formatSize } from "../i18n/numbers";
import { MessageLink } from "../parts/address";
import { Body } from "../parts/Body";
import { Crumb } from "../parts/Crumb";
import { Facts, Id } from "../parts/Facts";
import { Headers } from "../parts/Headers";
import { Mark, State } from "../parts/Mark";
import { Shown } from "../parts/States";
import { Title } from "../parts/Title";
import { Time } from "../time/zone";
import { outboxDeeds, questionOf } from "./deeds";
import { outboxTones } from "./Outbox";
import "../styles/detail.css";

export function OutboxRow() {
  const texts = useTexts();
  const { fields, outbox: words } = texts;
  const queries = useQueryClient();
  const { service = "", id = "" } = useParams();
  const path = rowPath("outbox", service, id);
  const read = useRead<OutboxDetail>(path, {}, { areas: ["outbox"], isSameThing: false });
  return (
    <Shown read={read}>
      {({ row, headers, ...more }) => (
        <>
          <Crumb to={`/outbox/${row.state}`} name={`${texts.pages.outbox} · ${texts.outboxStates[row.state]}`} />
          <Title
            about={<State tone={outboxTones[row.state]}>{texts.outboxStates[row.state]}: {words.about[row.state]}</State>}
            actions={outboxDeeds[row.state].map((deed) => {
              const question = questionOf(deed, 1, [[fields.name, row.name], [fields.messageId, row.messageId], [fields.service, row.service]], texts);
              return (
                <DoButton
                  key={deed} tone={deed === "delete" || deed === "cancel" ? "plain" : "primary"}
                  onDo={() => act(queries, texts, question, (answer) => postAll(`outbox/${deed}`, targetsOf([`${service}\n${id}`]), answer["reason"] ? { reason: answer["reason"] } : {}))}
                >
                  {question.name}
                </DoButton>
              );
            })}
          >
            {row.name}
          </Title>
          {row.error && <p className={`note ${row.state === "failed" ? "bad" : "warn"}`}><Mark tone={outboxTones[row.state]} />{row.errorKind && <strong>{row.errorKind}</strong>} <span className="breaks">{row.error}</span></p>}
          <div className="framed padded">
            <Facts
              facts={[
                [fields.messageId, <><MessageLink id={row.messageId}>{row.messageId}</MessageLink></>], [fields.service, row.service],
                [fields.exchange, row.exchange || words.backToQueue], [fields.routingKey, row.routingKey],
                [fields.created, <Time at={row.createdAt} long />], [fields.due, row.dueAt && <Time at={row.dueAt} long />],
                [fields.next, row.nextAttemptAt && <Time at={row.nextAttemptAt} long />], [fields.finished, row.finishedAt && <Time at={row.finishedAt} long />],
                [fields.expires, row.expiresAt && <Time at={row.expiresAt} long />], [fields.attempts, row.attempts],
                [fields.orderingKey, row.orderingKey && <Id value={row.orderingKey} />], [fields.correlationId, row.correlationId && <Id value={row.correlationId} />],
                [fields.causedBy, row.causationId && <MessageLink id={row.causationId} />], [fields.contentType, more.contentType], [fields.size, formatSize(row.size)],
                [fields.replyTo, more.replyTo], [fields.priority, more.priority], [fields.traceparent, more.traceparent && <span className="mono">{more.traceparent}</span>],
              ]}
            />
          </div>
          <Body path={path} />
          <Headers headers={headers} />
        </>
      )}
    </Shown>
  );
}
