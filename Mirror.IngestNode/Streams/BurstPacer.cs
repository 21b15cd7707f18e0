using Mirror.Media.Frames;

namespace Mirror.IngestNode.Streams;

/// <summary>Spreads the access units of a publisher that sends seconds of media at once, so that playback is even.</summary>
/// <remarks>
/// A relay that reads HLS segments sends each at once, then nothing for as long as it lasts. A player that follows the live edge would stall
/// in every pause. Nothing arrives early that could help, so the stream has to be as late as its bursts are apart.
/// 1. Every unit passes at once until <see cref="SilenceWatch"/> sees a burst. Usual streams never wait.
/// 2. From then on a unit waits until the delay has passed since its frame ended, by its date. The delay is that of the latest unit seen.
/// 3. If no burst came for a minute, the delay shrinks by a twentieth of real time, until units pass at once again.
/// What waits is bounded: above that, the oldest units pass at once. Not thread-safe.
/// </remarks>
/// <param name="time">The clock of dates and of <see cref="AccessUnit.ReceivedTimestamp"/>.</param>
/// <param name="pass">Takes a unit. Keeps no reference but its own.</param>
internal sealed class BurstPacer(TimeProvider time, Action<AccessUnit> pass) : IDisposable
{
    private const int MostUnits = 16_384;                    // 12 s of 60 frames and 3 × 47 audio frames a second, several times over
    private const long MostBytes = 96L * 1024 * 1024;        // 12 s at 50 Mbit/s, and some
    private const double Shrinking = 0.05;                   // seconds a second
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(12);

    // Bursts do not come on the dot, and their units take time to be sent.
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(200);

    private readonly Queue<AccessUnit> _waiting = new();
    private long _bytes;
    private DateTime _changedAt;

    /// <summary>How long after the end of its frame a unit passes; zero while units pass at once.</summary>
    public TimeSpan Delay { get; private set; }

    /// <summary>Takes the next unit, which the caller keeps its reference of.</summary>
    /// <param name="unit">The unit, dated.</param>
    /// <param name="isBursty">Whether the publisher sends in bursts.</param>
    public void Write(AccessUnit unit, bool isBursty)
    {
        DateTime now = time.GetUtcNow().UtcDateTime;
        if (isBursty) { Learn(now - DecodedAt(unit)); }
        if (Delay == TimeSpan.Zero && _waiting.Count == 0)
        {
            pass(unit);
            return;
        }
        _waiting.Enqueue(unit.Retain());
        _bytes += unit.Payload.Length;
        while (_waiting.Count > MostUnits || _bytes > MostBytes) { PassNext(); }
    }

    /// <summary>Passes what is due. Call it every few milliseconds.</summary>
    /// <param name="isBursty">Whether the publisher still sends in bursts.</param>
    public void Run(bool isBursty)
    {
        if (Delay == TimeSpan.Zero && _waiting.Count == 0) { return; }
        DateTime now = time.GetUtcNow().UtcDateTime;
        if (isBursty) { _changedAt = now; }
        else { Shrink(now); }
        while (_waiting.TryPeek(out AccessUnit? next) && DecodedAt(next) + Delay <= now) { PassNext(); }
    }

    /// <summary>Passes everything: the publisher is gone, or the stream is over.</summary>
    public void Flush()
    {
        while (_waiting.Count > 0) { PassNext(); }
    }

    public void Dispose()
    {
        while (_waiting.TryDequeue(out AccessUnit? unit)) { unit.Release(); }
        _bytes = 0;
    }

    /// <summary>The date by decoding order: with B-frames the dates of presentation go back and forth.</summary>
    private static DateTime DecodedAt(AccessUnit unit) => unit.ProgramTime - TimeSpan.FromSeconds((unit.Pts90k - unit.Dts90k) / 90_000.0);

    private void Learn(TimeSpan lateness)
    {
        TimeSpan wanted = lateness + Margin;
        if (wanted > LongestDelay) { wanted = LongestDelay; }
        if (wanted > Delay) { Delay = wanted; }
    }

    private void Shrink(DateTime now)
    {
        TimeSpan elapsed = now - _changedAt;
        _changedAt = now;
        if (elapsed > TimeSpan.Zero) { Delay = Delay > elapsed * Shrinking ? Delay - elapsed * Shrinking : TimeSpan.Zero; }
    }

    /// <summary>For those after it, the unit arrives now: how late they are is measured from here.</summary>
    private void PassNext()
    {
        AccessUnit unit = _waiting.Dequeue();
        _bytes -= unit.Payload.Length;
        try { pass(unit.Received(time.GetTimestamp())); }
        finally { unit.Release(); }
    }
}
