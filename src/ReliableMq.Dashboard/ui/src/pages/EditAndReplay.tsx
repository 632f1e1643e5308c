import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import { useLocation } from "wouter";
import { ask } from "../act/ask";
import { post } from "../api/client";
import type { ActionResult, BodyView, DeadLetterDetail, ReplayOneRequest } from "../api/contract";
import { explain } from "../api/explain";
import { useSession } from "../api/use";
import { useTexts } from "../i18n/language";
import { rowAddress, useService, withQuery } from "../parts/address";
import { useBody } from "../parts/Body";
import { Crumb } from "../parts/Crumb";
import { changed, diff } from "../parts/diff";
import { Icon } from "../parts/Icon";
import { jsonFault } from "../parts/json";
import { Mark } from "../parts/Mark";
import { notify } from "../parts/notify";
import { Blank, Shown } from "../parts/States";
import { Title } from "../parts/Title";
import { questionOf } from "./deeds";
import { changesOf, type HeaderRow } from "./headerChanges";

export function EditAndReplay({ detail, path }: { detail: DeadLetterDetail; path: string }) {
  const { rights } = useTexts();
  const canSee = useSession().data?.canSeeBodies ?? false;
  const body = useBody(path, canSee);
  if (!canSee) return <Blank title={rights.noBodies} />;
  return <Shown read={body}>{(view) => <Editor detail={detail} path={path} body={view} />}</Shown>;
}

function Editor({ detail, path, body }: { detail: DeadLetterDetail; path: string; body: BodyView }) {
  const texts = useTexts();
  const { edit: words, fields } = texts;
  const queries = useQueryClient();
  const [, go] = useLocation();
  const service = useService();
  const letter = detail.deadLetter;
  const canEditBody = body.text !== null && !body.isTruncated && body.kind !== "binary";
  // What was there when the editor opened: what is read again meanwhile must not change what the operator compares with.
  const [original] = useState({ text: body.text ?? "", headers: detail.headers });
  const [text, setText] = useState(original.text);
  const [headers, setHeaders] = useState<HeaderRow[]>(() => Object.entries(original.headers).map(([name, value]) => ({ name, value, isNew: false, isRemoved: false })));
  const fault = body.kind === "json" ? jsonFault(text) : null;
  const headerChanges = changesOf(original.headers, headers);
  const isBodyChanged = canEditBody && text !== original.text;
  const isChanged = isBodyChanged || Object.keys(headerChanges).length > 0;
  const describedBy = useId();
  const [isBusy, setBusy] = useState(false);

  useEffect(() => {
    if (!isChanged) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [isChanged]);

  const replay = async () => {
    const question = questionOf("replay", 1, [[fields.name, letter.name], [fields.messageId, letter.messageId], [fields.queue, letter.queue]], texts);
    question.fields = [{ name: "beyondHorizon", label: texts.dead.beyondHorizon, kind: "check" }];
    if (isChanged) question.confirm = words.replay;
    const answer = await ask(question);
    if (!answer) return;
    // The description of the API cannot say that a header may be null.
    const request: ReplayOneRequest = {
      beyondHorizon: answer["beyondHorizon"] === true,
      ...(isBodyChanged ? { text } : {}),
      ...(Object.keys(headerChanges).length > 0 ? { headers: headerChanges as Record<string, string> } : {}),
    };
    try {
      const result = await post<ActionResult>(`${path}/replay`, request);
      if (result.done === 0) {
        notify("bad", texts.ask.failed, result.refusal ?? "");
        return;
      }
      notify("good", texts.dead.replayedNow);
      void queries.invalidateQueries();
      go(withQuery("/message", { service, id: letter.messageId }));
    } catch (error) {
      notify("bad", texts.ask.failed, explain(error, texts));
    }
  };

  const here = rowAddress("dead-letters", letter.service, letter.id);
  const leave = async () => {
    if (isChanged && !(await ask({ title: words.leave, text: words.leaveText, confirm: texts.common.back, isDangerous: true }))) return;
    go(withQuery(here, { service }));
  };
  const set = (index: number, change: Partial<HeaderRow>) => setHeaders(headers.map((row, at) => (at === index ? { ...row, ...change } : row)));

  return (
    <>
      <Crumb to={here} name={letter.name} />
      <Title about={`${letter.name} · ${letter.queue}`}>{words.title}</Title>
      <div className="editor">
        <section aria-label={words.body}>
          <div className="section-head">
            <h2><label htmlFor="edited-body">{words.body}</label></h2>
            {canEditBody && (
              <span className="row-actions">
                {body.kind === "json" && <button type="button" className="link-button" disabled={fault !== null} onClick={() => setText(JSON.stringify(JSON.parse(text), null, 2))}>{words.format}</button>}
                <button type="button" className="link-button" disabled={!isBodyChanged} onClick={() => setText(original.text)}>{words.reset}</button>
              </span>
            )}
          </div>
          {canEditBody ? (
            <>
              <textarea id="edited-body" value={text} spellCheck={false} autoComplete="off" aria-invalid={fault !== null} aria-describedby={describedBy} onChange={(event) => setText(event.target.value)} />
              <div className="editor-foot" id={describedBy} aria-live="polite">
                {body.kind !== "json" ? <span className="faint">{words.notJson}</span>
                  : fault ? <span className="state bad-text breaks"><Mark tone="bad" />{words.invalid(fault.line, fault.column, fault.what)}</span>
                  : <span className="state faint"><Mark tone="good" />{words.valid}</span>}
              </div>
            </>
          ) : <div className="framed"><Blank title={body.isTruncated ? words.truncated : words.binary} /></div>}
        </section>
        <section aria-label={words.headers}>
          <div className="section-head">
            <h2>{words.headers}</h2>
            <button type="button" className="link-button" onClick={() => setHeaders([...headers, { name: "", value: "", isNew: true, isRemoved: false }])}>{words.addHeader}</button>
          </div>
          <div className="header-rows">
            {headers.map((row, index) => (
              <div key={index} className={row.isRemoved ? "header-row removed" : "header-row"}>
                <input aria-label={words.headerName} value={row.name} readOnly={!row.isNew} spellCheck={false} onChange={(event) => set(index, { name: event.target.value })} />
                <input aria-label={`${words.headerValue} ${row.name}`} value={row.value} readOnly={row.isRemoved} spellCheck={false} onChange={(event) => set(index, { value: event.target.value })} />
                <button
                  type="button" className="icon-button" aria-label={row.isRemoved ? words.reset : words.removeHeader(row.name)} title={row.isRemoved ? words.reset : words.removeHeader(row.name)}
                  onClick={() => (row.isNew ? setHeaders(headers.filter((_, at) => at !== index)) : set(index, { isRemoved: !row.isRemoved }))}
                >
                  <Icon name={row.isRemoved ? "replay" : "close"} />
                </button>
              </div>
            ))}
          </div>
        </section>
      </div>
      <section className="section" aria-label={words.changes}>
        <div className="section-head"><h2>{words.changes}</h2></div>
        <div className="framed">
          {!isChanged ? <p className="padded faint">{words.noChanges}</p> : (
            <pre className="diff" tabIndex={0} aria-label={words.changes}>
              {isBodyChanged && changed(diff(original.text, text)).map(([kind, line], index) => <span key={index} className={kind}>{`${kind === "in" ? "+" : kind === "out" ? "−" : " "} ${line}`}</span>)}
              {Object.entries(headerChanges).map(([name, value]) => (
                <span key={name} className={value === null ? "out" : "in"}>{value === null ? `− ${name}: ${original.headers[name]}` : `+ ${name}: ${value}`}</span>
              ))}
            </pre>
          )}
        </div>
      </section>
      <div className="editor-buttons">
        <button type="button" className="button" onClick={() => void leave()}>{texts.common.cancel}</button>
        <button type="button" className="button primary" disabled={fault !== null || isBusy} onClick={() => { setBusy(true); void replay().finally(() => setBusy(false)); }}>{isChanged ? words.replay : words.replayAsIs}</button>
      </div>
    </>
  );
}
