using System.Security.Cryptography;
using System.Text;

namespace ReliableMq.Alerting;

/// <summary>
/// Proves who posted a body: <c>sha256=</c> and the HMAC-SHA256 of the body in lower-case hexadecimal, keyed with the
/// secret's UTF-8. A body is not secret against being posted again, but its alert's id and telling say that it was.
/// </summary>
internal static class WebhookSignature
{
    public const string Header = "ReliableMq-Signature";

    public static string Of(ReadOnlySpan<byte> body, string secret) =>
        "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body));
}
