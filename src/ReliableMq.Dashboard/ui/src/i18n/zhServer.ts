/** The server's sentences are English. Those that operators meet are known here; others stay as they are. */
const sentences: [RegExp, string][] = [
  [/^Messages flow, and nothing waits for an operator\.$/, "消息流转正常，没有需要操作员处理的内容。"],
  [/^No service is known\.$/, "没有已知的服务。"],
  [/^The oldest message that should have left has waited for ([\d.]+) days?\.$/, "最早应发出的消息已等待 $1 天。"],
  [/^The oldest message that should have left has waited for ([\d.]+) hours?\.$/, "最早应发出的消息已等待 $1 小时。"],
  [/^The oldest message that should have left has waited for (\d+) minutes?\.$/, "最早应发出的消息已等待 $1 分钟。"],
  [/^The oldest message that should have left has waited for (\d+) seconds?\.$/, "最早应发出的消息已等待 $1 秒。"],
  [/^(\d+) messages? could not be sent and waits? for an operator\.$/, "$1 条消息发送失败，等待操作员处理。"],
  [/^(\d+) dead letters? waits? for an operator\.$/, "$1 条死信等待操作员处理。"],
  [/^(\d+) messages? ha(?:s|ve) been failing for more than 5 minutes\.$/, "$1 条消息处理失败已超过 5 分钟。"],
  [/^(\d+) messages? waits? behind one of (?:its|their) ordering key that fails\.$/, "$1 条消息排在具有相同排序键的失败消息之后。"],
  [/^(\d+) alerts? (?:is|are) open\.$/, "$1 个未解除的告警。"],
  [/^An operator has paused: (.+)\.$/, "操作员已暂停：$1。"],
  [/^Scheduled work has failed three times in a row or more: (.+)\.$/, "定时任务连续失败三次以上：$1。"],
  [/^No process of it is alive: nothing is sent or handled\.$/, "没有存活的进程：既不发送也不处理。"],
  [/^No answer within (\d+) s\.( Try again\.)?$/, "$1 秒内没有应答。"],
  [/^The database cannot be read: No answer within (\d+) s\.( Try again\.)?$/, "数据库 $1 秒内没有应答。"],
  [/^The database cannot be read: (.+)$/, "数据库无法读取：$1"],
  [/^The health checks of this process gave no answer within (\d+) s\.$/, "此进程的健康检查在 $1 秒内没有应答。"],
  [/^The filter matches (?:more than )?(\d+) by now, but (\d+) were expected\..*$/, "现在有 $1 条符合筛选条件，而预期为 $2 条。请重新查看并确认。"],
  [/^It is being sent this moment, or has left\.$/, "它正在发送，或已离开。"],
  [/^Its retry is short and waits in its consumer, or it is on its way\.$/, "它很快会重试，正在其消费者中等待，或已在途中。"],
  [/^What has not left has to be cancelled first\.$/, "尚未离开的消息需先取消。"],
  [/^It is on its way already, or is a retry or replay, which goes back to its queue by its dead letter\.$/, "它已在途中，或是重试或重放的消息，由其死信回到队列。"],
  [/^Then the database failed: (.+) Look at the audit, and begin again for the rest\.$/, "随后数据库出错：$1 请查看审计，其余的重新开始。"],
  [/^Nobody has said who may see the dashboard, .*$/, "没有设定谁可以查看此控制台，因此只有打开启动日志中链接的人可以查看。"],
  [/^The message "(.+)" of "(.+)" does not wait any more: it was replayed or discarded\.$/, "队列“$2”的消息“$1”已被重放或丢弃。"],
  [/^The dead letter "(.+)" of "(.+)" was replayed at ([^.]+)\..*$/, "队列“$2”的死信“$1”已于 $3 重放。若再次失败，会以更高的轮次出现在列表中。"],
  [/^"(.+)" may not change anything\..*$/, "“$1”无权更改。"],
  [/^"(.+)" may not see the bodies of messages\..*$/, "“$1”无权查看消息正文。"],
  [/^The dashboard is read-only: .*$/, "此控制台为只读。"],
  [/^There is nothing with the id .*$/, "这里没有此 ID 的内容，或已不存在。请查看列表。"],
  [/^No service knows a message "(.+)"\..*$/, "没有服务知道消息“$1”。它可能已从历史记录中删除，或 ID 有误。"],
];

export function serverInChinese(text: string): string {
  const [, counted] = /^More than (\d.*)$/.exec(text) ?? [];
  if (counted && serverInChinese(counted) !== counted) return `超过 ${serverInChinese(counted)}`;
  for (const [sentence, chinese] of sentences) {
    if (sentence.test(text)) return text.replace(sentence, chinese);
  }
  return text;
}
