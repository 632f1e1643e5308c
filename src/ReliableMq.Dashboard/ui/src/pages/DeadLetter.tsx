import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useParams } from "wouter";
import { act } from "../act/act";
import { postAll, targetsOf } from "../act/bulk";
import { DoButton, useHindrance } from "../act/DoButton";
import { post, rowPath } from "../api/client";
import type { ActionResult, DeadLetterDetail } from "../api/contract";
import { useRead } from "../api/use";
import { useTexts } from "../i18n/language";
import { formatSize } from "../i18n/numbers";
import { Go, MessageLink, rowAddress, useQueryState } from "../parts/address";
import { Body } from "../parts/Body";
import { Crumb } from "../parts/Crumb";
import { Facts, Id } from "../parts/Facts";
import { Headers } from "../parts/Headers";
import { Icon } from "../parts/Icon";
import { Mark, State } from "../parts/Mark";
import { Blank, Loading, Shown } from "../parts/States";
import { Table } from "../parts/Table";
import { Title } from "../parts/Title";
import { Time } from "../time/zone";
import { deadTones } from "./DeadList";
import { questionOf } from "./deeds";
import { messageOf, shortType } from "./exceptions";
import "../styles/detail.css";

const EditAndReplay = lazy(async () => ({ default: (await import("./EditAndReplay")).EditAndReplay }));

export function DeadLetter() {
  const texts = useTexts();
  const { service = "", id = "" } = useParams();
  const [query] = useQueryState();
  const path = rowPath("dead-letters", service, id);
  const read = useRead<DeadLetterDetail>(path, {}, { areas: ["dead-letters"], isSameThing: false });
  const hindrance = useHindrance();
  const isEditing = query["edit"] === "1" && hindrance === null;
  return (
    <Shown read={read}>
      {(detail) => isEditing && detail.deadLetter.state !== "replayed"
        ? <Suspense fallback={<Loading />}><EditAndReplay detail={detail} path={path} /></Suspense>
        : <Detail detail={detail} path={path} texts={texts} />}
    </Shown>
  );
}

function Detail({ detail, path, texts }: { detail: DeadLetterDetail; path: string; texts: ReturnType<typeof useTexts> }) {
  const { fields, dead } = texts;
  const queries = useQueryClient();
  const hindrance = useHindrance();
  const letter = detail.deadLetter;
  const facts: [string, string][] = [[fields.name, letter.name], [fields.messageId, letter.messageId], [fields.queue, letter.queue], [fields.service, letter.service]];
  const error = messageOf(letter.error, letter.errorType);
  const target = () => targetsOf([`${letter.service}\n${letter.id}`]);

  const replay = () => {
    const question = questionOf("replay", 1, facts, texts);
    question.fields = [{ name: "beyondHorizon", label: dead.beyondHorizon, kind: "check" }];
    return act(queries, texts, question, (answer) => post<ActionResult>(`${path}/replay`, { beyondHorizon: answer["beyondHorizon"] === true }));
  };
  const discard = () => act(queries, texts, questionOf("discard", 1, facts, texts), (answer) => postAll("dead-letters/discard", target(), { reason: answer["reason"] }));

  return (
    <>
      <Crumb to="/dead-letters/list" query={{ service: letter.service, queue: letter.queue, ...(letter.errorType ? { errorType: letter.errorType } : {}) }} name={`${texts.pages.deadLetters} · ${letter.queue}`} />
      <Title
        about={<State tone={deadTones[letter.state]}>{texts.deadStates[letter.state]} · {letter.queue}</State>}
        actions={letter.state !== "replayed" && (
          <>
            {letter.state === "waiting" && <DoButton onDo={() => discard()}>{dead.discard}</DoButton>}
            {hindrance ? <DoButton onDo={() => {}}>{dead.edit}</DoButton> : <Go to={rowAddress("dead-letters", letter.service, letter.id)} query={{ edit: "1" }} className="button">{dead.edit}</Go>}
            <DoButton tone="primary" onDo={() => replay()}>{dead.replay}</DoButton>
          </>
        )}
      >
        {letter.name}
      </Title>
      {letter.state === "replayed" && <p className="note good"><Mark tone="good" />{dead.alreadyReplayed} <Time at={letter.replayedAt} long /> <MessageLink id={letter.messageId}>{dead.follow}</MessageLink></p>}
      {letter.state === "discarded" && <p className="note"><Mark tone="calm" />{dead.alreadyDiscarded} <Time at={letter.discardedAt} long /> {letter.reason}</p>}

      <div className="framed">
        <div className="error-head">
          {letter.errorType && <strong title={letter.errorType}>{shortType(letter.errorType)}</strong>}
          {error && <p>{error}</p>}
          {letter.reason !== error && <p className="faint">{letter.reason}</p>}
        </div>
        <div className="padded">
          <Facts
            facts={[
              [fields.messageId, <MessageLink id={letter.messageId}>{letter.messageId}</MessageLink>], [fields.service, letter.service],
              [fields.queue, letter.queue], [fields.died, <Time at={letter.deadAt} long />], [fields.attempts, letter.attempts], [fields.epoch, letter.epoch],
              [fields.correlationId, letter.correlationId && <Id value={letter.correlationId}><Go to="/search" query={{ q: letter.correlationId }}>{letter.correlationId}</Go></Id>],
              [fields.exchange, detail.exchange], [fields.routingKey, detail.routingKey], [fields.contentType, detail.contentType], [fields.size, formatSize(letter.size)],
              [fields.replyTo, detail.replyTo], [fields.priority, detail.priority], [fields.errorType, letter.errorType && <span className="mono">{letter.errorType}</span>],
            ]}
          />
        </div>
      </div>

      <Attempts detail={detail} />
      <Body path={path} />
      <Headers headers={detail.headers} />
      <section className="section" aria-label={dead.deaths}>
        <div className="section-head"><h2>{dead.deaths}</h2></div>
        {detail.deaths.length === 0 ? <p className="faint">{dead.noDeaths}</p> : (
          <Table
            label={dead.deaths} rows={detail.deaths} keyOf={(death) => `${death.queue} ${death.reason} ${death.at}`}
            columns={[
              { name: fields.queue, phone: "first", cell: (death) => death.queue ?? "–" },
              { name: fields.reason, cell: (death) => death.reason ?? "–" },
              { name: fields.count, kind: "num", cell: (death) => (death.count === null ? "–" : dead.deathCount(death.count)) },
              { name: fields.exchange, cell: (death) => death.exchange || "–" },
              { name: fields.routingKey, kind: "wide", cell: (death) => death.routingKeys.join(", ") },
              { name: fields.at, kind: "num", cell: (death) => <Time at={death.at} long /> },
            ]}
          />
        )}
      </section>
    </>
  );
}

function Attempts({ detail }: { detail: DeadLetterDetail }) {
  const { dead } = useTexts();
  return (
    <section className="section" aria-label={dead.attemptHistory}>
      <div className="section-head"><h2>{dead.attemptHistory}</h2></div>
      {detail.attemptHistory.length === 0 ? <div className="framed"><Blank title={dead.noAttempts} /></div> : (
        <ul className="attempts framed">
          {detail.attemptHistory.map((attempt, index) => (
            <li key={`${attempt.at} ${attempt.number}`}>
              <details open={index === 0}>
                <summary>
                  <Icon name="right" />
                  <span className="nowrap">{dead.attempt(attempt.number)}</span>
                  <span className="num faint"><Time at={attempt.at} long /></span>
                  <span className="clip">{attempt.errorType && <strong>{shortType(attempt.errorType)}</strong>} {messageOf(attempt.error, attempt.errorType)}</span>
                </summary>
                {attempt.error && <pre className="code stack" tabIndex={0} aria-label={dead.stack}>{attempt.error}</pre>}
              </details>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
