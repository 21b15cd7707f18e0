using System.Diagnostics.CodeAnalysis;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>An audio frame with its place in time.</summary>
/// <param name="Track">Its format.</param>
/// <param name="Payload">The frame; the holder has the reference.</param>
/// <param name="Pts">PTS, unwrapped.</param>
/// <param name="SampleCount">Samples of the track's rate.</param>
/// <param name="Arrival">When the first byte of its PES packet arrived (UTC).</param>
internal readonly record struct AudioFrame(AudioTrack Track, MediaBuffer Payload, long Pts, int SampleCount, DateTime Arrival)
{
    /// <summary>How long it lasts, in 90 kHz ticks.</summary>
    public long Duration => SampleCount * 90_000L / Track.SampleRate;
}

/// <summary>Audio frames that wait for their timeline, or for proof that their timestamps are right; bounded in number, bytes and time.</summary>
internal sealed class HeldAudio(long longest)
{
    private const int MostFrames = 4_096;                   // 10 s of Opus in 2.5 ms frames
    private const int MostBytes = 4 * 1024 * 1024;
    private readonly Queue<AudioFrame> _frames = new();
    private long _bytes;

    /// <summary>The oldest frame; there must be one.</summary>
    public AudioFrame Oldest => _frames.Peek();

    /// <summary>How long all of them last, in 90 kHz ticks.</summary>
    public long Duration { get; private set; }

    /// <summary>Keeps a frame.</summary>
    /// <returns>Older frames that had to go.</returns>
    public int Enqueue(AudioFrame frame)
    {
        _frames.Enqueue(frame);
        _bytes += frame.Payload.Length;
        Duration += frame.Duration;
        int dropped = 0;
        for (; _frames.Count > MostFrames || _bytes > MostBytes || frame.Pts - _frames.Peek().Pts > longest; dropped++) { DropOldest(); }
        return dropped;
    }

    /// <summary>Takes the oldest frame, and its reference with it.</summary>
    public bool TryDequeue([MaybeNullWhen(false)] out AudioFrame frame)
    {
        if (!_frames.TryDequeue(out frame)) { return false; }
        _bytes -= frame.Payload.Length;
        Duration -= frame.Duration;
        return true;
    }

    /// <summary>Drops all; returns how many there were.</summary>
    public int Clear()
    {
        int dropped = _frames.Count;
        while (_frames.Count > 0) { DropOldest(); }
        return dropped;
    }

    private void DropOldest()
    {
        if (TryDequeue(out AudioFrame frame)) { frame.Payload.Release(); }
    }
}
