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
/// next tells whether they were wrong, and it is placed by its order, or whether it is the first of a new timeline.
/// </remarks>
internal sealed partial class ProgramTimeline : ICodedPictureHandler, IAudioFrameHandler, IDisposable
{
    private const long TicksPerSecond = 90_000;
    private const long LargestComposition = 10 * TicksPerSecond;      // between DTS and PTS of one picture
    private const long SuddenGap = TicksPerSecond / 2;                // a step beyond this must be confirmed by the next picture
    private const long LargestReordering = TicksPerSecond;            // a made-up PTS is at most so far from the decoding time
    private const double WaitedForStep = 0.75;                        // part of a step that must have passed on the way for it to be believed at once
    private const long LargestAudioGap = TicksPerSecond;              // taken at once; a longer one must be confirmed by the next PES packet
    private const long AnnouncedStep = TicksPerSecond;                // off the expected time by more, a picture belongs to the time base announced
    private const int StampsToBelieve = 2;                            // PES packets that must agree before held audio is believed
    private const long LongestDatedFrame = TicksPerSecond / 25;       // a wrongly signalled frame rate must not put dates seconds back
    private readonly IAccessUnitHandler _handler;
    private readonly DatedDelivery _delivery;
    private readonly ILogger _logger;
    private readonly long _largestStep;
    private readonly long _videoPatience;
    private readonly TimestampUnwrapper _clock = new();
    private readonly RandomAccessPolicy _randomAccess;
    private readonly VideoFormat _format = new();
    private readonly SoundLine[] _sounds = new SoundLine[TransportStreamDemuxer.MostSounds];
    private readonly TrackCounters _videoCounters = new();
    private readonly TrackCounters _audioCounters = new();
    private DecodeTimes _decodeTimes;
    private PictureTimes _times;
    private DateTime _placedArrival;             // of the picture passed on last
    private FeedLayout _layout;
    private FeedLayout _announcedLayout;
    private bool _hasAnnouncedLayout;
    private long _receivedTimestamp;
    private DateTime _wallClock;
    private DateTime _arrival;                   // of the first byte of the picture or frame at hand

    private bool _isRunning;
    private bool _isVideoAbsent;                 // announced, yet silent for longer than the patience
    private bool _startsVideo;                   // the next unit is the track's first on this timeline
    private long _startPts;
    private long _composition;                   // largest PTS less DTS of the timeline's random access points
    private bool _dropsLeading;                  // until the next key frame: pictures that lead to what came before the start
    private bool _dropsSkippedLeading;
    private long _announcedPcr = -1;
    private bool _isRandomAccess;                // of the picture accepted last
    private LogAllowance _logAllowance;
    private HeldPicture? _heldPicture;
    private SoundLine _leading;                  // of sound alone: the one whose frames start timelines
    private bool _wasLenient;

    public ProgramTimeline(IAccessUnitHandler handler, TransportStreamDemuxerOptions options, ILogger logger)
    {
        _handler = handler;
        _delivery = new DatedDelivery(handler);
        _logger = logger;
        _largestStep = (long)(options.LargestStep.TotalSeconds * TicksPerSecond);
        _videoPatience = (long)(options.VideoPatience.TotalSeconds * TicksPerSecond);
        _randomAccess = new RandomAccessPolicy(options.RefreshPatience);
        for (int i = 0; i < _sounds.Length; i++) { _sounds[i] = new SoundLine(_videoPatience + TicksPerSecond); }
        _leading = _sounds[0];
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

    /// <summary>Other sounds beside what is carried, which goes on.</summary>
    public void SetLayout(FeedLayout layout)
    {
        _layout = layout;
        AnnounceLayout();
    }

    /// <inheritdoc cref="VideoFormat.AnnounceCaptions"/>
    public void AnnounceCaptions(CaptionServices? captions) => _format.AnnounceCaptions(captions);

    /// <summary>What follows has nothing to do with what came before: the timeline ends, and a programme must be started.</summary>
    public void Interrupt()
    {
        PlaceHeldPicture();
        IsProgramStarted = false;
        _isVideoAbsent = false;
        _randomAccess.Reset();
        _wasLenient = false;
        EndTimeline();
        DropAllHeldAudio();
        _clock.Reset();
        _times = default;
    }

    /// <summary>The programme's clock says that its time base starts anew.</summary>
    /// <param name="pcr33">The PCR's base: 90 kHz ticks, in [0, 2^33).</param>
    public void AnnounceJump(long pcr33) => _announcedPcr = pcr33;

    /// <summary>The video track's counts.</summary>
    public DemuxTrackStats VideoStats(long dropped) => _videoCounters.Snapshot(_decodeTimes.Repaired, dropped);

    /// <summary>The audio track's counts.</summary>
    public DemuxTrackStats AudioStats(long dropped) => _audioCounters.Snapshot(repaired: 0, dropped);

    /// <summary>Passes on what is held until its date is known: its publisher is gone.</summary>
    public void Flush()
    {
        PlaceHeldPicture();
        _delivery.Flush();
    }

    /// <summary>Gives everything held back to its pool.</summary>
    public void Dispose()
    {
        _delivery.Dispose();
        DropHeldPicture();
        DropAllHeldAudio();
    }

    /// <inheritdoc/>
    public void OnPicture(in CodedPicture picture)
    {
        _arrival = picture.Arrival;
        long position = _times.Advance(picture.Info);
        if (!TryReadStamp(picture, position, out PictureStamp stamp))
        {
            _videoCounters.CountBadTimestamps(1);
            return;
        }
        if (_isRunning && IsVideoLeading && IsDoubtful(picture.Info, stamp))
        {
            Suspect(picture, stamp);
            return;
        }
        SettleHeldPicture(stamp);
        Deliver(picture.Info, stamp, picture, held: null);
    }

    /// <inheritdoc/>
    public void OnAudioFrame(AudioTrack track, long pts33, MediaBuffer payload, int sampleCount, DateTime arrival)
    {
        _arrival = arrival;
        SoundLine line = _sounds[track.Id - TransportStreamDemuxer.AudioTrackId];
        ChooseChain(line, track, pts33, sampleCount);
        if (!line.IsHeld && line.Chain.IsStarted)
        {
            long pts = line.Chain.Next;
            line.Chain.Advance(sampleCount);
            if (!IsVideoLeading && line == _leading && _delivery.IsLate) { StartTimeline(pts, pts, isRedated: true); }
            EmitAudio(line, new AudioFrame(track, payload, pts, sampleCount, arrival));
            return;
        }
        if (!line.HeldChain.IsStarted)           // no PTS yet
        {
            _audioCounters.CountBadTimestamps(1);
            payload.Release();
            return;
        }
        CountDroppedAudio(line.Held.Enqueue(new AudioFrame(track, payload, line.HeldChain.Next, sampleCount, arrival)));
        line.HeldChain.Advance(sampleCount);
        if (_isRunning) { TryAdoptHeldAudio(line); }
        else { StartWithAudio(line, sampleCount * TicksPerSecond / track.SampleRate); }
    }

    // ---- Video

    private long FrameDuration => _times.FrameDuration > 0 ? _times.FrameDuration : _format.FrameDuration;

    private bool TryReadStamp(in CodedPicture picture, long position, out PictureStamp stamp)
    {
        stamp = default;
        if (picture.Pts33 < 0)                   // not the first access unit of its PES packet, or without a timestamp
        {
            bool canFollow = _isRunning && _decodeTimes.IsStarted;
            if (!canFollow && !_times.IsStarted) { return false; }
            stamp = new PictureStamp(position, ExpectPts(position), null, IsMadeUp: true);
            return true;
        }
        if (!_clock.IsStarted) { _clock.Advance(picture.Pts33); }
        long pts = _clock.Nearest(picture.Pts33);
        long? dts = picture.Dts33 < 0 ? null : TimestampUnwrapper.Nearest(picture.Dts33, pts);
        if (pts - dts > LargestComposition || dts - pts > LargestComposition) { dts = null; }
        stamp = new PictureStamp(position, pts, dts, IsMadeUp: false);
        return true;
    }

    /// <summary>The PTS that follows from a picture's position, kept near the last picture passed on.</summary>
    private long ExpectPts(long position)
    {
        long frame = FrameDuration;
        if (!_isRunning || !_decodeTimes.IsStarted) { return _times.Expect(position, frame); }
        long next = _decodeTimes.Last + frame;
        long expected = _times.IsStarted ? _times.Expect(position, frame) : next;
        return Math.Abs(expected - next) <= LargestReordering ? expected : next;
    }

    /// <summary>Far from where both this track and the newest unit of any track are.</summary>
    private bool IsFar(long dts) => Math.Abs(dts - _decodeTimes.Last) > _largestStep && Math.Abs(dts - _clock.Last) > _largestStep;

    private bool IsAnnounced(long dts)
        => _announcedPcr >= 0 && Math.Abs(dts - TimestampUnwrapper.Nearest(_announcedPcr, dts)) <= _largestStep
            && Math.Abs(dts - _decodeTimes.Last - _format.FrameDuration) > AnnouncedStep;

    /// <summary>Whether the next picture must tell if this one's timestamps are right.</summary>
    private bool IsDoubtful(in PictureInfo info, in PictureStamp stamp)
    {
        if (stamp.IsMadeUp || _times.IsExpected(stamp.Position, stamp.Pts, FrameDuration)) { return false; }
        long time = stamp.DecodeTime;
        if (IsFar(time) || IsAnnounced(time)) { return true; }
        if (!_decodeTimes.HasRoom(stamp.Pts))
        {
            // B-frames of a stream without DTS may come late while the depth of its reordering is being learned.
            return stamp.Dts is not null || info.FrameType != FrameType.Bidirectional || _decodeTimes.Last - stamp.Pts > LargestReordering || _times.IsRegular;
        }
        long step = time - _decodeTimes.Last;
        if (step <= SuddenGap && !_times.IsRegular) { return false; }
        long waited = (_arrival - _placedArrival).Ticks * TicksPerSecond / TimeSpan.TicksPerSecond;
        return step < 0 || waited < step * WaitedForStep;          // a pause of the pictures themselves shows in their arrival as well
    }

    /// <summary>A picture that does not fit. The second in a row that agrees with the first shows a gap or a new timeline; so does one that was announced.</summary>
    private void Suspect(in CodedPicture picture, in PictureStamp stamp)
    {
        bool isAnnounced = IsAnnounced(stamp.DecodeTime);
        if (!Confirms(stamp))
        {
            SettleHeldPicture(stamp);
            if (!isAnnounced)
            {
                _heldPicture = new HeldPicture(picture.Info, picture.ToPayload(), stamp, picture.Arrival);
                return;
            }
        }
        HeldPicture? held = _heldPicture;
        _heldPicture = null;
        bool isGap = held is not null && !isAnnounced && _decodeTimes.HasRoom(held.Stamp.Pts) && !IsFar(held.Stamp.DecodeTime);
        if (!isGap) { EndTimelineAtJump(held?.Stamp.DecodeTime ?? stamp.DecodeTime); }
        if (held is not null) { Deliver(held.Info, held.Stamp, default, held); }
        _arrival = picture.Arrival;
        Deliver(picture.Info, stamp, picture, held: null);
    }

    /// <summary>Whether a doubtful picture is as far from the held one as pictures are from each other.</summary>
    private bool Confirms(in PictureStamp stamp)
    {
        if (_heldPicture is not { Stamp: var held }) { return false; }
        long step = held.DecodeTime - _decodeTimes.Last;
        long longest = IsFar(held.DecodeTime) ? TicksPerSecond : Math.Max(TicksPerSecond, step + step / 2);
        bool follows = stamp.DecodeTime > held.DecodeTime && stamp.DecodeTime - held.DecodeTime <= longest;
        return follows || (_times.IsRegular && _times.Agree(held.Position, held.Pts, stamp.Position, stamp.Pts, FrameDuration));
    }

    /// <summary>The held picture was right if it lies a little before the next: pictures that come unevenly, and late.</summary>
    private void SettleHeldPicture(in PictureStamp next)
    {
        bool isBetween = _heldPicture is { Stamp: var stamp } && !next.IsMadeUp && _decodeTimes.HasRoom(stamp.Pts)
            && stamp.DecodeTime > _decodeTimes.Last && stamp.DecodeTime < next.DecodeTime && stamp.Pts < next.Pts && !IsFar(stamp.DecodeTime);
        if (isBetween)
        {
            HeldPicture held = _heldPicture!;
            _heldPicture = null;
            DateTime arrival = _arrival;
            Deliver(held.Info, held.Stamp, default, held);
            _arrival = arrival;
            return;
        }
        PlaceHeldPicture();
    }

    /// <summary>The held picture's timestamps were wrong: it is placed by its order, since others may refer to it.</summary>
    private void PlaceHeldPicture()
    {
        if (_heldPicture is not { } held) { return; }
        _heldPicture = null;
        Deliver(held.Info, new PictureStamp(held.Stamp.Position, ExpectPts(held.Stamp.Position), null, IsMadeUp: true), default, held);
    }

    /// <summary>Passes a picture on: with the timeline that runs, or as the first of one.</summary>
    private void Deliver(in PictureInfo info, in PictureStamp stamp, in CodedPicture picture, HeldPicture? held)
    {
        if (held is not null) { _arrival = held.Arrival; }
        long pts = stamp.Pts;
        bool isAccepted = _isRunning && IsVideoLeading ? TryContinue(info, stamp, ref pts) : TryStart(info, stamp, ref pts);
        if (!stamp.IsMadeUp && info.Track is not null) { _times.Learn(stamp.Position, stamp.Pts, _format.FrameDuration); }
        if (isAccepted) { EmitPicture(info, held?.Payload ?? picture.ToPayload(), pts, _decodeTimes.Last); }
        else { held?.Payload.Release(); }
    }

    private bool TryContinue(in PictureInfo info, in PictureStamp stamp, ref long pts)
    {
        long frame = FrameDuration;
        long? dts = stamp.Dts;
        bool isMadeUp = stamp.IsMadeUp;
        bool isAbsurd = dts is { } given && Math.Abs(given - _decodeTimes.Last - frame) > SuddenGap && _times.IsExpected(stamp.Position, pts, frame);
        if (isAbsurd) { (dts, isMadeUp) = (null, true); }
        _decodeTimes.Place(info, ref pts, dts, isMadeUp, frame);
        if (!TryAccept(info, pts, _decodeTimes.Last)) { return false; }
        if (_isRandomAccess && _delivery.IsLate && info.Track is not null) { StartRedatedTimeline(info, pts); }
        return true;
    }

    private void EndTimelineAtJump(long time)
    {
        Jumps++;
        if (_logAllowance.TryTake(_wallClock)) { LogJump(_decodeTimes.Last, time); }
        EndTimeline();
        _times.Restart();
        _clock.Advance(time);
    }

    /// <summary>Starts a timeline with this picture, if decoding can start with it.</summary>
    private bool TryStart(in PictureInfo info, in PictureStamp stamp, ref long pts)
    {
        bool isRandomAccess = _randomAccess.IsRandomAccess(info, stamp.DecodeTime, startsTimeline: true);
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
        bool isAbsurd = !stamp.IsMadeUp && _times.IsRegular && Math.Abs(pts - _times.Expect(stamp.Position, FrameDuration)) > SuddenGap;
        if (isAbsurd) { pts = _times.Expect(stamp.Position, FrameDuration); }
        bool isMadeUp = stamp.IsMadeUp || isAbsurd;
        _decodeTimes.Reset();
        _decodeTimes.Place(info, ref pts, isMadeUp ? null : stamp.Dts, isMadeUp, FrameDuration);
        StartTimeline(pts, _decodeTimes.Last);
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
        _placedArrival = _arrival;
        _clock.Advance(dts);
        var unit = new AccessUnit
        {
            Track = _format.Issue(dts, payload.Span),
            Pts90k = pts,
            Dts90k = dts,
            Payload = payload,
            FrameType = info.FrameType,
            IsRandomAccess = startsTimeline || _isRandomAccess,
            IsDisposable = info.IsDisposable,
            StartsDiscontinuity = startsTimeline && Timelines > 1,
            ReceivedTimestamp = _receivedTimestamp,
        };
        _startsVideo = false;
        Count(info.FrameType);
        _videoCounters.CountUnit(unit, startsTimeline);
        if (unit.IsRandomAccess) { _composition = Math.Max(_composition, pts - dts); }
        long frame = Math.Min(_format.FrameDuration, LongestDatedFrame);
        _delivery.Write(unit, _arrival, dts + _composition + frame, frame);
        if (startsTimeline) { AdoptAllHeldAudio(); }
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
    private void ChooseChain(SoundLine line, AudioTrack track, long pts33, int sampleCount)
    {
        if (pts33 < 0) { return; }
        if (!_clock.IsStarted) { _clock.Advance(pts33); }
        long pts = _clock.Nearest(pts33);
        if (line.IsHeld && line.Chain.IsStarted) { PlaceHeldAudio(line, pts, sampleCount * TicksPerSecond / track.SampleRate); }
        if (line.Chain.TryContinue(pts, sampleCount, track.SampleRate, LargestAudioGap))
        {
            line.IsHeld = false;
            DropHeldAudio(line);
            return;
        }
        line.IsHeld = true;
        if (line.HeldChain.TryContinue(pts, sampleCount, track.SampleRate, LargestAudioGap)) { return; }
        DropHeldAudio(line);
        line.HeldChain.Start(pts, track.SampleRate);
    }

    /// <summary>Held audio is passed on once it is believed and lies near the timeline.</summary>
    private void TryAdoptHeldAudio(SoundLine line)
    {
        if (!line.HeldChain.IsStarted || (line.Chain.IsStarted && line.HeldChain.Stamps < StampsToBelieve)) { return; }
        long next = line.HeldChain.Next;
        bool isNear = Math.Abs(next - _clock.Last) <= _largestStep || (line.Chain.IsStarted && Math.Abs(next - line.Chain.Next) <= _largestStep);
        if (!isNear)
        {
            if (!IsVideoLeading && line == _leading) { StartOverWithAudio(line); }
            return;
        }
        AdoptHeldAudio(line);
    }

    private void AdoptAllHeldAudio()
    {
        foreach (SoundLine line in _sounds) { TryAdoptHeldAudio(line); }
    }

    /// <summary>Held frames fill the time up to the next PTS that fits: their own was wrong.</summary>
    private void PlaceHeldAudio(SoundLine line, long pts, long frame)
    {
        if (Math.Abs(pts - line.Chain.Next - line.Held.Duration) >= frame) { return; }
        while (line.Held.TryDequeue(out AudioFrame held))
        {
            EmitAudio(line, held with { Pts = line.Chain.Next });
            line.Chain.Advance(held.SampleCount);
        }
    }

    private void AdoptHeldAudio(SoundLine line)
    {
        line.Chain = line.HeldChain;
        line.HeldChain.Stop();
        line.IsHeld = false;
        while (line.Held.TryDequeue(out AudioFrame frame)) { EmitAudio(line, frame); }
    }

    /// <summary>Audio alone and far from where it was: a new timeline.</summary>
    private void StartOverWithAudio(SoundLine line)
    {
        Jumps++;
        if (_logAllowance.TryTake(_wallClock)) { LogJump(_clock.Last, line.HeldChain.Next); }
        EndTimeline();
        StartTimelineWithHeldAudio(line);
    }

    /// <summary>No timeline runs: audio alone starts one, or does so after the video track was waited for.</summary>
    private void StartWithAudio(SoundLine line, long duration)
    {
        if (IsVideoLeading)
        {
            line.WaitedForVideo += duration;
            if (line.WaitedForVideo < _videoPatience) { return; }
            _isVideoAbsent = true;
            if (_logAllowance.TryTake(_wallClock)) { LogVideoAbsent(); }
            AnnounceLayout();
        }
        StartTimelineWithHeldAudio(line);
    }

    private void StartTimelineWithHeldAudio(SoundLine line)
    {
        _leading = line;
        long pts = line.Held.Oldest.Pts;
        StartTimeline(pts, pts);
        AdoptHeldAudio(line);
        AdoptAllHeldAudio();
    }

    private void EmitAudio(SoundLine line, AudioFrame frame)
    {
        long duration = frame.Duration;
        bool isBeforeStart = line.StartsTimeline && frame.Pts + duration <= _startPts;
        bool isOverlapping = !line.StartsTimeline && line.LastPts is { } last && frame.Pts <= last + duration / 2;
        if (isBeforeStart || isOverlapping)
        {
            if (isBeforeStart) { _audioCounters.CountWaiting(1); }
            else { _audioCounters.CountBadTimestamps(1); }
            frame.Payload.Release();
            return;
        }
        bool startsTimeline = line.StartsTimeline;
        line.StartsTimeline = false;
        line.LastPts = frame.Pts;
        if (frame.Pts > _clock.Last) { _clock.Advance(frame.Pts); }
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
            ReceivedTimestamp = _receivedTimestamp,
        };
        if (line == _sounds[0]) { _audioCounters.CountUnit(unit, startsTimeline); }
        else { _audioCounters.CountOther(); }
        _delivery.Write(unit, frame.Arrival, frame.Pts + duration, duration);
    }

    private void DropAllHeldAudio()
    {
        foreach (SoundLine line in _sounds) { DropHeldAudio(line); }
    }

    private void DropHeldAudio(SoundLine line)
    {
        CountDroppedAudio(line.Held.Clear());
        line.HeldChain.Stop();
    }

    private void CountDroppedAudio(int frames)
    {
        if (_isRunning) { _audioCounters.CountBadTimestamps(frames); }
        else { _audioCounters.CountWaiting(frames); }
    }

    // ---- Timelines

    /// <summary>The publisher paused and its timestamps with it: what follows gets later dates, after a discontinuity. Nothing is dropped, so it waits for a random access point.</summary>
    private void StartRedatedTimeline(in PictureInfo info, long pts)
    {
        StartTimeline(pts, _decodeTimes.Last, isRedated: true);
        _dropsLeading = info.RandomAccess != RandomAccessKind.Refresh;
        _dropsSkippedLeading = _dropsLeading;
        AdoptFormat(info.Track!);
    }

    private void StartTimeline(long pts, long dts, bool isRedated = false)
    {
        _isRunning = true;
        Timelines++;
        _startPts = pts;
        _startsVideo = true;
        foreach (SoundLine line in _sounds) { line.StartTimeline(); }
        _announcedPcr = -1;
        _clock.Advance(dts);
        _composition = 0;
        if (!isRedated) { _delivery.StartTimeline(pts); }
        else if (_delivery.Redate(pts) is var lag && _logAllowance.TryTake(_wallClock)) { LogRedated(lag.TotalSeconds); }
        _isRandomAccess = true;
        _format.StartTimeline();
    }

    private void EndTimeline()
    {
        _isRunning = false;
        foreach (SoundLine line in _sounds) { line.EndTimeline(); }
        DropHeldPicture();
        _delivery.Flush();
    }

    private void AnnounceLayout()
    {
        FeedLayout layout = _layout with { HasVideo = IsVideoLeading };
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

    [LoggerMessage(LogLevel.Warning, "Media arrives {Seconds:F1} s later than its timestamps say, after a pause of the publisher: dates step forward at a discontinuity")]
    private partial void LogRedated(double seconds);

    [LoggerMessage(LogLevel.Warning, "The stream sends no IDR pictures; decoding starts at pictures of kind {Kind} instead")]
    private partial void LogWeakRandomAccess(RandomAccessKind kind);

    [LoggerMessage(LogLevel.Warning, "The announced video track stays silent; its audio is passed on alone")]
    private partial void LogVideoAbsent();

    [LoggerMessage(LogLevel.Information, "Video format: {CodecString}, {Width} x {Height}")]
    private partial void LogFormat(string codecString, int width, int height);
}
