import { type FormEvent, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useTexts } from "../i18n/language";
import { useQueryState, withQuery } from "../parts/address";
import { Icon } from "../parts/Icon";

export function SearchBox() {
  const { shell } = useTexts();
  const [path, go] = useLocation();
  const [query] = useQueryState();
  const sought = path === "/search" ? (query["q"] ?? "") : "";
  const [text, setText] = useState(sought);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => setText(sought), [sought]);

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('[role="alertdialog"], [role="dialog"]')) return;
      event.preventDefault();
      box.current?.focus();
      box.current?.select();
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);

  const search = (event: FormEvent) => {
    event.preventDefault();
    const q = text.trim();
    if (q) go(withQuery("/search", { service: query["service"], q }));
  };
  return (
    <form className="search-box" role="search" onSubmit={search}>
      <Icon name="search" />
      <input
        ref={box} type="search" aria-label={shell.searchLabel} placeholder={shell.searchHint} title={shell.searchKey} maxLength={300} spellCheck={false} autoComplete="off"
        value={text} onChange={(event) => setText(event.target.value)}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}
