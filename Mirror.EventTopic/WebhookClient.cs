using System.Globalization;
using System.Net.Http.Headers;
using Mirror.Streams.Shared;

namespace Mirror.EventTopic;

/// <summary>Talks to webhooks as Event Grid does with the CloudEvents schema: the handshake of HTTP webhooks 1.0 (CloudEvents, §4), and one event a request.</summary>
internal sealed class WebhookClient(TopicOptions options, TimeProvider time) : IDisposable
{
    /// <summary>What Event Grid calls itself.</summary>
    public const string Origin = "eventgrid.azure.net";

    private readonly HttpClient _http = new(new BrokenConnectionHandler(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) }))
    {
        Timeout = Timeout.InfiniteTimeSpan,      // each request has its own
    };

    /// <summary>Asks whether a webhook wants events. Nothing is sent to one that did not say so, lest it be flooded by whoever knows its address.</summary>
    /// <returns>Why not, in a sentence; <see langword="null"/> if it does.</returns>
    public async Task<string?> FindObjectionAsync(string endpoint, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, endpoint);
        request.Headers.Add("WebHook-Request-Origin", Origin);
        (int status, string? allowed) = await SendAsync(request, cancellationToken);
        if (status == 0) { return $"{endpoint} did not answer."; }
        if (status != 200) { return $"{endpoint} answered {status} to the validation, where 200 is expected."; }
        return allowed is "*" || string.Equals(allowed, Origin, StringComparison.OrdinalIgnoreCase)
            ? null
            : $"{endpoint} does not allow the origin {Origin} in WebHook-Allowed-Origin.";
    }

    /// <summary>Delivers an event.</summary>
    /// <returns>The HTTP status; 0 where no answer came in time.</returns>
    public async Task<int> DeliverAsync(string endpoint, Subscription subscription, TopicEvent happened, int earlierAttempts, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint) { Content = new ByteArrayContent(happened.Json) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(TopicEvent.SingleType, "utf-8");
        request.Headers.Add("aeg-event-type", "Notification");
        request.Headers.Add("aeg-subscription-name", subscription.Name.ToUpperInvariant());
        request.Headers.Add("aeg-delivery-count", earlierAttempts.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("WebHook-Request-Origin", Origin);
        return (await SendAsync(request, cancellationToken)).Status;
    }

    public void Dispose() => _http.Dispose();

    private async Task<(int Status, string? AllowedOrigin)> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.ResponseTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            string? allowed = response.Headers.TryGetValues("WebHook-Allowed-Origin", out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
            return ((int)response.StatusCode, allowed);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested) { return (0, null); }
    }
}
