namespace Mirror.IngestNode.Streams;

/// <summary>Tells when a connected publisher sends nothing, or nothing that can be carried.</summary>
/// <remarks>
/// Some publishers are silent by habit: a relay that reads HLS sends a segment at once, then nothing for as long as the segment lasts. After such
/// a burst was seen, longer silences are normal for <see cref="BurstMemory"/>. A pause is none: after it, no more comes than usual.
/// </remarks>
internal sealed class SilenceWatch(TimeProvider time)
{
    /// <summary>Silence after which a publisher counts as silent. Operators are to know within 5 s, and records are written once a second.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(3);

    /// <summary>Time without an access unit, while bytes arrive, after which the input counts as unusable.</summary>
    public static readonly TimeSpan LongestWithoutMedia = TimeSpan.FromSeconds(4);

    /// <summary>How long a burst excuses silences of its length.</summary>
    public static readonly TimeSpan BurstMemory = TimeSpan.FromMinutes(1);

    // Longer silences are never excused.
    private static readonly TimeSpan LongestBurst = TimeSpan.FromSeconds(10);

    // Silences below this are jitter.
    private static readonly TimeSpan ShortestBurst = TimeSpan.FromSeconds(1);

    // Time after a silence within which a burst arrives.
    private static readonly TimeSpan BurstLength = TimeSpan.FromSeconds(1);

    private const double BurstShare = 0.5;                   // of what would have come without the silence

    private long _connectedAt;
    private long _lastBytesAt;
    private long _lastUnitAt;
    private long _bytes;
    private TimeSpan _gap;                                   // the silence that ended last
    private long _gapEndedAt;
    private long _bytesBeforeGap;
    private double _rateBeforeGap;                           // bytes a second since the connection began
    private TimeSpan _burst;
    private long _burstAt;

    /// <summary>A publisher connected.</summary>
    public void Start()
    {
        _connectedAt = _lastBytesAt = _lastUnitAt = time.GetTimestamp();
        _bytes = 0;
        _gap = _burst = TimeSpan.Zero;
    }

    /// <summary>Bytes arrived.</summary>
    /// <param name="count">How many.</param>
    /// <param name="now">When, in <see cref="TimeProvider.GetTimestamp"/> ticks.</param>
    public void OnBytes(int count, long now)
    {
        TimeSpan silence = time.GetElapsedTime(_lastBytesAt, now);
        if (silence >= ShortestBurst)
        {
            (_gap, _gapEndedAt, _bytesBeforeGap) = (silence, now, _bytes);
            _rateBeforeGap = _bytes / Math.Max(1, time.GetElapsedTime(_connectedAt, now).TotalSeconds);
            _lastUnitAt = now;                               // the silence is told by itself
        }
        _bytes += count;
        _lastBytesAt = now;
        if (_gap > TimeSpan.Zero) { JudgeGap(now); }
    }

    /// <summary>An access unit was read.</summary>
    public void OnUnit() => _lastUnitAt = _lastBytesAt;

    /// <summary>Whether the publisher sends in bursts.</summary>
    public bool IsBursty => _burst > TimeSpan.Zero && time.GetElapsedTime(_burstAt) < BurstMemory;

    /// <summary>Returns what arrives now.</summary>
    public Arrivals Judge()
    {
        long now = time.GetTimestamp();
        TimeSpan patience = IsBursty && _burst * 1.5 > LongestSilence ? _burst * 1.5 : LongestSilence;
        if (time.GetElapsedTime(_lastBytesAt, now) >= patience) { return Arrivals.Nothing; }
        return time.GetElapsedTime(_lastUnitAt, _lastBytesAt) >= LongestWithoutMedia ? Arrivals.NoMedia : Arrivals.Media;
    }

    private void JudgeGap(long now)
    {
        if (time.GetElapsedTime(_gapEndedAt, now) > BurstLength)
        {
            _gap = TimeSpan.Zero;
            return;
        }
        if (_gap > LongestBurst || _bytes - _bytesBeforeGap < BurstShare * _rateBeforeGap * _gap.TotalSeconds || _bytesBeforeGap == 0) { return; }
        (_burst, _burstAt, _gap) = (_gap, now, TimeSpan.Zero);
    }
}

/// <summary>What a connected publisher sends.</summary>
internal enum Arrivals
{
    /// <summary>Access units, or so far only what may become some.</summary>
    Media,

    /// <summary>No bytes.</summary>
    Nothing,

    /// <summary>Bytes without an access unit in them.</summary>
    NoMedia,
}
