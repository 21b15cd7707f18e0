using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mirror.Streams.Registry;
using Mirror.Streams.Transcoding;

namespace Mirror.ServiceDefaults.Cluster;

/// <summary>All transcode nodes of a cluster, as the control API sees them: what they tell the registry, and the pictures that they make.</summary>
public sealed partial class RemoteTranscoder(IStreamRegistry registry, NodeClient nodes, TimeProvider time, ILogger<RemoteTranscoder> logger) : BackgroundService, ITranscodeNode
{
    /// <summary>Carries a picture's <see cref="StreamImage.ProgramTime"/>, in ticks of 100 ns.</summary>
    public const string ProgramTimeHeader = "Mirror-Program-Time";

    private const int LargestImage = 16 * 1024 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestImage = TimeSpan.FromSeconds(3);
    private ImmutableDictionary<string, TranscodeRecord> _streams = ImmutableDictionary<string, TranscodeRecord>.Empty;
    private bool _hasFailed;

    /// <inheritdoc/>
    public TranscodeState? StateOf(string streamId) => Volatile.Read(ref _streams).GetValueOrDefault(streamId) is { State: { } state } transcode ? state with { NodeId = transcode.NodeId } : null;

    /// <inheritdoc/>
    public async ValueTask<TranscodeCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken)
    {
        TranscodeCapabilities[] known = [.. (await registry.ListNodesAsync(cancellationToken)).Select(node => node.Transcoder).OfType<TranscodeCapabilities>()];
        if (known.Length == 0) { return new TranscodeCapabilities { IsAvailable = false, Reason = "No transcode node is up; start one." }; }
        TranscodeCapabilities best = known.FirstOrDefault(node => node.IsAvailable, known[0]);
        return best with
        {
            Decoders = [.. known.SelectMany(node => node.Decoders).Distinct(StringComparer.Ordinal)],
            Encoders = [.. known.SelectMany(node => node.Encoders).Distinct(StringComparer.Ordinal)],
            Gpus = [.. known.SelectMany(node => node.Gpus)],
            Cores = known.Sum(node => node.Cores),
            CoresInUse = known.Sum(node => node.CoresInUse),
            Streams = known.Sum(node => node.Streams),
        };
    }

    /// <inheritdoc/>
    public async ValueTask<StreamImage?> GetImageAsync(string streamId, int? width, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _streams).GetValueOrDefault(streamId) is not { } transcode) { return null; }
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LongestImage);
        try
        {
            string query = width is { } pixels ? "?width=" + pixels.ToString(CultureInfo.InvariantCulture) : "";
            using HttpResponseMessage response = await nodes.GetAsync(new Uri(transcode.Address, $"/internal/streams/{streamId}/image{query}"), patience.Token);
            if (!response.IsSuccessStatusCode || response.Content.Headers.ContentLength is null or > LargestImage) { return null; }
            string programTime = response.Headers.TryGetValues(ProgramTimeHeader, out IEnumerable<string>? values) ? values.First() : "";
            long ticks = long.TryParse(programTime, CultureInfo.InvariantCulture, out long parsed) ? Math.Clamp(parsed, 0, DateTime.MaxValue.Ticks) : 0;
            return new StreamImage(await response.Content.ReadAsByteArrayAsync(patience.Token), new DateTime(ticks, DateTimeKind.Utc));
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            LogNoImage(streamId, transcode.Address, error.Message);
            return null;
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                IReadOnlyList<TranscodeRecord> records = await registry.ListTranscodesAsync(stoppingToken);
                Volatile.Write(ref _streams, records.ToImmutableDictionary(record => record.StreamId, StringComparer.Ordinal));
                _hasFailed = false;
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                if (!_hasFailed) { LogFailed(error.Message); }
                _hasFailed = true;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The registry could not be asked who transcodes what; it is tried again every second: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: {Node} gave no picture: {Reason}")]
    private partial void LogNoImage(string stream, Uri node, string reason);
}
