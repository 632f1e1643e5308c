import { Go, type Query } from "./address";
import { Icon } from "./Icon";

/** The list that a row is of. */
export function Crumb({ to, name, query }: { to: string; name: string; query?: Query }) {
  return <Go to={to} {...(query ? { query } : {})} className="crumb"><Icon name="left" />{name}</Go>;
}
