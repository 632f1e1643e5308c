using System.Text;
using Microsoft.AspNetCore.Http;

namespace ReliableMq.Dashboard.Page;

/// <summary>The page's files, out of this assembly.</summary>
internal sealed class PageFiles
{
    private const string Folder = "wwwroot/";
    private readonly Dictionary<string, PageFile> _files = Load();

    /// <summary>A file, or the page itself, whose own addresses have no dot in their last part.</summary>
    public async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.RouteValues["path"] as string ?? "";
        if (_files.TryGetValue(path, out var file) && path != "index.html")
        {
            await WriteAsync(http, file);
        }
        else if (path.Length == 0 || path == "index.html" || !path[(path.LastIndexOf('/') + 1)..].Contains('.', StringComparison.Ordinal))
        {
            await WriteAsync(http, Index(http.Request, path));
        }
        else
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
        }
    }

    /// <summary>
    /// The page's addresses are relative to where it is mapped, wherever the browser believes that to be: a proxy in
    /// between may add or take away a prefix without saying so.
    /// </summary>
    private PageFile Index(HttpRequest request, string path)
    {
        var depth = path.Count(c => c == '/');
        var here = request.Path.Value ?? "";
        var isBare = path.Length == 0 && here.Length > 0 && !here.EndsWith('/');
        var start = isBare ? Uri.EscapeDataString(here[(here.LastIndexOf('/') + 1)..]) + "/" : depth == 0 ? "./" : string.Concat(Enumerable.Repeat("../", depth));
        var html = Encoding.UTF8.GetString(_files["index.html"].Content);
        return new PageFile("index.html", Encoding.UTF8.GetBytes(html.Replace("<head>", $"<head>\n  <base href=\"{start}\">", StringComparison.Ordinal)));
    }

    private static async Task WriteAsync(HttpContext http, PageFile file)
    {
        var headers = http.Response.Headers;
        headers.ETag = file.ETag;
        headers.CacheControl = file.IsImmutable ? "public, max-age=31536000, immutable" : "no-cache";
        headers.Vary = "Accept-Encoding";
        if (http.Request.Headers.IfNoneMatch.ToString().Contains(file.ETag, StringComparison.Ordinal))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var content = file.Content;
        var accepted = http.Request.Headers.AcceptEncoding.ToString();
        if (file.Compressed.FirstOrDefault(each => accepted.Contains(each.Encoding, StringComparison.Ordinal)) is { Content: { } compressed } chosen)
        {
            content = compressed;
            headers.ContentEncoding = chosen.Encoding;
        }

        http.Response.ContentType = file.ContentType;
        http.Response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.Body.WriteAsync(content, http.RequestAborted);
        }
    }

    private static Dictionary<string, PageFile> Load()
    {
        var assembly = typeof(PageFiles).Assembly;
        var files = new Dictionary<string, PageFile>(StringComparer.Ordinal);
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            using var content = new MemoryStream();
            stream.CopyTo(content);
            // A build on Windows writes its own separators.
            var path = name[Folder.Length..].Replace('\\', '/');
            files[path] = new PageFile(path, content.ToArray());
        }

        return files;
    }
}
