import type { Count, Finding, ServiceOverview } from "../api/contract";
import { formatSpan } from "../time/format";
import type { Texts } from "./en";
import { formatCount, formatNumber } from "./numbers";
import { serverInChinese } from "./zhServer";

const messages = (count: Count | number) => `${formatCount(count)} 条消息`;

const time: Texts["time"] = {
  now: "现在",
  seconds: (n) => `${n} 秒`, minutes: (n) => `${n} 分钟`, hours: (n) => `${n} 小时`, days: (n) => `${n} 天`,
  ago: (span) => `${span}前`, ahead: (span) => `${span}后`,
  local: "本地时间", from: "起始时间", until: "截止时间",
};

/** Of the figures, because the server's sentence is English; where they do not tell it, that sentence. */
function finding({ area, text }: Finding, service: ServiceOverview | undefined) {
  const parts: string[] = [];
  const add = (count: Count, what: string) => count.value > 0 && parts.push(`${formatCount(count)} ${what}`);
  if (service && area === "outbox") {
    add(service.failed, "条发送失败，等待处理");
    add(service.retrying, "条正在重试发送");
    add(service.pending, "条等待发送");
    if (service.pending.value > 0 && service.oldestPendingSeconds !== null) parts.push(`最早的已等待 ${formatSpan(service.oldestPendingSeconds, time)}`);
  } else if (service && area === "inbox") {
    add(service.failing, "条处理失败，正在重试");
    add(service.parked, "条被搁置");
  } else if (service && area === "dead-letters") {
    add(service.deadLetters, "条死信等待处理");
  } else if (service && area === "nodes" && service.nodesSilent > 0) {
    parts.push(`${service.nodesSilent} 个节点没有心跳`);
  } else if (service && area === "alerts") {
    add(service.openAlerts, "个未解除的告警");
  } else if (area === "database") {
    parts.push(`数据库无法读取：${text.replace(/\.$/, "")}`);
  } else if (area === "broker") {
    parts.push(`消息代理：${text.replace(/\.$/, "")}`);
  }
  return parts.length > 0 ? `${parts.join("，")}。` : serverInChinese(text);
}

export const zh: Texts = {
  server: serverInChinese,
  pages: {
    overview: "概览", outbox: "发件箱", inbox: "收件箱", deadLetters: "死信", message: "消息", queues: "队列",
    alerts: "告警", nodes: "节点", schedule: "定时任务", audit: "审计", search: "搜索", notFound: "未找到",
  },
  shell: {
    skip: "跳到正文", menu: "菜单", closeMenu: "关闭菜单", navigation: "页面", flow: "流转", repair: "修复", operation: "运维",
    allServices: "全部服务", service: "服务", searchLabel: "搜索消息",
    searchHint: "消息 ID、关联 ID、类型、排序键、错误文本", searchKey: "按 / 搜索",
    live: "实时", polling: "每 5 秒", connecting: "连接中",
    liveTitle: "变化会立即显示。", pollingTitle: "实时连接已断开，页面每 5 秒查询一次。",
    settings: "设置", theme: "外观", themeSystem: "跟随系统", themeLight: "浅色", themeDark: "深色",
    language: "语言", timeZone: "时区", utc: "UTC", user: "当前用户", version: "版本",
    readOnly: "只读：此处不能进行任何更改。",
    away: "服务没有响应。显示的内容可能已过时，正在重试。",
    unreadable: (service) => `无法读取 ${service}，此处缺少它的数据。`,
  },
  rights: {
    noOperator: "您的账号只能查看，不能更改。操作员可以更改。",
    readOnly: "此控制台为只读。",
    noBodies: "您的账号不能查看消息正文。",
  },
  common: {
    loading: "正在加载", retry: "重试", cancel: "取消", close: "关闭", copy: "复制", copied: "已复制", details: "详情",
    back: "返回", older: "更早", newest: "最新", clear: "清除筛选", apply: "应用", none: "无", unknown: "未知",
    yes: "是", no: "否", all: "全部", show: "显示", hide: "隐藏", more: "全部显示", selected: (count) => `已选 ${formatNumber(count)} 项`,
    selectAll: "选择本页全部", selectRow: (id) => `选择 ${id}`, clearSelection: "取消选择",
    estimate: "估计值；精确计数代价过高", atLeast: "计数到此为止", notKnown: "数据库无法读取，数量未知", notYet: "到此为止没有找到。", notYetText: "更早的内容尚未查看。", lookFurther: "继续查看更早的",
    page: (shown) => `显示 ${formatNumber(shown)} 项`,
    failedTitle: "无法读取", awayTitle: "服务没有响应",
    awayText: "网络或进程不可用。页面会自动重试。",
    forbiddenTitle: "您无权查看", forbiddenText: "请申请查看此控制台的权限，或使用其他账号登录。",
    notFoundTitle: "没有这个页面", notFoundText: "地址可能有误。", goneTitle: "它已不存在",
    toOverview: "前往概览", filters: "筛选", actions: "操作",
  },
  time,
  fields: {
    service: "服务", messageId: "消息 ID", name: "类型", state: "状态", queue: "队列", destination: "目的地", exchange: "交换机",
    routingKey: "路由键", orderingKey: "排序键", correlationId: "关联 ID", causedBy: "起因", created: "存入时间",
    due: "到期时间", expires: "过期时间", next: "下次尝试", finished: "离开时间", attempts: "尝试次数", error: "错误", errorType: "异常",
    errorKind: "错误种类", errorText: "错误文本", size: "大小", contentType: "内容类型", headers: "消息头", body: "正文",
    reason: "原因", died: "成为死信", first: "首次", last: "最近", count: "数量", trend: "24 小时", epoch: "轮次", replyTo: "回复至",
    priority: "优先级", handledAt: "处理时间", failedAt: "最近失败", waitsFor: "等待", parked: "搁置", who: "操作人", action: "操作",
    target: "对象", at: "时间", host: "主机", started: "启动时间", heartbeat: "心跳", ready: "就绪", unacked: "未确认", consumers: "消费者",
    rates: "每秒入 / 出", delayed: "延迟", failing: "失败中", deadLetters: "死信", concurrency: "并发数", prefetch: "预取数", policy: "策略",
    value: "值", header: "名称", every: "间隔", lastRun: "上次运行", nextRun: "下次运行", took: "耗时", outcome: "结果", traceparent: "追踪",
    process: "进程", id: "ID", queueType: "队列类型",
  },
  outboxStates: {
    pending: "待发送", scheduled: "已定时", retrying: "重试中", failed: "失败", sent: "已发送", expired: "已过期", cancelled: "已取消",
  },
  inboxStates: { handling: "处理中", failing: "失败中", scheduled: "等待重试", done: "已完成" },
  deadStates: { waiting: "待处理", discarded: "已丢弃", replayed: "已重放" },
  workOutcomes: { running: "运行中", done: "完成", failed: "失败", stopped: "已停止" },
  severities: { error: "错误", warning: "警告" },
  overview: {
    range: "时间范围", ranges: { 15: "15 分钟", 60: "1 小时", 360: "6 小时", 1440: "1 天", 10080: "7 天" },
    verdict: ({ isHealthy, findings }) =>
      isHealthy ? "消息流转正常。" : findings.some((each) => each.area === "broker" && each.severity === "error") ? "消息代理不可用。" : findings.some((each) => each.severity === "error") ? `有 ${findings.length} 个问题需要处理。` : `消息在流转，但有 ${findings.length} 处需要关注。`,
    finding,
    asOf: (at) => `截至 ${at}`,
    attention: "需要关注", figures: "此时间范围内",
    committed: "已提交", sent: "已发送", handled: "已处理", failed: "失败的尝试", deadLettered: "成为死信", perMinute: "每分钟",
    waiting: "等待中", oldest: "最久等待",
    throughput: "每分钟消息数", confirmLatency: "提交到确认", handleLatency: "提交到处理", latency: "延迟", confirm: "确认", handle: "处理",
    p50: "p50", p95: "p95", p99: "p99", asTable: "以表格显示", asChart: "以图表显示", chartOf: (title, from, until) => `${title}，从 ${from} 到 ${until}`,
    noRates: "此时间范围内没有消息。",
    services: "服务", nodesAlive: "节点", silent: (n) => `${n} 个无心跳`, alerts: "告警", parked: "搁置",
    broker: "消息代理", brokerUp: "已连接", brokerDown: "不可用", brokerUnknown: "未知", alarms: "警报", unreachable: "数据库无法访问",
    open: { database: "查看服务", broker: "查看队列", outbox: "打开发件箱", inbox: "打开收件箱", "dead-letters": "打开死信", queues: "打开队列", alerts: "打开告警", nodes: "打开节点", schedule: "打开定时任务" },
  },
  outbox: {
    about: {
      pending: "已提交，即将发出。", scheduled: "到期后发出。", retrying: "尝试过但未成功，会自动重试。",
      failed: "尝试次数已用尽，等待操作员处理。", sent: "已由消息代理确认，且未被退回。", expired: "过期前未能发出。", cancelled: "已由操作员取消。",
    },
    empty: { pending: "没有等待发送的消息。", scheduled: "没有定时消息。", retrying: "没有正在重试的消息。", failed: "没有失败的消息。", sent: "尚未发送任何消息。", expired: "没有过期的消息。", cancelled: "没有取消的消息。" },
    noMatch: "没有符合筛选条件的内容。",
    sendNow: "立即发送", cancelMessage: "取消发送", resend: "再次发送", delete: "删除", row: "发件箱记录", backToQueue: "回到其队列", waitsForOperator: "等待操作员或其排序键",
  },
  inbox: {
    about: {
      handling: "正在本页面所在进程中运行的处理程序。", failing: "处理失败，会自动重试。",
      scheduled: "稍后重试；副本在发件箱中等待。", done: "已处理，每条恰好一次。", parked: "排在具有相同排序键的失败消息之后。",
    },
    empty: { handling: "此进程中没有正在运行的处理程序。", failing: "没有处理失败的消息。", scheduled: "没有等待重试的消息。", done: "尚未处理任何消息。", parked: "没有被搁置的消息。" },
    parked: "搁置", retryNow: "立即重试", goOn: "跳过它继续",
    goOnTitle: (key) => `让排序键“${key}”继续？`,
    goOnText: (queue) => `${queue} 中此键的消息将不再等待失败的那一条。失败的那一条保留自己的重试。`,
  },
  dead: {
    groups: "分组", list: "全部", replays: "重放任务", about: "已放弃处理的消息及其全部信息。在您决定之前不会有任何动作。",
    empty: "没有死信。所有消息都已处理或仍在尝试。", noMatch: "没有符合筛选条件的死信。",
    noException: "没有异常", replay: "重放", replayAll: "全部重放", discard: "丢弃", discardAll: "全部丢弃", edit: "编辑并重放", export: "导出",
    openGroup: (queue, type) => `${queue} 中的 ${type}`,
    trendLabel: (total) => `24 小时内 ${formatNumber(total)} 条`,
    stack: "堆栈", showStack: "显示堆栈", hideStack: "隐藏堆栈", attemptHistory: "尝试记录", attempt: (n) => `第 ${n} 次`, deaths: "消息代理的死信记录", noDeaths: "由本库放弃，未经过消息代理。",
    deathCount: (n) => `${formatNumber(n)} 次`, noAttempts: "没有尝试记录。",
    follow: "跟踪此消息", replayedNow: "已重新发送到其队列。", discardedNow: "已丢弃。",
    perSecond: "每秒最多", beyondHorizon: "也包括早于收件箱记忆的消息。它们可能早已处理过。",
    replaysEmpty: "没有启动过批量重放。", sentOf: (replayed) => `${formatNumber(replayed)} 条已发送`, refusedOf: (refused) => `${formatNumber(refused)} 条被拒绝`, sent: "已发送", refused: "被拒绝",
    running: "进行中", finished: "已完成", stopped: "已停止", stop: "停止",
    alreadyReplayed: "已重放。", alreadyDiscarded: "已丢弃。",
  },
  edit: {
    title: "编辑并重放", body: "正文", headers: "消息头", format: "格式化", reset: "还原", addHeader: "添加消息头", removeHeader: (name) => `移除 ${name}`, removed: "已移除",
    valid: "有效的 JSON", invalid: (line, column, what) => `第 ${line} 行第 ${column} 列：${what}`, notJson: "此正文不是 JSON，将按此处内容原样发送。",
    binary: "此正文为二进制，无法在此编辑。请通过 API 以 base64 重放。", truncated: "此正文过大，无法在此编辑。请通过 API 重放。",
    changes: "更改内容", noChanges: "没有更改，将按原样重放。", replay: "重放编辑后的消息", replayAsIs: "按原样重放",
    headerName: "名称", headerValue: "值", leave: "不重放就离开？", leaveText: "您的更改将丢失。",
  },
  body: {
    empty: "正文为空。", truncated: (size) => `仅显示开头部分；全文为 ${size}。`, download: "下载", hex: "字节", text: "文本", bytes: (n) => `${formatNumber(n)} 字节`,
  },
  message: {
    notFound: "没有服务认识这条消息", notFoundText: "它可能已超过保留期限，或属于未在此显示的服务。",
    timeline: "时间线", caused: "由它引起的消息", causedNone: "它没有引起其他消息。", causedBy: "起因", later: (span) => `+${span}`,
    kinds: {
      stored: "已存入", due: "到期", "send-failed": "发送失败", sent: "已发送并确认", expired: "已过期", cancelled: "已取消", "attempt-failed": "尝试失败",
      "retry-scheduled": "已安排重试", parked: "已搁置", "dead-lettered": "成为死信", discarded: "已丢弃", replayed: "已重放", handled: "已处理", changed: "已更改",
    },
    openRow: { outbox: "发件箱记录", inbox: "收件箱", "dead-letters": "死信", parked: "搁置" },
  },
  queues: {
    empty: "这里没有服务消费队列。", paused: "已暂停", running: "消费中", notConsumed: "此处未消费",
    pause: "暂停", resume: "恢复", change: "更改", reset: "恢复配置值",
    lasting: "对以后启动的进程同样有效", differs: "有差异", differences: "与服务所需不一致", noDifferences: "与服务所需一致。",
    sourceManagement: "来自管理 API", sourceAmqp: "来自 AMQP：仅有就绪数和消费者数", sourceNone: "未查询消息代理。", arguments: "参数",
    pauseTitle: (queue) => `暂停 ${queue}？`, pauseText: "消息将在消息代理中等待，直到您恢复。正在处理的会处理完。",
    changeTitle: (queue) => `更改 ${queue}`, perProcess: "针对每个进程", configured: (n) => `配置为 ${n}`, changed: "已由操作员更改",
    unchanged: "保持不变", inDeadLetterQueue: "在消息代理的死信队列中", processes: "进程", noProcess: "本页面的进程不消费它；其他进程通过数据库得知更改。", handling: (n) => `${n} 条处理中`, handlingNow: "处理中",
  },
  alerts: {
    open: "未解除", resolved: "已解除", empty: "没有未解除的告警。", emptyResolved: "尚无已解除的告警。", raised: (n) => `${formatNumber(n)} 次`,
    told: "已通知", notTold: "尚未通知", examples: "示例", resolution: "解除原因", failedTelling: (n) => `${n} 次失败`,
  },
  nodes: { empty: "没有进程报告。", alive: "正常", silent: "无心跳", up: "已运行", age: "上次心跳" },
  schedule: { empty: "没有已知的定时任务。", failures: (n) => `连续 ${n} 次` },
  audit: { empty: "没有人进行过更改。", noMatch: "没有符合筛选条件的内容。" },
  search: {
    title: (query) => `搜索：${query}`, empty: "没有找到", emptyText: "ID、类型和键必须完整给出。文本在失败消息和死信的错误中查找。",
    start: "搜索消息", startText: "按消息 ID、关联 ID、类型、排序键或错误中的一部分文本。", matched: "匹配于", any: "任意时间",
    fields: { messageId: "消息 ID", correlationId: "关联 ID", name: "类型", orderingKey: "排序键", error: "错误" },
    resources: { outbox: "发件箱", inbox: "收件箱", "dead-letters": "死信", parked: "搁置" },
  },
  ask: {
    reason: "原因", reasonHint: "保存在审计中", replayTitle: (n) => `重放 ${messages(n)}？`, discardTitle: (n) => `丢弃 ${messages(n)}？`,
    sendTitle: (n) => `立即发送 ${messages(n)}？`, cancelTitle: (n) => `取消 ${messages(n)}？`, resendTitle: (n) => `再次发送 ${messages(n)}？`,
    deleteTitle: (n) => `永久删除 ${messages(n)}？`, retryTitle: (n) => `立即重试 ${messages(n)}？`,
    replayText: "每条消息回到自己的队列，尝试次数从零开始。已处理过的不会再次处理。",
    discardText: "不会再处理它们。它们会保留一段时间，期间仍可重放。",
    sendText: "不论在等待什么，都立即尝试发送。失败消息的尝试次数从零开始。",
    cancelText: "它们不经发送就离开发件箱。历史中保留为已取消，可从那里再次发送。",
    resendText: "以原有 ID 再次发送：已处理过的不会再次处理。",
    deleteText: "将从历史中移除，无法撤销。", retryText: "立即执行已安排的重试。",
    which: "对象", ofServices: (names) => `属于 ${names}`, noFilter: "无筛选", allMatching: (n) => `选择全部 ${formatCount(n)} 条符合条件的`, allSelected: (n) => `已选择全部 ${formatCount(n)} 条符合条件的`,
    changedMeanwhile: (n) => `现在有 ${formatNumber(n)} 条符合条件，多于您所见。未做任何更改，请重新查看。`,
    done: (n) => `完成：${formatNumber(n)} 条消息。`, refused: (n, why) => `${formatNumber(n)} 条被拒绝：${why}`,
    started: (n) => `已开始重放 ${messages(n)}。`, failed: "未做任何更改。",
    verbs: { replay: (n) => `重放 ${formatCount(n)} 条`, discard: (n) => `丢弃 ${formatCount(n)} 条`, sendNow: (n) => `发送 ${formatCount(n)} 条`, cancel: (n) => `取消 ${formatCount(n)} 条`, resend: (n) => `再次发送 ${formatCount(n)} 条`, delete: (n) => `删除 ${formatCount(n)} 条`, retryNow: (n) => `重试 ${formatCount(n)} 条` },
    keep: "保持不变",
  },
};
