// Written by build/contract.mjs from openapi.json. Not to be edited.

export type ActionRequest = {
  /** The service of `ids` or `filter`. */
  service: string;
  /** What to act on. Either this or `filter`; at most 1,000. */
  ids?: string[] | null;
  /** All that match, by the parameters of the list, such as {"state": "failed"}. An empty one means all. */
  filter?: Record<string, string> | null;
  /** How many the caller saw. Needed with `filter`: if many more match by now, nothing is done. */
  expectedCount?: number | null;
  /** Why; kept in the audit. Needed where something is discarded. */
  reason?: string | null;
};

export type ActionResult = {
  done: number;
  /** Not done, because each was not, or no longer, what can be acted on. */
  refused: number;
  /** Why the last of them was refused. */
  refusal: string | null;
};

export type AlertCase = {
  messageId: string | null;
  reason: string | null;
};

export type AlertItem = {
  service: string;
  id: string;
  kind: string;
  group: string;
  severity: Severity;
  text: string;
  count: number;
  firstRaisedAt: string;
  lastRaisedAt: string;
  resolvedAt: string | null;
  resolution: string | null;
  examples: AlertCase[];
  tellings: AlertTelling[];
};

export type AlertItemPage = {
  /** In the order of the list. */
  items: AlertItem[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type AlertTelling = {
  sink: string;
  tellings: number;
  toldAt: string | null;
  failedAttempts: number;
  error: string | null;
};

export type Area = "database" | "broker" | "outbox" | "inbox" | "dead-letters" | "queues" | "alerts" | "nodes" | "schedule";

export type Attempt = {
  number: number;
  at: string | null;
  errorType: string | null;
  /** With its stack. */
  error: string | null;
};

export type AuditItem = {
  service: string;
  id: string;
  at: string;
  who: string;
  action: string;
  target: string;
  details: string | null;
};

export type AuditItemPage = {
  /** In the order of the list. */
  items: AuditItem[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type BodyKind = "empty" | "json" | "text" | "binary";

export type BodyView = {
  kind: BodyKind;
  contentType: string | null;
  size: number;
  /** JSON indented, text as it is; null for binary. */
  text: string | null;
  /** The bytes, for a hex view and for editing. */
  base64: string;
  /** Whether only the first part is here; the whole is at `…/body/raw`. */
  isTruncated: boolean;
};

export type BrokerState = {
  /** Null where nothing is known: no management API is configured, and this process has no connection. */
  isReachable: boolean | null;
  text: string;
  version: string | null;
  cluster: string | null;
  alarms: string[];
};

export type CausedMessage = {
  service: string;
  messageId: string;
  name: string;
  state: OutboxState;
  createdAt: string;
};

export type Change = {
  service: string;
  /** What has changed: the names of resources. */
  areas: Area[];
};

export type ConsumerChangeRequest = {
  service: string;
  queue: string;
  lasting: boolean;
  /** For each process; null leaves it. */
  concurrency?: number | null;
  prefetch?: number | null;
};

export type ConsumerItem = {
  host: string;
  processId: number;
  isConsuming: boolean;
  description: string;
  concurrency: number;
  configuredConcurrency: number;
  prefetch: number;
  configuredPrefetch: number;
  handling: number;
};

export type ConsumerSettings = {
  isPaused: boolean;
  pausedSince: string | null;
  isPauseLasting: boolean;
  /** Changed by an operator; null as configured. */
  concurrency: number | null;
  prefetch: number | null;
  isChangeLasting: boolean;
  changedAt: string | null;
};

export type Count = {
  value: number;
  /** True: about so many, because counting would cost too much; or at least so many, if `isAtLeast`. */
  isEstimate: boolean;
  /** True: counting was ended there. */
  isAtLeast?: boolean;
};

export type DeadLetterDetail = {
  deadLetter: DeadLetterItem;
  contentType: string | null;
  exchange: string;
  routingKey: string;
  replyTo: string | null;
  priority: number | null;
  headers: Record<string, string>;
  /** What the broker says of its deaths, the newest first. */
  deaths: Death[];
  /** What is known of its attempts, the newest first. */
  attemptHistory: Attempt[];
};

export type DeadLetterGroup = {
  service: string;
  queue: string;
  errorType: string | null;
  count: Count;
  firstDeadAt: string;
  lastDeadAt: string;
  /** Of the newest. */
  reason: string;
  /** How many died in each of the last 24 hours, the oldest first. */
  trend: number[];
};

export type DeadLetterGroupPage = {
  /** In the order of the list. */
  items: DeadLetterGroup[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type DeadLetterItem = {
  service: string;
  /** Of the row. */
  id: string;
  queue: string;
  messageId: string;
  epoch: number;
  name: string;
  state: DeadLetterWhat;
  reason: string;
  errorType: string | null;
  /** The first line. */
  error: string | null;
  attempts: number;
  deadAt: string;
  discardedAt: string | null;
  replayedAt: string | null;
  correlationId: string | null;
  size: number;
};

export type DeadLetterItemPage = {
  /** In the order of the list. */
  items: DeadLetterItem[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type DeadLetterWhat = "waiting" | "discarded" | "replayed";

export type Death = {
  queue: string | null;
  reason: string | null;
  count: number | null;
  at: string | null;
  exchange: string | null;
  routingKeys: string[];
};

export type Finding = {
  severity: Severity;
  area: Area;
  service: string | null;
  text: string;
};

export type GoOnRequest = {
  service: string;
  queue: string;
  orderingKey: string;
};

export type InboxCounts = {
  /** Handlers that run in the process that serves the dashboard; other processes do not tell. */
  handling: Count;
  failing: Count;
  scheduled: Count;
  done: Count;
};

export type InboxItem = {
  service: string;
  /** Of the row. */
  id: string;
  queue: string;
  messageId: string;
  state: InboxState;
  epoch: number;
  attempts: number;
  nextAttemptAt: string | null;
  errorType: string | null;
  error: string | null;
  firstFailedAt: string | null;
  lastFailedAt: string | null;
  handledAt: string | null;
  orderingKey: string | null;
};

export type InboxItemPage = {
  /** In the order of the list. */
  items: InboxItem[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type InboxState = "handling" | "failing" | "scheduled" | "done";

export type Latency = {
  count: number;
  /** Milliseconds, interpolated in a bucket of the histogram. */
  p50: number;
  p95: number;
  p99: number;
};

export type MessageStory = {
  messageId: string;
  name: string | null;
  correlationId: string | null;
  /** The message in whose handling it was stored. */
  causedBy: string | null;
  /** The oldest first. */
  entries: StoryEntry[];
  caused: CausedMessage[];
  unreadable: Unreadable[];
};

export type NodeItem = {
  service: string;
  id: string;
  host: string;
  startedAt: string;
  heartbeatAt: string;
  heartbeatAgeSeconds: number;
  /** Whether its heartbeat is not late. */
  isAlive: boolean;
};

export type NodeItemPage = {
  /** In the order of the list. */
  items: NodeItem[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type OutboxCounts = {
  pending: Count;
  scheduled: Count;
  retrying: Count;
  failed: Count;
  sent: Count;
  expired: Count;
  cancelled: Count;
};

export type OutboxDetail = {
  row: OutboxItem;
  contentType: string;
  headers: Record<string, string>;
  traceparent: string | null;
  replyTo: string | null;
  priority: number | null;
};

export type OutboxItem = {
  service: string;
  /** Of the row; a message id is not unique in an outbox. */
  id: string;
  messageId: string;
  name: string;
  state: OutboxState;
  /** Empty for a retry or replay that goes back to the queue `routingKey`. */
  exchange: string;
  routingKey: string;
  orderingKey: string | null;
  correlationId: string | null;
  causationId: string | null;
  createdAt: string;
  dueAt: string | null;
  expiresAt: string | null;
  /** Null while it waits behind its ordering key or for an operator, or has left. */
  nextAttemptAt: string | null;
  finishedAt: string | null;
  attempts: number;
  /** `returned`, `nacked`, `timed out` or `refused`. */
  errorKind: string | null;
  error: string | null;
  size: number;
};

export type OutboxItemPage = {
  /** In the order of the list. */
  items: OutboxItem[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type OutboxState = "pending" | "scheduled" | "retrying" | "failed" | "sent" | "expired" | "cancelled";

export type Overview = {
  now: string;
  verdict: Verdict;
  services: ServiceOverview[];
  broker: BrokerState;
};

export type ParkedItem = {
  service: string;
  id: string;
  queue: string;
  orderingKey: string;
  messageId: string;
  name: string;
  waitsFor: string | null;
  parkedAt: string;
  correlationId: string | null;
};

export type ParkedItemPage = {
  /** In the order of the list. */
  items: ParkedItem[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type Problem = {
  type: string;
  title: string;
  status: number;
  /** What failed, the value in quotes, and the remedy. */
  detail: string;
  /** The parameter at fault. */
  parameter?: string | null;
  /** With 409 for an unexpected number: how many match now. */
  actualCount?: number | null;
};

export type QueueDepth = {
  ready: number;
  /** Null where only AMQP was asked. */
  unacked: number | null;
  consumers: number;
  /** A second; null where only AMQP was asked. */
  publishRate: number | null;
  deliverRate: number | null;
  ackRate: number | null;
  /** In the dead-letter queue of the broker. */
  inDeadLetterQueue: number | null;
};

export type QueueItem = {
  service: string;
  queue: string;
  /** Whether the service consumes it; else it is one that the broker has beside them. */
  isConsumed: boolean;
  source: QueueSource;
  depth: QueueDepth | null;
  delayed: Count;
  failing: Count;
  parked: Count;
  deadLetters: Count;
  settings: ConsumerSettings;
  /** The processes that consume it and that can be asked: the one that serves the dashboard. */
  consumers: ConsumerItem[];
  /** The broker's policy in force; null where there is none or nothing is known. */
  policy: string | null;
  type: string | null;
  arguments: Record<string, string>;
  /** What differs from what the service needs. */
  differences: string[];
};

export type QueueItemPage = {
  /** In the order of the list. */
  items: QueueItem[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type QueueRequest = {
  service: string;
  queue: string;
  /** Whether for processes that start later, too. */
  lasting: boolean;
};

export type QueueSource = "none" | "amqp" | "management";

export type RatePoint = {
  /** When the step begins. */
  at: string;
  committed: number;
  sent: number;
  handled: number;
  /** Attempts that failed. */
  failed: number;
  deadLettered: number;
  /** From commit to the broker's confirm. */
  confirm: Latency | null;
  /** From commit to the end of handling; from receipt for messages of foreign senders is not counted. */
  handle: Latency | null;
};

export type Rates = {
  from: string;
  until: string;
  stepSeconds: number;
  total: RatePoint;
  points: RatePoint[];
};

export type Reference = {
  resource: Resource;
  service: string;
  id: string;
};

export type ReplayItem = {
  service: string;
  id: string;
  who: string;
  requestedAt: string;
  replayed: number;
  refused: number;
  refusal: string | null;
  finishedAt: string | null;
  isCancelled: boolean;
};

export type ReplayItemPage = {
  /** In the order of the list. */
  items: ReplayItem[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type ReplayManyRequest = {
  service: string;
  ids?: string[] | null;
  filter?: Record<string, string> | null;
  expectedCount?: number | null;
  /** With a filter: how many are sent in a second at most, 1 to 10,000; 100 if not given. */
  perSecond?: number | null;
  /** Whether one may be older than what the inbox remembers. */
  beyondHorizon?: boolean;
};

export type ReplayOneRequest = {
  /** Another body as text; null as it came. Not with `base64`. */
  text?: string | null;
  /** Another body as bytes. */
  base64?: string | null;
  /** Headers to set; null removes one. */
  headers?: Record<string, string> | null;
  beyondHorizon?: boolean;
};

export type ReplayStarted = {
  result: ActionResult;
  /** What goes on in the background; null where all was done at once. */
  replay: ReplayItem | null;
};

export type Resource = "outbox" | "inbox" | "dead-letters" | "parked";

export type ScheduleItem = {
  service: string;
  name: string;
  everySeconds: number;
  outcome: WorkOutcome;
  error: string | null;
  /** How often it has failed in a row. */
  failures: number;
  lastStartedAt: string;
  lastFinishedAt: string | null;
  durationSeconds: number | null;
  nextAt: string;
  host: string;
};

export type ScheduleItemPage = {
  /** In the order of the list. */
  items: ScheduleItem[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type SearchHit = {
  row: Reference;
  messageId: string;
  name: string | null;
  queue: string | null;
  /** The state of its resource. */
  state: string;
  at: string;
  /** Which field matched: `messageId`, `correlationId`, `name`, `orderingKey` or `error`. */
  matched: string;
  excerpt: string | null;
};

export type SearchHitPage = {
  /** In the order of the list. */
  items: SearchHit[];
  /** Give it as `cursor` to read on; null at the end. Its content is nobody's business. */
  next: string | null;
  /** Services whose database could not be read: what they have is missing here. */
  unreadable: Unreadable[];
};

export type ServiceInfo = {
  /** As `service` in every address. */
  name: string;
  /** The service that owns the tables; null where they could not be read. */
  owner: string | null;
  database: string | null;
  schema: string;
  /** Whether it is one of the process that serves the dashboard. */
  isOwn: boolean;
  isReachable: boolean;
  error: string | null;
  schemaVersion: number | null;
};

export type ServiceOverview = {
  service: string;
  isReachable: boolean;
  /** Should have left, and was not tried yet. */
  pending: Count;
  oldestPendingSeconds: number | null;
  scheduled: Count;
  retrying: Count;
  /** Outbox rows that wait for an operator. */
  failed: Count;
  /** Messages whose handling failed and is tried again. */
  failing: Count;
  parked: Count;
  deadLetters: Count;
  openAlerts: Count;
  nodesAlive: number;
  nodesSilent: number;
};

export type Session = {
  /** As the audit names the caller. */
  user: string;
  canOperate: boolean;
  canSeeBodies: boolean;
  isReadOnly: boolean;
  /** The header that every change must have, with any value. */
  changeHeader: string;
  version: string;
  /** The server's time, to show ages by. */
  now: string;
  services: ServiceInfo[];
};

export type Severity = "error" | "warning";

export type StoryEntry = {
  at: string;
  service: string;
  kind: StoryKind;
  /** In one sentence. */
  text: string;
  queue: string | null;
  /** What it tells of: a row of `resource`, by its id. */
  row: Reference | null;
};

export type StoryKind = "stored" | "due" | "send-failed" | "sent" | "expired" | "cancelled" | "attempt-failed" | "retry-scheduled" | "parked" | "dead-lettered" | "discarded" | "replayed" | "handled" | "changed";

export type Unreadable = {
  service: string;
  error: string;
};

export type Verdict = {
  isHealthy: boolean;
  /** In one sentence. */
  text: string;
  /** What is wrong, the worst first. */
  findings: Finding[];
};

export type WorkOutcome = "running" | "done" | "failed" | "stopped";

export interface Page<T> {
  items: T[];
  next: string | null;
  unreadable: Unreadable[];
}
