using System.IO.Compression;
using System.Security.Cryptography;

namespace ReliableMq.Dashboard.Page;

/// <summary>A file of the page, as it is sent.</summary>
internal sealed class PageFile
{
    private const int WorthCompressing = 1024;

    public PageFile(string path, byte[] content)
    {
        Content = content;
        ContentType = TypeOf(path);
        ETag = $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..32]}\"";
        // The build puts a hash of what is in them into their names.
        IsImmutable = path.StartsWith("assets/", StringComparison.Ordinal);
        Compressed = content.Length > WorthCompressing && IsText(ContentType)
            ? [("br", Compress(content, to => new BrotliStream(to, CompressionLevel.Optimal))), ("gzip", Compress(content, to => new GZipStream(to, CompressionLevel.Optimal)))]
            : [];
    }

    public byte[] Content { get; }

    /// <summary>By encoding, the smallest first; none where that is not worth it. Without TLS browsers take no Brotli.</summary>
    public IReadOnlyList<(string Encoding, byte[] Content)> Compressed { get; }

    public string ContentType { get; }

    public string ETag { get; }

    public bool IsImmutable { get; }

    private static bool IsText(string type) => type.Contains("charset", StringComparison.Ordinal) || type == "image/svg+xml";

    private static byte[] Compress(byte[] content, Func<Stream, Stream> compressTo)
    {
        using var compressed = new MemoryStream();
        using (var compressing = compressTo(compressed))
        {
            compressing.Write(content);
        }

        return compressed.ToArray();
    }

    private static string TypeOf(string path) => Path.GetExtension(path) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" or ".mjs" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".json" or ".map" => "application/json; charset=utf-8",
        ".md" => "text/markdown; charset=utf-8",
        ".txt" => "text/plain; charset=utf-8",
        ".webmanifest" => "application/manifest+json; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".ico" => "image/x-icon",
        ".woff2" => "font/woff2",
        _ => "application/octet-stream",
    };
}
