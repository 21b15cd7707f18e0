using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Publishing;
using Mirror.GpuTranscode.Thumbnails;
using Mirror.GpuTranscode.Workers;
using Mirror.Streams.Announcements;
using Mirror.Streams.Feed;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode;

/// <summary>Takes every stream that ingest hands over: packages its source, and has its ladder encoded by a worker process.</summary>
internal sealed class TranscodeNode(IOptions<PackageOptions> packaging, IOptions<TranscodeOptions> transcoding, TranscodingLadder ladder, WorkerPool pool, KeyFrameStills stills,
    TranscodeBudget budget, GpuPool gpus, NodeCapabilities capabilities, ISegmentStore store, IAnnouncements announcements, IOptions<SharedOptions> shared, TimeProvider time, ILoggerFactory loggers)
    : IFeedTarget, ITranscodeNode, IHostedService, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Stream> _streams = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Stream> _ending = new(StringComparer.Ordinal);    // whose encoded renditions have yet to end

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (transcoding.Value.Enabled)
        {
            pool.Prepare();
            _ = capabilities.Probe();
        }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Streams that are packaged here.</summary>
    public int Count => _streams.Count;

    /// <summary>Cores that a further stream's renditions may take here; none where as many streams are here as may be, or none may be encoded without a GPU.</summary>
    public double FreeCores
    {
        get
        {
            TranscodeOptions options = transcoding.Value;
            bool isFull = options.MaxStreams > 0 && Count >= options.MaxStreams;
            bool mayEncode = !options.GpuEnabled || options.AllowSoftwareFallback || gpus.CanEncode;
            return options.Enabled && !isFull && mayEncode ? budget.FreeCores : 0;
        }
    }

    /// <summary>Their names.</summary>
    public ICollection<string> StreamIds => _streams.Keys;

    public IFeedSink Open(string streamId) => Open(streamId, Continuation.None);

    /// <summary>Opens a stream that another node may have packaged before.</summary>
    public IFeedSink Open(string streamId, Continuation continuation)
    {
        // A publisher who is back at once: renditions of before that end behind the new ones' beginning would end those.
        if (_ending.TryGetValue(streamId, out Stream? before)) { before.Packager.Ladder?.EndRenditions(); }
        var gate = new AnnouncementGate(announcements);
        var publisher = new PartPublisher(store, gate, time, loggers.CreateLogger<PartPublisher>(),
            new PublishLimits(shared.Value.Bridge, shared.Value.BridgeMemory.Bytes));
        var packager = new StreamPackager(streamId, packaging.Value, publisher, time, loggers.CreateLogger<StreamPackager>(), continuation);
        if (transcoding.Value.Enabled) { packager.AddLadder(begin => new LadderPackager(ladder, begin, output => CreateWorker(streamId, output, isContinued: continuation.HasEncoded), stills, time) { StartTimeout = transcoding.Value.StartTimeout }, transcoding.Value.MaxLag); }
        var stream = new Stream(this, streamId, packager, publisher, gate);
        _streams[streamId] = stream;
        return stream;
    }

    /// <summary>Closes a stream that <see cref="Open(string, Continuation)"/> opened.</summary>
    /// <param name="opened">What that returned.</param>
    /// <param name="isHandedOver">Another node goes on with it, so nothing is said of an end.</param>
    /// <param name="cancellationToken">Another node has it already: nothing is waited for.</param>
    /// <returns>Completes once all that was said of it is heard: the stream may go to another node, and be begun anew.</returns>
    public static async Task CloseAsync(IFeedSink opened, bool isHandedOver, CancellationToken cancellationToken = default)
    {
        var stream = (Stream)opened;
        if (isHandedOver) { stream.Gate.Close(); }
        stream.End();
        await stream.Packager.Ended;
        try { await stream.FlushAsync(isHandedOver).WaitAsync(cancellationToken); }
        catch (OperationCanceledException) { /* what is left is turned down */ }
    }

    public ValueTask<TranscodeCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken) => capabilities.GetAsync(cancellationToken);

    public TranscodeState? StateOf(string streamId) => _streams.TryGetValue(streamId, out Stream? stream) ? stream.Packager.Ladder?.State : null;

    /// <summary>Cores that a stream's renditions would take, and this node does not have; <see langword="null"/> where that is not what they lack.</summary>
    public double? MissingCoresOf(string streamId) => _streams.TryGetValue(streamId, out Stream? stream) ? stream.Packager.Ladder?.MissingCores : null;

    public ValueTask<StreamImage?> GetImageAsync(string streamId, int? width, CancellationToken cancellationToken)
        => _streams.TryGetValue(streamId, out Stream? stream) && stream.Images is { } images ? images.GetAsync(width, cancellationToken) : default;

    public async ValueTask DisposeAsync()
    {
        foreach (Stream stream in _streams.Values) { stream.End(); }
        foreach (Stream stream in _ending.Values) { await stream.Packager.Ended; }
    }

    private LadderWorker CreateWorker(string streamId, ILadderOutput output, bool isContinued)
        => new(streamId, transcoding.Value, output, pool, budget, loggers.CreateLogger<LadderWorker>(), gpus, isContinued: isContinued);

    /// <summary>One stream that the node has.</summary>
    private sealed class Stream(TranscodeNode node, string id, StreamPackager packager, PartPublisher publisher, AnnouncementGate gate) : IFeedSink
    {
        private int _hasEnded;

        public StreamPackager Packager => packager;

        public AnnouncementGate Gate => gate;

        public StreamImages? Images { get; } = packager.Ladder is { } ladder ? new StreamImages(() => ladder.NewestKeyFrame, ladder.MakeImageAsync) : null;

        public void SetLayout(FeedLayout layout) => packager.SetLayout(layout);

        public void Write(Media.Frames.AccessUnit unit) => packager.Write(unit);

        public void Interrupt() => packager.Interrupt();

        public void End()
        {
            if (Interlocked.Exchange(ref _hasEnded, 1) != 0) { return; }
            node._streams.TryRemove(new KeyValuePair<string, Stream>(id, this));     // but not one that has begun under the same name since
            node._ending[id] = this;
            packager.End();
            _ = ForgetAsync();
        }

        /// <summary>What is still to be stored is announced as well, unless the gate is closed.</summary>
        public async Task FlushAsync(bool isHandedOver)
        {
            if (!isHandedOver) { await publisher.FlushAsync(); }
            await gate.FlushAsync(id);
        }

        private async Task ForgetAsync()
        {
            await packager.Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            node._ending.TryRemove(new KeyValuePair<string, Stream>(id, this));
        }
    }
}
