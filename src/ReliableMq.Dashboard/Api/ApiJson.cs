using System.Text.Json;
using System.Text.Json.Serialization;
using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Api;

/// <summary>How the API writes and reads. A member that is not known is an error of the caller: a mistyped filter must not act on everything.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(Session))]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(Rates))]
[JsonSerializable(typeof(Page<OutboxItem>), TypeInfoPropertyName = "OutboxPage")]
[JsonSerializable(typeof(OutboxDetail))]
[JsonSerializable(typeof(OutboxCounts))]
[JsonSerializable(typeof(Page<InboxItem>), TypeInfoPropertyName = "InboxPage")]
[JsonSerializable(typeof(InboxItem))]
[JsonSerializable(typeof(InboxCounts))]
[JsonSerializable(typeof(Page<ParkedItem>), TypeInfoPropertyName = "ParkedPage")]
[JsonSerializable(typeof(Page<DeadLetterItem>), TypeInfoPropertyName = "DeadLetterPage")]
[JsonSerializable(typeof(Page<DeadLetterGroup>), TypeInfoPropertyName = "DeadLetterGroupPage")]
[JsonSerializable(typeof(DeadLetterDetail))]
[JsonSerializable(typeof(ReplayManyRequest))]
[JsonSerializable(typeof(ReplayOneRequest))]
[JsonSerializable(typeof(ReplayStarted))]
[JsonSerializable(typeof(Page<ReplayItem>), TypeInfoPropertyName = "ReplayPage")]
[JsonSerializable(typeof(MessageStory))]
[JsonSerializable(typeof(Page<SearchHit>), TypeInfoPropertyName = "SearchPage")]
[JsonSerializable(typeof(Page<QueueItem>), TypeInfoPropertyName = "QueuePage")]
[JsonSerializable(typeof(QueueItem))]
[JsonSerializable(typeof(QueueRequest))]
[JsonSerializable(typeof(ConsumerChangeRequest))]
[JsonSerializable(typeof(GoOnRequest))]
[JsonSerializable(typeof(Page<AlertItem>), TypeInfoPropertyName = "AlertPage")]
[JsonSerializable(typeof(Page<NodeItem>), TypeInfoPropertyName = "NodePage")]
[JsonSerializable(typeof(Page<ScheduleItem>), TypeInfoPropertyName = "SchedulePage")]
[JsonSerializable(typeof(Page<AuditItem>), TypeInfoPropertyName = "AuditPage")]
[JsonSerializable(typeof(ActionRequest))]
[JsonSerializable(typeof(ActionResult))]
[JsonSerializable(typeof(BodyView))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(Count))]
[JsonSerializable(typeof(Change))]
internal sealed partial class ApiJson : JsonSerializerContext;
