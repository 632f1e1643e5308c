import { lazy, Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { Overview } from "./pages/Overview";
import { Boundary } from "./parts/Boundary";
import { Loading, NotFound } from "./parts/States";
import { Shell } from "./shell/Shell";

const page = <Name extends string>(load: () => Promise<Record<Name, () => React.ReactNode>>, name: Name) =>
  lazy(async () => ({ default: (await load())[name] }));

const Outbox = page(() => import("./pages/Outbox"), "Outbox");
const OutboxRow = page(() => import("./pages/OutboxRow"), "OutboxRow");
const Inbox = page(() => import("./pages/Inbox"), "Inbox");
const DeadLetters = page(() => import("./pages/DeadLetters"), "DeadLetters");
const DeadLetter = page(() => import("./pages/DeadLetter"), "DeadLetter");
const Message = page(() => import("./pages/Message"), "Message");
const Queues = page(() => import("./pages/Queues"), "Queues");
const Alerts = page(() => import("./pages/Alerts"), "Alerts");
const Nodes = page(() => import("./pages/Nodes"), "Nodes");
const Schedule = page(() => import("./pages/Schedule"), "Schedule");
const Audit = page(() => import("./pages/Audit"), "Audit");
const Search = page(() => import("./pages/Search"), "Search");

export function App() {
  const [path] = useLocation();
  return (
    <Shell>
      <Boundary key={path}>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/" component={Overview} />
            <Route path="/outbox/row/:service/:id" component={OutboxRow} />
            <Route path="/outbox/:state?" component={Outbox} />
            <Route path="/inbox/:state?" component={Inbox} />
            <Route path="/dead-letters/row/:service/:id" component={DeadLetter} />
            <Route path="/dead-letters/:view?" component={DeadLetters} />
            <Route path="/message" component={Message} />
            <Route path="/queues" component={Queues} />
            <Route path="/alerts" component={Alerts} />
            <Route path="/nodes" component={Nodes} />
            <Route path="/schedule" component={Schedule} />
            <Route path="/audit" component={Audit} />
            <Route path="/search" component={Search} />
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </Boundary>
    </Shell>
  );
}
