using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Security;

/// <summary>
/// Decides who may do what. The viewer's policy stands at the endpoints, where the framework also knows how to ask
/// for a name; what goes beyond it is decided here.
/// </summary>
internal sealed class Guard(
    IOptions<ReliableMqDashboardOptions> options, IAuthorizationPolicyProvider policies, IPolicyEvaluator evaluator, IHostEnvironment environment, StartLink link)
{
    public const string NotChosen =
        "Nobody has said who may see the dashboard, so it answers only to who has opened the link that it wrote into its log at its start, and in Development to callers on its own machine. Call MapReliableMqDashboard(…).RequireAuthorization(…), or set ViewerPolicy in AddReliableMqDashboard. If everybody may see it, call AllowAnonymous().";

    public bool IsReadOnly => options.Value.IsReadOnly;

    /// <summary>Whether somebody has said who may see these endpoints.</summary>
    public static bool HasChoice(EndpointMetadataCollection metadata) =>
        metadata.GetMetadata<IAuthorizeData>() is not null || metadata.GetMetadata<AuthorizationPolicy>() is not null || metadata.GetMetadata<IAllowAnonymous>() is not null;

    /// <summary>What is open to this machine is open to whoever a proxy on it serves, and no header proves that there is none.</summary>
    private bool IsDevelopedHere(HttpContext http) => environment.IsDevelopment() && Loopback.IsCaller(http);

    /// <exception cref="ApiException">It is not allowed.</exception>
    public async Task RequireAsync(HttpContext http, Right right)
    {
        if (http.GetEndpoint() is not { } endpoint || (!HasChoice(endpoint.Metadata) && !link.IsKnown(http.Request) && !IsDevelopedHere(http)))
        {
            throw new ApiException(StatusCodes.Status403Forbidden, NotChosen);
        }

        if (right is Right.Operate && IsReadOnly)
        {
            throw new ApiException(StatusCodes.Status403Forbidden, "The dashboard is read-only: IsReadOnly is set in AddReliableMqDashboard.");
        }

        if (!await MayAsync(http, right))
        {
            throw http.User.Identity is { IsAuthenticated: true }
                ? new ApiException(StatusCodes.Status403Forbidden, $"\"{Caller.Of(http)}\" may not {(right is Right.Operate ? "change anything" : "see the bodies of messages")}. Ask whoever grants the policy \"{PolicyOf(right)}\".")
                : new ApiException(StatusCodes.Status401Unauthorized, $"The caller has not said who it is. It needs the policy \"{PolicyOf(right)}\".");
        }
    }

    /// <summary>Whether the caller has a right, for pages that do not offer what would be refused.</summary>
    public async Task<bool> MayAsync(HttpContext http, Right right)
    {
        if (PolicyOf(right) is not { } name)
        {
            return true;
        }

        var policy = await policies.GetPolicyAsync(name) ?? throw Missing(name);
        // A policy may name schemes of its own. Where they know nobody, the policy is asked about nobody.
        var user = http.User;
        var authenticated = policy.AuthenticationSchemes.Count > 0 ? await evaluator.AuthenticateAsync(policy, http)
            : http.User.Identity is { IsAuthenticated: true } ? Microsoft.AspNetCore.Authentication.AuthenticateResult.Success(new(http.User, "dashboard"))
            : Microsoft.AspNetCore.Authentication.AuthenticateResult.NoResult();
        var isAllowed = (await evaluator.AuthorizeAsync(policy, authenticated, http, http)).Succeeded;
        if (!authenticated.Succeeded)
        {
            // The other rights are still those of whoever asks.
            http.User = user;
        }

        return isAllowed;
    }

    /// <exception cref="InvalidOperationException">A policy that is named does not exist.</exception>
    public async Task CheckAsync()
    {
        foreach (var name in new[] { options.Value.ViewerPolicy, options.Value.OperatorPolicy, options.Value.BodyPolicy })
        {
            if (name is not null && await policies.GetPolicyAsync(name) is null)
            {
                throw Missing(name);
            }
        }
    }

    private string? PolicyOf(Right right) => right switch
    {
        Right.Operate => options.Value.OperatorPolicy,
        Right.SeeBodies => options.Value.BodyPolicy,
        _ => null,
    };

    private static InvalidOperationException Missing(string name) =>
        new($"The authorization policy \"{name}\" of the dashboard does not exist. Add it with builder.Services.AddAuthorizationBuilder().AddPolicy(\"{name}\", …), or correct the name in AddReliableMqDashboard.");
}
