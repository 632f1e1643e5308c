import type { Finding, StoryEntry, Verdict } from "../api/contract";
import { formatSpan } from "../time/format";
import type { Texts } from "./en";
import { serverInChinese } from "./zhServer";

type Told<Code extends string> = Record<Code, (...values: string[]) => string>;

const findings = (time: Texts["time"]): Told<Finding["code"]> => ({
  "database-unreadable": (why) => `数据库无法读取：${serverInChinese(why!)}`,
  "health-check": (why) => serverInChinese(why!),
  "health-checks-slow": (seconds) => `此进程的健康检查在 ${seconds} 秒内没有应答。`,
  "oldest-waits": (seconds) => `最早应已发出的消息已等待 ${formatSpan(Number(seconds), time)}。`,
  "send-failed": (count) => `${count} 条消息未能发送，等待操作员处理。`,
  "no-process": () => "没有存活的进程：既不发送也不处理。",
  "dead-letters": (count) => `${count} 条死信等待操作员处理。`,
  "failing-long": (count) => `${count} 条消息处理失败已超过 5 分钟。`,
  parked: (count) => `${count} 条消息排在同一排序键的失败消息之后。`,
  alerts: (count) => `${count} 个告警未解除。`,
  paused: (queues) => `操作员已暂停：${queues}。`,
  "work-fails": (names) => `定时任务连续失败三次以上：${names}。`,
});

const entries: Told<StoryEntry["code"]> = {
  committed: (exchange, key) => `已提交，将以“${key}”发往“${exchange}”。`,
  "goes-back": (queue) => `已存入，将回到其队列“${queue}”。`,
  due: () => "到期发送。",
  "not-sent-yet": (attempts, kind, why) => `尝试 ${attempts} 次后仍未发送，${kind}：${why}`,
  "waits-for-operator": (attempts, kind, why) => `尝试 ${attempts} 次后等待操作员处理，${kind}：${why}`,
  expired: () => "发送前已过期。",
  cancelled: () => "已由操作员取消。",
  confirmed: () => "已由消息代理确认。",
  "confirmed-at-attempt": (attempt) => `第 ${attempt} 次尝试时由消息代理确认。`,
  "attempt-failed": (attempt, why) => `第 ${attempt} 次尝试失败：${why}`,
  "next-attempt": () => "下一次尝试。",
  "given-up": (attempts, why) => `尝试 ${attempts} 次后放弃：${why}`,
  discarded: () => "已由操作员丢弃。",
  replayed: () => "已由操作员重放。",
  "waits-behind-key": (key) => `排在其排序键“${key}”的另一条消息之后。`,
  handled: () => "已处理。",
};

const verdicts: Record<Verdict["code"], (verdict: Verdict) => string> = {
  healthy: () => "消息流转正常，没有等待操作员处理的内容。",
  "no-service": () => "没有已知的服务。",
  warnings: ({ findings: all }) => `消息在流转，但有 ${all.length} 处需要关注。`,
  errors: ({ findings: all }) => {
    const errors = all.filter((each) => each.severity === "error").length;
    return `有 ${errors} 个问题需要处理${all.length > errors ? `，另有 ${all.length - errors} 处需要关注` : ""}。`;
  },
};

export const findingsInChinese = (time: Texts["time"]) => {
  const told = findings(time);
  return ({ code, values }: Finding) => told[code](...values);
};

export const entryInChinese = ({ code, values }: StoryEntry) => entries[code](...values);

export const verdictInChinese = (verdict: Verdict) => verdicts[verdict.code](verdict);
