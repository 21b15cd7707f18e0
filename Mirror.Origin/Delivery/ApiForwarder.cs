using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Http;
using Mirror.Streams.Registry;

namespace Mirror.Origin.Delivery;

/// <summary>Hands calls of the control API to a functions node, so that any origin is a whole Mirror to those who open its pages.</summary>
/// <remarks>Nodes take turns; one that cannot be reached is passed over. A body is read first, so that it can be sent again.</remarks>
internal sealed partial class ApiForwarder(IStreamRegistry registry, NodeClient nodes, TimeProvider time, ILogger<ApiForwarder> logger)
{
    private static readonly TimeSpan NodesAge = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(30);
    private static readonly string[] RequestHeaders = ["Accept", "If-None-Match", "If-Match", "If-Modified-Since", "Range", "aeg-event-type", "WebHook-Request-Origin", "WebHook-Request-Rate"];
    private static readonly string[] ResponseHeaders =
        ["Content-Type", "Content-Length", "Content-Range", "Cache-Control", "ETag", "Last-Modified", "Location", "Retry-After", "Allow", "Accept-Ranges", "WebHook-Allowed-Origin", "WebHook-Allowed-Rate"];
    private NodeRecord[] _nodes = [];
    private long _nodesReadAt;
    private int _turn;

    public async Task ForwardAsync(HttpContext context)
    {
        byte[]? body = await ReadBodyAsync(context.Request);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(LongestAnswer);
        NodeRecord[] candidates = await FindNodesAsync(patience.Token);
        int turn = Interlocked.Increment(ref _turn) & int.MaxValue;
        for (int i = 0; i < candidates.Length; i++)
        {
            NodeRecord node = candidates[(turn + i) % candidates.Length];
            try
            {
                using HttpRequestMessage request = CreateRequest(context.Request, node, body);
                using HttpResponseMessage answer = await nodes.SendAsync(request, patience.Token);
                await CopyAsync(answer, context.Response, patience.Token);
                return;
            }
            catch (HttpRequestException error) when (!context.Response.HasStarted && IsSafeToRepeat(context.Request.Method, error)) { LogPassedOver(node.Id, error.Message); }
        }
        context.Response.Headers.RetryAfter = "1";
        await ApiError.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "No functions node is up to answer this; start one, or try again.");
    }

    private async ValueTask<NodeRecord[]> FindNodesAsync(CancellationToken cancellationToken)
    {
        if (_nodes.Length > 0 && time.GetElapsedTime(Volatile.Read(ref _nodesReadAt)) < NodesAge) { return _nodes; }
        try
        {
            _nodes = [.. (await registry.ListNodesAsync(cancellationToken)).Where(node => node.Roles.Contains("functions"))];
            Volatile.Write(ref _nodesReadAt, time.GetTimestamp());
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested) { LogRegistryFailed(error.Message); }      // those known before may still live
        return _nodes;
    }

    private static async ValueTask<byte[]?> ReadBodyAsync(HttpRequest request)
    {
        if (request.ContentLength is null or 0 && !request.Headers.ContainsKey("Transfer-Encoding")) { return null; }
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);      // Kestrel bounds it
        return body.ToArray();
    }

    private static HttpRequestMessage CreateRequest(HttpRequest from, NodeRecord node, byte[]? body)
    {
        var request = new HttpRequestMessage(new HttpMethod(from.Method), new Uri(node.Address, from.Path + from.QueryString));
        foreach (string name in RequestHeaders)
        {
            if (from.Headers.TryGetValue(name, out var values)) { request.Headers.TryAddWithoutValidation(name, values.ToArray()); }
        }
        if (body is null) { return request; }
        request.Content = new ByteArrayContent(body);
        if (from.ContentType is { } type) { request.Content.Headers.TryAddWithoutValidation("Content-Type", type); }
        return request;
    }

    private static async Task CopyAsync(HttpResponseMessage answer, HttpResponse response, CancellationToken cancellationToken)
    {
        response.StatusCode = (int)answer.StatusCode;
        foreach (string name in ResponseHeaders)
        {
            if (answer.Headers.TryGetValues(name, out IEnumerable<string>? values) || answer.Content.Headers.TryGetValues(name, out values)) { response.Headers[name] = values.ToArray(); }
        }
        if (response.StatusCode is StatusCodes.Status304NotModified or StatusCodes.Status204NoContent) { return; }
        await answer.Content.CopyToAsync(response.Body, cancellationToken);
    }

    /// <summary>Whether the node did nothing yet, or the same again does no harm.</summary>
    private static bool IsSafeToRepeat(string method, HttpRequestException error)
        => error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError || !HttpMethods.IsPost(method);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Functions node {Node} could not be reached, another is asked: {Reason}")]
    private partial void LogPassedOver(string node, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The registry could not be asked for functions nodes: {Reason}")]
    private partial void LogRegistryFailed(string reason);
}
