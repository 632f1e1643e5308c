import { useState } from "react";
import { address } from "../api/client";
import type { BodyView } from "../api/contract";
import { useRead, useSession } from "../api/use";
import { useTexts } from "../i18n/language";
import { formatSize } from "../i18n/numbers";
import { hexLines } from "./hex";
import { Icon } from "./Icon";
import { jsonParts } from "./json";
import { Blank, Shown } from "./States";

const bodyAreas: [] = [];
export const useBody = (path: string, isNeeded: boolean) => useRead<BodyView>(`${path}/body`, {}, { areas: bodyAreas, isNeeded, isSameThing: false, isFixed: true });

/** The body of a message as it can best be read. */
export function Body({ path }: { path: string }) {
  const { fields, body: words, rights } = useTexts();
  const canSee = useSession().data?.canSeeBodies ?? false;
  const read = useBody(path, canSee);
  const [isHex, setHex] = useState(false);
  const canToggle = read.data && (read.data.kind === "json" || read.data.kind === "text");
  return (
    <section className="section" aria-label={fields.body}>
      <div className="section-head">
        <h2>{fields.body} {read.data && <span className="faint num">{formatSize(read.data.size)} · {read.data.contentType ?? "–"}</span>}</h2>
        <div className="row-actions">
          {canToggle && <button type="button" className="link-button" aria-pressed={isHex} onClick={() => setHex(!isHex)}>{isHex ? words.text : words.hex}</button>}
          {read.data && read.data.kind !== "empty" && <a href={address(`${path}/body/raw`)} download>{words.download}</a>}
        </div>
      </div>
      <div className="framed code-frame">
        {!canSee ? <Blank title={rights.noBodies} /> : (
          <Shown read={read} rows={4}>
            {(body) => body.kind === "empty" ? <Blank title={words.empty} /> : (
              <>
                {body.isTruncated && <p className="note warn"><Icon name="download" />{words.truncated(formatSize(body.size))}</p>}
                {body.kind === "binary" || isHex || body.text === null ? <Hex base64={body.base64} /> : <Code text={body.text} isJson={body.kind === "json"} />}
              </>
            )}
          </Shown>
        )}
      </div>
    </section>
  );
}

export function Code({ text, isJson }: { text: string; isJson: boolean }) {
  const { fields } = useTexts();
  return (
    <pre className="code" tabIndex={0} aria-label={fields.body}>
      {isJson ? jsonParts(text).map(([kind, part], index) => (kind ? <span key={index} className={`json-${kind}`}>{part}</span> : part)) : text}
    </pre>
  );
}

function Hex({ base64 }: { base64: string }) {
  const { body: words, common } = useTexts();
  const [isWhole, setWhole] = useState(false);
  const lines = hexLines(base64);
  const shown = isWhole ? lines : lines.slice(0, 64);
  return (
    <>
      <pre className="code hex" tabIndex={0} aria-label={words.hex}>{shown.map((line) => `${line.offset}  ${line.hex}  ${line.text}\n`).join("")}</pre>
      {shown.length < lines.length && <button type="button" className="button quiet" onClick={() => setWhole(true)}>{common.more}</button>}
    </>
  );
}
