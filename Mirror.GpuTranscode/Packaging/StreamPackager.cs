using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Publishing;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Feed;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Packages one stream: the source's video and audio, cut together, and its encoded renditions, which follow those cuts.</summary>
/// <remarks>
/// The first units are held until the playlists' constants, which may never change, can be told from them: frame duration, key-frame
/// distance, tracks. That takes until the second segment's first picture; then they go through like all that follow. Both renditions
/// always get the same discontinuities, since players match them by number.
/// </remarks>
internal sealed partial class StreamPackager(string streamId, PackageOptions options, PartPublisher publisher, TimeProvider time, ILogger<StreamPackager> logger,
    Continuation? continuation = null) : IFeedSink
{
    /// <summary>The rendition that is the publisher's own video.</summary>
    public const string VideoRendition = "source";

    /// <summary>The rendition that is the publisher's own audio.</summary>
    public const string AudioRendition = "audio";

    /// <summary>
    /// Added to every time written. Unwrapped timestamps may be negative, by up to a period of the 33-bit clock where an input jumps back
    /// across its zero; decoding times in a file may not. A little more than 2^33 ticks.
    /// </summary>
    public const long TimelineOffsetSeconds = 95_444;

    private const long ClockRate = VideoPackager.Timescale;
    private const long LargestStartBytes = 64L * 1024 * 1024;
    private const int TargetDurationOfLongGops = 10;         // seconds, where the first GOP outlasted the start
    private const double FrameRateTolerance = 0.02;          // 59.94 fps is what a cap of 60, or of 29.97, is meant for
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LongestWaitForTrack = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan UsualFrame = TimeSpan.FromMilliseconds(40);

    private readonly Continuation _continuation = continuation ?? Continuation.None;
    private readonly List<AccessUnit> _start = [];
    private readonly CutSchedule _cuts = new();
    private FeedLayout _layout;
    private long _startBytes;
    private bool _hasStarted;
    private int _targetDuration;
    private VideoPackager? _video;
    private AudioPackager? _audio;
    private TimeSpan _frame = UsualFrame;
    private readonly HashSet<string> _begun = [];            // renditions: one that ends and begins again continues nothing

    /// <summary>The encoded renditions; <see langword="null"/> where there are none.</summary>
    public LadderPackager? Ladder { get; private set; }

    /// <summary>Encodes renditions as well. Before the first unit.</summary>
    /// <param name="create">Makes the packager of the encoded renditions from what begins one at a media sequence number.</param>
    public void AddLadder(Func<RenditionStarts, LadderPackager> create) => Ladder = create(new RenditionStarts(BeginRendition, BeginAudio));

    public void SetLayout(FeedLayout layout) => _layout = layout;

    public void Write(AccessUnit unit)
    {
        if (_hasStarted)
        {
            Route(unit);
            return;
        }
        if (unit.Track is VideoTrack track) { Ladder?.Prepare(track); }
        _start.Add(unit.Retain());
        _startBytes += unit.Payload.Length;
        if (CanStart()) { Start(); }
    }

    public void Interrupt()
    {
        if (!_hasStarted && _start.Count > 0) { Start(); }
        _audio?.Interrupt(_video);
        _video?.Interrupt();
        Ladder?.Interrupt();
    }

    public void End()
    {
        Interrupt();
        _video?.Rendition.End();
        _audio?.Rendition.End();
        EndUnbegun();
        Ended = Ladder?.EndAsync() ?? Task.CompletedTask;
    }

    /// <summary>Renditions that another node began and nobody went on with: their players wait for an end as well.</summary>
    private void EndUnbegun()
    {
        foreach (RenditionPosition position in _continuation.Positions)
        {
            RenditionKey key = position.Started.Rendition with { Epoch = _continuation.Epoch };
            if (!_begun.Contains(key.Rendition)) { publisher.Announce(new RenditionEnded(key)); }
        }
    }

    /// <summary>Completes once the encoded renditions have ended as well.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    private bool CanStart()
    {
        AccessUnit first = _start[0];
        AccessUnit last = _start[^1];
        TimeSpan held = TimeSpan.FromSeconds(Math.Abs(last.Dts90k - first.Dts90k) / (double)ClockRate);
        if (held >= LongestStart || _startBytes >= LargestStartBytes) { return true; }
        bool hasVideo = _start.Exists(unit => unit.Track is VideoTrack);
        bool hasAudio = _start.Exists(unit => unit.Track is AudioTrack);
        bool waits = held < LongestWaitForTrack && ((_layout.HasVideo && !hasVideo) || (_layout.HasAudio && !hasAudio));
        return !waits && (!hasVideo || FirstSegment() is not null);
    }

    private void Start()
    {
        _hasStarted = true;
        bool hasVideo = _start.Exists(unit => unit.Track is VideoTrack);
        TimeSpan? segment = hasVideo ? FirstSegment() : options.SegmentDuration;
        _targetDuration = segment is { } known ? RenditionPlan.TargetDurationFor(options.SegmentDuration, known) : TargetDurationOfLongGops;
        if (segment is null) { LogLongGop(streamId, LongestStart.TotalSeconds); }
        // Both exist before either's first unit: whichever comes first must know that it has the other to keep step with.
        if (_start.Find(unit => unit.Track is VideoTrack) is { } video) { _video = CreateVideo((VideoTrack)video.Track); }
        if (_start.Find(unit => unit.Track is AudioTrack) is { } audio)
        {
            _audio = CreateAudio(audio);
            foreach (AccessUnit unit in _start) { Ladder?.MeasureAudio(unit); }
            Ladder?.PrepareAudio((AudioTrack)audio.Track);
        }
        foreach (AccessUnit unit in _start)
        {
            Route(unit);
            unit.Release();
        }
        _start.Clear();
    }

    /// <summary>The time from the first key frame to the one that ends the first segment; <see langword="null"/> until that is there.</summary>
    private TimeSpan? FirstSegment()
    {
        long due90k = VideoPackager.DueAfter90k(options.SegmentDuration);
        long? first90k = null;
        foreach (AccessUnit unit in _start)
        {
            if (unit.Track is not VideoTrack || !unit.IsRandomAccess) { continue; }
            first90k ??= unit.Dts90k;
            if (unit.Dts90k - first90k.Value >= due90k) { return TimeSpan.FromSeconds((unit.Dts90k - first90k.Value) / (double)ClockRate); }
        }
        return null;
    }

    /// <summary>The commonest time between two pictures so far.</summary>
    private TimeSpan FrameDuration(VideoTrack track)
    {
        long[] times = [.. _start.Where(unit => unit.Track is VideoTrack).Select(unit => unit.Dts90k)];
        long[] deltas = [.. times.Skip(1).Zip(times, (next, previous) => next - previous).Where(delta => delta > 0).Order()];
        if (deltas.Length > 0) { return TimeSpan.FromSeconds(deltas[deltas.Length / 2] / (double)ClockRate); }
        return track.FrameRate.IsKnown ? TimeSpan.FromSeconds(1 / track.FrameRate.Value) : UsualFrame;
    }

    private void Route(AccessUnit unit)
    {
        if (unit.Track is VideoTrack track)
        {
            Ladder?.Prepare(track);
            _video ??= CreateVideo(track);
            _video.Write(unit);
            Ladder?.Write(unit);
            _audio?.OnVideo(_video);
        }
        else
        {
            _audio ??= CreateAudio(unit);
            _audio.Write(unit, _video);
            Ladder?.WriteAudio(unit);
        }
    }

    private VideoPackager CreateVideo(VideoTrack track)
    {
        _frame = FrameDuration(track);
        RenditionPlan plan = Plan(VideoRendition, isVideo: true, VideoPackager.Timescale, _frame);
        ICutFollower[] followers = Ladder is null ? [_cuts] : [_cuts, Ladder];
        return new VideoPackager(new RenditionPackager(plan, track, publisher), followers, options.SegmentDuration, _frame, streamId, logger);
    }

    private AudioPackager CreateAudio(AccessUnit unit)
    {
        var track = (AudioTrack)unit.Track;
        var frame = TimeSpan.FromSeconds(unit.SampleCount / (double)track.SampleRate);
        RenditionPlan plan = Plan(AudioRendition, isVideo: false, (uint)track.SampleRate, frame);
        return new AudioPackager(new RenditionPackager(plan, track, publisher), _cuts, Ladder, options.SegmentDuration);
    }

    private AudioFollowerPackager BeginAudio(AudioPlan audio, long firstMsn)
    {
        var frame = TimeSpan.FromSeconds((double)AudioPlan.FrameSamples / audio.SampleRate);
        RenditionPlan plan = Plan(AudioPlan.RenditionName, isVideo: false, (uint)audio.SampleRate, frame) with { FirstMsn = firstMsn };
        return new AudioFollowerPackager(plan, publisher, time);
    }

    private VideoFollowerPackager BeginRendition(RungPlan rung, long firstMsn)
    {
        (TimeSpan frame, TimeSpan longest) = (_frame, _frame);
        if (rung.LargestFrameRate.IsKnown)
        {
            // Every so many pictures, or where the cap is no divisor, now one more and now one less.
            double pictures = Math.Max(1, 1 / rung.LargestFrameRate.Value / _frame.TotalSeconds);
            (frame, longest) = (_frame * Math.Floor(pictures + FrameRateTolerance), _frame * Math.Ceiling(pictures - FrameRateTolerance));
        }
        RenditionPlan plan = Plan(rung.Name, isVideo: true, VideoPackager.Timescale, frame) with { FirstMsn = firstMsn };
        return new VideoFollowerPackager(plan, frame, longest, isReordered: rung.BFrames > 0, publisher, time);
    }

    private RenditionPlan Plan(string rendition, bool isVideo, uint timescale, TimeSpan frame)
    {
        var key = new RenditionKey(streamId, rendition) { Epoch = _continuation.Epoch };
        return new RenditionPlan(key, isVideo, timescale, RenditionPlan.PartTargetFor(options.PartDuration, frame), _targetDuration, NextMsn,
            _continuation.DiscontinuitySequence + (_video?.Discontinuities ?? _audio?.Discontinuities ?? 0))
        {
            Continued = _begun.Add(rendition) ? _continuation.Of(rendition) : null,
        };
    }

    /// <summary>The number of the next segment, the same in all renditions.</summary>
    private long NextMsn => _video?.Rendition.SegmentMsn ?? _audio?.Rendition.SegmentMsn ?? _continuation.FirstMsn ?? RenditionPlan.FirstMsnAt(time.GetUtcNow().UtcDateTime);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: no second key frame in {Seconds} s; segments follow the key frames, and joining is slow. Set a key-frame distance of 0.5 to 2 s in the encoder")]
    private partial void LogLongGop(string stream, double seconds);
}
