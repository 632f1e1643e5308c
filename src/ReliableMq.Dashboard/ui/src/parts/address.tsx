import type { ReactNode } from "react";
import { Link, useLocation, useSearch } from "wouter";

export type Query = Record<string, string | null | undefined>;

/** The state of a page, which is what stands behind the ? of its address. */
export function useQueryState() {
  const search = useSearch();
  const [path, go] = useLocation();
  const values = Object.fromEntries(new URLSearchParams(search)) as Record<string, string | undefined>;
  const change = (changes: Query, { replace = false } = {}) => go(withQuery(path, { ...values, ...changes }), { replace });
  return [values, change] as const;
}

export function withQuery(path: string, query: Query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value) parameters.set(name, value);
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

/** The chosen service goes with the viewer from page to page. */
export function useService() {
  return new URLSearchParams(useSearch()).get("service");
}

export const rowAddress = (resource: "outbox" | "dead-letters", service: string, id: string) =>
  `/${resource}/row/${encodeURIComponent(service)}/${encodeURIComponent(id)}`;

interface GoProps {
  to: string;
  query?: Query;
  className?: string;
  title?: string;
  children: ReactNode;
  "aria-label"?: string;
  "aria-current"?: "page" | "true" | undefined;
  onClick?: () => void;
}

export function Go({ to, query = {}, className, children, ...rest }: GoProps) {
  const service = useService();
  return (
    <Link href={withQuery(to, { service, ...query })} {...(className ? { className } : {})} {...rest}>
      {children}
    </Link>
  );
}

export function MessageLink({ id, children }: { id: string; children?: ReactNode }) {
  return <Go to="/message" query={{ id }} className="mono" title={id}>{children ?? shortId(id)}</Go>;
}

/** The ends of a long id: its beginning sorts, its end tells apart. */
export const shortId = (id: string) => (id.length <= 20 ? id : `${id.slice(0, 8)}…${id.slice(-8)}`);
