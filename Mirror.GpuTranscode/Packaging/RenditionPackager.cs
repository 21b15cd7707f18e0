using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Mirror.GpuTranscode.Publishing;
using Mirror.Media.Cmaf;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Cuts one rendition's samples into parts and segments, and publishes them.</summary>
/// <remarks>
/// Decoding times are kept gapless as CMAF wants them (ISO/IEC 23000-19 §7.5.16): a part is closed as soon as no further frame of the
/// expected duration fits, without waiting for the next frame. When that one then comes a little early or late, it is decoded where
/// the part ended and its composition offset makes up the difference, so that presentation times are always exactly the input's.
/// A hole in the input becomes parts marked as gaps. A format that cannot be delivered is cut all the same, for those who follow its cuts,
/// but not written; the rendition is announced with the first that can. Not thread-safe.
/// </remarks>
internal sealed class RenditionPackager
{
    private const int NameHashBytes = 6;
    private const int MostUnfinishedSegments = 256;          // what died with a node may have waited for its store as long as an outage is bridged: 30 s of the shortest segments are 150

    private readonly RenditionPlan _plan;
    private readonly PartPublisher _publisher;
    private readonly List<AccessUnit> _units = [];
    private readonly List<Sample> _samples = [];
    private long _msn;
    private int _partIndex;
    private long _segmentBytes;
    private long _segmentTicks;
    private bool _segmentIsOpen;
    private bool _discontinuityIsDue;
    private uint _sequenceNumber;
    private long _partStart;
    private DateTime _partTime;              // date of the part's start
    private long? _composition;              // presentation less decoding time of the timeline's first sample
    private long _lastDecode;                // decoding time written for the last sample
    private long _lastEnd;                   // where the last sample is expected to end
    private long _stretchedTo;               // where it was to end in the end; its part may have been written by then
    private bool _hasTimeline;
    private Track? _track;
    private InitReady? _init;
    private bool _isDelivered;
    private bool _hasBegun;

    /// <param name="plan">The playlist's constants.</param>
    /// <param name="track">The format; <see langword="null"/> while it isn't known: <see cref="ChangeFormat"/> comes before the first sample.</param>
    /// <param name="publisher">Where parts go.</param>
    public RenditionPackager(RenditionPlan plan, Track? track, PartPublisher publisher)
    {
        _plan = plan;
        _publisher = publisher;
        _msn = plan.FirstMsn - 1;
        if (track is null) { Begin(); }
        else { ChangeFormat(track); }
    }

    public RenditionPlan Plan => _plan;

    /// <summary>The format; <see langword="null"/> until it is known.</summary>
    public Track? Track => _track;

    /// <summary>Media sequence number of the segment that the next sample goes into, unless the open one is closed before.</summary>
    public long SegmentMsn => _segmentIsOpen ? _msn : _msn + 1;

    /// <summary>The last segment that may begin for now: what would begin another is left out, so that a rendition is never ahead of what it follows.</summary>
    public long LastMsn { get; set; } = long.MaxValue;

    /// <summary>Whether a segment is open that has no part or sample yet, or none is open at all.</summary>
    public bool IsAtSegmentStart => !_segmentIsOpen || (_partIndex == 0 && _samples.Count == 0);

    /// <summary>Where the next sample is expected, in ticks.</summary>
    public long NextDecodeTime => _lastEnd;

    /// <summary>Is told of each segment that begins in a hole: where, in ticks, and its date.</summary>
    public Action<long, DateTime> SegmentBegunInHole { get; set; } = static (_, _) => { };

    /// <summary>Whether anything was written since the last discontinuity.</summary>
    public bool HasTimeline => _hasTimeline;

    /// <summary>Ends the open segment, if any; the next sample starts another.</summary>
    public void CloseSegment()
    {
        if (!_segmentIsOpen) { return; }
        if (_samples.Count > 0)
        {
            ClosePart(endsSegment: true);
            return;
        }
        _segmentIsOpen = false;
        if (_partIndex == 0) { _msn--; }                     // nothing of it was ever announced
        else { Announce(new SegmentClosed(_plan.Key, _msn)); }
    }

    /// <summary>Ends the open segment; the next sample starts a new timeline, behind EXT-X-DISCONTINUITY.</summary>
    public void StartDiscontinuity()
    {
        CloseSegment();
        _discontinuityIsDue |= _msn >= _plan.FirstMsn;       // before the first segment there is nothing to be discontinuous with
        _hasTimeline = false;
        _composition = null;
        _stretchedTo = 0;
    }

    /// <summary>The samples that follow are of another format. Call between segments.</summary>
    public void ChangeFormat(Track track)
    {
        _track = track;
        _isDelivered = track.IsDeliverable;
        if (!_isDelivered) { return; }
        if (!_hasBegun) { Begin(); }
        PublishInit(track);
    }

    /// <summary>Announces what playlists say of a track and the initialization segment does not depend on, where that changed: captions, or the language.</summary>
    /// <param name="track">The format in use.</param>
    public void Describe(Track track)
    {
        if (ReferenceEquals(track, _track)) { return; }
        bool isOther = (_track, track) switch
        {
            (VideoTrack known, VideoTrack video) => video.Captions is not null && !video.Captions.Equals(known.Captions),
            (AudioTrack known, AudioTrack audio) => (audio.Language, audio.Purpose) != (known.Language, known.Purpose),
            _ => false,
        };
        if (!isOther) { return; }
        _track = track;
        if (_init is null) { return; }
        _init = _init with { Track = track };
        Announce(_init);
    }

    /// <summary>Adds the next sample, unless it would begin a segment beyond <see cref="LastMsn"/>.</summary>
    /// <param name="unit">The access unit; retained until its part is written.</param>
    /// <param name="decode">Decoding time in ticks of the rendition's timescale.</param>
    /// <param name="presentation">Presentation time in the same ticks.</param>
    /// <param name="duration">Expected duration in ticks; above 0.</param>
    /// <param name="endsSegment">It is known to be the last of its segment.</param>
    public void Add(AccessUnit unit, long decode, long presentation, uint duration, bool endsSegment)
    {
        _composition ??= presentation - decode;
        DateTime programTime = DateOf(unit, presentation, decode);
        FillHoleBefore(decode, duration, programTime);
        long written = _hasTimeline ? Continue(decode) : decode;
        if (_samples.Count > 0 && decode + duration - _partStart > _plan.PartTargetTicks) { ClosePart(endsSegment: false); }
        if (SegmentMsn > LastMsn)
        {
            PackagingMetrics.UnitsDropped.Add(1);
            return;
        }
        if (!_segmentIsOpen) { OpenSegment(); }
        if (_samples.Count == 0)
        {
            _partStart = written;
            _partTime = programTime - TimeSpan.FromSeconds((double)(decode - written) / _plan.Timescale);
        }
        _hasTimeline = true;
        _lastDecode = written;
        // A late frame begins where the last part ended: what its part has no room for is left to the next one.
        _lastEnd = Math.Clamp(decode + duration, written + 1, written + _plan.PartTargetTicks);
        if (duration <= _plan.PartTargetTicks) { _lastEnd = Math.Max(written + 1, Math.Min(_lastEnd, _partStart + _plan.PartTargetTicks)); }
        _units.Add(unit.Retain());
        _samples.Add(new Sample(unit.Payload.Length, (uint)(_lastEnd - written), (int)(presentation - written), FlagsOf(unit)));
        bool isFull = _lastEnd + duration - _partStart > _plan.PartTargetTicks;
        if (isFull || endsSegment) { ClosePart(endsSegment); }
    }

    /// <summary>
    /// The date of a decoding time. Dates follow decoding times, as durations do: pictures that are shown later, or sooner, than the timeline's
    /// first after they are decoded may begin a part as well.
    /// </summary>
    /// <param name="unit">What is decoded then.</param>
    /// <param name="presentation">Its presentation time in ticks.</param>
    /// <param name="decode">Its decoding time in ticks.</param>
    public DateTime DateOf(AccessUnit unit, long presentation, long decode)
        => unit.ProgramTime - TimeSpan.FromSeconds((double)(presentation - decode - (_composition ?? 0)) / _plan.Timescale);

    /// <summary>The last sample lasts until <paramref name="decode"/>, where its part is still open and has room for that. Otherwise the next one is decoded early.</summary>
    public void StretchTo(long decode)
    {
        _stretchedTo = decode;
        if (_samples.Count > 0 && decode - _partStart <= _plan.PartTargetTicks) { Stretch(decode); }
    }

    private void Stretch(long end)
    {
        if (end <= _lastEnd) { return; }
        CollectionsMarshal.AsSpan(_samples)[^1] = _samples[^1] with { Duration = (uint)(end - _lastDecode) };
        _lastEnd = end;
    }

    /// <summary>Marks what is missing before the next sample; nothing where it follows the last, or may be decoded early.</summary>
    /// <param name="decode">The next sample's decoding time in ticks.</param>
    /// <param name="duration">Its expected duration in ticks.</param>
    /// <param name="programTime">The date of that (UTC).</param>
    public void FillHoleBefore(long decode, uint duration, DateTime programTime)
    {
        long largestStretch = Math.Max(duration / 2, _plan.PartTargetTicks - duration - 1);
        if (_hasTimeline && decode - Math.Max(_lastEnd, _stretchedTo) > largestStretch) { FillTo(decode, programTime); }
    }

    /// <summary>Marks everything up to <paramref name="decode"/> as missing, for the input has a hole there.</summary>
    /// <param name="decode">Where the input goes on, in ticks.</param>
    /// <param name="programTime">Wall-clock time (UTC) at <paramref name="decode"/>.</param>
    public void FillTo(long decode, DateTime programTime)
    {
        if (_samples.Count > 0)
        {
            if (_plan.IsUneven) { Stretch(Math.Min(decode, _partStart + _plan.PartTargetTicks)); }
            ClosePart(endsSegment: false);
        }
        _lastEnd = Math.Max(_lastEnd, _stretchedTo);
        while (_lastEnd < decode && SegmentMsn <= LastMsn)
        {
            DateTime at = programTime - TimeSpan.FromSeconds((double)(decode - _lastEnd) / _plan.Timescale);
            if (!_segmentIsOpen)
            {
                OpenSegment();
                SegmentBegunInHole(_lastEnd, at);
            }
            uint duration = (uint)Math.Min(decode - _lastEnd, _plan.PartTargetTicks);
            _lastEnd += duration;
            _segmentTicks += duration;
            bool endsSegment = _segmentTicks + _plan.PartTargetTicks > _plan.LongestSegmentTicks;
            AnnounceMissing(duration, endsSegment, at);
            _segmentIsOpen = !endsSegment;
        }
        _lastEnd = decode;
        _lastDecode = _lastEnd - 1;
    }

    /// <summary>Marks whole segments as missing, up to the one before <paramref name="msn"/>. Call between segments.</summary>
    /// <param name="msn">The number that the next segment is to have.</param>
    /// <param name="programTime">Wall-clock time (UTC) of its start.</param>
    public void FillSegmentsTo(long msn, DateTime programTime)
    {
        while (SegmentMsn < msn)
        {
            OpenSegment();
            AnnounceMissing((uint)_plan.PartTargetTicks, endsSegment: true, programTime);
            _segmentIsOpen = false;
        }
    }

    /// <summary>The timeline starts here, whenever its first sample comes: what is missing of it is a hole. Call between segments.</summary>
    /// <param name="decode">Decoding time in ticks.</param>
    public void StartTimeline(long decode)
    {
        _hasTimeline = true;
        _lastEnd = _stretchedTo = decode;
        _lastDecode = decode - 1;
    }

    /// <summary>Ends the rendition.</summary>
    public void End()
    {
        CloseSegment();
        Announce(new RenditionEnded(_plan.Key));
    }

    /// <summary>Fits the next sample to the timeline: its predecessor's duration in an open part becomes known, or it starts where the last part ended.</summary>
    private long Continue(long decode)
    {
        if (_samples.Count == 0) { return _lastEnd; }
        // Frames are missing, and the part has no room for all of that: the next one begins where it ends, and is decoded early.
        bool isTooLate = decode - _partStart > _plan.PartTargetTicks;
        long written = Math.Max(isTooLate ? _partStart + _plan.PartTargetTicks : decode, _lastDecode + 1);
        CollectionsMarshal.AsSpan(_samples)[^1] = _samples[^1] with { Duration = (uint)(written - _lastDecode) };
        _lastEnd = written;
        if (isTooLate) { ClosePart(endsSegment: false); }
        return written;
    }

    private void OpenSegment()
    {
        _msn++;
        _segmentIsOpen = true;
        _partIndex = 0;
        _segmentBytes = 0;
        _segmentTicks = 0;
    }

    private void ClosePart(bool endsSegment)
    {
        uint duration = (uint)(_lastEnd - _partStart);
        _segmentTicks += duration;
        if (!endsSegment && _segmentTicks + _plan.PartTargetTicks > _plan.LongestSegmentTicks)
        {
            endsSegment = true;                              // the target duration may not be exceeded, key frame or not
            PackagingMetrics.ForcedCuts.Add(1);
        }
        if (_isDelivered) { PublishPart(duration, endsSegment); }
        else { AnnounceMissing(duration, endsSegment, _partTime); }
        foreach (AccessUnit unit in _units) { unit.Release(); }
        _units.Clear();
        _samples.Clear();
        _segmentIsOpen = !endsSegment;
    }

    private void PublishPart(uint duration, bool endsSegment)
    {
        MediaBuffer bytes = WriteChunk();
        var part = new PartReady(_plan.Key, _msn, _partIndex, duration, _segmentBytes, bytes.Length, _units[0].IsRandomAccess, endsSegment,
            TakeDiscontinuity(), _partTime, _units[^1].ReceivedTimestamp);
        _partIndex++;
        _segmentBytes += bytes.Length;
        PackagingMetrics.Parts.Add(1);
        _publisher.PublishPart(part, bytes);
    }

    private void AnnounceMissing(uint duration, bool endsSegment, DateTime programTime)
    {
        Announce(new PartMissing(_plan.Key, _msn, _partIndex, duration, endsSegment, programTime) { StartsDiscontinuity = TakeDiscontinuity() });
        _partIndex++;
    }

    /// <summary>Whether the next part is the first of a segment behind a discontinuity.</summary>
    private bool TakeDiscontinuity()
    {
        bool isDue = _discontinuityIsDue && _partIndex == 0;
        _discontinuityIsDue &= !isDue;
        return isDue;
    }

    private void Begin()
    {
        _hasBegun = true;
        long first = SegmentMsn;
        int discontinuities = _plan.FirstDiscontinuitySequence;
        if (_plan.Continued is { } continued)
        {
            _discontinuityIsDue = true;
            bool goesOn = continued.NextMsn <= SegmentMsn && SegmentMsn - continued.NextMsn <= MostUnfinishedSegments;
            (first, discontinuities) = goesOn ? (continued.NextMsn, Math.Min(continued.DiscontinuitySequence, discontinuities - 1)) : (first, discontinuities - 1);
        }
        _publisher.Announce(new RenditionStarted(_plan.Key, _plan.IsVideo, _plan.Timescale, _plan.TargetDuration, _plan.PartTarget, first)
        {
            FirstDiscontinuitySequence = discontinuities,
        });
        // What the node before did not finish, so that all renditions have the discontinuity at the same number, and the same number of discontinuities.
        for (; first < SegmentMsn; first++)
        {
            bool isBehind = discontinuities < _plan.FirstDiscontinuitySequence - 1;
            discontinuities += isBehind ? 1 : 0;
            Announce(new PartMissing(_plan.Key, first, 0, (uint)_plan.PartTargetTicks, EndsSegment: true, _publisher.Now) { StartsDiscontinuity = isBehind });
        }
    }

    private void Announce(Announcement announcement)
    {
        if (_hasBegun) { _publisher.Announce(announcement); }
    }

    private MediaBuffer WriteChunk()
    {
        ReadOnlySpan<Sample> samples = CollectionsMarshal.AsSpan(_samples);
        int length = Chunk.HeaderSize(samples);
        foreach (Sample sample in samples) { length += sample.Size; }
        MediaBuffer chunk = MediaBuffer.Rent(length);
        chunk.Advance(Chunk.WriteHeader(chunk.GetSpan(length), ++_sequenceNumber, (ulong)_partStart, samples));
        foreach (AccessUnit unit in _units) { chunk.Append(unit.Payload.Span); }
        return chunk;
    }

    private void PublishInit(Track track)
    {
        byte[] bytes = InitSegment.Write(track, _plan.Timescale);
        // Named by content: the same format has the same name after any restart, and another format never has it.
        string name = $"init-{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, NameHashBytes))}.mp4";
        _init = new InitReady(_plan.Key, name, bytes.Length, track);
        _publisher.PublishInit(_init, bytes);
    }

    private static uint FlagsOf(AccessUnit unit) => unit switch
    {
        { Track: AudioTrack } or { IsRandomAccess: true } => SampleFlags.Sync,
        { FrameType: FrameType.Intra or FrameType.Key } => SampleFlags.IntraNonSync,
        { IsDisposable: true } => SampleFlags.Disposable,
        _ => SampleFlags.NonSync,
    };
}
