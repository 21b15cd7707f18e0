using Mirror.Media.Codecs;
using Mirror.Media.Frames;
using Mirror.Media.MpegTs;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Demux;

/// <summary>Puts the pictures and audio frames of one programme on one timeline and passes them on as access units.</summary>
/// <remarks>
/// A timeline starts with the first random access point of the video track, or the first frame where there is only audio; audio that
/// belongs behind it waits for it. It ends when the publisher returns, the programme changes, or timestamps jump: by more than the largest
/// step, or back to where pictures were already passed on. One picture or PES packet with timestamps that do not fit is held until the
/// next tells whether it was wrong (it is dropped) or the first of a new timeline.
/// </remarks>
internal sealed partial class ProgramTimeline : ICodedPictureHandler, IAudioFrameHandler, IDisposable
{
    private const long TicksPerSecond = 90_000;
    private const long LargestComposition = 10 * TicksPerSecond;      // between DTS and PTS of one picture
    private const long SuddenGap = TicksPerSecond / 2;                // a step beyond this must be confirmed by the next picture
    private const long LargestAudioGap = TicksPerSecond;              // taken at once; a longer one must be confirmed by the next PES packet
    private const long AnnouncedStep = TicksPerSecond;                // off the expected time by more, a picture belongs to the time base announced
    private const int StampsToBelieve = 2;                            // PES packets that must agree before held audio is believed
    private readonly IAccessUnitHandler _handler;
    private readonly ILogger _logger;
    private readonly long _largestStep;
    private readonly long _videoPatience;
    private readonly TimestampUnwrapper _clock = new();
    private readonly DecodeTimes _decodeTimes = new();
    private readonly RandomAccessPolicy _randomAccess;
    private readonly VideoFormat _format = new();
    private readonly HeldAudio _heldAudio;
    private readonly TrackCounters _videoCounters = new();
    private readonly TrackCounters _audioCounters = new();
    private ProgramClock _programClock;
    private FeedLayout _layout;
    private FeedLayout _announcedLayout;
    private bool _hasAnnouncedLayout;
    private long _receivedTimestamp;
    private DateTime _wallClock;
    private DateTime _arrival;                   // of the first byte of the picture or frame at hand

    private bool _isRunning;
    private bool _isVideoAbsent;                 // announced, yet silent for longer than the patience
    private bool _startsVideo;                   // the next unit is the track's first on this timeline
    private bool _startsAudio;
    private long _startPts;
    private bool _dropsLeading;                  // until the next key frame: pictures that lead to what came before the start
    private bool _dropsSkippedLeading;
    private long _announcedPcr = -1;
    private bool _isRandomAccess;                // of the picture accepted last
    private LogAllowance _logAllowance;
    private HeldPicture? _heldPicture;
    private AudioChain _audio;
    private AudioChain _heldChain;
    private bool _isAudioHeld;                   // frames without PTS follow the held chain
    private long _waitedForVideo;
    private long _lastAudioPts;
    private bool _hasLastAudioPts;
    private bool _wasLenient;

    public ProgramTimeline(IAccessUnitHandler handler, TransportStreamDemuxerOptions options, ILogger logger)
    {
        _handler = handler;
        _logger = logger;
        _largestStep = (long)(options.LargestStep.TotalSeconds * TicksPerSecond);
        _videoPatience = (long)(options.VideoPatience.TotalSeconds * TicksPerSecond);
        _randomAccess = new RandomAccessPolicy(options.RefreshPatience);
        _heldAudio = new HeldAudio(_videoPatience + TicksPerSecond);
    }

    /// <summary>Timelines started.</summary>
    public long Timelines { get; private set; }

    /// <summary>Steps of timestamps that started one.</summary>
    public long Jumps { get; private set; }

    /// <summary>Key frames passed on.</summary>
    public long KeyFrames { get; private set; }

    /// <summary>Predicted and intra pictures passed on.</summary>
    public long PredictedFrames { get; private set; }

    /// <summary>Bidirectional pictures passed on.</summary>
    public long BidirectionalFrames { get; private set; }

    private bool IsVideoLeading => _layout.HasVideo && !_isVideoAbsent;

    /// <summary>The arrival of the bytes from which the following pictures and frames are made.</summary>
    public void SetArrival(long receivedTimestamp, DateTime wallClock)
    {
        _receivedTimestamp = receivedTimestamp;
        _wallClock = wallClock;
    }

    /// <summary>A programme is being read.</summary>
    public bool IsProgramStarted { get; private set; }

    /// <summary>Another programme, with other tracks, or the same after its publisher's return.</summary>
    public void StartProgram(FeedLayout layout)
    {
        Interrupt();
        IsProgramStarted = true;
        _layout = layout;
        AnnounceLayout();
    }

    /// <summary>What follows has nothing to do with what came before: the timeline ends, and a programme must be started.</summary>
    public void Interrupt()
    {
        IsProgramStarted = false;
        _isVideoAbsent = false;
        _randomAccess.Reset();
        _wasLenient = false;
        EndTimeline();
        DropHeldAudio();
        _clock.Reset();
    }

    /// <summary>The programme's clock says that its time base starts anew.</summary>
    /// <param name="pcr33">The PCR's base: 90 kHz ticks, in [0, 2^33).</param>
    public void AnnounceJump(long pcr33) => _announcedPcr = pcr33;

    /// <summary>The video track's counts.</summary>
    public DemuxTrackStats VideoStats(long dropped) => _videoCounters.Snapshot(_decodeTimes.Repaired, dropped);

    /// <summary>The audio track's counts.</summary>
    public DemuxTrackStats AudioStats(long dropped) => _audioCounters.Snapshot(repaired: 0, dropped);

    /// <summary>Gives everything held back to its pool.</summary>
    public void Dispose()
    {
        DropHeldPicture();
        DropHeldAudio();
    }

    /// <inheritdoc/>
    public void OnPicture(in CodedPicture picture)
    {
        _arrival = picture.Arrival;
        if (!TryReadTimes(picture, out long pts, out long? dts))
        {
            _videoCounters.CountBadTimestamps(1);
            return;
        }
        if (_isRunning && IsVideoLeading)
        {
            bool isSudden = (dts ?? pts) - _decodeTimes.Last > SuddenGap || IsFar(dts ?? pts) || IsAnnounced(dts ?? pts);
            DecodeTimeVerdict verdict = isSudden ? DecodeTimeVerdict.Unplaceable : _decodeTimes.Place(pts, dts, IsBidirectional(picture.Info), out _);
            if (verdict == DecodeTimeVerdict.Lost)
            {
                _videoCounters.CountBadTimestamps(1);
                return;
            }
            if (verdict == DecodeTimeVerdict.Unplaceable)
            {
                Suspect(picture, pts, dts);
                return;
            }
            DropHeldPicture();
            if (TryAccept(picture.Info, pts, _decodeTimes.Last)) { EmitPicture(picture.Info, picture.ToPayload(), pts, _decodeTimes.Last); }
            return;
        }
        if (TryStart(picture.Info, pts, dts)) { EmitPicture(picture.Info, picture.ToPayload(), pts, _decodeTimes.Last); }
    }

    /// <inheritdoc/>
    public void OnAudioFrame(AudioTrack track, long pts33, MediaBuffer payload, int sampleCount, DateTime arrival)
    {
        _arrival = arrival;
        ChooseChain(track, pts33, sampleCount);
        if (!_isAudioHeld && _audio.IsStarted)
        {
            long pts = _audio.Next;
            _audio.Advance(sampleCount);
            EmitAudio(new AudioFrame(track, payload, pts, sampleCount, arrival));
            return;
        }
        if (!_heldChain.IsStarted)               // no PTS yet
        {
            _audioCounters.CountBadTimestamps(1);
            payload.Release();
            return;
        }
        CountDroppedAudio(_heldAudio.Enqueue(new AudioFrame(track, payload, _heldChain.Next, sampleCount, arrival)));
        _heldChain.Advance(sampleCount);
        if (_isRunning) { TryAdoptHeldAudio(); }
        else { StartWithAudio(sampleCount * TicksPerSecond / track.SampleRate); }
    }

    // ---- Video

    private bool TryReadTimes(in CodedPicture picture, out long pts, out long? dts)
    {
        dts = null;
        pts = 0;
        if (picture.Pts33 < 0)                   // not the first access unit of its PES packet
        {
            if (!_isRunning || !_decodeTimes.IsStarted) { return false; }
            pts = _decodeTimes.Last + _format.FrameDuration;
            dts = pts;
            return true;
        }
        if (!_clock.IsStarted) { _clock.Advance(picture.Pts33); }
        pts = _clock.Nearest(picture.Pts33);
        if (picture.Dts33 >= 0) { dts = TimestampUnwrapper.Nearest(picture.Dts33, pts); }
        return Math.Abs(pts - (dts ?? pts)) <= LargestComposition;
    }

    private static bool IsBidirectional(in PictureInfo info) => info.FrameType == FrameType.Bidirectional;

    /// <summary>Far from where both this track and the newest unit of any track are.</summary>
    private bool IsFar(long dts) => Math.Abs(dts - _decodeTimes.Last) > _largestStep && Math.Abs(dts - _clock.Last) > _largestStep;

    private bool IsAnnounced(long dts)
        => _announcedPcr >= 0 && Math.Abs(dts - TimestampUnwrapper.Nearest(_announcedPcr, dts)) <= _largestStep
            && Math.Abs(dts - _decodeTimes.Last - _format.FrameDuration) > AnnouncedStep;

    /// <summary>A picture that does not fit. The second in a row that agrees with the first shows a gap or a new timeline; so does one that was announced.</summary>
    private void Suspect(in CodedPicture picture, long pts, long? dts)
    {
        long time = dts ?? pts;
        bool isAnnounced = IsAnnounced(time);
        bool isConfirmed = _heldPicture is { } first && time > first.DecodeTime && time - first.DecodeTime <= TicksPerSecond;
        if (!isConfirmed)
        {
            DropHeldPicture();
            if (!isAnnounced)
            {
                _heldPicture = new HeldPicture(picture.Info, picture.ToPayload(), pts, dts, picture.Arrival);
                return;
            }
        }
        HeldPicture? held = _heldPicture;
        _heldPicture = null;
        bool isGap = held is not null && !isAnnounced && held.DecodeTime > _decodeTimes.Last && !IsFar(held.DecodeTime);
        if (!isGap) { EndTimelineAtJump(held?.DecodeTime ?? time); }
        if (held is not null) { Release(held, isGap); }
        OnPicture(picture);
    }

    /// <summary>The held picture proved right: it goes on behind a gap, or starts a timeline.</summary>
    private void Release(HeldPicture held, bool isGap)
    {
        _arrival = held.Arrival;
        bool isAccepted = isGap
            ? _decodeTimes.Place(held.Pts, held.Dts, IsBidirectional(held.Info), out _) == DecodeTimeVerdict.Placed && TryAccept(held.Info, held.Pts, _decodeTimes.Last)
            : TryStart(held.Info, held.Pts, held.Dts);
        if (isAccepted) { EmitPicture(held.Info, held.Payload, held.Pts, _decodeTimes.Last); }
        else { held.Payload.Release(); }
    }

    private void EndTimelineAtJump(long time)
    {
        Jumps++;
        if (_logAllowance.TryTake(_wallClock)) { LogJump(_decodeTimes.Last, time); }
        EndTimeline();
        _clock.Advance(time);
    }

    /// <summary>Starts a timeline with this picture, if decoding can start with it.</summary>
    private bool TryStart(in PictureInfo info, long pts, long? dts)
    {
        bool isRandomAccess = _randomAccess.IsRandomAccess(info, dts ?? pts, startsTimeline: true);
        if (info.Track is null || !isRandomAccess)
        {
            _videoCounters.CountWaiting(1);
            return false;
        }
        if (_isVideoAbsent)
        {
            _isVideoAbsent = false;
            EndTimeline();
            AnnounceLayout();
        }
        _decodeTimes.Reset();
        _decodeTimes.Place(pts, dts, IsBidirectional(info), out long placed);
        StartTimeline(pts, placed);
        _dropsLeading = info.RandomAccess != RandomAccessKind.Refresh;
        _dropsSkippedLeading = _dropsLeading;
        AdoptFormat(info.Track);
        LogLenient(info);
        return true;
    }

    private bool TryAccept(in PictureInfo info, long pts, long dts)
    {
        bool isRandomAccess = _randomAccess.IsRandomAccess(info, dts, startsTimeline: false);
        if (info.FrameType == FrameType.Key)
        {
            _dropsLeading = false;
            _dropsSkippedLeading = info.IsBrokenLink;
        }
        bool isUndecodable = (_dropsSkippedLeading && info.IsSkippedLeading)
            || (_dropsLeading && pts < _startPts && info.Track is { Codec: Codec.H264 });
        if (isUndecodable)
        {
            _videoCounters.CountWaiting(1);
            return false;
        }
        if (isRandomAccess)
        {
            if (info.Track is not null) { AdoptFormat(info.Track); }
            if (info.RandomAccess == RandomAccessKind.Refresh) { _announcedPcr = -1; }
            LogLenient(info);
        }
        _isRandomAccess = isRandomAccess;
        return true;
    }

    private void EmitPicture(in PictureInfo info, MediaBuffer payload, long pts, long dts)
    {
        bool startsTimeline = _startsVideo;
        _clock.Advance(dts);
        if (!startsTimeline) { _programClock.Observe(_arrival, dts); }
        var unit = new AccessUnit
        {
            Track = _format.Issue(dts),
            Pts90k = pts,
            Dts90k = dts,
            Payload = payload,
            FrameType = info.FrameType,
            IsRandomAccess = startsTimeline || _isRandomAccess,
            IsDisposable = info.IsDisposable,
            StartsDiscontinuity = startsTimeline && Timelines > 1,
            ProgramTime = _programClock.ToUtc(pts),
            ReceivedTimestamp = _receivedTimestamp,
        };
        _startsVideo = false;
        Count(info.FrameType);
        _videoCounters.CountUnit(unit, startsTimeline);
        Deliver(unit);
        if (startsTimeline) { TryAdoptHeldAudio(); }
    }

    private void Count(FrameType frameType)
    {
        if (frameType == FrameType.Key) { KeyFrames++; }
        else if (frameType == FrameType.Bidirectional) { BidirectionalFrames++; }
        else { PredictedFrames++; }
    }

    private void AdoptFormat(VideoTrack track)
    {
        if (_format.Adopt(track) && _logAllowance.TryTake(_wallClock)) { LogFormat(track.CodecString, track.Width, track.Height); }
    }

    private void DropHeldPicture()
    {
        if (_heldPicture is null) { return; }
        _videoCounters.CountBadTimestamps(1);
        _heldPicture.Payload.Release();
        _heldPicture = null;
    }

    // ---- Audio

    /// <summary>Which chain a frame goes on with: the one passed on, the one held, or a new one that is held.</summary>
    private void ChooseChain(AudioTrack track, long pts33, int sampleCount)
    {
        if (pts33 < 0) { return; }
        if (!_clock.IsStarted) { _clock.Advance(pts33); }
        long pts = _clock.Nearest(pts33);
        if (_audio.TryContinue(pts, sampleCount, track.SampleRate, LargestAudioGap))
        {
            _isAudioHeld = false;
            DropHeldAudio();
            return;
        }
        _isAudioHeld = true;
        if (_heldChain.TryContinue(pts, sampleCount, track.SampleRate, LargestAudioGap)) { return; }
        DropHeldAudio();
        _heldChain.Start(pts, track.SampleRate);
    }

    /// <summary>Held audio is passed on once it is believed and lies near the timeline.</summary>
    private void TryAdoptHeldAudio()
    {
        if (!_heldChain.IsStarted || (_audio.IsStarted && _heldChain.Stamps < StampsToBelieve)) { return; }
        long next = _heldChain.Next;
        bool isNear = Math.Abs(next - _clock.Last) <= _largestStep || (_audio.IsStarted && Math.Abs(next - _audio.Next) <= _largestStep);
        if (!isNear)
        {
            if (!IsVideoLeading) { StartOverWithAudio(); }
            return;
        }
        AdoptHeldAudio();
    }

    private void AdoptHeldAudio()
    {
        _audio = _heldChain;
        _heldChain.Stop();
        _isAudioHeld = false;
        while (_heldAudio.TryDequeue(out AudioFrame frame)) { EmitAudio(frame); }
    }

    /// <summary>Audio alone and far from where it was: a new timeline.</summary>
    private void StartOverWithAudio()
    {
        Jumps++;
        if (_logAllowance.TryTake(_wallClock)) { LogJump(_clock.Last, _heldChain.Next); }
        EndTimeline();
        StartTimelineWithHeldAudio();
    }

    /// <summary>No timeline runs: audio alone starts one, or does so after the video track was waited for.</summary>
    private void StartWithAudio(long duration)
    {
        if (IsVideoLeading)
        {
            _waitedForVideo += duration;
            if (_waitedForVideo < _videoPatience) { return; }
            _isVideoAbsent = true;
            if (_logAllowance.TryTake(_wallClock)) { LogVideoAbsent(); }
            AnnounceLayout();
        }
        StartTimelineWithHeldAudio();
    }

    private void StartTimelineWithHeldAudio()
    {
        long pts = _heldAudio.Oldest.Pts;
        _arrival = _heldAudio.Oldest.Arrival;
        StartTimeline(pts, pts);
        AdoptHeldAudio();
    }

    private void EmitAudio(AudioFrame frame)
    {
        long duration = frame.Duration;
        bool isBeforeStart = _startsAudio && frame.Pts + duration <= _startPts;
        bool isOverlapping = !_startsAudio && _hasLastAudioPts && frame.Pts <= _lastAudioPts + duration / 2;
        if (isBeforeStart || isOverlapping)
        {
            if (isBeforeStart) { _audioCounters.CountWaiting(1); }
            else { _audioCounters.CountBadTimestamps(1); }
            frame.Payload.Release();
            return;
        }
        bool startsTimeline = _startsAudio;
        _startsAudio = false;
        _lastAudioPts = frame.Pts;
        _hasLastAudioPts = true;
        if (frame.Pts > _clock.Last) { _clock.Advance(frame.Pts); }
        if (!IsVideoLeading && !startsTimeline) { _programClock.Observe(frame.Arrival, frame.Pts); }
        var unit = new AccessUnit
        {
            Track = frame.Track,
            Pts90k = frame.Pts,
            Dts90k = frame.Pts,
            Payload = frame.Payload,
            SampleCount = frame.SampleCount,
            FrameType = FrameType.Key,
            IsRandomAccess = true,
            StartsDiscontinuity = startsTimeline && Timelines > 1,
            ProgramTime = _programClock.ToUtc(frame.Pts),
            ReceivedTimestamp = _receivedTimestamp,
        };
        _audioCounters.CountUnit(unit, startsTimeline);
        Deliver(unit);
    }

    private void DropHeldAudio()
    {
        CountDroppedAudio(_heldAudio.Clear());
        _heldChain.Stop();
    }

    private void CountDroppedAudio(int frames)
    {
        if (_isRunning) { _audioCounters.CountBadTimestamps(frames); }
        else { _audioCounters.CountWaiting(frames); }
    }

    // ---- Timelines

    private void StartTimeline(long pts, long dts)
    {
        _isRunning = true;
        Timelines++;
        _startPts = pts;
        _startsVideo = true;
        _startsAudio = true;
        _hasLastAudioPts = false;
        _announcedPcr = -1;
        _clock.Advance(dts);
        _programClock.Start(_arrival, pts, dts);
        _isRandomAccess = true;
        _format.StartTimeline();
    }

    private void EndTimeline()
    {
        _isRunning = false;
        _waitedForVideo = 0;
        _audio.Stop();
        _isAudioHeld = true;
        DropHeldPicture();
    }

    private void Deliver(AccessUnit unit)
    {
        try { _handler.OnAccessUnit(unit); }
        finally { unit.Release(); }
    }

    private void AnnounceLayout()
    {
        var layout = new FeedLayout(IsVideoLeading, _layout.HasAudio);
        if (_hasAnnouncedLayout && layout == _announcedLayout) { return; }
        _announcedLayout = layout;
        _hasAnnouncedLayout = true;
        _handler.OnLayout(layout);
    }

    private void LogLenient(in PictureInfo info)
    {
        if (_wasLenient || !_randomAccess.IsLenient) { return; }
        _wasLenient = true;
        LogWeakRandomAccess(info.RandomAccess);
    }

    [LoggerMessage(LogLevel.Warning, "Timestamps jumped from {From} to {To} (90 kHz): a new timeline starts")]
    private partial void LogJump(long from, long to);

    [LoggerMessage(LogLevel.Warning, "The stream sends no IDR pictures; decoding starts at pictures of kind {Kind} instead")]
    private partial void LogWeakRandomAccess(RandomAccessKind kind);

    [LoggerMessage(LogLevel.Warning, "The announced video track stays silent; its audio is passed on alone")]
    private partial void LogVideoAbsent();

    [LoggerMessage(LogLevel.Information, "Video format: {CodecString}, {Width} x {Height}")]
    private partial void LogFormat(string codecString, int width, int height);
}
