/** The server's sentences are English. Those that operators meet are known here; others stay as they are. */
const sentences: [RegExp, string][] = [
  [/^An operator has paused: (.+)\.$/, "操作员已暂停：$1。"],
  [/^Scheduled work has failed three times in a row or more: (.+)\.$/, "定时任务连续失败三次以上：$1。"],
  [/^No process of it is alive: nothing is sent or handled\.$/, "没有存活的进程：既不发送也不处理。"],
  [/^No answer within (\d+) s\.( Try again\.)?$/, "$1 秒内没有应答。"],
  [/^The database cannot be read: No answer within (\d+) s\.( Try again\.)?$/, "数据库 $1 秒内没有应答。"],
  [/^The health checks of this process gave no answer within (\d+) s\.$/, "此进程的健康检查在 $1 秒内没有应答。"],
  [/^The filter matches (?:more than )?(\d+) by now, but (\d+) were expected\..*$/, "现在有 $1 条符合筛选条件，而预期为 $2 条。请重新查看并确认。"],
  [/^It is being sent this moment, or has left\.$/, "它正在发送，或已离开。"],
  [/^Its retry is short and waits in its consumer, or it is on its way\.$/, "它很快会重试，正在其消费者中等待，或已在途中。"],
  [/^What has not left has to be cancelled first\.$/, "尚未离开的消息需先取消。"],
  [/^A retry or replay goes back to its queue by its dead letter, not from the history\.$/, "重试或重放的消息由其死信回到队列，不能从历史记录再次发送。"],
  [/^The message "(.+)" of "(.+)" does not wait any more: it was replayed or discarded\.$/, "队列“$2”的消息“$1”已被重放或丢弃。"],
  [/^The dead letter "(.+)" of "(.+)" was replayed at ([^.]+)\..*$/, "队列“$2”的死信“$1”已于 $3 重放。若再次失败，会以更高的轮次出现在列表中。"],
  [/^"(.+)" may not change anything\..*$/, "“$1”无权更改。"],
  [/^"(.+)" may not see the bodies of messages\..*$/, "“$1”无权查看消息正文。"],
  [/^The dashboard is read-only: .*$/, "此控制台为只读。"],
  [/^There is nothing with the id .*$/, "这里没有此 ID 的内容，或已不存在。请查看列表。"],
  [/^No service knows a message "(.+)"\..*$/, "没有服务知道消息“$1”。它可能已从历史记录中删除，或 ID 有误。"],
];

export function serverInChinese(text: string) {
  for (const [sentence, chinese] of sentences) {
    if (sentence.test(text)) return text.replace(sentence, chinese);
  }
  return text;
}
