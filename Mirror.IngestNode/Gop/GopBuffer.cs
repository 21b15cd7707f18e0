using Mirror.Media.Frames;
using Mirror.Streams.Registry;

namespace Mirror.IngestNode.Gop;

/// <summary>The newest access units of one stream, by reference: for late joiners, previews and recovery.</summary>
/// <remarks>
/// One thread adds; any may read. When a bound is met the oldest GOP goes as a whole. When the only GOP exceeds the bounds, its oldest
/// units go; what is left can be looked at, but nothing can be joined before the next random access point. The newest key frame is kept
/// whatever else goes. A stream without video counts its audio frames instead of pictures.
/// </remarks>
internal sealed class GopBuffer(GopBufferOptions options, TimeProvider timeProvider) : IDisposable
{
    private const int MostUnitsPerFrame = 16;               // audio frames come along with pictures, at most this many
    private readonly Lock _lock = new();
    private readonly Queue<AccessUnit> _units = new();
    private readonly Queue<long> _randomAccessPoints = new();      // sequence numbers of the video units that start GOPs
    private long _firstSequence;                            // of the oldest unit held
    private long _lastRandomAccessPoint = -1;
    private long _bytes;
    private int _frames;
    private bool _hasVideo;
    private bool _isDisposed;
    private AccessUnit? _newestKeyFrame;
    private long _assembled;
    private long _keyFrames;
    private long _predicted;
    private long _bidirectional;
    private long _gopsClosed;
    private long _picturesInGops;
    private long _picturesInOpenGop;

    /// <summary>Takes a reference of a unit and keeps it until newer ones push it out.</summary>
    public void Add(AccessUnit unit)
    {
        lock (_lock)
        {
            if (_isDisposed) { return; }
            if (unit.Track is VideoTrack) { AddPicture(unit); }
            _units.Enqueue(unit.Retain());
            _bytes += unit.Payload.Length;
            _frames += IsFrame(unit) ? 1 : 0;
            while (_units.Count > 1 && IsOver(unit)) { RemoveOldestGop(); }
        }
    }

    /// <summary>Everything from the oldest random access point on; empty while there is none.</summary>
    public GopSnapshot TakeAll() => Take(newestGopOnly: false);

    /// <summary>Everything from the last random access point on; empty while there is none.</summary>
    public GopSnapshot TakeNewest() => Take(newestGopOnly: true);

    /// <summary>The newest units of all tracks, whether or not they can be decoded.</summary>
    /// <param name="most">Most units to take.</param>
    public GopSnapshot TakeRecent(int most)
    {
        lock (_lock) { return Snapshot(Math.Max(0, _units.Count - Math.Max(0, most))); }
    }

    /// <summary>The newest key frame, with a reference for the caller, if there was one.</summary>
    public bool TryTakeKeyFrame([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out AccessUnit? keyFrame)
    {
        lock (_lock)
        {
            keyFrame = _newestKeyFrame?.Retain();
            return keyFrame is not null;
        }
    }

    /// <summary>The state of the buffer and the counts since it was made. What was dropped before it came here only the demuxer knows.</summary>
    public FrameBufferStats Stats
    {
        get
        {
            lock (_lock)
            {
                return new FrameBufferStats
                {
                    Capacity = options.Frames,
                    Used = _frames,
                    FramesAssembled = _assembled,
                    QueuePressure = Math.Min(1, Math.Max((double)_frames / options.Frames, (double)_bytes / options.Bytes)),
                    Keyframes = _keyFrames,
                    PFrames = _predicted,
                    BFrames = _bidirectional,
                    GopCount = _gopsClosed,
                    AverageGopSize = _gopsClosed == 0 ? 0 : (double)_picturesInGops / _gopsClosed,
                };
            }
        }
    }

    /// <summary>Bytes of payload held.</summary>
    public long Bytes
    {
        get { lock (_lock) { return _bytes; } }
    }

    /// <summary>Gives all units back.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            while (_units.Count > 0) { RemoveOldest(); }
            _newestKeyFrame?.Release();
            _newestKeyFrame = null;
        }
    }

    private bool IsFrame(AccessUnit unit) => !_hasVideo || unit.Track is VideoTrack;

    private void AddPicture(AccessUnit unit)
    {
        if (!_hasVideo)
        {
            _hasVideo = true;
            _frames = 0;                                    // audio was counted while it was alone
        }
        _assembled++;
        if (unit.FrameType == FrameType.Bidirectional) { _bidirectional++; }
        else if (unit.FrameType != FrameType.Key) { _predicted++; }
        if (unit.FrameType == FrameType.Key || unit.IsRandomAccess) { KeepKeyFrame(unit); }
        if (unit.IsRandomAccess)
        {
            CloseGop();
            _lastRandomAccessPoint = _firstSequence + _units.Count;
            _randomAccessPoints.Enqueue(_lastRandomAccessPoint);
        }
        _picturesInOpenGop++;
    }

    private void KeepKeyFrame(AccessUnit unit)
    {
        if (unit.FrameType == FrameType.Key) { _keyFrames++; }
        unit.Retain();
        _newestKeyFrame?.Release();
        _newestKeyFrame = unit;
    }

    private void CloseGop()
    {
        if (_picturesInOpenGop == 0) { return; }
        _gopsClosed++;
        _picturesInGops += _picturesInOpenGop;
        _picturesInOpenGop = 0;
    }

    private bool IsOver(AccessUnit newest)
        => _randomAccessPoints.Count > options.Gops || _frames > options.Frames || _bytes > options.Bytes || _units.Count > (long)options.Frames * MostUnitsPerFrame
            || timeProvider.GetElapsedTime(_units.Peek().ReceivedTimestamp, newest.ReceivedTimestamp) > options.Age;

    /// <summary>Removes up to the next random access point; only one unit where none follows.</summary>
    private void RemoveOldestGop()
    {
        RemoveOldest();
        if (_randomAccessPoints.Count == 0) { return; }
        while (_firstSequence < _randomAccessPoints.Peek()) { RemoveOldest(); }
    }

    private void RemoveOldest()
    {
        AccessUnit unit = _units.Dequeue();
        if (_randomAccessPoints.TryPeek(out long start) && start == _firstSequence) { _randomAccessPoints.Dequeue(); }
        _firstSequence++;
        _bytes -= unit.Payload.Length;
        if (IsFrame(unit)) { _frames = Math.Max(0, _frames - 1); }
        unit.Release();
    }

    private GopSnapshot Take(bool newestGopOnly)
    {
        lock (_lock)
        {
            if (!_randomAccessPoints.TryPeek(out long oldest)) { return Snapshot(_hasVideo ? _units.Count : 0); }
            return Snapshot((int)((newestGopOnly ? _lastRandomAccessPoint : oldest) - _firstSequence));
        }
    }

    private GopSnapshot Snapshot(int skipped)
    {
        var units = new AccessUnit[_units.Count - skipped];
        int index = -skipped;
        foreach (AccessUnit unit in _units)
        {
            if (index >= 0) { units[index] = unit.Retain(); }
            index++;
        }
        return new GopSnapshot(units);
    }
}
