using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mirror.EndToEnd.Srt;

namespace Mirror.Benchmarks.Soak;

/// <summary>One start and stop: a publisher connects, pushes until the encoded rendition can be fetched, and goes; then the stream is gone too.</summary>
internal sealed partial class ShortStream(SoakServer server, string name, byte[] media, bool stopByApi)
{
    public const string Rendition = "360p";

    private static readonly TimeSpan PatienceForRendition = TimeSpan.FromSeconds(50);    // takes one or two, but a worker on a starved machine may be replaced meanwhile
    private static readonly TimeSpan PatienceForEnd = SoakServer.ReconnectWindow + TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan SendInterval = TimeSpan.FromMilliseconds(20);
    private static readonly Lock Connecting = new();         // the reason of a refusal is one for all callers

    public async Task<StartOutcome> RunAsync(CancellationToken cancellationToken)
    {
        // A name that was used before may still have its ended stream's playlist, whose parts do not count.
        HashSet<string> earlier = [.. PartsOf(await server.PlaylistAsync(name, Rendition, cancellationToken))];
        if (await Task.Run(Connect, cancellationToken) is not { } caller) { return new(StartResult.NotConnected, $"{name}: not connected, SRT says {SrtCaller.LastRejection}"); }
        StartOutcome outcome;
        try
        {
            using var sending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task push = Task.Run(() => PushAsync(caller, sending.Token), CancellationToken.None);
            try
            {
                outcome = await WaitForRenditionAsync(earlier, cancellationToken);
                if (stopByApi) { using HttpResponseMessage answer = await server.Client.DeleteAsync($"api/v1/streams/{name}", cancellationToken); }
            }
            finally
            {
                await sending.CancelAsync();
                await push;
            }
        }
        finally { caller.Dispose(); }
        return await WaitForEndAsync(cancellationToken) ? outcome : new(StartResult.NotEnded, $"{name}: the stream did not end");
    }

    private SrtCaller? Connect()
    {
        lock (Connecting) { return SrtCaller.TryConnect(server.SrtPort, name); }
    }

    /// <summary>Sends at the rate of the media.</summary>
    private async Task PushAsync(SrtCaller caller, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        int sent = 0;
        while (!cancellationToken.IsCancellationRequested && sent < media.Length)
        {
            int due = Math.Min(media.Length, (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * SoakMedia.BitsPerSecond / 8));
            if (!caller.Send(media.AsSpan(sent, due - sent))) { return; }
            sent = due;
            await Task.Delay(SendInterval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<StartOutcome> WaitForRenditionAsync(HashSet<string> earlier, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < PatienceForRendition)
        {
            await Task.Delay(PollInterval, cancellationToken);
            string? part = PartsOf(await server.PlaylistAsync(name, Rendition, cancellationToken)).LastOrDefault(part => !earlier.Contains(part));
            if (part is null) { continue; }
            using HttpResponseMessage answer = await server.Client.GetAsync($"live/{name}/{Rendition}/{part}", cancellationToken);
            if (answer.IsSuccessStatusCode) { return new(StartResult.Delivered, null) { Waited = Stopwatch.GetElapsedTime(started) }; }
        }
        JsonNode? stream = await server.FindStreamAsync(name, cancellationToken);
        string? reason = (string?)stream?["transcode"]?["reason"];
        return reason?.StartsWith("no capacity", StringComparison.Ordinal) == true
            ? new(StartResult.Refused, $"{name}: {reason}")
            : new(StartResult.NoRendition, $"{name}: no rendition after {PatienceForRendition.TotalSeconds:F0} s, the stream is {stream?["status"]?.ToString() ?? "unknown"}: {reason ?? "no reason given"}");
    }

    private async Task<bool> WaitForEndAsync(CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        while (await server.FindStreamAsync(name, cancellationToken) is not null)
        {
            if (Stopwatch.GetElapsedTime(started) > PatienceForEnd) { return false; }
            await Task.Delay(PollInterval, cancellationToken);
        }
        return true;
    }

    internal static IEnumerable<string> PartsOf(string playlist) => Part().Matches(playlist).Select(match => match.Groups[1].Value);

    [GeneratedRegex("#EXT-X-PART:[^\n]*URI=\"([^\"]+)\"")]
    private static partial Regex Part();
}

/// <summary>How a start and stop went.</summary>
/// <param name="Result">The result.</param>
/// <param name="Detail">What went wrong, in a sentence.</param>
internal sealed record StartOutcome(StartResult Result, string? Detail)
{
    /// <summary>From the connection to a part of the rendition in hand.</summary>
    public TimeSpan Waited { get; init; }
}

internal enum StartResult
{
    /// <summary>The rendition came.</summary>
    Delivered,

    /// <summary>The node had no processor time left for its renditions, and said so.</summary>
    Refused,

    /// <summary>The publisher was not let in.</summary>
    NotConnected,

    /// <summary>The rendition did not come.</summary>
    NoRendition,

    /// <summary>The stream stayed after its publisher.</summary>
    NotEnded,
}
