import { useEffect, useState } from "react";
import { useTexts } from "../i18n/language";
import { Icon } from "./Icon";

export function Copy({ text }: { text: string }) {
  const { common } = useTexts();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [isCopied]);
  // Browsers have a clipboard only on https and on this machine.
  if (!window.isSecureContext) return null;
  return (
    <button
      type="button" className="copy" aria-label={isCopied ? common.copied : common.copy} title={isCopied ? common.copied : common.copy}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      <Icon name={isCopied ? "check" : "copy"} />
    </button>
  );
}
