using System.Globalization;
using System.IO.Pipelines;
using Mirror.ServiceDefaults.Cluster;
using Mirror.Streams.Feed;

namespace Mirror.GpuTranscode.Intake;

/// <summary>How a feed's connection ended.</summary>
/// <param name="HasEnded">The stream is over, as far as its node knows; otherwise the node is gone, silent, or has no such stream.</param>
/// <param name="HasBegun">The node answered with the feed.</param>
/// <param name="Problem">What broke it; <see langword="null"/> where the stream is over.</param>
internal readonly record struct FeedOutcome(bool HasEnded, bool HasBegun, string? Problem);

/// <summary>Reads one stream's feed from the ingest node that has it.</summary>
internal sealed class FeedConnection(NodeClient nodes, TimeProvider time)
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
        bool hasBegun = false;
        try
        {
            silence.CancelAfter(LongestSilence);
            using HttpResponseMessage response = await nodes.GetAsync(new Uri(node, $"/internal/streams/{streamId}/feed{query}"), silence.Token);
            if (!response.IsSuccessStatusCode) { return new FeedOutcome(HasEnded: false, hasBegun, $"it answered {(int)response.StatusCode}"); }
            hasBegun = true;
            PipeReader pipe = PipeReader.Create(await response.Content.ReadAsStreamAsync(silence.Token), new StreamPipeReaderOptions(bufferSize: 64 * 1024));
            bool hasEnded = await ReadAsync(pipe, new FeedReader(sink, time, startsTimeline), silence);
            return new FeedOutcome(hasEnded, hasBegun, hasEnded ? null : "it closed the connection");
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            return new FeedOutcome(HasEnded: false, hasBegun, error is OperationCanceledException ? $"nothing came for {LongestSilence.TotalSeconds} s" : error.Message);
        }
    }

    /// <returns>Whether the feed says that the stream is over.</returns>
    private static async Task<bool> ReadAsync(PipeReader pipe, FeedReader reader, CancellationTokenSource silence)
    {
        try
        {
            while (true)
            {
                silence.CancelAfter(LongestSilence);
                ReadResult read = await pipe.ReadAsync(silence.Token);
                pipe.AdvanceTo(read.Buffer.GetPosition(reader.Read(read.Buffer)), read.Buffer.End);
                if (reader.HasEnded || read.IsCompleted) { return reader.HasEnded; }
            }
        }
        finally { await pipe.CompleteAsync(); }
    }
}
