using System.Diagnostics;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.Workers;

/// <summary>Keeps what a ladder worker delivers, and checks that its calls never overlap.</summary>
internal sealed class LadderRecorder : ILadderOutput
{
    private readonly Lock _gate = new();
    private readonly List<Frame> _frames = [];
    private readonly List<string> _events = [];
    private int _inside;

    /// <summary>Done in every call that brings a frame.</summary>
    public Action? OnEachFrame { get; set; }

    public IReadOnlyList<RungPlan> Ladder { get; private set; } = [];

    public Dictionary<int, VideoTrack> Formats { get; } = [];

    public bool HasOverlapped { get; private set; }

    /// <summary>When renditions went down and came up, in ticks of the monotonic clock.</summary>
    public List<(bool IsUp, long Time)> Changes { get; } = [];

    public string[] Events
    {
        get { lock (_gate) { return [.. _events]; } }
    }

    public int Ups
    {
        get { lock (_gate) { return Changes.Count(change => change.IsUp); } }
    }

    public Frame[] Frames(int rung)
    {
        lock (_gate) { return [.. _frames.Where(frame => frame.Rung == rung)]; }
    }

    public int Count
    {
        get { lock (_gate) { return _frames.Count; } }
    }

    public void OnLadder(IReadOnlyList<RungPlan> rungs) => Do($"ladder {string.Join(' ', rungs.Select(rung => rung.Name))}", () => Ladder = rungs);

    public void OnFormat(int rung, VideoTrack track) => Do($"format {rung} {track.Width}x{track.Height}", () => Formats[rung] = track);

    public void OnFrame(int rung, int timeline, long pts90k, long dts90k, bool isKey, long receivedTimestamp, MediaBuffer payload)
    {
        Do(null, () => _frames.Add(new Frame(rung, timeline, pts90k, dts90k, isKey, Stopwatch.GetElapsedTime(receivedTimestamp), payload.Span.ToArray())));
        payload.Release();
        OnEachFrame?.Invoke();
    }

    public List<(int Timeline, long Pts)> AudioFrames { get; } = [];

    public AudioTrack? AudioFormat { get; private set; }

    public int AudioCount
    {
        get { lock (_gate) { return AudioFrames.Count; } }
    }

    public void OnAudioFormat(int sound, AudioTrack track) => Do($"audio {track.SampleRate}", () => AudioFormat = track);

    public void OnAudioFrame(int sound, int timeline, long pts, long receivedTimestamp, MediaBuffer payload)
    {
        Do(null, () => AudioFrames.Add((timeline, pts)));
        payload.Release();
    }

    public void OnDrained() => Do("drained", static () => { });

    public void OnDown(string reason) => Do("down " + reason, () => Changes.Add((false, Stopwatch.GetTimestamp())));

    public void OnUp() => Do("up", () => Changes.Add((true, Stopwatch.GetTimestamp())));

    private void Do(string? text, Action action)
    {
        if (Interlocked.Exchange(ref _inside, 1) != 0) { HasOverlapped = true; }
        lock (_gate)
        {
            action();
            if (text is not null) { _events.Add(text); }
        }
        Volatile.Write(ref _inside, 0);
    }

    public sealed record Frame(int Rung, int Timeline, long Pts90k, long Dts90k, bool IsKey, TimeSpan Latency, byte[] Payload);
}
