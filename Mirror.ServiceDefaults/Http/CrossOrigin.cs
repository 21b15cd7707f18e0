using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Mirror.ServiceDefaults.Http;

/// <summary>What pages of other origins may do (Fetch, "CORS protocol"): read, with any request header. They may not change anything.</summary>
/// <remarks>
/// No header opens anything that is closed without it, so every header is allowed: players, tracing libraries and CDNs add their own. A list of
/// known names breaks with the next one, and <c>*</c> does not cover <c>Authorization</c>, so the preflight allows what it is asked for.
/// </remarks>
public static class CrossOrigin
{
    private const int MostNames = 64;                        // browsers ask for a handful

    // RFC 9110 §5.6.2: a field name is a token.
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private static readonly StringValues UsualHeaders = "Range, Content-Type, Accept, Authorization";
    private static readonly StringValues MaxAge = "86400";   // seconds; browsers cap it
    private static readonly StringValues AskedFor = "Access-Control-Request-Method, Access-Control-Request-Headers";

    /// <summary>The methods that pages of other origins may use.</summary>
    public static readonly StringValues Methods = "GET, HEAD, OPTIONS";

    /// <summary>Every origin.</summary>
    public static readonly StringValues AnyOrigin = "*";

    /// <summary>What scripts of other origins may read: players estimate their distance from live with Age and Date.</summary>
    public static readonly StringValues ExposedHeaders = "Age, Date, Content-Length, Content-Range, ETag, Location, Retry-After";

    /// <summary>Lets pages of every origin read the response.</summary>
    public static void AllowReading(IHeaderDictionary headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        headers.AccessControlAllowOrigin = AnyOrigin;
        headers.AccessControlExposeHeaders = ExposedHeaders;
    }

    /// <summary>Answers OPTIONS, a preflight or not: 204, with the headers that it asks for.</summary>
    public static Task AnswerOptionsAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        IHeaderDictionary headers = context.Response.Headers;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        headers.Allow = Methods;
        headers.AccessControlAllowOrigin = AnyOrigin;
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = AllowedHeaders(context.Request.Headers.AccessControlRequestHeaders);
        headers.AccessControlMaxAge = MaxAge;
        headers.Vary = AskedFor;                             // some CDNs cache OPTIONS
        return Task.CompletedTask;
    }

    /// <summary>Returns the usual headers and those asked for. What is not a header name is left out, so the answer holds tokens only.</summary>
    internal static StringValues AllowedHeaders(StringValues asked)
    {
        if (asked.Count == 0) { return UsualHeaders; }
        var allowed = new StringBuilder(UsualHeaders.ToString());
        int count = 0;
        foreach (string? line in asked)
        {
            ReadOnlySpan<char> names = line;
            foreach (Range range in names.Split(','))
            {
                ReadOnlySpan<char> name = names[range].Trim();
                if (name.IsEmpty || name.ContainsAnyExcept(TokenCharacters)) { continue; }
                if (++count > MostNames) { return allowed.ToString(); }
                allowed.Append(", ").Append(name);
            }
        }
        return allowed.ToString();
    }
}
