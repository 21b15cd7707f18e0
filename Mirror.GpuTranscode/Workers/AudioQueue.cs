using Mirror.GpuTranscode.FFmpeg;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>The coded audio frames of one stream that wait for its worker, and those that a replacement of the worker would need again.</summary>
/// <remarks>
/// As <see cref="LadderQueue"/>, but simpler, since decoding can start at any frame: sent frames are let go once they are a run-up behind what
/// was delivered. Bounded by the age of what waits and by number: what is sent goes first, then the oldest that wait, counted. Thread-safe.
/// </remarks>
/// <param name="time">Clock for what waits.</param>
/// <param name="maxLag">How late a frame may be decoded: what waits for no longer stays.</param>
internal sealed class AudioQueue(TimeProvider time, TimeSpan maxLag)
{
    private const int MostEntries = 3000;                    // 7 s of the shortest frames, Opus of 2.5 ms; a minute of AAC
    private const long RunUp90k = 90_000 / 5;                // 200 ms: what a decoder and the encoder's window need before the first new frame
    private static readonly TimeSpan LongestBurst = TimeSpan.FromSeconds(6);  // as that of the video

    private readonly TimeSpan _longestWait = maxLag > LongestBurst ? maxLag : LongestBurst;
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private AudioFormat? _format;
    private AudioResumePoint _delivered = AudioResumePoint.None;
    private int _cursor;                                     // the first entry to be sent
    private long _dropped;

    /// <summary>Frames left out because they waited too long.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Frames held.</summary>
    public int Count
    {
        get { lock (_gate) { return _entries.Count; } }
    }

    /// <summary>The last frame that came back encoded.</summary>
    public AudioResumePoint Delivered
    {
        get { lock (_gate) { return _delivered; } }
    }

    /// <summary>The format of what is written from here on; nothing is taken while there is none.</summary>
    public void SetFormat(AudioFormat? format)
    {
        lock (_gate) { _format = format; }
    }

    /// <summary>Takes a frame, with a reference of its own; false if it is of no use.</summary>
    public bool Add(AccessUnit unit, int timeline)
    {
        lock (_gate)
        {
            if (_format is null) { return false; }
            _entries.Add(new Entry(_format, unit.Retain(), timeline));
            Bound();
            return true;
        }
    }

    /// <summary>The next entry to be sent, with a reference of its unit that passes to the caller.</summary>
    public bool TryTake(out Entry next)
    {
        lock (_gate)
        {
            next = default;
            if (_cursor >= _entries.Count) { return false; }
            next = _entries[_cursor++];
            next.Unit.Retain();
            return true;
        }
    }

    /// <summary>Everything held is to be sent again, to another worker.</summary>
    /// <param name="forget">Lets go what was sent before: a worker failed over it.</param>
    public void Rewind(bool forget)
    {
        lock (_gate)
        {
            if (forget) { Remove(_cursor); }
            _cursor = 0;
        }
    }

    /// <summary>An encoded frame came.</summary>
    /// <param name="frame">Its place.</param>
    /// <param name="pts90k">Its presentation time in 90 kHz ticks.</param>
    public void OnDelivered(in WorkerAudio frame, long pts90k)
    {
        lock (_gate)
        {
            _delivered = new AudioResumePoint(frame.Timeline, frame.Pts);
            int end = 0;
            while (end < _cursor && IsPassed(_entries[end], frame.Timeline, pts90k - RunUp90k)) { end++; }
            Remove(end);
        }
    }

    /// <summary>Lets go of everything.</summary>
    public void Clear()
    {
        lock (_gate) { Remove(_entries.Count); }
    }

    private static bool IsPassed(in Entry entry, int timeline, long pts90k) => entry.Timeline < timeline || (entry.Timeline == timeline && entry.Unit.Pts90k < pts90k);

    private void Bound()
    {
        if (_entries.Count > MostEntries) { Remove(_cursor); }
        int end = _cursor;
        while (end < _entries.Count - 1 && (_entries.Count - end > MostEntries || time.GetElapsedTime(_entries[end].Unit.ReceivedTimestamp) > _longestWait)) { end++; }
        if (end == _cursor) { return; }
        _dropped += end - _cursor;
        Remove(end);
    }

    private void Remove(int count)
    {
        for (int i = 0; i < count; i++) { _entries[i].Unit.Release(); }
        _entries.RemoveRange(0, count);
        _cursor = Math.Max(0, _cursor - count);
    }

    /// <summary>A frame that waits, or was sent.</summary>
    /// <param name="Format">The format in force.</param>
    /// <param name="Unit">The frame.</param>
    /// <param name="Timeline">Numbers timelines.</param>
    internal readonly record struct Entry(AudioFormat Format, AccessUnit Unit, int Timeline);
}
