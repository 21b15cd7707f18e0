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
    public const string VideoRendition = RenditionName.Source;

    /// <summary>The rendition that is the publisher's own first audio.</summary>
    public const string AudioRendition = RenditionName.SourceAudio;

    /// <summary>
    /// Added to every time written. Unwrapped timestamps may be negative, by up to a period of the 33-bit clock where an input jumps back
    /// across its zero; decoding times in a file may not. A little more than 2^33 ticks.
    /// </summary>
    public const long TimelineOffsetSeconds = 95_444;

    private const long ClockRate = VideoPackager.Timescale;
    private const long LargestStartBytes = 64L * 1024 * 1024;
    private const int TargetDurationOfLongGops = 10;         // seconds, where the first GOP outlasted the start
    private const int FirstSegmentOfLongGops = 3;            // seconds of them: less than is held at the start, so that there is something to play at once
    private const int EntryParts = 20;                       // of 100 ms or a little more
    private const double FrameRateTolerance = 0.02;          // 59.94 fps is what a cap of 60, or of 29.97, is meant for
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LongestWaitForTrack = TimeSpan.FromSeconds(2);      // beyond the aligner's: tracks come one after the other
    private static readonly TimeSpan ShortestFrame = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan UsualFrame = TimeSpan.FromMilliseconds(40);

    private readonly Continuation _continuation = continuation ?? Continuation.None;
    private readonly List<AccessUnit> _start = [];
    private readonly CutRelay _cuts = new();
    private readonly List<StreamSound> _sounds = [];         // by their numbers
    private FeedLayout _layout;
    private TrackAligner? _aligner;
    private PictureFiller? _pictures;
    private long _startBytes;
    private bool _hasStarted;
    private bool _hasPicture;
    private int _targetDuration;
    private long _firstCut90k;
    private int _timelineAtInterrupt;                        // of the sound: its publisher may return with pictures
    private TimeSpan _maxLag;
    private VideoPackager? _video;
    private FrameRhythm _rhythm = FrameRhythm.Even(UsualFrame);
    private readonly HashSet<string> _begun = [];            // renditions: one that ends and begins again continues nothing

    /// <summary>The encoded renditions; <see langword="null"/> where there are none.</summary>
    public LadderPackager? Ladder { get; private set; }

    /// <summary>Encodes renditions as well. Before the first unit.</summary>
    /// <param name="create">Makes the packager of the encoded renditions from what begins one at a media sequence number.</param>
    /// <param name="maxLag">How late a frame may be decoded before it is left out.</param>
    public void AddLadder(Func<RenditionStarts, LadderPackager> create, TimeSpan maxLag)
    {
        _maxLag = maxLag;
        Ladder = create(new RenditionStarts(BeginRendition, BeginAudio));
    }

    public void SetLayout(FeedLayout layout)
    {
        _layout = layout;
        Aligner.Expect((layout.HasVideo ? 1 : 0) + (layout.HasAudio ? 1 : 0));      // more sounds, which may be silent, are not waited for
    }

    public void Write(AccessUnit unit) => Aligner.Write(unit);

    private TrackAligner Aligner => _aligner ??= new TrackAligner(Fill, delay => LogDelay(streamId, delay.TotalSeconds), time);

    private PictureFiller Pictures => _pictures ??= new PictureFiller(Accept, isMissing => LogTrack(streamId, "picture", isMissing ? "is missing: the last one stands for it" : "is there again"));

    /// <summary>Keeps going what stays away: sound, or the picture.</summary>
    private void Fill(AccessUnit unit)
    {
        if (unit.Track is VideoTrack)
        {
            if (!Pictures.OnPicture(unit))
            {
                PackagingMetrics.UnitsDropped.Add(1);
                return;
            }
            _hasPicture = true;
            foreach (StreamSound sound in _sounds) { sound.Silence.OnPicture(unit); }
            Accept(unit);
            return;
        }
        StreamSound itself = SoundOf(unit.Track);
        unit = itself.Silence.OnSound(unit);
        Accept(unit);
        if (_hasStarted && itself == _sounds[0]) { Pictures.OnSound(unit); }
    }

    private void Accept(AccessUnit unit)
    {
        if (_hasStarted)
        {
            Route(unit);
            return;
        }
        if (unit.Track is VideoTrack track) { Ladder?.Prepare(track, unit); }
        _start.Add(unit.Retain());
        _startBytes += unit.Payload.Length;
        if (CanStart()) { Start(); }
    }

    public void Interrupt()
    {
        Aligner.Flush();
        foreach (StreamSound sound in _sounds) { sound.Silence.Interrupt(); }
        Pictures.Interrupt();
        if (!_hasStarted && _start.Count > 0) { Start(); }
        _timelineAtInterrupt = Sound?.Timeline ?? 0;
        foreach (StreamSound sound in _sounds) { sound.Packager?.Interrupt(_video); }
        _video?.Interrupt();
        Ladder?.Interrupt();
    }

    public void End()
    {
        Interrupt();
        _video?.Rendition.End();
        foreach (StreamSound sound in _sounds) { sound.Packager?.Rendition.End(); }
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
        if (segment is null)
        {
            LogLongGop(streamId, LongestStart.TotalSeconds);
            _firstCut90k = FirstSegmentOfLongGops * ClockRate;
        }
        // All exist before the first unit of any: whichever comes first must know that it has others to keep step with.
        if (_start.Find(unit => unit.Track is VideoTrack) is { } video) { _video = CreateVideo(video); }
        foreach (AccessUnit unit in _start)
        {
            if (unit.Track is AudioTrack) { Ladder?.MeasureAudio(unit); }
        }
        foreach (AccessUnit unit in _start)
        {
            if (unit.Track is not AudioTrack track || SoundOf(track) is not { Packager: null } sound) { continue; }
            sound.Packager = CreateAudio(sound, unit);
            Ladder?.PrepareAudio(track);
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

    /// <summary>
    /// The commonest time between two pictures so far. Where the times are uneven, as those of a screen are, none is expected to last long: one
    /// that is shown before it is decoded has a negative composition offset, by which ffmpeg moves all others. Parts need room for nearly the longest.
    /// </summary>
    private FrameRhythm RhythmOf(VideoTrack track)
    {
        long[] deltas = VideoDeltas();
        if (deltas.Length == 0) { return FrameRhythm.Even(track.FrameRate.IsKnown ? TimeSpan.FromSeconds(1 / track.FrameRate.Value) : UsualFrame); }
        long usual = deltas[deltas.Length / 2];
        long longest = deltas[deltas.Length * 9 / 10];
        bool isEven = longest <= usual * 5 / 4 && deltas[deltas.Length / 10] >= usual * 4 / 5;
        return isEven
            ? FrameRhythm.Even(TimeSpan.FromSeconds(usual / (double)ClockRate))
            : new FrameRhythm(ShortestFrame, TimeSpan.FromSeconds(longest / (double)ClockRate));
    }

    /// <summary>The times between pictures so far, from the shortest.</summary>
    private long[] VideoDeltas()
    {
        long[] times = [.. _start.Where(unit => unit.Track is VideoTrack).Select(unit => unit.Dts90k)];
        return [.. times.Skip(1).Zip(times, (next, previous) => next - previous).Where(delta => delta > 0).Order()];
    }

    private void Route(AccessUnit unit)
    {
        if (unit.Track is VideoTrack track)
        {
            Ladder?.Prepare(track, unit);
            _video ??= CreateVideo(unit);
            _video.Write(unit);
            Ladder?.Write(unit);
            foreach (StreamSound sound in _sounds) { sound.Packager?.OnVideo(_video); }
        }
        else
        {
            StreamSound sound = SoundOf(unit.Track);
            sound.Packager ??= CreateAudio(sound, unit);
            sound.Packager.Write(unit, _video);
            Ladder?.WriteAudio(unit);
        }
    }

    private VideoPackager CreateVideo(AccessUnit unit)
    {
        var track = (VideoTrack)unit.Track;
        _rhythm = RhythmOf(track);
        // Sound may have been alone. Where the picture begins a timeline, the sound has a discontinuity at the same number, and comes to it later.
        int soundTimeline = Sound?.Timeline ?? 0;
        bool isAhead = unit.StartsDiscontinuity && Sound is { } sound && !sound.HasBegunTimelineOf(unit);
        int timeline = Math.Max(isAhead ? soundTimeline + 1 : soundTimeline, _timelineAtInterrupt + 1);
        int discontinuities = Sound is null ? 0 : Sound.Discontinuities + timeline - soundTimeline;
        RenditionPlan plan = Plan(VideoRendition, isVideo: true, VideoPackager.Timescale, _rhythm) with
        {
            FirstMsn = NextMsn + (isAhead && !Sound!.Rendition.IsAtSegmentStart ? 1 : 0),       // the sound's open segment ends where the timeline does
            FirstDiscontinuitySequence = _continuation.DiscontinuitySequence + discontinuities,
        };
        if (Ladder is not null) { Ladder.EntryDistance90k = EntryParts * plan.PartTargetTicks; }
        ICutFollower[] followers = Ladder is null ? [_cuts] : [_cuts, Ladder];
        return new VideoPackager(new RenditionPackager(plan, track, publisher), followers, options.SegmentDuration, _rhythm, streamId, logger)
        {
            FirstCut90k = _firstCut90k,
            FirstTimeline = timeline,
            Discontinuities = discontinuities,
        };
    }

    private AudioPackager CreateAudio(StreamSound sound, AccessUnit unit)
    {
        var track = (AudioTrack)unit.Track;
        var frame = TimeSpan.FromSeconds(unit.SampleCount / (double)track.SampleRate);
        RenditionPlan plan = Plan(RenditionName.AudioOf(sound.Number), isVideo: false, (uint)track.SampleRate, FrameRhythm.Even(frame));
        CutSchedule cuts = _cuts.Add();
        return new AudioPackager(new RenditionPackager(plan, track, publisher), cuts, _cuts.Besides(cuts, Ladder), options.SegmentDuration, leads: sound == _sounds[0]);
    }

    private StreamSound SoundOf(Track track)
    {
        int number = StreamSound.NumberOf(track);
        int index = _sounds.FindIndex(sound => sound.Number >= number);
        if (index >= 0 && _sounds[index].Number == number) { return _sounds[index]; }
        string name = track is AudioTrack { Language: { } language } ? $"sound ({language})" : "sound";
        var added = new StreamSound(number, new SilenceFiller(Accept, isSilent => LogTrack(streamId, name, isSilent ? "is missing: silence stands for it" : "is there again"), time, _hasPicture));
        _sounds.Insert(index < 0 ? _sounds.Count : index, added);
        return added;
    }

    private AudioFollowerPackager BeginAudio(string name, AudioPlan audio, long firstMsn)
    {
        var frame = TimeSpan.FromSeconds((double)AudioPlan.FrameSamples / audio.SampleRate);
        RenditionPlan plan = Plan(name, isVideo: false, (uint)audio.SampleRate, FrameRhythm.Even(frame)) with { FirstMsn = firstMsn };
        return new AudioFollowerPackager(plan, publisher, _maxLag, time);
    }

    private VideoFollowerPackager BeginRendition(RungPlan rung, long firstMsn)
    {
        FrameRhythm rhythm = _rhythm;
        if (rung.LargestFrameRate.IsKnown && _rhythm.IsEven)
        {
            // Every so many pictures, or where the cap is no divisor, now one more and now one less.
            double pictures = Math.Max(1, 1 / rung.LargestFrameRate.Value / _rhythm.Usual.TotalSeconds);
            rhythm = new FrameRhythm(_rhythm.Usual * Math.Floor(pictures + FrameRateTolerance), _rhythm.Usual * Math.Ceiling(pictures - FrameRateTolerance));
        }
        RenditionPlan plan = Plan(rung.Name, isVideo: true, VideoPackager.Timescale, _rhythm.IsEven ? FrameRhythm.Even(rhythm.Usual) : rhythm) with { FirstMsn = firstMsn };
        return new VideoFollowerPackager(plan, rhythm, isReordered: rung.BFrames > 0, publisher, _maxLag, time);
    }

    private RenditionPlan Plan(string rendition, bool isVideo, uint timescale, FrameRhythm rhythm)
    {
        var key = new RenditionKey(streamId, rendition) { Epoch = _continuation.Epoch };
        return new RenditionPlan(key, isVideo, timescale, RenditionPlan.PartTargetFor(options.PartDuration, rhythm), _targetDuration, NextMsn,
            _continuation.DiscontinuitySequence + (_video?.Discontinuities ?? Sound?.Discontinuities ?? 0))
        {
            IsUneven = !rhythm.IsEven,
            Continued = _begun.Add(rendition) ? _continuation.Of(rendition) : null,
        };
    }

    private AudioPackager? Sound => _sounds.Find(static sound => sound.Packager is not null)?.Packager;

    /// <summary>The number of the next segment, the same in all renditions.</summary>
    private long NextMsn => _video?.Rendition.SegmentMsn ?? Sound?.Rendition.SegmentMsn ?? _continuation.FirstMsn ?? RenditionPlan.FirstMsnAt(time.GetUtcNow().UtcDateTime);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: one of its tracks comes {Seconds:F2} s after another in the multiplex; the earlier one is held back for as long, and latency grows by that where it is the picture")]
    private partial void LogDelay(string stream, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: its {Track} {What}")]
    private partial void LogTrack(string stream, string track, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: no second key frame in {Seconds} s; segments follow the key frames, and joining is slow. Set a key-frame distance of 0.5 to 2 s in the encoder")]
    private partial void LogLongGop(string stream, double seconds);
}
