// The records of the API, as api/openapi.json describes them.

export type Area = "database" | "broker" | "outbox" | "inbox" | "dead-letters" | "queues" | "alerts" | "nodes" | "schedule";
export type Severity = "error" | "warning";

export interface Unreadable { service: string; error: string }
export interface Page<T> { items: T[]; next: string | null; unreadable: Unreadable[] }
export interface Count { value: number; isEstimate: boolean; isAtLeast: boolean }

export interface Session {
  user: string; canOperate: boolean; canSeeBodies: boolean; isReadOnly: boolean;
  changeHeader: string; version: string; now: string; services: ServiceInfo[];
}
export interface ServiceInfo {
  name: string; owner: string | null; database: string | null; schema: string;
  isOwn: boolean; isReachable: boolean; error: string | null; schemaVersion: number | null;
}

export interface ActionRequest {
  service: string; ids?: string[]; filter?: Record<string, string>; expectedCount?: number; reason?: string;
}
export interface ActionResult { done: number; refused: number; refusal: string | null }
export interface Problem {
  type: string; title: string; status: number; detail: string; parameter: string | null; actualCount: number | null;
}

export type BodyKind = "empty" | "json" | "text" | "binary";
export interface BodyView {
  kind: BodyKind; contentType: string | null; size: number; text: string | null; base64: string; isTruncated: boolean;
}

export type OutboxState = "pending" | "scheduled" | "retrying" | "failed" | "sent" | "expired" | "cancelled";
export interface OutboxItem {
  service: string; id: string; messageId: string; name: string; state: OutboxState; exchange: string; routingKey: string;
  orderingKey: string | null; correlationId: string | null; causationId: string | null;
  createdAt: string; dueAt: string | null; expiresAt: string | null; nextAttemptAt: string | null; finishedAt: string | null;
  attempts: number; errorKind: string | null; error: string | null; size: number;
}
export interface OutboxDetail {
  row: OutboxItem; contentType: string; headers: Record<string, string>;
  traceparent: string | null; replyTo: string | null; priority: number | null;
}
export type OutboxCounts = Record<OutboxState, Count>;

export type InboxState = "handling" | "failing" | "scheduled" | "done";
export interface InboxItem {
  service: string; id: string; queue: string; messageId: string; state: InboxState; epoch: number; attempts: number;
  nextAttemptAt: string | null; errorType: string | null; error: string | null;
  firstFailedAt: string | null; lastFailedAt: string | null; handledAt: string | null; orderingKey: string | null;
}
export type InboxCounts = Record<InboxState, Count>;
export interface ParkedItem {
  service: string; id: string; queue: string; orderingKey: string; messageId: string; name: string;
  waitsFor: string | null; parkedAt: string; correlationId: string | null;
}
export interface GoOnRequest { service: string; queue: string; orderingKey: string }

export type DeadLetterWhat = "waiting" | "discarded" | "replayed";
export interface DeadLetterItem {
  service: string; id: string; queue: string; messageId: string; epoch: number; name: string; state: DeadLetterWhat;
  reason: string; errorType: string | null; error: string | null; attempts: number;
  deadAt: string; discardedAt: string | null; replayedAt: string | null; correlationId: string | null; size: number;
}
export interface DeadLetterDetail {
  deadLetter: DeadLetterItem; contentType: string | null; exchange: string; routingKey: string;
  replyTo: string | null; priority: number | null; headers: Record<string, string>; deaths: Death[]; attemptHistory: Attempt[];
}
export interface Death {
  queue: string | null; reason: string | null; count: number | null; at: string | null; exchange: string | null; routingKeys: string[];
}
export interface Attempt { number: number; at: string | null; errorType: string | null; error: string | null }
export interface DeadLetterGroup {
  service: string; queue: string; errorType: string | null; count: Count;
  firstDeadAt: string; lastDeadAt: string; reason: string; trend: number[];
}
export interface ReplayManyRequest {
  service: string; ids?: string[]; filter?: Record<string, string>; expectedCount?: number; perSecond?: number; beyondHorizon?: boolean;
}
export interface ReplayOneRequest {
  text?: string; base64?: string; headers?: Record<string, string | null>; beyondHorizon?: boolean;
}
export interface ReplayStarted { result: ActionResult; replay: ReplayItem | null }
export interface ReplayItem {
  service: string; id: string; who: string; requestedAt: string; replayed: number; refused: number;
  refusal: string | null; finishedAt: string | null; isCancelled: boolean;
}

export type StoryKind =
  | "stored" | "due" | "send-failed" | "sent" | "expired" | "cancelled" | "attempt-failed" | "retry-scheduled"
  | "parked" | "dead-lettered" | "discarded" | "replayed" | "handled" | "changed";
export type Resource = "outbox" | "inbox" | "dead-letters" | "parked";
export interface Reference { resource: Resource; service: string; id: string }
export interface StoryEntry { at: string; service: string; kind: StoryKind; text: string; queue: string | null; row: Reference | null }
export interface CausedMessage { service: string; messageId: string; name: string; state: OutboxState; createdAt: string }
export interface MessageStory {
  messageId: string; name: string | null; correlationId: string | null; causedBy: string | null;
  entries: StoryEntry[]; caused: CausedMessage[]; unreadable: Unreadable[];
}
export interface SearchHit {
  row: Reference; messageId: string; name: string | null; queue: string | null; state: string; at: string; matched: string; excerpt: string | null;
}

export interface Overview { now: string; verdict: Verdict; services: ServiceOverview[]; broker: BrokerState }
export interface Verdict { isHealthy: boolean; text: string; findings: Finding[] }
export interface Finding { severity: Severity; area: Area; service: string | null; text: string }
export interface ServiceOverview {
  service: string; isReachable: boolean; pending: Count; oldestPendingSeconds: number | null; scheduled: Count; retrying: Count;
  failed: Count; failing: Count; parked: Count; deadLetters: Count; openAlerts: number; nodesAlive: number; nodesSilent: number;
}
export interface BrokerState { isReachable: boolean | null; text: string; version: string | null; cluster: string | null; alarms: string[] }
export interface Rates { from: string; until: string; stepSeconds: number; total: RatePoint; points: RatePoint[] }
export interface RatePoint {
  at: string; committed: number; sent: number; handled: number; failed: number; deadLettered: number;
  confirm: Latency | null; handle: Latency | null;
}
export interface Latency { count: number; p50: number; p95: number; p99: number }

export interface QueueItem {
  service: string; queue: string; isConsumed: boolean; source: "none" | "amqp" | "management"; depth: QueueDepth | null;
  delayed: Count; failing: Count; parked: Count; deadLetters: Count; settings: ConsumerSettings; consumers: ConsumerItem[];
  policy: string | null; type: string | null; arguments: Record<string, string>; differences: string[];
}
export interface QueueDepth {
  ready: number; unacked: number | null; consumers: number;
  publishRate: number | null; deliverRate: number | null; ackRate: number | null; inDeadLetterQueue: number | null;
}
export interface ConsumerSettings {
  isPaused: boolean; pausedSince: string | null; isPauseLasting: boolean;
  concurrency: number | null; prefetch: number | null; isChangeLasting: boolean; changedAt: string | null;
}
export interface ConsumerItem {
  host: string; processId: number; isConsuming: boolean; description: string;
  concurrency: number; configuredConcurrency: number; prefetch: number; configuredPrefetch: number; handling: number;
}
export interface QueueRequest { service: string; queue: string; lasting: boolean }
export interface ConsumerChangeRequest extends QueueRequest { concurrency?: number; prefetch?: number }

export interface NodeItem {
  service: string; id: string; host: string; startedAt: string; heartbeatAt: string; heartbeatAgeSeconds: number; isAlive: boolean;
}
export interface ScheduleItem {
  service: string; name: string; everySeconds: number; outcome: "running" | "done" | "failed" | "stopped"; error: string | null;
  failures: number; lastStartedAt: string; lastFinishedAt: string | null; durationSeconds: number | null; nextAt: string; host: string;
}
export interface AuditItem { service: string; id: string; at: string; who: string; action: string; target: string; details: string | null }
export interface AlertItem {
  service: string; id: string; kind: string; group: string; severity: Severity; text: string; count: number;
  firstRaisedAt: string; lastRaisedAt: string; resolvedAt: string | null; resolution: string | null;
  examples: { messageId: string | null; reason: string | null }[];
  tellings: { sink: string; tellings: number; toldAt: string | null; failedAttempts: number; error: string | null }[];
}
export interface Change { service: string; areas: Area[] }
