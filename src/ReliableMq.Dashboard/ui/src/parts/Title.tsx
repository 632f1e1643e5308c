import { type ReactNode, useEffect } from "react";

/** The page's heading, which is also the tab's title. */
export function Title({ children, tab, actions, about }: { children: ReactNode; tab?: string; actions?: ReactNode; about?: ReactNode }) {
  const name = tab ?? (typeof children === "string" ? children : "");
  useEffect(() => {
    document.title = name ? `${name} · ReliableMq` : "ReliableMq";
  }, [name]);
  return (
    <header className="title">
      <div className="title-text">
        <h1 tabIndex={-1}>{children}</h1>
        {about && <p className="about">{about}</p>}
      </div>
      {actions && <div className="title-actions">{actions}</div>}
    </header>
  );
}
