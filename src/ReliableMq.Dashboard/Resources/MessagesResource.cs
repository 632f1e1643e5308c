using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Resources;

/// <summary>A message by its id across all services, and the search.</summary>
internal sealed class MessagesResource : IResource
{
    private static readonly Parameter<string> MessageId = Parameter.Text("id", "The message's id.") with { IsRequired = true };
    private static readonly Parameter<string> Text = Parameter.Text("q", "A message id, correlation id, name, ordering key, or a part of an error.", 300) with { IsRequired = true };

    public IEnumerable<ApiRoute> Routes =>
    [
        ApiRoute.Get("messages", "The whole life of a message, from its commit to its last effect, across all services, and what it caused.", ApiJson.Default.MessageStory, [MessageId], _ => throw ApiException.NotYet()),
        ApiRoute.Get("search", "Finds messages: by id, correlation id, name and ordering key exactly, by text in the errors of failing and dead ones.", ApiJson.Default.SearchPage,
            [Text, Filters.Service, Filters.From, Filters.Until, Filters.Limit], _ => throw ApiException.NotYet()),
    ];
}
