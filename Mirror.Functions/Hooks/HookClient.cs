using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace Mirror.Functions.Hooks;

/// <summary>Posts events to receivers: one CloudEvent in the structured mode, or a batch of them (CloudEvents 1.0, HTTP binding §3.2 and §3.3), signed.</summary>
internal sealed class HookClient(IHttpClientFactory clients, HooksOptions options, TimeProvider time)
{
    /// <summary>The name of the client that is configured for this.</summary>
    public const string Name = "hooks";

    private const string SingleType = "application/cloudevents+json";
    private const string BatchType = "application/cloudevents-batch+json";
    private const int MostBodyBytes = 1024;
    private static readonly ProductInfoHeaderValue Agent = new("Mirror", typeof(HookClient).Assembly.GetName().Version!.ToString(3));
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    /// <summary>Makes the body of a request.</summary>
    /// <param name="events">CloudEvents in JSON.</param>
    /// <param name="isBatch">Whether the receiver gets arrays.</param>
    public static byte[] BodyOf(IReadOnlyList<ReadOnlyMemory<byte>> events, bool isBatch)
    {
        if (!isBatch) { return events[0].ToArray(); }
        var body = new MemoryStream();
        for (int i = 0; i < events.Count; i++)
        {
            body.WriteByte(i == 0 ? (byte)'[' : (byte)',');
            body.Write(events[i].Span);
        }
        body.WriteByte((byte)']');
        return body.ToArray();
    }

    /// <summary>Sends a body, once. A redirection is not followed: it is an answer like any other.</summary>
    /// <param name="hook">To whom.</param>
    /// <param name="delivery">Names the delivery: the same at every attempt.</param>
    /// <param name="body">What <see cref="BodyOf"/> made.</param>
    /// <param name="isBatch">Whether it is an array.</param>
    /// <param name="attempt">Which attempt this is, from 1.</param>
    /// <param name="readBody">Whether to read the beginning of the answer.</param>
    /// <param name="cancellationToken">Ends the attempt; its own time limit ends it as well.</param>
    public async Task<HookReply> SendAsync(Hook hook, string delivery, byte[] body, bool isBatch, int attempt, bool readBody, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = Create(hook, delivery, body, isBatch, attempt);
        using var patience = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using HttpClient client = clients.CreateClient(Name);
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            int status = (int)response.StatusCode;
            string? text = readBody ? await ReadStartAsync(response, either.Token) : null;
            return new HookReply(status, response.IsSuccessStatusCode ? null : $"answered {status} {response.ReasonPhrase}".TrimEnd(), RetryAfterOf(response), text);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new HookReply(0, string.Create(CultureInfo.InvariantCulture, $"gave no answer within {options.Timeout.TotalSeconds} s"));
        }
        catch (Exception error) when (error is HttpRequestException or IOException) { return new HookReply(0, error.Message); }
    }

    private HttpRequestMessage Create(Hook hook, string delivery, byte[] body, bool isBatch, int attempt)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, hook.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(isBatch ? BatchType : SingleType, "utf-8");
        request.Headers.UserAgent.Add(Agent);
        request.Headers.Add("Mirror-Delivery", delivery);
        request.Headers.Add("Mirror-Attempt", attempt.ToString(CultureInfo.InvariantCulture));
        if (hook.Secret is { } secret) { request.Headers.Add(Signature.Header, Signature.Of(secret, time.GetUtcNow(), body)); }
        foreach ((string name, string value) in hook.Headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return request;
    }

    /// <summary>RFC 9110, §10.2.3: seconds or a date. A receiver may not hold events for longer than an hour at a time.</summary>
    private TimeSpan? RetryAfterOf(HttpResponseMessage response)
    {
        TimeSpan? asked = response.Headers.RetryAfter is { } header ? header.Delta ?? header.Date - time.GetUtcNow() : null;
        return asked > LongestRetryAfter ? LongestRetryAfter : asked > TimeSpan.Zero ? asked : null;
    }

    private static async Task<string> ReadStartAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        byte[] start = new byte[MostBodyBytes];
        await using Stream content = await response.Content.ReadAsStreamAsync(cancellationToken);
        int read = await content.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(start, 0, read);
    }
}
