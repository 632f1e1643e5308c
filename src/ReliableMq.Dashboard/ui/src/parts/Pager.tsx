import { useTexts } from "../i18n/language";
import { Go, useQueryState } from "./address";
import { useLocation } from "wouter";

/** Lists are read on from where they end, so there is an older page and the newest, and back is the browser's. */
export function Pager({ next, shown }: { next: string | null; shown: number }) {
  const { common } = useTexts();
  const [query] = useQueryState();
  const [path] = useLocation();
  if (!next && !query["cursor"]) return null;
  return (
    <nav className="pager" aria-label={common.older}>
      {query["cursor"] ? <Go to={path} query={{ ...query, cursor: null }} className="button">{common.newest}</Go> : <span />}
      <span className="faint num">{common.page(shown)}</span>
      {next ? <Go to={path} query={{ ...query, cursor: next }} className="button">{shown === 0 ? common.lookFurther : common.older}</Go> : <span />}
    </nav>
  );
}
