using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Handling;

namespace ReliableMq.Hosting;

/// <summary>
/// Whether what handlers, filters and upcasters ask for is registered; else it would be found by the first message,
/// which could not be handled. Only what they ask for themselves: what that asks for in turn is validated with
/// <c>ValidateOnBuild</c>, as an application does in development.
/// </summary>
internal sealed class DependencyRules(IServiceProvider services, RegisteredServices registered)
{
    private readonly IServiceProviderIsService? _known = services.GetService<IServiceProviderIsService>();

    public void Check(
        IEnumerable<HandlerDefinition> handlers, IEnumerable<FilterRegistration> filters, IEnumerable<UpcasterRegistration> upcasters, List<string> errors)
    {
        if (_known is null)
        {
            return;
        }

        foreach (var type in handlers.Select(handler => handler.HandlerType).OfType<Type>().Distinct())
        {
            CheckClass("handler class", type, errors);
        }

        foreach (var handler in handlers)
        {
            errors.AddRange(handler.Services.Where(service => !IsRegistered(service.Type, service.Key)).Select(service =>
                Missing($"handler \"{handler.HandlerName}\"", service, $"let the parameter be null: \"{service.Type.Name}?\"")));
        }

        foreach (var type in filters.Select(filter => filter.Type).Distinct())
        {
            CheckClass("filter", type, errors);
        }

        foreach (var type in upcasters.Select(upcaster => upcaster.Type).Distinct())
        {
            CheckClass("upcaster", type, errors);
        }
    }

    private void CheckClass(string what, Type type, List<string> errors)
    {
        // Who registered the class with a factory calls its constructor himself, and other containers have their own ways.
        if (_known!.GetType().Assembly != typeof(ServiceProvider).Assembly || registered.Last(type) is not { ImplementationType: { } implementation })
        {
            return;
        }

        // Of several, the container takes the longest of which it has everything.
        var fewest = implementation.GetConstructors().Select(MissingIn).MinBy(missing => missing.Count);
        if (fewest is null)
        {
            errors.Add($"The {what} \"{implementation}\" has no public constructor, so it cannot be created. Give it one.");
        }
        else
        {
            errors.AddRange(fewest.Select(service => Missing($"{what} \"{implementation}\"", service, "give the parameter a default value")));
        }
    }

    private List<(string Parameter, Type Type, object? Key)> MissingIn(ConstructorInfo constructor) =>
    [
        .. constructor.GetParameters()
            .Where(parameter => !parameter.HasDefaultValue && !parameter.IsDefined(typeof(ServiceKeyAttribute)))
            .Select(parameter => (parameter.Name!, parameter.ParameterType, parameter.GetCustomAttribute<FromKeyedServicesAttribute>()?.Key))
            .Where(parameter => !IsRegistered(parameter.ParameterType, parameter.Key)),
    ];

    private bool IsRegistered(Type type, object? key) =>
        key is null ? _known!.IsService(type)
        : _known is not IServiceProviderIsKeyedService keyed || keyed.IsKeyedService(type, key);

    private static string Missing(string who, (string Parameter, Type Type, object? Key) service, string otherwise)
    {
        var what = $"The {who} needs \"{service.Parameter}\", a \"{service.Type}\"";
        return service.Type == typeof(MessageContext) || service.Type == typeof(CancellationToken)
            ? $"{what}, which belongs to one message. Take it as a parameter of the method that handles the message."
            : $"{what}, which is not registered{(service.Key is null ? "" : $" with the key \"{service.Key}\"")}. Add it to the services of the application, or {otherwise}.";
    }
}

/// <summary>What the application has registered, by whose latest word on a type the container goes.</summary>
internal sealed class RegisteredServices(IServiceCollection services)
{
    public ServiceDescriptor? Last(Type type) => services.LastOrDefault(service => service.ServiceType == type && !service.IsKeyedService);
}
