using System.Globalization;
using System.IO.Pipelines;
using Mirror.ServiceDefaults.Cluster;
using Mirror.Streams.Feed;

namespace Mirror.GpuTranscode.Intake;

/// <summary>How a feed's connection ended.</summary>
internal enum FeedOutcome
{
    /// <summary>The stream is over, as far as its node knows.</summary>
    Ended,

    /// <summary>The node is gone, silent, or has no such stream.</summary>
    Broken,
}

/// <summary>Reads one stream's feed from the ingest node that has it.</summary>
internal sealed partial class FeedConnection(NodeClient nodes, TimeProvider time, ILogger<FeedConnection> logger)
{
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(1.5);     // three times the interval at which a sender says that it lives

    /// <summary>Reads until the feed ends or breaks. Never throws but for cancellation.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="node">Base address of its ingest node.</param>
    /// <param name="after">Up to when the sink has the stream (UTC); <see langword="null"/> to begin with the newest key frame.</param>
    /// <param name="startsTimeline">The sink had units of another node before.</param>
    /// <param name="sink">Takes the units.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    public async Task<FeedOutcome> ReadAsync(string streamId, Uri node, DateTime? after, bool startsTimeline, IFeedSink sink, CancellationToken cancellationToken)
    {
        string query = after is { } from ? "?after=" + from.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture) : "";
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            silence.CancelAfter(LongestSilence);
            using HttpResponseMessage response = await nodes.GetAsync(new Uri(node, $"/internal/streams/{streamId}/feed{query}"), silence.Token);
            if (!response.IsSuccessStatusCode)
            {
                LogRefused(streamId, node, (int)response.StatusCode);
                return FeedOutcome.Broken;
            }
            PipeReader pipe = PipeReader.Create(await response.Content.ReadAsStreamAsync(silence.Token), new StreamPipeReaderOptions(bufferSize: 64 * 1024));
            return await ReadAsync(pipe, new FeedReader(sink, time, startsTimeline), silence);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogBroken(streamId, node, error is OperationCanceledException ? $"nothing came for {LongestSilence.TotalSeconds} s" : error.Message);
            return FeedOutcome.Broken;
        }
    }

    private static async Task<FeedOutcome> ReadAsync(PipeReader pipe, FeedReader reader, CancellationTokenSource silence)
    {
        try
        {
            while (true)
            {
                silence.CancelAfter(LongestSilence);
                ReadResult read = await pipe.ReadAsync(silence.Token);
                pipe.AdvanceTo(read.Buffer.GetPosition(reader.Read(read.Buffer)), read.Buffer.End);
                if (reader.HasEnded) { return FeedOutcome.Ended; }
                if (read.IsCompleted) { return FeedOutcome.Broken; }
            }
        }
        finally { await pipe.CompleteAsync(); }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: {Node} has no feed of it ({Status})")]
    private partial void LogRefused(string stream, Uri node, int status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: the feed from {Node} broke: {Reason}")]
    private partial void LogBroken(string stream, Uri node, string reason);
}
