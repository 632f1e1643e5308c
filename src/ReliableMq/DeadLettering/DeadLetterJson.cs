using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReliableMq.DeadLettering;

/// <summary>Dead letters and filters as JSON, without reflection.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeadLetter))]
[JsonSerializable(typeof(DeadLetterFilter))]
internal sealed partial class DeadLetterJson : JsonSerializerContext;
